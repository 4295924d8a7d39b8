#include "tools/daybook/message_search.h"

#include <algorithm>
#include <set>

#include "engine/directory/address.h"
#include "journal/base/ascii.h"
#include "journal/journal_reader.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

using Found = std::set<MessageId, std::greater<>>;

void takeFrom(const Views& views, const std::string& address, std::size_t limit, Found& found) {
    const Snapshot snapshot = views.snapshot();
    Found here;
    snapshot.deliveries().ofAddress(address, [&](MessageId message, RecipientNumber) {
        here.insert(message);
        return here.size() < limit;
    });
    found.merge(here);
}

// Mail that an account received, or sent without the queue's having seen it, is not in the view of
// deliveries: it stands in the account's history.
std::vector<Seq> ofAccounts(const Views& views, const std::string& address) {
    std::vector<Seq> seqs;
    const auto parsed = parseAddress(address);
    if (!parsed) return seqs;
    const Snapshot snapshot = views.snapshot();
    Address plain = *parsed;
    plain.localPart = splitPlus(parsed->localPart).user;
    std::set<AccountId> accounts;
    for (const std::string& text : {parsed->text(), plain.text()}) {
        for (const AddressRow& row : snapshot.accounts().resolve(text))
            accounts.insert(row.account);
    }
    for (const AccountId account : accounts) {
        snapshot.histories().ofAccount(account, Seq(1), [&](const HistoryEntry& entry) {
            if (entry.kind == Kind::Accepted || entry.kind == Kind::Received) {
                seqs.push_back(entry.seq);
            }
            return true;
        });
    }
    std::sort(seqs.begin(), seqs.end(), std::greater<>());
    return seqs;
}

bool isFromOrTo(const Record& record, const std::string& address) {
    const auto annex = record.annex(0);
    if (!annex) return false;
    if (annex->isRecipient()) {
        return equalsIgnoreCase(textOf(annex->getRecipient().getForwardPath()), address);
    }
    // What a client put into a mailbox was not sent.
    return annex->isReceived() &&
           record.core().getReceived().getProtocol() != event::Protocol::IMAP &&
           equalsIgnoreCase(textOf(annex->getReceived().getReversePath()), address);
}

}  // namespace

std::vector<MessageId> messagesWithMessageId(const Journal& journal, const std::string& text) {
    std::vector<MessageId> found;
    JournalReader reader(journal);
    const std::uint64_t all = journal.head().size;
    Progress progress("looking for " + text);
    reader.forEach(Seq(1), Seq(all), [&](const Record& record) {
        progress.show(record.seq().number(), all);
        if (record.kind() != Kind::Received) return true;
        const auto annex = record.annex(0);
        if (!annex || !annex->isReceived()) return true;
        const std::string id = textOf(annex->getReceived().getMessageId());
        if (id == text || id == "<" + text + ">") {
            found.emplace_back(record.core().getMessage());
        }
        return true;
    });
    return found;
}

std::vector<MessageId> messagesOfAddress(
    const Journal& journal, const Views& views, const std::string& address, std::size_t limit) {
    Found found;
    takeFrom(views, address, limit, found);
    JournalReader reader(journal);
    Found local;
    for (const Seq seq : ofAccounts(views, address)) {
        if (local.size() >= limit) break;
        reader.at(seq, [&](const Record& record) {
            if (isFromOrTo(record, address)) local.insert(MessageId(record.core().getMessage()));
        });
    }
    found.merge(local);
    std::vector<MessageId> messages(found.begin(), found.end());
    if (messages.size() > limit) messages.resize(limit);
    return messages;
}

}  // namespace daybook
