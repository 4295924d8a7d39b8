#include <algorithm>

#include "protocols/imap/decoded_octets.h"
#include "protocols/imap/fetch_renderer.h"
#include "protocols/imap/run_cursor.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

constexpr std::size_t kSliceOctets = 256U << 10U;
// Messages for one snapshot: what is small takes no octets, but time.
constexpr std::size_t kSliceMessages = 2'048;

// It was whole a moment ago; a literal cannot be ended early.
bool nextOf(DecodedOctets& octets, std::string& piece) {
    try {
        return octets.next(piece);
    } catch (const ContentDamaged&) {
        throw Disconnected("a message was erased while it was sent");
    }
}

}  // namespace

// FETCH and UID FETCH. RFC 3501 §6.4.5. CHANGEDSINCE: RFC 7162 §3.1.4; VANISHED: §3.2.6. PARTIAL:
// RFC 9394 §3.3.
Task<Reply> Session::fetch(Arguments& arguments) {
    // fetch = "FETCH" SP sequence-set SP ("ALL" / "FULL" / "FAST" / fetch-att / "(" ... ")")
    arguments.space();
    const SequenceSet set = arguments.sequenceSet();
    arguments.space();
    FetchItems items = parseFetchItems(arguments);
    const FetchModifiers modifiers = parseFetchModifiers(arguments);
    const std::optional<ModSeq> since = modifiers.changedSince;
    arguments.end();
    // RFC 9586 §3.3: UIDFETCH has the UID at its head, and again only where it is asked for.
    items.uid = items.uid || (arguments.byUid() && !dialect_.uidOnly);
    items.modSeq = items.modSeq || since;
    std::vector<Run> runs = selected().runsOf(set, arguments.byUid());
    if (items.modSeq) enableCondstore();
    if (modifiers.vanished) tellVanished(set, *since);
    // RFC 9394 §3.4: first the part, then what of it changed.
    if (modifiers.partial) runs = partOf(runs, *modifiers.partial);
    if (since) runs = changedRuns(runs, *since);

    const bool byUid = arguments.byUid();
    const Outcome<FetchTrouble> trouble = co_await sendMessages(items, std::move(runs));
    if (!trouble) co_return no(trouble.error());
    if (trouble->damaged > 0) co_return no("SERVERBUG", "Some messages cannot be read");
    if (trouble->unknownEncoding) {
        co_return no("UNKNOWN-CTE", "A part is encoded in a way that is not known here");
    }
    if (trouble->missing > 0 && !byUid) co_return no("EXPUNGEISSUED", "Some messages are gone");
    co_return ok("Fetched");
}

Task<Outcome<FetchTrouble>> Session::sendMessages(const FetchItems& items, std::vector<Run> runs) {
    const Outcome<std::vector<Uid>> seen = co_await openBodies(items, runs);
    if (!seen) co_return std::unexpected(seen.error());
    FetchRenderer renderer(
        {.items = items,
         .content = services_.content,
         .mailbox = selected(),
         .keywordNames = keywordNames_,
         .dialect = dialect_},
        out_);
    RunCursor cursor(std::move(runs));
    while (!cursor.done()) {
        std::size_t messages = 0;
        const auto slice = [&] {
            const Snapshot views = services_.views.snapshot();
            announceKeywords(views);
            cursor.visit(
                views,
                selected().id,
                [&](std::uint32_t number, const MessageRow& row, bool isThere) {
                const bool told =
                    isThere && std::binary_search(seen->begin(), seen->end(), row.uid);
                renderer.render(
                    views,
                    number,
                    row,
                    told ? FetchRenderer::Flags::Told : FetchRenderer::Flags::AsAsked);
                return ++messages < kSliceMessages && out_.size() < kSliceOctets &&
                       !renderer.hasLarge();
            });
        };
        slice();
        co_await sendLarge(renderer.takeLarge());
        if (cursor.done()) break;
        co_await flushIfLarge();
        co_await connection_.reactor().yield();
    }
    co_return FetchTrouble{
        .damaged = renderer.damaged(),
        .missing = cursor.missing(),
        .unknownEncoding = renderer.metUnknownEncoding(),
    };
}

// The access is on record, and \Seen with it, before the first octet leaves (DESIGN 3.4). Returns
// whose flags changed by it.
Task<Outcome<std::vector<Uid>>> Session::openBodies(
    const FetchItems& items, const std::vector<Run>& runs) {
    if (runs.empty() || !items.readsBodies()) co_return std::vector<Uid>{};
    UidRanges markSeen;
    if (items.marksSeen() && !selected().readOnly) markSeen = unseen(runs);
    Outcome<std::vector<Uid>> seen =
        co_await selected().access->beforeReading(event::AccessClass::BIND, std::move(markSeen));
    if (seen) std::sort(seen->begin(), seen->end());
    co_return seen;
}

// RFC 7162 §3.2.6. "*" stands for the greatest UID that there ever was, so that what vanished at
// the end is not passed over.
void Session::tellVanished(const SequenceSet& set, ModSeq since) {
    const NumberRanges known = set.resolved(selected().uidNext.number() - 1);
    const Snapshot views = services_.views.snapshot();
    appendVanishedEarlier(out_, vanishedSince(views, selected(), since, known, 0));
}

UidRanges Session::unseen(const std::vector<Run>& runs) {
    const Snapshot views = services_.views.snapshot();
    NumberRanges uids;
    for (const Run& run : runs) {
        views.messages().forEach(
            selected().id, Uid(run.first), Uid(run.last), [&uids](const MessageRow& row) {
            if ((row.systemFlags & kSeen) == 0) extend(uids, row.uid.number());
            return true;
        });
    }
    return uidRanges(uids);
}

// Those of them that changed after `since`.
std::vector<Run> Session::changedRuns(const std::vector<Run>& runs, ModSeq since) {
    const Snapshot views = services_.views.snapshot();
    std::vector<std::uint32_t> uids;
    views.messages().changedSince(selected().id, since, [&uids](const Change& change) {
        if (!change.expunged) uids.push_back(change.uid.number());
    });
    std::sort(uids.begin(), uids.end());
    NumberRanges changed;
    auto run = runs.begin();
    for (const std::uint32_t uid : uids) {
        while (run != runs.end() && run->last < uid)
            ++run;
        if (run == runs.end()) break;
        if (uid >= run->first) extend(changed, uid);
    }
    return selected().numbers.runsOfUids(changed);
}

// RFC 3516 §4.3. How much there is, and whether a literal can hold it, is found on a worker.
Task<void> Session::sendDecoded(BlobRange range, LargeDecoding decoding) {
    const bool wantsSize = decoding.item.form == BodyForm::DecodedSize;
    DecodedOctets octets(services_.content, range, decoding.decoder, decoding.item.partial);
    const std::optional<Measured> measured =
        co_await services_.workers.run([&octets] { return measure(octets); });
    std::string piece;
    if (!measured) {
        piece = wantsSize ? "0" : "NIL";
    } else if (wantsSize) {
        appendNumber(piece, measured->octets);
    } else {
        appendLiteralHead(piece, measured->octets, measured->hasNul);
    }
    co_await connection_.write(piece);
    if (!measured || wantsSize) co_return;
    ReadNote note = decoding.item.note;
    note.octets = measured->octets;
    selected().access->note(decoding.uid, note);
    bool more = nextOf(octets, piece);
    while (more) {
        co_await connection_.write(piece);
        more = nextOf(octets, piece);
    }
}

// Sends the output, with the octets that it lacks read from the content log piece by piece.
Task<void> Session::sendLarge(std::vector<LargeOctets> pieces) {
    if (pieces.empty()) co_return;
    std::string octets;
    octets.swap(out_);
    std::size_t sent = 0;
    std::string piece;
    for (const LargeOctets& large : pieces) {
        co_await connection_.write(std::string_view(octets).substr(sent, large.at - sent));
        sent = large.at;
        if (large.decoding) {
            co_await sendDecoded(large.range, *large.decoding);
            continue;
        }
        for (std::uint64_t done = 0; done < large.range.count; done += piece.size()) {
            piece.clear();
            const std::uint64_t count =
                std::min<std::uint64_t>(kSliceOctets, large.range.count - done);
            const bool there =
                services_.content.read(large.range.place, large.range.from + done, count, piece);
            // It was whole a moment ago; a literal cannot be ended early.
            if (!there) throw Disconnected("a message was erased while it was sent");
            co_await connection_.write(piece);
        }
    }
    out_ = octets.substr(sent);
}

}  // namespace daybook::imap
