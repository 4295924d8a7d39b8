// journal log: events by account, address, IP, kind, message, session and time. Streams; reads only
// the account's, message's or session's own history where one is named.

#include <ctime>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
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
            throw CommandFailed(fmt::format(
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
    if (filter.since && core.getTimeNs() < *filter.since) return false;
    if (filter.until && core.getTimeNs() > *filter.until) return false;
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

Filter filterFrom(Context& context, const LogOptions& options) {
    Filter filter;
    filter.address = options.address;
    filter.ip = options.ip;
    filter.kinds = kindsNamed(options.kinds);
    if (!options.since.empty()) filter.since = parseTimeArgument("--since", options.since);
    if (!options.until.empty()) filter.until = parseTimeArgument("--until", options.until);
    if (!options.account.empty()) {
        const Snapshot snapshot = context.views().snapshot();
        if (const auto account = snapshot.accounts().findLogin(options.account)) {
            filter.account = account->id;
        } else if (const auto id = parseIdText(options.account)) {
            filter.account = AccountId(*id);
        } else {
            throw CommandFailed(fmt::format(
                "no account is named {}; one that was deleted is named by its id",
                options.account));
        }
    }
    return filter;
}

std::uint64_t idArgument(const char* option, const std::string& text) {
    const std::optional<std::uint64_t> id = parseIdText(text);
    if (!id) throw CommandFailed(fmt::format("{} wants 16 hexadecimal digits", option));
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
    const Seq from(std::max<std::uint64_t>(options.fromSeq, 1));
    Journal& journal = context.journalForReading(describeQuery(options), from, Seq(options.toSeq));
    const Filter filter = filterFrom(context, options);
    const std::uint64_t head = journal.head().size;
    const std::uint64_t to = options.toSeq == 0 ? head : std::min(options.toSeq, head);
    Names names(journal, context.views());
    JournalReader reader(journal);
    std::uint64_t rows = 0;
    const auto visit = [&](const Record& record) {
        if (!matches(record, filter, names)) return true;
        if (context.json()) {
            say(toJson(record).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        } else {
            say(fmt::format(
                "{}  #{:<8} {:<20} {}",
                timeText(record.core().getTimeNs()),
                record.seq().number(),
                nameOf(record.kind()).value_or("?"),
                sentence(record, names)));
        }
        return ++rows != options.limit;
    };
    if (const auto seqs = indexed(context.views(), options, filter, from)) {
        for (const Seq seq : *seqs) {
            bool goOn = seq.number() <= to;
            if (goOn) reader.at(seq, [&](const Record& record) { goOn = visit(record); });
            if (!goOn) break;
        }
    } else {
        reader.forEach(from, Seq(to), visit);
    }
    return rows == 0 ? kRefused : kDone;
}

}  // namespace daybook
