// events.h
//
// A history of events in memory, for tests of folds and of what reads views: makes Records from
// Drafts without a journal, and forgets their details as an erasure would. The functions make the
// commonest drafts; what they leave out is set through draft.core(). One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/draft.h"
#include "journal/record.h"

namespace daybook::test {

class EventHistory {
public:
    // Goes on after `before`, events that are elsewhere.
    explicit EventHistory(Seq before = {}) : before_(before) {}

    // Gives the draft the next seq and, if it has no time, one second more than the one before.
    Seq append(Draft draft);
    // Annexes and summary of that event are gone.
    void eraseDetails(Seq seq);

    Seq last() const { return Seq(before_.number() + entries_.size()); }

    void withRecord(Seq seq, const std::function<void(const Record&)>& visit) const;

private:
    struct Entry {
        std::string core;
        std::vector<std::optional<std::string>> annexes;
        std::optional<std::string> summary;
    };

    class Details;

    const Entry& at(Seq seq) const { return entries_.at(seq.number() - before_.number() - 1); }

    Seq before_;
    std::vector<Entry> entries_;
    std::int64_t timeNs_ = 0;
};

using Uids = std::vector<std::uint32_t>;
using UidRanges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

// Of an account, about a mailbox.
Draft draftFor(Kind kind, std::uint64_t account, std::uint64_t mailbox = 0);
void setName(Draft& draft, std::string_view name);

Draft domainChanged(std::uint64_t domain, bool on, std::string_view name);
Draft accountCreated(std::uint64_t account, std::string_view login, std::string_view displayName);
Draft accountStateChanged(std::uint64_t account, event::AccountState state);
Draft accountDeleted(std::uint64_t account);
Draft addressChanged(
    std::uint64_t account, std::uint64_t address, bool on, std::string_view name = {});
Draft delegationChanged(std::uint64_t account, std::uint64_t delegate, std::uint16_t rights);
Draft credentialSet(std::uint64_t account, std::uint64_t credential, std::string_view label);
Draft credentialRevoked(std::uint64_t account, std::uint64_t credential);
Draft keywordDefined(std::uint64_t account, std::uint16_t keyword, std::string_view name);

Draft mailboxCreated(
    std::uint64_t account,
    std::uint64_t mailbox,
    std::string_view name,
    std::uint32_t uidValidity,
    std::uint64_t modSeq,
    event::SpecialUse specialUse = event::SpecialUse::NONE);
Draft mailboxRenamed(
    std::uint64_t account, std::uint64_t mailbox, std::string_view name, std::uint64_t modSeq);
Draft mailboxDeleted(std::uint64_t account, std::uint64_t mailbox, std::uint64_t modSeq);
Draft subscriptionChanged(
    std::uint64_t account, std::uint64_t subscription, bool on, std::string_view name = {});

Draft specialUseChanged(std::uint64_t account, std::uint64_t mailbox, std::uint16_t specialUses);
Draft aclChanged(
    std::uint64_t account, std::uint64_t mailbox, std::uint64_t grantee, std::uint16_t rights);
// Limits of the account's own: storage and messages; none of both: as the configuration says.
Draft quotaSet(
    std::uint64_t account,
    std::optional<std::uint64_t> storageOctets,
    std::optional<std::uint64_t> messages);
Draft quotaExceeded(std::uint64_t account, std::uint64_t mailbox);

struct Annotation {
    std::uint64_t entry = 1;
    std::uint64_t user = 0;  // 0: /shared
    std::string name;
    std::optional<std::string> value;  // none: it goes
};

Draft metadataSet(std::uint64_t account, std::uint64_t mailbox, const Annotation& annotation);

struct StoredMessage {
    std::uint32_t uid = 1;
    std::uint64_t modSeq = 1;
    std::uint64_t message = 0;
    std::uint16_t flags = 0;
    std::vector<std::uint16_t> keywords;
    std::uint64_t octets = 1'000;
    std::string prefix;
    std::string summary;
    std::uint64_t threadId = 0;  // not 0: `summary` is one, see threadSummary()
};

// A summary that has nothing but what links it to its thread.
std::string threadSummary(const std::vector<std::uint64_t>& keys, std::uint64_t subjectKey);

Draft stored(std::uint64_t account, std::uint64_t mailbox, const StoredMessage& message);

struct Placement {
    std::uint64_t source = 0;
    std::uint64_t target = 0;
    std::uint64_t modSeq = 0;
    Uids sourceUids;
    Uids targetUids;
};

Draft copied(std::uint64_t account, const Placement& placement);
Draft moved(std::uint64_t account, const Placement& placement);

struct FlagChange {
    std::uint64_t modSeq = 0;
    UidRanges uids;
    std::uint16_t add = 0;
    std::uint16_t remove = 0;
    std::vector<std::uint16_t> addKeywords;
    std::vector<std::uint16_t> removeKeywords;
};

Draft flagsChanged(std::uint64_t account, std::uint64_t mailbox, const FlagChange& change);
Draft expunged(
    std::uint64_t account, std::uint64_t mailbox, std::uint64_t modSeq, const UidRanges& uids);

Draft accessOpened(std::uint64_t account, std::uint64_t mailbox, std::uint64_t session);
Draft fetched(std::uint64_t account, std::uint64_t mailbox, Seq opened, bool last);
Draft accessWindowLost(std::uint64_t account, std::uint64_t mailbox, Seq opened);

}  // namespace daybook::test
