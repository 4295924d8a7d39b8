#include "protocols/imap/run_cursor.h"
#include "protocols/imap/search_program.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// A snapshot lives for so many messages, or so many octets of theirs.
constexpr std::size_t kSliceMessages = 4'096;
constexpr std::uint64_t kSliceOctets = 1U << 20U;

}  // namespace

// SEARCH and UID SEARCH. RFC 3501 §6.4.4. MODSEQ: RFC 7162 §3.1.5.
Task<Reply> Session::search(Arguments& arguments) {
    // search = "SEARCH" [SP "CHARSET" SP astring] 1*(SP search-key)
    arguments.space();
    const SearchKey parsed = parseSearch(arguments, selected());
    const bool usesModSeq = parsed.uses(SearchKind::ModSeq);
    if (usesModSeq) enableCondstore();
    if (parsed.readsBodies() && selected().numbers.count() > 0) {
        const Outcome<std::vector<Uid>> opened =
            co_await selected().access->beforeReading(event::AccessClass::SEARCH, {});
        if (!opened) co_return no(opened.error());
    }
    SearchResult result = co_await find(parsed);
    out_ += "* SEARCH";
    for (const Uid uid : result.uids) {
        const auto number = selected().numbers.numberOf(uid.number());
        if (!number) continue;
        out_ += ' ';
        appendNumber(out_, arguments.byUid() ? uid.number() : *number);
    }
    if (usesModSeq && !result.uids.empty()) {
        out_ += " (MODSEQ ";
        appendNumber(out_, result.greatest.number());
        out_ += ')';
    }
    out_ += "\r\n";
    if (result.damaged > 0) co_return no("SERVERBUG", "Some messages cannot be read");
    co_return ok("Searched");
}

// The index answers what it can; the rest is looked at.
Task<void> Session::askIndex(SearchKey& program) {
    if (services_.searchIndex == nullptr) co_return;
    for (SearchKey* const key : keysForIndex(program)) {
        const SearchNeedle needle = needleOf(*key);
        const AccountId owner = selected().owner;
        key->finds = co_await services_.workers.run(
            [&] { return services_.searchIndex->find(owner, needle); });
    }
}

Task<SearchResult> Session::find(SearchKey program) {
    SearchResult result;
    co_await askIndex(program);
    const NumberRanges* const uids = candidates(program);
    const NumberRanges everything{{1, UINT32_MAX}};
    RunCursor cursor(selected().numbers.runsOfUids(uids != nullptr ? *uids : everything));
    SearchMatcher matcher(selected(), services_.content);
    std::size_t messages = 0;
    std::uint64_t octets = 0;
    const auto look = [&](const Snapshot& views, const MessageRow& row) {
        bool found = false;
        try {
            found = matcher.matches(program, views, row);
        } catch (const ContentDamaged&) {
            ++result.damaged;
        }
        if (found) {
            result.uids.push_back(row.uid);
            result.greatest = std::max(result.greatest, row.modSeq);
        }
        if (matcher.bodyWasAsked()) {
            ReadNote note;
            note.parts = kReadSearch;
            note.octets = matcher.octetsRead();
            selected().access->note(row.uid, note);
        }
        octets += matcher.octetsRead();
        return ++messages < kSliceMessages && octets < kSliceOctets;
    };
    const auto slice = [&] {
        const Snapshot views = services_.views.snapshot();
        resolveKeywords(program, views, selected().owner);
        messages = 0;
        octets = 0;
        cursor.visit(views, selected().id, [&](std::uint32_t, const MessageRow& row, bool isThere) {
            return !isThere || look(views, row);
        });
    };
    while (!cursor.done()) {
        slice();
        co_await connection_.reactor().yield();
    }
    co_return result;
}

}  // namespace daybook::imap
