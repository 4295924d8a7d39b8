#include "protocols/imap/resync.h"

#include <algorithm>

#include "protocols/imap/response.h"

namespace daybook::imap {

namespace {

// known-uids = sequence-set ; "*" is not allowed
NumberRanges knownSet(Arguments& arguments) {
    const SequenceSet set = arguments.sequenceSet();
    if (set.hasStar()) throw Bad("\"*\" is no number that a client knows");
    return set.resolved(UINT32_MAX);
}

std::uint64_t countOf(const NumberRanges& ranges) {
    std::uint64_t count = 0;
    for (const auto& [first, last] : ranges)
        count += std::uint64_t{last} - first + 1;
    return count;
}

// Are all numbers from `first` to `last` among `known`?
bool knowsAll(const std::optional<NumberRanges>& known, std::uint32_t first, std::uint32_t last) {
    if (!known) return true;
    const auto after = std::upper_bound(
        known->begin(), known->end(), first, [](std::uint32_t value, const auto& range) {
        return value < range.first;
    });
    return after != known->begin() && last <= std::prev(after)->second;
}

}  // namespace

QuickResync parseQuickResync(Arguments& arguments) {
    // "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"
    QuickResync resync;
    arguments.space();
    arguments.lexer().expect('(');
    resync.uidValidity = UidValidity(arguments.number());
    arguments.space();
    resync.since = arguments.modSeq();
    if (!resync.uidValidity || !resync.since) throw Bad("QRESYNC knows of no zero");
    bool more = arguments.optionalSpace();
    if (more && arguments.lexer().peek() != '(') {
        resync.knownUids = knownSet(arguments);
        more = arguments.optionalSpace();
    }
    if (more) {
        // RFC 9586 §3.7: there are no numbers any more.
        if (arguments.dialect().uidOnly) {
            throw Bad("UIDREQUIRED", "Message numbers are not allowed with UIDONLY");
        }
        // seq-match-data = "(" known-sequence-set SP known-uid-set ")"
        arguments.lexer().expect('(');
        resync.matchNumbers = knownSet(arguments);
        arguments.space();
        resync.matchUids = knownSet(arguments);
        arguments.lexer().expect(')');
        if (countOf(resync.matchNumbers) != countOf(resync.matchUids)) {
            throw Bad("There must be as many UIDs as message numbers");
        }
    }
    arguments.lexer().expect(')');
    return resync;
}

std::uint32_t greatestMatch(const MessageNumbers& numbers, const QuickResync& known) {
    std::uint32_t greatest = 0;
    auto uids = known.matchUids.begin();
    std::uint32_t used = 0;  // of the range of UIDs
    for (const auto& [first, last] : known.matchNumbers) {
        std::uint64_t number = first;
        while (number <= last && uids != known.matchUids.end()) {
            const std::uint32_t uid = uids->first + used;
            const std::uint64_t length =
                std::min(last - number, std::uint64_t{uids->second} - uid) + 1;
            // These numbers and these UIDs grow together, and so do a run's.
            const auto begin = static_cast<std::uint32_t>(number);
            const auto end = static_cast<std::uint32_t>(number + length - 1);
            for (const Run& run : numbers.runsOfNumbers({{begin, end}})) {
                const bool fits = std::uint64_t{run.first} - uid == run.number - number;
                if (fits) greatest = std::max(greatest, run.last);
            }
            number += length;
            used += static_cast<std::uint32_t>(length);
            if (uid + (length - 1) == uids->second) {
                ++uids;
                used = 0;
            }
        }
    }
    return greatest;
}

NumberRanges vanishedSince(
    const Snapshot& views,
    const SelectedMailbox& mailbox,
    ModSeq since,
    const std::optional<NumberRanges>& known,
    std::uint32_t above) {
    std::vector<std::uint32_t> uids;
    const MessageNumbers& numbers = mailbox.numbers;
    views.messages().changedSince(mailbox.id, since, [&](const Change& change) {
        const std::uint32_t uid = change.uid.number();
        if (!change.expunged || uid <= above) return;
        if (known && !contains(*known, uid)) return;
        // What the client still numbers is told as an expunge of this session, later.
        if (!numbers.numberOf(uid)) uids.push_back(uid);
    });
    std::sort(uids.begin(), uids.end());
    NumberRanges vanished;
    for (const std::uint32_t uid : uids) {
        // A gap without a message is no gap: one range is shorter than two.
        const bool joins = !vanished.empty() && uid < mailbox.uidNext.number() &&
                           knowsAll(known, vanished.back().second, uid) &&
                           !numbers.anyOfUids(vanished.back().second, uid);
        if (joins) {
            vanished.back().second = uid;
        } else {
            vanished.emplace_back(uid, uid);
        }
    }
    return vanished;
}

void appendVanishedEarlier(std::string& out, const NumberRanges& uids) {
    if (uids.empty()) return;
    out += "* VANISHED (EARLIER) ";
    out += rangesText(uids);
    out += "\r\n";
}

}  // namespace daybook::imap
