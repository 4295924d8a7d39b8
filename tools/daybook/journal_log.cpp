// journal log: events by account, address, IP, kind, message, session and time. Streams; reads only
// the account's, message's or session's own history where one is named.

#include <ctime>
#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/event_lines.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"
#include "tools/daybook/time_argument.h"

namespace daybook {

namespace {

struct Filter {
    AccountId account;
    std::string address;
    std::string ip;
    std::vector<Kind> kinds;
    std::optional<TimeNs> since;
    std::optional<TimeNs> until;
};

std::vector<Kind> kindsNamed(const std::vector<std::string>& names) {
    std::vector<Kind> kinds;
    for (const std::string& name : names) {
        const std::optional<Kind> kind = kindNamed(name);
        if (!kind) {
            throw UsageError(fmt::format(
                "there is no event kind {}; `daybook journal stats` shows those in use", name));
        }
        kinds.push_back(*kind);
    }
    return kinds;
}

bool isAddress(capnp::Text::Reader text, const std::string& wanted) {
    return equalsIgnoreCase({text.begin(), text.size()}, wanted);
}

bool annexHasAddress(const annex::Annex::Reader& annex, const std::string& address) {
    switch (annex.which()) {
        case annex::Annex::RECEIVED:
            return isAddress(annex.getReceived().getReversePath(), address);
        case annex::Annex::RECIPIENT:
            return isAddress(annex.getRecipient().getForwardPath(), address);
        case annex::Annex::REMOTE: return isAddress(annex.getRemote().getHost(), address);
        case annex::Annex::REJECTED:
            return isAddress(annex.getRejected().getReversePath(), address) ||
                   isAddress(annex.getRejected().getForwardPath(), address);
        case annex::Annex::NAME: return isAddress(annex.getName().getText(), address);
        case annex::Annex::ACCOUNT: return isAddress(annex.getAccount().getLogin(), address);
        case annex::Annex::AUTH_FAILED: return isAddress(annex.getAuthFailed().getLogin(), address);
        default: return false;
    }
}

bool annexHasIp(const annex::Annex::Reader& annex, const std::string& ip) {
    switch (annex.which()) {
        case annex::Annex::RECEIVED: return isAddress(annex.getReceived().getIp(), ip);
        case annex::Annex::REJECTED: return isAddress(annex.getRejected().getIp(), ip);
        case annex::Annex::SESSION: return isAddress(annex.getSession().getIp(), ip);
        case annex::Annex::AUTH_FAILED: return isAddress(annex.getAuthFailed().getIp(), ip);
        case annex::Annex::REMOTE: return isAddress(annex.getRemote().getIp(), ip);
        default: return false;
    }
}

template <class Test>
bool anyAnnex(const Record& record, const Test& test) {
    for (std::size_t index = 0; index < record.core().getAnnexes().size(); ++index) {
        const auto annex = record.annex(index);
        if (annex && test(*annex)) return true;
    }
    return false;
}

bool matches(const Record& record, const Filter& filter, Names& names) {
    const auto core = record.core();
    if (filter.account && AccountId(core.getAccount()) != filter.account &&
        AccountId(core.getActorId()) != filter.account) {
        return false;
    }
    if (!filter.kinds.empty() &&
        std::find(filter.kinds.begin(), filter.kinds.end(), record.kind()) == filter.kinds.end()) {
        return false;
    }
    if (!filter.address.empty() && !anyAnnex(record, [&](const annex::Annex::Reader& annex) {
        return annexHasAddress(annex, filter.address);
    })) {
        return false;
    }
    if (filter.ip.empty()) return true;
    // An event of a session happened from where the session came from.
    return names.session(SessionId(core.getSession())).ip == filter.ip ||
           anyAnnex(record, [&](const annex::Annex::Reader& annex) {
        return annexHasIp(annex, filter.ip);
    });
}

Filter filterFrom(const LogOptions& options) {
    Filter filter;
    filter.address = options.address;
    filter.ip = options.ip;
    filter.kinds = kindsNamed(options.kinds);
    if (!options.since.empty()) filter.since = parseTimeArgument("--since", options.since);
    if (!options.until.empty()) filter.until = parseTimeArgument("--until", options.until);
    return filter;
}

AccountId accountNamed(const Views& views, const std::string& name) {
    const Snapshot snapshot = views.snapshot();
    if (const auto account = snapshot.accounts().findLogin(name)) return account->id;
    if (const auto id = parseIdText(name)) return AccountId(*id);
    throw CommandFailed(fmt::format(
        "no account is named {}; one that was deleted is named by its id", printable(name)));
}

std::uint64_t idArgument(const char* option, const std::string& text) {
    const std::optional<std::uint64_t> id = parseIdText(text);
    if (!id) throw UsageError(fmt::format("{} wants 16 hexadecimal digits", option));
    return *id;
}

// The seqs to look at, where an index names them.
std::optional<std::vector<Seq>> indexed(
    const Views& views, const LogOptions& options, const Filter& filter, Seq from) {
    std::vector<Seq> seqs;
    const auto keep = [&](const HistoryEntry& entry) {
        seqs.push_back(entry.seq);
        return true;
    };
    const Snapshot snapshot = views.snapshot();
    const HistoriesView histories = snapshot.histories();
    if (!options.message.empty()) {
        histories.ofMessage(MessageId(idArgument("--message", options.message)), from, keep);
    } else if (!options.session.empty()) {
        histories.ofSession(SessionId(idArgument("--session", options.session)), from, keep);
    } else if (filter.account) {
        histories.ofAccount(filter.account, from, keep);
    } else {
        return std::nullopt;
    }
    return seqs;
}

}  // namespace

int journalLog(Context& context, const LogOptions& options) {
    Filter filter = filterFrom(options);
    Seq from(std::max<std::uint64_t>(options.fromSeq, 1));
    Journal& journal = context.journalForReading(describeQuery(options), from, Seq(options.toSeq));
    if (!options.account.empty()) filter.account = accountNamed(context.views(), options.account);
    const Seq head(journal.head().size);
    const Seq to = options.toSeq == 0 ? head : std::min(Seq(options.toSeq), head);
    Names names(journal, context.views());
    EventLines lines(journal, names, context.json(), options.limit);
    if (filter.since) from = std::max(from, lines.firstSince(*filter.since, head));
    const auto choose = [&](const Record& record) {
        const bool late = filter.until && record.core().getTimeNs() > *filter.until;
        if (late || record.seq() > to) return EventLines::Look::Stop;
        return matches(record, filter, names) ? EventLines::Look::Print : EventLines::Look::Skip;
    };
    if (const auto seqs = indexed(context.views(), options, filter, from)) {
        lines.these(*seqs, choose);
    } else {
        lines.range(from, to, choose);
    }
    if (lines.printed() != 0) return kDone;
    sayNote("no event matches");
    return kRefused;
}

}  // namespace daybook
