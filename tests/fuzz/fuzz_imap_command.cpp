// fuzz_imap_command.cpp
//
// Any octets as a command's arguments: every grammar rule that reads them either gives a value or
// throws Bad or No, and what it gives can be written again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/mime/decoding.h"
#include "protocols/imap/append_parser.h"
#include "protocols/imap/fetch_items.h"
#include "protocols/imap/imap_url.h"
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

void checkModifiers(Arguments& arguments) {
    const FetchModifiers modifiers = parseFetchModifiers(arguments);
    if (!modifiers.partial) return;
    const PartialRange& range = *modifiers.partial;
    require(range.first >= 1 && range.first <= range.last);
    std::uint64_t count = 0;
    for (const Run& run : partOf(mailbox().numbers.runsOfUids({{1, UINT32_MAX}}), range)) {
        require(mailbox().numbers.numberOf(run.first) == run.number);
        count += run.count();
    }
    require(count <= std::uint64_t{range.last} - range.first + 1);
}

// Each line is text up to a literal; the last one ends the command.
void checkAppend(std::string_view input) {
    AppendParser parser(AppendParser::Messages::Many, {});
    std::size_t messages = 0;
    while (true) {
        const std::size_t end = input.find('\n');
        const bool isLast = end == std::string_view::npos;
        const auto literal = isLast ? std::nullopt : std::optional(AnnouncedLiteral{.octets = 1});
        const std::vector<AppendStep> steps = parser.take(input.substr(0, end), literal);
        require(!steps.empty() || !isLast);
        for (const AppendStep& step : steps) {
            messages += step.kind == AppendStep::Kind::Begin ? 1 : 0;
            require(messages > 0);
            require(isLast == (step.kind == AppendStep::Kind::Done) || &step != &steps.back());
        }
        if (isLast) return;
        input.remove_prefix(end + 1);
    }
}

void checkUrl(std::string_view input) {
    const auto url = parseImapUrl(input);
    if (!url) return;
    require(url->uid > 0);
    require(url->mailbox.find('\0') == std::string::npos);
    bodyItemFor(url->section, url->partial);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    mime::initialize();
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    attempt(input, checkSets);
    attempt(input, checkName);
    attempt(input, checkResync);
    attempt(input, [](Arguments& arguments) { parseFetchItems(arguments); });
    attempt(input, checkModifiers);
    attempt(input, [input](Arguments&) { checkAppend(input); });
    attempt(input, [input](Arguments&) { checkUrl(input); });
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
