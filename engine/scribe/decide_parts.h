// decide_parts.h
//
// What several decisions need: keywords by name, ranges, blobs and names as events carry them.
// Pure; thread: scribe. Only for the decide_*.cpp files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/scribe/decide.h"

namespace daybook {

void setBlob(event::BlobRef::Builder target, const StoredBlob& blob);
void setTls(event::Tls::Builder target, TlsFacts tls);
// One event carries at most so many UIDs or ranges, so that no core grows without bound.
inline constexpr std::size_t kUidsPerEventMax = 5'000;

// Ascending UIDs as the fewest ranges.
UidRanges rangesOf(const std::vector<Uid>& uids);
// In pieces of at most kUidsPerEventMax ranges.
std::vector<UidRanges> piecesOf(const std::vector<Uid>& uids);
// Ascending and apart, whatever the ranges were.
UidRanges normalized(UidRanges ranges);

template <class Body>
void setRanges(Body body, const UidRanges& ranges) {
    auto list = body.initUids(static_cast<unsigned>(ranges.size()));
    for (unsigned index = 0; index < list.size(); ++index) {
        list[index].setFirst(ranges[index].first.number());
        list[index].setLast(ranges[index].second.number());
    }
}

// Copied or Moved, from the mailbox to the target; pairs are source and target, ascending.
struct Transfer {
    Kind kind;
    AccountId account;
    MailboxId from;
    MailboxId to;
    UidValidity toValidity;
    std::vector<std::pair<Uid, Uid>> uids;
};

void addTransfer(Events& events, const Origin& origin, const Transfer& transfer);

// Adds annex [0], annex.name, that belongs to `subject`.
void setName(Draft& draft, AccountId subject, std::string_view name);

// Adds an event of an account and, if there is one, a mailbox.
Draft& addFor(
    Events& events,
    Kind kind,
    const Origin& origin,
    AccountId account,
    MailboxId mailbox = MailboxId());

// Keywords by number, those among them that the account does not know yet with their names.
struct Keywords {
    std::vector<KeywordId> ids;  // ascending
    std::vector<std::pair<KeywordId, std::string>> fresh;
};

// What `names` are, or will be once addDefined() has defined the new ones. Adds no event.
// Refusals: TooManyKeywords, InvalidArgument.
Outcome<Keywords> resolveKeywords(
    const std::vector<std::string>& names, const AccountRow& account, const Deciding& deciding);
void addDefined(Events& events, const Origin& origin, AccountId account, const Keywords& keywords);

// RFC 3461 §4.1: may a report of that action be made, by what NOTIFY said (0: nothing)?
bool mayReport(std::uint16_t notify, event::DsnAction action);

void setNumbers(
    capnp::List<std::uint32_t>::Builder list, const std::vector<RecipientNumber>& numbers);

template <class Body>
void setRecipients(Body body, const std::vector<RecipientNumber>& numbers) {
    setNumbers(body.initRecipients(static_cast<unsigned>(numbers.size())), numbers);
}

template <class Body>
void setReports(Body body, const std::vector<RecipientNumber>& numbers) {
    setNumbers(body.initReports(static_cast<unsigned>(numbers.size())), numbers);
}

// Adds an event about a message that `account` sent.
Draft& addAbout(
    Events& events,
    Kind kind,
    const Origin& origin,
    AccountId account,
    MessageId message,
    Seq cause);

// What another server is and what it said.
struct RemoteFacts {
    std::string_view host;
    std::string_view ip;
    std::string_view text;
};

// Adds annex [0], annex.remote, that belongs to `subject`.
void addRemote(Draft& draft, AccountId subject, const RemoteFacts& facts);

// DsnReceived, MdnReceived or FeedbackReceived, if Deliver::report speaks of a message that its
// recipient sent (decide_reports.cpp).
void addReportReceived(
    const Deliver& command, Seq received, const Deciding& deciding, Events& events);

// The account, if it is not deleted. Refusal: NoSuchAccount.
Outcome<AccountRow> accountOrRefuse(const Deciding& deciding, AccountId account);

// The mailbox by id, of an account that is not deleted. Refusals: NoSuchAccount, NoSuchMailbox.
Outcome<MailboxRow> mailboxOrRefuse(const Deciding& deciding, AccountId account, MailboxId mailbox);

}  // namespace daybook
