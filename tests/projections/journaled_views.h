// journaled_views.h
//
// A data directory of a test: a real journal, filled with drafts commit by commit. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "journal/base/random.h"
#include "journal/journal.h"
#include "journal/journal_writer.h"
#include "projections/projector.h"
#include "projections/views.h"
#include "tests/projections/fold_fixture.h"
#include "tests/support/events.h"
#include "tests/support/temporary_folder.h"

namespace daybook::test {

inline constexpr JournalOptions kTestJournal{
    .mapOctets = std::size_t{1} << 30U,
    .segmentOctets = std::uint64_t{16} << 20U,
    .readOnly = false,
};

class JournaledEvents {
public:
    JournaledEvents() {
        Journal::create(folder_.path(), random_);
        journal_ = std::make_unique<Journal>(folder_.path(), kTestJournal, random_);
        writer_ = std::make_unique<JournalWriter>(*journal_);
    }

    Journal& journal() { return *journal_; }

    const std::filesystem::path& folder() const { return folder_.path(); }

    // One commit.
    template <class... Drafts>
    void commit(Drafts... drafts) {
        writer_->begin(1);
        (writer_->append(drafts, ++timeNs_), ...);
        writer_->commit();
    }

    // `count` commits of `each` messages, stored one after the other in mailbox 5 of account 1.
    void store(std::uint64_t count, std::uint64_t each) {
        for (std::uint64_t i = 0; i < count; ++i) {
            writer_->begin(1);
            for (std::uint64_t j = 0; j < each; ++j) {
                Draft draft = message();
                writer_->append(draft, ++timeNs_);
            }
            writer_->commit();
        }
    }

private:
    Draft message() {
        const std::uint64_t modSeq = writer_->nextSeq().number();
        Draft draft = stored(1, 5, {.uid = ++lastUid_, .modSeq = modSeq, .message = modSeq});
        // There is no blob behind it.
        draft.core().getStored().getBlob().setSegment(0);
        return draft;
    }

    TemporaryFolder folder_;
    SystemRandom random_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<JournalWriter> writer_;
    TimeNs timeNs_ = 0;
    std::uint32_t lastUid_ = 0;
};

}  // namespace daybook::test
