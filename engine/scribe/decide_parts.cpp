#include "engine/scribe/decide_parts.h"

#include <algorithm>
#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook {

void setBlob(event::BlobRef::Builder target, const StoredBlob& blob) {
    target.setSegment(blob.content.place.segment);
    target.setOffset(blob.content.place.offset);
    target.setOctets(blob.octets);
    target.setSummaryOctets(static_cast<std::uint32_t>(blob.summary.size()));
    target.setCommitment(capnp::Data::Reader(
        reinterpret_cast<const kj::byte*>(blob.content.commitment.data()),
        blob.content.commitment.size()));
}

UidRanges rangesOf(const std::vector<Uid>& uids) {
    UidRanges ranges;
    for (const Uid uid : uids) {
        if (!ranges.empty() && ranges.back().second.number() + 1 == uid.number()) {
            ranges.back().second = uid;
        } else {
            ranges.emplace_back(uid, uid);
        }
    }
    return ranges;
}

void setName(Draft& draft, AccountId subject, std::string_view name) {
    draft.addAnnex(subject).initName().setText(kj::StringPtr(std::string(name).c_str()));
}

Draft& addFor(
    Events& events, Kind kind, const Origin& origin, AccountId account, MailboxId mailbox) {
    Draft& draft = events.add(kind, origin);
    draft.core().setAccount(account.number());
    draft.core().setMailbox(mailbox.number());
    return draft;
}

Outcome<std::vector<KeywordId>> defineKeywords(
    const std::vector<std::string>& names,
    const Origin& origin,
    AccountId account,
    const Deciding& deciding,
    Events& events) {
    std::vector<KeywordId> keywords;
    std::vector<std::string> defined;
    const std::optional<AccountRow> row = deciding.views.accounts().account(account);
    if (!row) return refuse(RefusalReason::NoSuchAccount);
    for (const std::string& name : names) {
        if (name.empty() || name.size() > limits::kKeywordOctetsMax) {
            return refuse(RefusalReason::InvalidArgument, "the length of a keyword");
        }
        if (const auto known = deciding.views.accounts().findKeyword(account, name)) {
            keywords.push_back(*known);
            continue;
        }
        const std::string lower = lowered(name);
        const auto again = std::find(defined.begin(), defined.end(), lower);
        const auto offset = static_cast<std::size_t>(again - defined.begin());
        const std::size_t number = std::max<std::size_t>(row->nextKeyword.number(), 1) + offset;
        if (number > limits::kKeywordsPerAccountMax) return refuse(RefusalReason::TooManyKeywords);
        const KeywordId id(static_cast<std::uint16_t>(number));
        keywords.push_back(id);
        if (again != defined.end()) continue;
        defined.push_back(lower);
        Draft& draft = addFor(events, Kind::KeywordDefined, origin, account);
        draft.core().initKeywordDefined().setKeyword(id.number());
        setName(draft, account, name);
    }
    std::sort(keywords.begin(), keywords.end());
    keywords.erase(std::unique(keywords.begin(), keywords.end()), keywords.end());
    return keywords;
}

Outcome<MailboxRow> mailboxOrRefuse(
    const Deciding& deciding, AccountId account, MailboxId mailbox) {
    std::optional<MailboxRow> row = deciding.views.mailboxes().mailbox(account, mailbox);
    if (!row) return refuse(RefusalReason::NoSuchMailbox);
    return std::move(*row);
}

}  // namespace daybook
