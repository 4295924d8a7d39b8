#include "tests/support/events.h"

#include <capnp/message.h>

#include "journal/base/clock.h"
#include "journal/base/encoding.h"
#include "journal/record.h"
#include "journal/schema/summary.capnp.h"

namespace daybook::test {

namespace {

template <class List>
void fill(List list, const auto& numbers) {
    unsigned index = 0;
    for (const auto number : numbers) {
        list.set(index++, number);
    }
}

void fill(capnp::List<event::UidRange>::Builder list, const UidRanges& ranges) {
    unsigned index = 0;
    for (const auto& [first, last] : ranges) {
        list[index].setFirst(first);
        list[index].setLast(last);
        ++index;
    }
}

unsigned sizeOf(const auto& numbers) { return static_cast<unsigned>(numbers.size()); }

capnp::Text::Reader textOf(std::string_view text, std::string& kept) {
    kept = text;
    return {kept.c_str(), kept.size()};
}

void fillCopied(event::Copied::Builder copied, const Placement& placement) {
    copied.setTarget(placement.target);
    copied.setModSeq(placement.modSeq);
    fill(copied.initSourceUids(sizeOf(placement.sourceUids)), placement.sourceUids);
    fill(copied.initTargetUids(sizeOf(placement.targetUids)), placement.targetUids);
}

}  // namespace

class EventHistory::Details final : public DetailSource {
public:
    explicit Details(const Entry& entry) : entry_(entry) {}

    std::optional<std::string> annex(const event::AnnexRef::Reader&, std::size_t index) override {
        return entry_.annexes.at(index);
    }

    std::optional<std::string> summary(const event::BlobRef::Reader&) override {
        return entry_.summary;
    }

private:
    const Entry& entry_;
};

Seq EventHistory::append(Draft draft) {
    Entry& entry = entries_.emplace_back();
    event::Core::Builder core = draft.core();
    core.setSeq(last().number());
    if (core.getTimeNs() == 0) core.setTimeNs(timeNs_ + kSecondNs);
    timeNs_ = core.getTimeNs();
    auto references = core.initAnnexes(sizeOf(draft.annexes()));
    unsigned index = 0;
    for (const Draft::AnnexDraft& annex : draft.annexes()) {
        const std::string octets = canonicalOctets<annex::Annex>(annex.root.asReader());
        references[index].setSubject(annex.subject.number());
        references[index].setOctets(sizeOf(octets));
        entry.annexes.emplace_back(octets);
        ++index;
    }
    if (!draft.summary.empty()) entry.summary = asText(draft.summary);
    entry.core = canonicalOctets<event::Core>(core.asReader());
    return last();
}

void EventHistory::eraseDetails(Seq seq) {
    Entry& entry = entries_.at(seq.number() - before_.number() - 1);
    for (auto& annex : entry.annexes) {
        annex.reset();
    }
    entry.summary.reset();
}

void EventHistory::withRecord(Seq seq, const std::function<void(const Record&)>& visit) const {
    const Entry& entry = at(seq);
    Details details(entry);
    const Record record(asBytes(entry.core), details);
    visit(record);
}

Draft draftFor(Kind kind, std::uint64_t account, std::uint64_t mailbox) {
    Draft draft(kind);
    draft.core().setAccount(account);
    draft.core().setMailbox(mailbox);
    return draft;
}

void setName(Draft& draft, std::string_view name) {
    std::string kept;
    const AccountId subject(draft.core().getAccount());
    draft.addAnnex(subject).initName().setText(textOf(name, kept));
}

Draft domainChanged(std::uint64_t domain, bool on, std::string_view name) {
    Draft draft(Kind::DomainChanged);
    event::DomainChanged::Builder changed = draft.core().initDomainChanged();
    changed.setDomain(domain);
    changed.setOn(on);
    setName(draft, name);
    return draft;
}

Draft accountCreated(std::uint64_t account, std::string_view login, std::string_view displayName) {
    Draft draft = draftFor(Kind::AccountCreated, account);
    draft.core().initAccountCreated().setDomain(1);
    annex::Account::Builder details = draft.addAnnex(AccountId(account)).initAccount();
    std::string kept;
    details.setLogin(textOf(login, kept));
    details.setDisplayName(textOf(displayName, kept));
    return draft;
}

Draft accountStateChanged(std::uint64_t account, event::AccountState state) {
    Draft draft = draftFor(Kind::AccountStateChanged, account);
    draft.core().initAccountStateChanged().setState(state);
    return draft;
}

Draft accountDeleted(std::uint64_t account) {
    Draft draft = draftFor(Kind::AccountDeleted, account);
    draft.core().initAccountDeleted();
    return draft;
}

Draft addressChanged(std::uint64_t account, std::uint64_t address, bool on, std::string_view name) {
    Draft draft = draftFor(Kind::AddressChanged, account);
    event::AddressChanged::Builder changed = draft.core().initAddressChanged();
    changed.setAddress(address);
    changed.setDomain(1);
    changed.setOn(on);
    if (on) setName(draft, name);
    return draft;
}

Draft delegationChanged(std::uint64_t account, std::uint64_t delegate, std::uint16_t rights) {
    Draft draft = draftFor(Kind::DelegationChanged, account);
    event::DelegationChanged::Builder changed = draft.core().initDelegationChanged();
    changed.setDelegate(delegate);
    changed.setRights(rights);
    return draft;
}

Draft credentialSet(std::uint64_t account, std::uint64_t credential, std::string_view label) {
    Draft draft = draftFor(Kind::CredentialSet, account);
    event::CredentialSet::Builder set = draft.core().initCredentialSet();
    set.setCredential(credential);
    set.setAlgorithm(1);
    setName(draft, label);
    return draft;
}

Draft credentialRevoked(std::uint64_t account, std::uint64_t credential) {
    Draft draft = draftFor(Kind::CredentialRevoked, account);
    draft.core().initCredentialRevoked().setCredential(credential);
    return draft;
}

Draft keywordDefined(std::uint64_t account, std::uint16_t keyword, std::string_view name) {
    Draft draft = draftFor(Kind::KeywordDefined, account);
    draft.core().initKeywordDefined().setKeyword(keyword);
    setName(draft, name);
    return draft;
}

Draft mailboxCreated(
    std::uint64_t account,
    std::uint64_t mailbox,
    std::string_view name,
    std::uint32_t uidValidity,
    std::uint64_t modSeq,
    event::SpecialUse specialUse) {
    Draft draft = draftFor(Kind::MailboxCreated, account, mailbox);
    event::MailboxCreated::Builder created = draft.core().initMailboxCreated();
    created.setUidValidity(uidValidity);
    created.setSpecialUse(specialUse);
    created.setModSeq(modSeq);
    setName(draft, name);
    return draft;
}

Draft mailboxRenamed(
    std::uint64_t account, std::uint64_t mailbox, std::string_view name, std::uint64_t modSeq) {
    Draft draft = draftFor(Kind::MailboxRenamed, account, mailbox);
    draft.core().initMailboxRenamed().setModSeq(modSeq);
    setName(draft, name);
    return draft;
}

Draft mailboxDeleted(std::uint64_t account, std::uint64_t mailbox, std::uint64_t modSeq) {
    Draft draft = draftFor(Kind::MailboxDeleted, account, mailbox);
    draft.core().initMailboxDeleted().setModSeq(modSeq);
    return draft;
}

Draft specialUseChanged(std::uint64_t account, std::uint64_t mailbox, std::uint16_t specialUses) {
    Draft draft = draftFor(Kind::SpecialUseChanged, account, mailbox);
    draft.core().initSpecialUseChanged().setSpecialUses(specialUses);
    return draft;
}

Draft aclChanged(
    std::uint64_t account, std::uint64_t mailbox, std::uint64_t grantee, std::uint16_t rights) {
    Draft draft = draftFor(Kind::AclChanged, account, mailbox);
    event::AclChanged::Builder changed = draft.core().initAclChanged();
    changed.setGrantee(grantee);
    changed.setAfter(rights);
    return draft;
}

Draft quotaSet(
    std::uint64_t account,
    std::optional<std::uint64_t> storageOctets,
    std::optional<std::uint64_t> messages) {
    Draft draft = draftFor(Kind::QuotaSet, account);
    event::QuotaSet::Builder set = draft.core().initQuotaSet();
    const unsigned own = (storageOctets ? 1U : 0U) | (messages ? 2U : 0U);
    set.setOwn(static_cast<std::uint16_t>(own));
    set.setStorageOctets(storageOctets.value_or(0));
    set.setMessages(messages.value_or(0));
    return draft;
}

Draft quotaExceeded(std::uint64_t account, std::uint64_t mailbox) {
    Draft draft = draftFor(Kind::QuotaExceeded, account, mailbox);
    draft.core().initQuotaExceeded().setLimit(1);
    return draft;
}

Draft metadataSet(std::uint64_t account, std::uint64_t mailbox, const Annotation& annotation) {
    Draft draft = draftFor(Kind::MailboxMetadataSet, account, mailbox);
    event::MailboxMetadataSet::Builder set = draft.core().initMailboxMetadataSet();
    set.setEntry(annotation.entry);
    set.setUser(annotation.user);
    set.setOn(annotation.value.has_value());
    if (!annotation.value) return draft;
    const std::string& value = *annotation.value;
    annex::Metadata::Builder details = draft.addAnnex(AccountId(account)).initMetadata();
    details.setEntry(annotation.name);
    details.setValue(
        capnp::Data::Reader(reinterpret_cast<const kj::byte*>(value.data()), value.size()));
    return draft;
}

Draft subscriptionChanged(
    std::uint64_t account, std::uint64_t subscription, bool on, std::string_view name) {
    Draft draft = draftFor(Kind::SubscriptionChanged, account);
    event::SubscriptionChanged::Builder changed = draft.core().initSubscriptionChanged();
    changed.setSubscription(subscription);
    changed.setOn(on);
    if (on) setName(draft, name);
    return draft;
}

std::string threadSummary(const std::vector<std::uint64_t>& keys, std::uint64_t subjectKey) {
    capnp::MallocMessageBuilder builder;
    auto root = builder.initRoot<summary::Summary>();
    fill(root.initThreadKeys(sizeOf(keys)), keys);
    root.setSubjectKey(subjectKey);
    return canonicalOctets<summary::Summary>(root.asReader());
}

Draft stored(std::uint64_t account, std::uint64_t mailbox, const StoredMessage& message) {
    Draft draft = draftFor(Kind::Stored, account, mailbox);
    draft.core().setMessage(message.message);
    event::Stored::Builder built = draft.core().initStored();
    built.setUid(message.uid);
    built.setModSeq(message.modSeq);
    built.setEmailId(message.message + 1);
    built.setThreadId(message.threadId);
    built.setSystemFlags(message.flags);
    fill(built.initKeywords(sizeOf(message.keywords)), message.keywords);
    built.setInternalDateNs(kSecondNs);
    built.setOctets(message.octets);
    built.setPrefixOctets(sizeOf(message.prefix));
    event::BlobRef::Builder blob = built.initBlob();
    blob.setSegment(1);
    blob.setOffset(message.message * 8);
    blob.setOctets(message.octets - message.prefix.size());
    blob.setSummaryOctets(sizeOf(message.summary));
    draft.summary = asBytes(message.summary);
    std::string kept;
    draft.addAnnex(AccountId(account)).initStored().setPrefix(textOf(message.prefix, kept));
    return draft;
}

Draft copied(std::uint64_t account, const Placement& placement) {
    Draft draft = draftFor(Kind::Copied, account, placement.source);
    fillCopied(draft.core().initCopied(), placement);
    return draft;
}

Draft moved(std::uint64_t account, const Placement& placement) {
    Draft draft = draftFor(Kind::Moved, account, placement.source);
    fillCopied(draft.core().initMoved(), placement);
    return draft;
}

Draft flagsChanged(std::uint64_t account, std::uint64_t mailbox, const FlagChange& change) {
    Draft draft = draftFor(Kind::FlagsChanged, account, mailbox);
    event::FlagsChanged::Builder changed = draft.core().initFlagsChanged();
    changed.setModSeq(change.modSeq);
    fill(changed.initUids(sizeOf(change.uids)), change.uids);
    changed.setAddSystem(change.add);
    changed.setRemoveSystem(change.remove);
    fill(changed.initAddKeywords(sizeOf(change.addKeywords)), change.addKeywords);
    fill(changed.initRemoveKeywords(sizeOf(change.removeKeywords)), change.removeKeywords);
    return draft;
}

Draft expunged(
    std::uint64_t account, std::uint64_t mailbox, std::uint64_t modSeq, const UidRanges& uids) {
    Draft draft = draftFor(Kind::Expunged, account, mailbox);
    event::Expunged::Builder built = draft.core().initExpunged();
    built.setModSeq(modSeq);
    fill(built.initUids(sizeOf(uids)), uids);
    return draft;
}

Draft accessOpened(std::uint64_t account, std::uint64_t mailbox, std::uint64_t session) {
    Draft draft = draftFor(Kind::AccessOpened, account, mailbox);
    draft.core().setSession(session);
    draft.core().initAccessOpened();
    return draft;
}

Draft fetched(std::uint64_t account, std::uint64_t mailbox, Seq opened, bool last) {
    Draft draft = draftFor(Kind::Fetched, account, mailbox);
    event::Fetched::Builder built = draft.core().initFetched();
    built.setOpened(opened.number());
    built.setLast(last);
    return draft;
}

Draft accessWindowLost(std::uint64_t account, std::uint64_t mailbox, Seq opened) {
    Draft draft = draftFor(Kind::AccessWindowLost, account, mailbox);
    draft.core().initAccessWindowLost().setOpened(opened.number());
    return draft;
}

}  // namespace daybook::test
