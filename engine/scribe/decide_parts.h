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
// Ascending UIDs as the fewest ranges.
UidRanges rangesOf(const std::vector<Uid>& uids);

template <class Body>
void setRanges(Body body, const std::vector<Uid>& uids) {
    const UidRanges ranges = rangesOf(uids);
    auto list = body.initUids(static_cast<unsigned>(ranges.size()));
    for (unsigned index = 0; index < list.size(); ++index) {
        list[index].setFirst(ranges[index].first.number());
        list[index].setLast(ranges[index].second.number());
    }
}

// Adds annex [0], annex.name, that belongs to `subject`.
void setName(Draft& draft, AccountId subject, std::string_view name);

// Adds an event of an account and, if there is one, a mailbox.
Draft& addFor(
    Events& events,
    Kind kind,
    const Origin& origin,
    AccountId account,
    MailboxId mailbox = MailboxId());

// The ids of the keywords, ascending; those that are new get a KeywordDefined event first.
// Refusals: TooManyKeywords, InvalidArgument.
Outcome<std::vector<KeywordId>> defineKeywords(
    const std::vector<std::string>& names,
    const Origin& origin,
    AccountId account,
    const Deciding& deciding,
    Events& events);

// The account's mailbox by id. Refusal: NoSuchMailbox.
Outcome<MailboxRow> mailboxOrRefuse(const Deciding& deciding, AccountId account, MailboxId mailbox);

}  // namespace daybook
