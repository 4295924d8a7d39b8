#include "tools/daybook/names.h"

#include <fmt/format.h>

#include "journal/base/encoding.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

std::string Names::account(AccountId account) {
    if (!account) return "nobody";
    const auto known = accounts_.find(account);
    if (known != accounts_.end()) return known->second;
    const Snapshot snapshot = views_.snapshot();
    const std::optional<AccountRow> row = snapshot.accounts().account(account);
    const bool named = row && !row->login.empty();
    std::string name =
        named ? printable(row->login) : fmt::format("account {}", idText(account.number()));
    return accounts_.emplace(account, std::move(name)).first->second;
}

const std::vector<Names::NameChange>& Names::namesOf(MailboxId mailbox) {
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
    return mailboxes_.emplace(mailbox, std::move(names)).first->second;
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
    if (opened) {
        reader_.at(opened, [&](const Record& record) {
            place.protocol = protocolText(record.core().getSessionOpened().getProtocol());
            const auto annex = record.annex(0);
            if (!annex || !annex->isSession()) return;
            place.ip = printable(textOf(annex->getSession().getIp()));
            place.client = printable(textOf(annex->getSession().getClient()));
        });
    }
    return sessions_.emplace(session, std::move(place)).first->second;
}

}  // namespace daybook
