// administration.h
//
// What an operator does to a server, whether it runs (through the control socket: control_client.h)
// or not (in the tool's own process, on a scribe of its own: LocalAdministration). Names and
// passwords are checked here; each call returns when its events are durable. Thread: one at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/scribe/scribe.h"
#include "engine/search/index_keeper.h"
#include "journal/base/outcome.h"
#include "journal/secrets_store.h"

namespace daybook {

// What was rebuilt and taken into use.
struct AdoptedViews {
    Seq appliedSeq;
    // The live ones were not what the journal says: they have been replaced all the same.
    bool differed = false;
};

enum class Suppressed : bool { No, Yes };

// Those with a name, as [folders] of the configuration has them.
std::vector<DefaultFolder> foldersOf(const FolderConfig& folders);

class Administration {
public:
    virtual ~Administration() = default;

    // With keys that sign its mail from now on.
    virtual Outcome<Done> addDomain(const std::string& name) = 0;
    virtual Outcome<Done> removeDomain(const std::string& name) = 0;
    // New keys for a domain to sign with (RSA and Ed25519), from now on or when they are activated.
    virtual Outcome<Done> rotateDkimKeys(const std::string& domain, DkimUse use) = 0;
    virtual Outcome<Done> activateDkimKeys(const std::string& domain) = 0;
    virtual Outcome<Done> retireDkimKey(const std::string& domain, const std::string& selector) = 0;
    virtual Outcome<AccountId> addAccount(
        const std::string& login, const std::string& displayName, const std::string& password) = 0;
    virtual Outcome<Done> setPassword(const std::string& login, const std::string& password) = 0;
    virtual Outcome<Done> setAccountState(const std::string& login, event::AccountState state) = 0;
    virtual Outcome<Done> removeAccount(const std::string& login) = 0;
    virtual Outcome<Done> addAlias(const std::string& address, const std::string& login) = 0;
    virtual Outcome<Done> removeAlias(const std::string& address, const std::string& login) = 0;
    // What `delegate` may do for `owner` (projections/accounts.h); 0: nothing.
    virtual Outcome<Done> setDelegation(
        const std::string& owner, const std::string& delegate, std::uint16_t rights) = 0;
    // What waits for other servers: of one message, the given recipients or all of them. Returns
    // how many the operation was for; those that it does not fit (a retry of one that is being
    // tried) are passed over. Refused (NoSuchMessage) if there is none.
    virtual Outcome<std::uint64_t> actOnQueue(
        event::QueueOperation operation,
        MessageId message,
        const std::vector<RecipientNumber>& recipients) = 0;
    // Mail of the account for the address is not taken any more, or again.
    virtual Outcome<Done> suppress(
        const std::string& login, const std::string& address, Suppressed suppressed) = 0;
    // The account's own limits; what is not set is as the configuration says.
    virtual Outcome<Done> setQuota(const std::string& login, const QuotaRow& quota) = 0;
    // Subscribed as well; special uses as bits of projections/mailboxes.h.
    virtual Outcome<Done> createMailbox(
        const std::string& login, const std::string& name, std::uint16_t specialUses) = 0;
    // What `grantee` ("anyone": everybody) may do in the mailbox (projections/access_rights.h).
    virtual Outcome<Done> setAcl(
        const std::string& login,
        const std::string& mailbox,
        const std::string& grantee,
        std::uint16_t rights) = 0;
    // Somebody is about to read the journal: on record before the first row.
    virtual Outcome<Done> recordJournalRead(
        Seq from, Seq to, const std::string& query, const std::string& user) = 0;
    virtual Outcome<Done> recordVerifyRun(Seq from, Seq to, std::uint16_t result) = 0;
    // Takes over views that a replay built (replay.h), after catching them up, and says whether the
    // live ones were equal by digest. The journal is the truth: the rebuilt ones win.
    virtual Outcome<AdoptedViews> adoptViews(const std::filesystem::path& folder) = 0;
    // The running server reads its configuration and certificates again.
    virtual Outcome<Done> reload() = 0;
    // The search index is thrown away and made again, by the server that runs or the next one.
    virtual Outcome<Done> rebuildSearchIndex() = 0;
    // Refused if none is kept.
    virtual Outcome<SearchIndexState> searchIndexState() = 0;
};

// On a scribe in this process.
class LocalAdministration final : public Administration {
public:
    struct Parts {
        Scribe& scribe;
        Journal& journal;
        SecretsStore& secrets;
        Random& random;
        // Empty: there is no server to reload.
        std::function<Outcome<Done>()> reload;
        // Of new accounts.
        std::vector<DefaultFolder> folders = defaultFolders();
        // nullptr: there is no server, or it keeps none.
        const SearchIndex* searchIndex = nullptr;
        IndexKeeper* indexKeeper = nullptr;
    };

    explicit LocalAdministration(Parts parts) : parts_(std::move(parts)) {}

    Outcome<Done> addDomain(const std::string& name) override;
    Outcome<Done> removeDomain(const std::string& name) override;
    Outcome<Done> rotateDkimKeys(const std::string& domain, DkimUse use) override;
    Outcome<Done> activateDkimKeys(const std::string& domain) override;
    Outcome<Done> retireDkimKey(const std::string& domain, const std::string& selector) override;
    Outcome<AccountId> addAccount(
        const std::string& login,
        const std::string& displayName,
        const std::string& password) override;
    Outcome<Done> setPassword(const std::string& login, const std::string& password) override;
    Outcome<Done> setAccountState(const std::string& login, event::AccountState state) override;
    Outcome<Done> removeAccount(const std::string& login) override;
    Outcome<Done> addAlias(const std::string& address, const std::string& login) override;
    Outcome<Done> removeAlias(const std::string& address, const std::string& login) override;
    Outcome<Done> setDelegation(
        const std::string& owner, const std::string& delegate, std::uint16_t rights) override;
    Outcome<std::uint64_t> actOnQueue(
        event::QueueOperation operation,
        MessageId message,
        const std::vector<RecipientNumber>& recipients) override;
    Outcome<Done> suppress(
        const std::string& login, const std::string& address, Suppressed suppressed) override;
    Outcome<Done> setQuota(const std::string& login, const QuotaRow& quota) override;
    Outcome<Done> createMailbox(
        const std::string& login, const std::string& name, std::uint16_t specialUses) override;
    Outcome<Done> setAcl(
        const std::string& login,
        const std::string& mailbox,
        const std::string& grantee,
        std::uint16_t rights) override;
    Outcome<Done> recordJournalRead(
        Seq from, Seq to, const std::string& query, const std::string& user) override;
    Outcome<Done> recordVerifyRun(Seq from, Seq to, std::uint16_t result) override;
    Outcome<AdoptedViews> adoptViews(const std::filesystem::path& folder) override;
    Outcome<Done> reload() override;
    Outcome<Done> rebuildSearchIndex() override;
    Outcome<SearchIndexState> searchIndexState() override;

private:
    Outcome<AccountId> accountNamed(const std::string& login) const;
    Outcome<CredentialId> keepPassword(const std::string& password);
    std::vector<NewDkimKey> keepNewDkimKeys();
    void forgetDkimKeys(const std::vector<NewDkimKey>& keys);
    void forgetRetiredDkimKeys();
    AdoptedViews takeOver(const std::filesystem::path& folder, RecordViewsRebuilt& rebuilt);
    void forgetPasswords(const std::vector<CredentialId>& credentials);

    Parts parts_;
};

}  // namespace daybook
