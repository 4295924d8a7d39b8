#include "engine/scribe/decide_parts.h"

#include <algorithm>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook {

namespace {

// flag-keyword = atom; RFC 9051 §9.
bool isKeyword(std::string_view name) {
    if (name.empty() || name.size() > limits::kKeywordOctetsMax) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        constexpr std::string_view kSpecials = "(){%*\"\\]";
        return c > ' ' && c < '\x7f' && kSpecials.find(c) == std::string_view::npos;
    });
}

capnp::Text::Reader asText(const std::string& text) { return {text.c_str(), text.size()}; }

}  // namespace

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

std::vector<UidRanges> piecesOf(const std::vector<Uid>& uids) {
    std::vector<UidRanges> pieces;
    for (const auto& range : rangesOf(uids)) {
        if (pieces.empty() || pieces.back().size() == kUidsPerEventMax) pieces.emplace_back();
        pieces.back().push_back(range);
    }
    return pieces;
}

UidRanges normalized(UidRanges ranges) {
    for (auto& [first, last] : ranges) {
        if (last < first) std::swap(first, last);
    }
    std::sort(ranges.begin(), ranges.end());
    UidRanges apart;
    for (const auto& range : ranges) {
        if (!apart.empty() && range.first <= apart.back().second) {
            apart.back().second = std::max(apart.back().second, range.second);
        } else {
            apart.push_back(range);
        }
    }
    return apart;
}

void addTransfer(Events& events, const Origin& origin, const Transfer& transfer) {
    for (std::size_t begin = 0; begin < transfer.uids.size(); begin += kUidsPerEventMax) {
        const auto count =
            static_cast<unsigned>(std::min(kUidsPerEventMax, transfer.uids.size() - begin));
        const ModSeq modSeq = events.nextModSeq();
        Draft& draft = addFor(events, transfer.kind, origin, transfer.account, transfer.from);
        const bool moves = transfer.kind == Kind::Moved;
        auto copied = moves ? draft.core().initMoved() : draft.core().initCopied();
        copied.setTarget(transfer.to.number());
        copied.setTargetUidValidity(transfer.toValidity.number());
        copied.setModSeq(modSeq.number());
        auto sources = copied.initSourceUids(count);
        auto targets = copied.initTargetUids(count);
        for (unsigned index = 0; index < count; ++index) {
            sources.set(index, transfer.uids[begin + index].first.number());
            targets.set(index, transfer.uids[begin + index].second.number());
        }
    }
}

Outcome<Keywords> resolveKeywords(
    const std::vector<std::string>& names, const AccountRow& account, const Deciding& deciding) {
    Keywords keywords;
    std::size_t next = std::max<std::size_t>(account.nextKeyword.number(), 1);
    for (const std::string& name : names) {
        if (!isKeyword(name)) return refuse(RefusalReason::InvalidArgument, "no legal keyword");
        std::optional<KeywordId> id = deciding.views.accounts().findKeyword(account.id, name);
        for (const auto& [fresh, freshName] : keywords.fresh) {
            if (equalsIgnoreCase(name, freshName)) id = fresh;
        }
        if (!id) {
            if (next > limits::kKeywordsPerAccountMax) {
                return refuse(RefusalReason::TooManyKeywords);
            }
            id = KeywordId(static_cast<std::uint16_t>(next++));
            keywords.fresh.emplace_back(*id, name);
        }
        keywords.ids.push_back(*id);
    }
    std::sort(keywords.ids.begin(), keywords.ids.end());
    keywords.ids.erase(std::unique(keywords.ids.begin(), keywords.ids.end()), keywords.ids.end());
    return keywords;
}

void addDefined(Events& events, const Origin& origin, AccountId account, const Keywords& keywords) {
    for (const auto& [id, name] : keywords.fresh) {
        Draft& draft = addFor(events, Kind::KeywordDefined, origin, account);
        draft.core().initKeywordDefined().setKeyword(id.number());
        setName(draft, account, name);
    }
}

void setTls(event::Tls::Builder target, TlsFacts tls) {
    target.setVersion(tls.version);
    target.setCipher(tls.cipher);
}

bool mayReport(std::uint16_t notify, event::DsnAction action) {
    if ((notify & kNotifyNever) != 0) return false;
    switch (action) {
        case event::DsnAction::FAILED: return notify == 0 || (notify & kNotifyFailure) != 0;
        case event::DsnAction::DELAYED: return notify == 0 || (notify & kNotifyDelay) != 0;
        case event::DsnAction::DELIVERED:
        case event::DsnAction::RELAYED:
        case event::DsnAction::EXPANDED: return (notify & kNotifySuccess) != 0;
    }
    return false;
}

void setNumbers(
    capnp::List<std::uint32_t>::Builder list, const std::vector<RecipientNumber>& numbers) {
    for (unsigned index = 0; index < list.size(); ++index) {
        list.set(index, numbers[index].number());
    }
}

Draft& addAbout(
    Events& events,
    Kind kind,
    const Origin& origin,
    AccountId account,
    MessageId message,
    Seq cause) {
    Draft& draft = addFor(events, kind, origin, account);
    draft.core().setMessage(message.number());
    draft.core().setCause(cause.number());
    return draft;
}

void addRemote(Draft& draft, AccountId subject, const RemoteFacts& facts) {
    auto remote = draft.addAnnex(subject).initRemote();
    remote.setHost(asText(std::string(facts.host)));
    remote.setIp(asText(std::string(facts.ip)));
    remote.setText(asText(std::string(facts.text)));
}

Outcome<AccountRow> accountOrRefuse(const Deciding& deciding, AccountId account) {
    std::optional<AccountRow> row = deciding.views.accounts().account(account);
    if (!row || row->deleted) return refuse(RefusalReason::NoSuchAccount);
    return std::move(*row);
}

Outcome<MailboxRow> mailboxOrRefuse(
    const Deciding& deciding, AccountId account, MailboxId mailbox) {
    const Outcome<AccountRow> owner = accountOrRefuse(deciding, account);
    if (!owner) return std::unexpected(owner.error());
    std::optional<MailboxRow> row = deciding.views.mailboxes().mailbox(account, mailbox);
    if (!row) return refuse(RefusalReason::NoSuchMailbox);
    return std::move(*row);
}

}  // namespace daybook
