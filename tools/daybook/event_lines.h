// event_lines.h
//
// Prints events, one line each, for people or as JSON. Lines are gathered while the journal is read
// and printed when nothing is held open: a reader that waits (less, a slow terminal) keeps no
// snapshot alive. Thread: main.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "journal/journal_reader.h"
#include "tools/daybook/names.h"

namespace daybook {

class EventLines {
public:
    enum class Look { Skip, Print, Stop };
    using Choose = std::function<Look(const Record&)>;

    // `limit`: stops after so many lines; 0: never.
    EventLines(const Journal& journal, Names& names, bool json, std::uint64_t limit = 0);

    // Each looks at events in order. False: `choose` or the limit stopped it.
    bool range(Seq from, Seq to, const Choose& choose);
    bool these(const std::vector<Seq>& seqs, const Choose& choose);

    // The first event of that time or later; one behind the last if there is none.
    Seq firstSince(TimeNs time, Seq head);

    std::uint64_t printed() const { return printed_; }

private:
    bool look(const Record& record, const Choose& choose);
    bool isFull() const;
    void print();

    JournalReader reader_;
    Names& names_;
    bool json_;
    std::uint64_t limit_;
    std::uint64_t printed_ = 0;
    std::uint64_t looked_ = 0;
    std::string lines_;
};

}  // namespace daybook
