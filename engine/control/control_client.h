// control_client.h
//
// An Administration that is carried out by the running server, through its control socket.
// Blocking; one thread, on which no other KJ event loop runs. Throws ServerUnreachable when the
// server goes away.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "engine/control/administration.h"

namespace daybook {

class ServerUnreachable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct ServerHello {
    std::string version;
    std::uint32_t pid = 0;
    std::uint64_t sessions = 0;
    Seq appliedSeq;
};

class ControlClient final : public Administration {
public:
    // Throws ServerUnreachable if nobody answers there.
    explicit ControlClient(const std::filesystem::path& socket);
    ~ControlClient() override;

    ServerHello hello();

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

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
