#include "tools/daybook/names.h"

#include <fmt/format.h>

#include "journal/base/encoding.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

constexpr std::size_t kKnownMax = 10'000;

// What is not known is asked for again the next time: it may be there then.
template <class Map>
void keep(Map& known, typename Map::key_type key, const typename Map::mapped_type& value) {
    if (known.size() >= kKnownMax) known.clear();
    known.insert_or_assign(key, value);
}

// Empty if it is erased.
std::string loginOf(const Snapshot& snapshot, AccountId account) {
    const std::optional<AccountRow> row = snapshot.accounts().account(account);
    return row ? row->login : std::string();
}

SessionPlace placeIn(const Record& record) {
    SessionPlace place;
    place.protocol = protocolText(record.core().getSessionOpened().getProtocol());
    const auto annex = record.annex(0);
    if (!annex || !annex->isSession()) return place;
    place.ip = printable(textOf(annex->getSession().getIp()));
    place.client = printable(textOf(annex->getSession().getClient()));
    return place;
}

}  // namespace

std::string accountName(const Snapshot& snapshot, AccountId account) {
    const std::string login = loginOf(snapshot, account);
    return login.empty() ? idText(account.number()) : login;
}

void Names::learn(const Record& record) {
    const auto core = record.core();
    if (record.kind() == Kind::SessionOpened) {
        keep(sessions_, SessionId(core.getSession()), placeIn(record));
    } else if (record.kind() == Kind::MailboxRenamed) {
        const auto known = mailboxes_.find(MailboxId(core.getMailbox()));
        if (known == mailboxes_.end() || known->second.back().seq >= record.seq()) return;
        known->second.push_back({.seq = record.seq(), .name = printable(record.name())});
    }
}

std::string Names::account(AccountId account) {
    if (!account) return "nobody";
    const auto known = accounts_.find(account);
    if (known != accounts_.end()) return known->second;
    const std::string login = printable(loginOf(views_.snapshot(), account));
    if (login.empty()) return fmt::format("account {}", idText(account.number()));
    keep(accounts_, account, login);
    return login;
}

std::vector<Names::NameChange> Names::namesOf(MailboxId mailbox) {
    const auto known = mailboxes_.find(mailbox);
    if (known != mailboxes_.end()) return known->second;
    std::vector<Seq> changes;
    {
        const Snapshot snapshot = views_.snapshot();
        snapshot.histories().ofMailbox(mailbox, Seq(1), [&](const HistoryEntry& entry) {
            if (entry.kind == Kind::MailboxCreated || entry.kind == Kind::MailboxRenamed) {
                changes.push_back(entry.seq);
            }
            return true;
        });
    }
    std::vector<NameChange> names;
    for (const Seq seq : changes) {
        reader_.at(seq, [&](const Record& record) {
            names.push_back(NameChange{.seq = seq, .name = printable(record.name())});
        });
    }
    if (!names.empty()) keep(mailboxes_, mailbox, names);
    return names;
}

std::string Names::mailbox(MailboxId mailbox, Seq at) {
    std::string name;
    for (const NameChange& change : namesOf(mailbox)) {
        if (change.seq > at) break;
        name = change.name;
    }
    return name.empty() ? fmt::format("mailbox {}", idText(mailbox.number())) : name;
}

std::string Names::keyword(AccountId account, KeywordId keyword) {
    const Snapshot snapshot = views_.snapshot();
    const std::optional<std::string> name = snapshot.accounts().keywordName(account, keyword);
    const bool named = name && !name->empty();
    return named ? printable(*name) : fmt::format("keyword {}", keyword.number());
}

std::string Names::recipient(MessageId message, RecipientNumber recipient) {
    const Snapshot snapshot = views_.snapshot();
    const std::optional<DeliveryRow> row = snapshot.deliveries().delivery(message, recipient);
    const bool named = row && !row->forwardPath.empty();
    return named ? "<" + printable(row->forwardPath) + ">"
                 : fmt::format("recipient {}", recipient.number());
}

std::string Names::destination(DestinationId destination) {
    const Snapshot snapshot = views_.snapshot();
    const std::string name = snapshot.deliveries().destinationName(destination);
    return name.empty() ? fmt::format("destination {}", idText(destination.number()))
                        : printable(name);
}

std::string Names::domain(DomainId domain) {
    const Snapshot snapshot = views_.snapshot();
    for (const DomainRow& row : snapshot.accounts().domains()) {
        if (row.id == domain && !row.name.empty()) return printable(row.name);
    }
    return fmt::format("domain {}", idText(domain.number()));
}

SessionPlace Names::session(SessionId session) {
    if (!session) return {};
    const auto known = sessions_.find(session);
    if (known != sessions_.end()) return known->second;
    Seq opened;
    {
        const Snapshot snapshot = views_.snapshot();
        snapshot.histories().ofSession(session, Seq(1), [&](const HistoryEntry& entry) {
            if (entry.kind != Kind::SessionOpened) return true;
            opened = entry.seq;
            return false;
        });
    }
    SessionPlace place;
    if (!opened) return place;
    reader_.at(opened, [&](const Record& record) { place = placeIn(record); });
    keep(sessions_, session, place);
    return place;
}

}  // namespace daybook
