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

#include "engine/scribe/scribe.h"
#include "journal/base/outcome.h"
#include "journal/secrets_store.h"

namespace daybook {

// What was rebuilt and taken into use.
struct AdoptedViews {
    Seq appliedSeq;
    // The live ones were not what the journal says: they have been replaced all the same.
    bool differed = false;
};

class Administration {
public:
    virtual ~Administration() = default;

    virtual Outcome<Done> addDomain(const std::string& name) = 0;
    virtual Outcome<Done> removeDomain(const std::string& name) = 0;
    virtual Outcome<AccountId> addAccount(
        const std::string& login, const std::string& displayName, const std::string& password) = 0;
    virtual Outcome<Done> setPassword(const std::string& login, const std::string& password) = 0;
    virtual Outcome<Done> setAccountState(const std::string& login, event::AccountState state) = 0;
    virtual Outcome<Done> removeAccount(const std::string& login) = 0;
    virtual Outcome<Done> addAlias(const std::string& address, const std::string& login) = 0;
    virtual Outcome<Done> removeAlias(const std::string& address, const std::string& login) = 0;
    // Somebody is about to read the journal: on record before the first row.
    virtual Outcome<Done> recordJournalRead(
        Seq from, Seq to, const std::string& query, const std::string& user) = 0;
    virtual Outcome<Done> recordVerifyRun(Seq from, Seq to, std::uint16_t result) = 0;
    // Takes over views that a replay built (replay.h), after catching them up, and says whether the
    // live ones were equal by digest. The journal is the truth: the rebuilt ones win.
    virtual Outcome<AdoptedViews> adoptViews(const std::filesystem::path& folder) = 0;
    // The running server reads its configuration and certificates again.
    virtual Outcome<Done> reload() = 0;
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
    };

    explicit LocalAdministration(Parts parts) : parts_(std::move(parts)) {}

    Outcome<Done> addDomain(const std::string& name) override;
    Outcome<Done> removeDomain(const std::string& name) override;
    Outcome<AccountId> addAccount(
        const std::string& login,
        const std::string& displayName,
        const std::string& password) override;
    Outcome<Done> setPassword(const std::string& login, const std::string& password) override;
    Outcome<Done> setAccountState(const std::string& login, event::AccountState state) override;
    Outcome<Done> removeAccount(const std::string& login) override;
    Outcome<Done> addAlias(const std::string& address, const std::string& login) override;
    Outcome<Done> removeAlias(const std::string& address, const std::string& login) override;
    Outcome<Done> recordJournalRead(
        Seq from, Seq to, const std::string& query, const std::string& user) override;
    Outcome<Done> recordVerifyRun(Seq from, Seq to, std::uint16_t result) override;
    Outcome<AdoptedViews> adoptViews(const std::filesystem::path& folder) override;
    Outcome<Done> reload() override;

private:
    Outcome<AccountId> accountNamed(const std::string& login) const;
    Outcome<CredentialId> keepPassword(const std::string& password);
    AdoptedViews takeOver(const std::filesystem::path& folder, RecordViewsRebuilt& rebuilt);
    void forgetPasswords(const std::vector<CredentialId>& credentials);

    Parts parts_;
};

}  // namespace daybook
