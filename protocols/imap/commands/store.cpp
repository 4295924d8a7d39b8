#include <algorithm>

#include "protocols/imap/run_cursor.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

// What a client that asked for silence believes of a message: the flags that it was told.
struct BelievedFlags {
    std::uint32_t uid = 0;
    std::uint16_t system = 0;
    std::vector<KeywordId> keywords;
};

struct StoreReport {
    const FlagChange& change;
    bool condstore = false;
    std::vector<BelievedFlags> believed;  // ascending; only for silent changes
    std::vector<Uid> modified;            // were passed over
    std::vector<KeywordId> keywords;      // of the change; filled in when they are known
};

namespace {

constexpr std::size_t kSliceMessages = 2'048;

std::vector<BelievedFlags> believedFlags(
    const Snapshot& views, const SelectedMailbox& mailbox, const std::vector<Run>& runs) {
    std::vector<BelievedFlags> believed;
    for (const Run& run : runs) {
        views.messages().forEach(
            mailbox.id, Uid(run.first), Uid(run.last), [&](const MessageRow& row) {
            // What others changed since the client was last told is not what it believes: silence
            // would hide it, so such a message is told in full afterwards.
            if (row.modSeq <= mailbox.toldModSeq) {
                believed.push_back({row.uid.number(), row.systemFlags, row.keywords});
            }
            return true;
        });
    }
    return believed;
}

// Are the flags what the client makes of its own silent change?
bool isAsBelieved(const StoreReport& report, const MessageRow& row) {
    const auto found = std::lower_bound(
        report.believed.begin(),
        report.believed.end(),
        row.uid.number(),
        [](const BelievedFlags& each, std::uint32_t uid) { return each.uid < uid; });
    if (found == report.believed.end() || found->uid != row.uid.number()) return false;
    std::uint16_t system = found->system;
    std::vector<KeywordId> keywords = found->keywords;
    const bool passedOver =
        std::binary_search(report.modified.begin(), report.modified.end(), row.uid);
    const FlagChange& change = report.change;
    if (!passedOver && change.edit == FlagEdit::Replace) {
        system = change.flags.system;
        keywords = report.keywords;
    } else if (!passedOver && change.edit == FlagEdit::Add) {
        system = static_cast<std::uint16_t>(system | change.flags.system);
        keywords.insert(keywords.end(), report.keywords.begin(), report.keywords.end());
    } else if (!passedOver) {
        system = static_cast<std::uint16_t>(system & ~change.flags.system);
        std::erase_if(keywords, [&report](KeywordId keyword) {
            return std::binary_search(report.keywords.begin(), report.keywords.end(), keyword);
        });
    }
    std::sort(keywords.begin(), keywords.end());
    keywords.erase(std::unique(keywords.begin(), keywords.end()), keywords.end());
    return system == row.systemFlags && keywords == row.keywords;
}

}  // namespace

// STORE and UID STORE. RFC 3501 §6.4.6. UNCHANGEDSINCE: RFC 7162 §3.1.3.
Task<Reply> Session::store(Arguments& arguments) {
    // store = "STORE" SP sequence-set [SP store-modifiers] SP store-att-flags
    arguments.space();
    const SequenceSet set = arguments.sequenceSet();
    arguments.space();
    const std::optional<ModSeq> unchangedSince = arguments.optionalUnchangedSince();
    const FlagChange change = arguments.flagChange();
    arguments.end();
    requireWritable();
    const std::vector<Run> runs = selected().runsOf(set, arguments.byUid());
    if (unchangedSince) enableCondstore();
    if (runs.empty()) co_return ok("Nothing to store");

    StoreReport report{.change = change, .condstore = dialect_.condstore};
    if (change.silent) {
        report.believed = believedFlags(services_.views.snapshot(), selected(), runs);
    }
    StoreFlags command{
        .origin = session_.origin(),
        .account = selected().owner,
        .mailbox = selected().id,
        .uids = uidRanges(runs),
        .edit = change.edit,
        .flags = change.flags,
        .unchangedSince = unchangedSince,
    };
    const Outcome<StoreFlags::Answer> stored = co_await services_.scribe.submit(std::move(command));
    if (!stored) co_return no(stored.error());
    report.modified = stored->modified;
    co_await answerStore(std::move(report), runs);
    if (stored->modified.empty()) co_return ok("Stored");
    // MODIFIED speaks as the client did: numbers after STORE, UIDs after UID STORE.
    const std::string modified = setText(selected().inTermsOf(arguments.byUid(), stored->modified));
    co_return ok("MODIFIED " + modified, "Stored in part");
}

// Tells the flags of all messages that the command named: of silent ones only what the client
// cannot know. RFC 7162 §3.1.3: MODSEQ even then, once the client knows CONDSTORE.
Task<void> Session::answerStore(StoreReport report, std::vector<Run> runs) {
    std::uint64_t goal = 0;
    for (const Run& run : runs)
        goal += run.count();
    std::uint64_t done = 0;
    RunCursor cursor(std::move(runs));
    const auto slice = [&] {
        const Snapshot views = services_.views.snapshot();
        announceKeywords(views);
        report.keywords.clear();
        for (const std::string& name : report.change.flags.keywords) {
            const auto id = views.accounts().findKeyword(selected().owner, name);
            if (id) report.keywords.push_back(*id);
        }
        std::sort(report.keywords.begin(), report.keywords.end());
        std::size_t messages = 0;
        cursor.visit(views, selected().id, [&](std::uint32_t, const MessageRow& row, bool isThere) {
            const bool known = report.change.silent && isAsBelieved(report, row);
            if (isThere && known) selected().told(row);
            if (isThere && known && report.condstore) appendFetchFlags(row, false);
            if (isThere && !known) {
                appendFetchFlags(row, true);
                selected().told(row);
            }
            return ++messages < kSliceMessages;
        });
        done += messages;
    };
    while (!cursor.done()) {
        slice();
        if (cursor.done()) break;
        co_await flushIfLarge();
        co_await tellProgress(done, goal);
        co_await connection_.reactor().yield();
    }
}

}  // namespace daybook::imap
