// names.h
//
// Ids to names for the reader of a history: accounts by login, mailboxes by the name that they had
// at a given event, sessions by where they came from. Reads the journal and the views; what was
// erased is named by its id. What it knows is kept, up to a limit. Thread: main.
#pragma once

#include <map>
#include <string>

#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "projections/views.h"

namespace daybook {

// What SessionOpened says; empty strings when it is not there (yet) or erased.
struct SessionPlace {
    std::string protocol;
    std::string ip;
    std::string client;
};

// The login, or the id where it is erased. Not made printable: the login may be asked with.
std::string accountName(const Snapshot& snapshot, AccountId account);

class Names {
public:
    Names(const Journal& journal, const Views& views) : reader_(journal), views_(views) {}

    // An event passes by: where a session came from, what a mailbox is called from now on. The
    // views may follow the journal a moment later.
    void learn(const Record& record);

    std::string account(AccountId account);
    // As it was called when `at` happened.
    std::string mailbox(MailboxId mailbox, Seq at);
    SessionPlace session(SessionId session);
    std::string keyword(AccountId account, KeywordId keyword);
    // "<bob@elsewhere.test>", or "recipient 2" where it is erased.
    std::string recipient(MessageId message, RecipientNumber recipient);
    // A domain that mail goes to; a domain of ours.
    std::string destination(DestinationId destination);
    std::string domain(DomainId domain);

private:
    struct NameChange {
        Seq seq;
        std::string name;
    };

    std::vector<NameChange> namesOf(MailboxId mailbox);

    JournalReader reader_;
    const Views& views_;
    std::map<AccountId, std::string> accounts_;
    std::map<MailboxId, std::vector<NameChange>> mailboxes_;
    std::map<SessionId, SessionPlace> sessions_;
};

}  // namespace daybook
