// fuzz_imap_command.cpp
//
// Any octets as a command's arguments: every grammar rule that reads them either gives a value or
// throws Bad or No, and what it gives can be written again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/mime/decoding.h"
#include "protocols/imap/fetch_items.h"
#include "protocols/imap/list_pattern.h"
#include "protocols/imap/response.h"
#include "protocols/imap/resync.h"
#include "protocols/imap/search_program.h"
#include "protocols/imap/utf7.h"

using namespace daybook;
using namespace daybook::imap;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

template <class Rule>
void attempt(std::string_view text, const Rule& rule) {
    Arguments arguments(text, false);
    try {
        rule(arguments);
    } catch (const Bad&) {
        return;
    } catch (const No&) {
        return;
    }
}

const SelectedMailbox& mailbox() {
    static const SelectedMailbox made = [] {
        SelectedMailbox result;
        for (const std::uint32_t uid : {1U, 2U, 5U, 9U, 10U, 4'294'967'295U}) {
            result.numbers.append(uid);
        }
        return result;
    }();
    return made;
}

void checkSets(Arguments& arguments) {
    const SequenceSet set = arguments.sequenceSet();
    std::uint64_t end = 0;
    for (const auto& [first, last] : set.resolved(10)) {
        require(first > end && last >= first);
        end = last;
    }
    for (const Run& run : mailbox().numbers.runsOfUids(set.resolved(10))) {
        require(mailbox().numbers.numberOf(run.first) == run.number);
        require(mailbox().numbers.uidAt(run.number + run.count() - 1) == run.last);
    }
}

void checkName(Arguments& arguments) {
    const std::string name = arguments.mailbox();
    require(fromUtf7(toUtf7(name)) == name);
    std::string wire;
    appendMailbox(wire, name, {});
    Lexer lexer(wire);
    require(fromUtf7(lexer.astring()) == name);
}

void checkResync(Arguments& arguments) {
    const QuickResync resync = parseQuickResync(arguments);
    const std::uint32_t uid = greatestMatch(mailbox().numbers, resync);
    require(uid == 0 || mailbox().numbers.numberOf(uid).has_value());
    require(resync.uidValidity && resync.since);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mime::initialize();
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    attempt(input, checkSets);
    attempt(input, checkName);
    attempt(input, checkResync);
    attempt(input, [](Arguments& arguments) { parseFetchItems(arguments); });
    attempt(input, [](Arguments& arguments) { parseSearch(arguments, mailbox()); });
    attempt(input, [](Arguments& arguments) { arguments.flagChange(); });
    attempt(input, [](Arguments& arguments) { arguments.flagList(); });
    attempt(input, [](Arguments& arguments) { arguments.dateTime(); });
    attempt(input, [](Arguments& arguments) { arguments.words(); });
    attempt(input, [](Arguments& arguments) {
        const ListPattern pattern(arguments.listPattern());
        pattern.matches("a/b/c");
    });
    return 0;
}
