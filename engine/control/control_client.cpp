#include "engine/control/control_client.h"

#include <capnp/rpc-twoparty.h>
#include <fmt/format.h>
#include <kj/async-io.h>

#include "engine/control/control.capnp.h"
#include "engine/control/data_directory.h"

namespace daybook {

namespace {

std::optional<Refusal> refusalIn(control::Result::Reader result) {
    if (result.getOk()) return std::nullopt;
    const capnp::Text::Reader detail = result.getDetail();
    return Refusal{
        .reason = static_cast<RefusalReason>(result.getReason()),
        .detail = {detail.begin(), detail.size()},
    };
}

}  // namespace

class ControlClient::Implementation {
public:
    explicit Implementation(const std::filesystem::path& socket) : io_(kj::setupAsyncIo()) {
        const SocketPath path(socket);
        auto address = io_.provider->getNetwork()
                           .parseAddress(kj::str("unix:", path.c_str()))
                           .wait(io_.waitScope);
        stream_ = address->connect().wait(io_.waitScope);
        client_ = kj::heap<capnp::TwoPartyClient>(*stream_);
    }

    control::Control::Client control() { return client_->bootstrap().castAs<control::Control>(); }

    // Sends a request; turns KJ's exceptions into ours, and the result's refusal into a value.
    template <class Request>
    auto send(Request& request) {
        try {
            return request.send().wait(io_.waitScope);
        } catch (const kj::Exception& e) {
            throw ServerUnreachable(
                fmt::format("the server went away: {}", e.getDescription().cStr()));
        }
    }

    template <class Request>
    Outcome<Done> done(Request& request) {
        const auto response = send(request);
        if (std::optional<Refusal> refusal = refusalIn(response.getResult())) {
            return std::unexpected(std::move(*refusal));
        }
        return Done{};
    }

private:
    kj::AsyncIoContext io_;
    kj::Own<kj::AsyncIoStream> stream_;
    kj::Own<capnp::TwoPartyClient> client_;
};

ControlClient::ControlClient(const std::filesystem::path& socket) {
    try {
        implementation_ = std::make_unique<Implementation>(socket);
    } catch (const kj::Exception& e) {
        throw ServerUnreachable(
            fmt::format("no server answers at {}: {}", socket.string(), e.getDescription().cStr()));
    }
}

ControlClient::~ControlClient() = default;

ServerHello ControlClient::hello() {
    auto request = implementation_->control().helloRequest();
    const auto response = implementation_->send(request);
    const capnp::Text::Reader version = response.getVersion();
    return ServerHello{
        .version = {version.begin(), version.size()},
        .pid = response.getPid(),
        .sessions = response.getSessions(),
        .appliedSeq = Seq(response.getAppliedSeq()),
    };
}

Outcome<Done> ControlClient::addDomain(const std::string& name) {
    auto request = implementation_->control().addDomainRequest();
    request.setName(name);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::removeDomain(const std::string& name) {
    auto request = implementation_->control().removeDomainRequest();
    request.setName(name);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::rotateDkimKeys(const std::string& domain, DkimUse use) {
    auto request = implementation_->control().rotateDkimKeysRequest();
    request.setDomain(domain);
    request.setNow(use == DkimUse::Now);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::activateDkimKeys(const std::string& domain) {
    auto request = implementation_->control().activateDkimKeysRequest();
    request.setDomain(domain);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::retireDkimKey(const std::string& domain, const std::string& selector) {
    auto request = implementation_->control().retireDkimKeyRequest();
    request.setDomain(domain);
    request.setSelector(selector);
    return implementation_->done(request);
}

Outcome<AccountId> ControlClient::addAccount(
    const std::string& login, const std::string& displayName, const std::string& password) {
    auto request = implementation_->control().addAccountRequest();
    request.setLogin(login);
    request.setDisplayName(displayName);
    request.setPassword(password);
    const auto response = implementation_->send(request);
    if (std::optional<Refusal> refusal = refusalIn(response.getResult())) {
        return std::unexpected(std::move(*refusal));
    }
    return AccountId(response.getAccount());
}

Outcome<Done> ControlClient::setPassword(const std::string& login, const std::string& password) {
    auto request = implementation_->control().setPasswordRequest();
    request.setLogin(login);
    request.setPassword(password);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::setAccountState(const std::string& login, event::AccountState state) {
    auto request = implementation_->control().setAccountStateRequest();
    request.setLogin(login);
    request.setActive(state == event::AccountState::ACTIVE);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::removeAccount(const std::string& login) {
    auto request = implementation_->control().removeAccountRequest();
    request.setLogin(login);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::addAlias(const std::string& address, const std::string& login) {
    auto request = implementation_->control().addAliasRequest();
    request.setAddress(address);
    request.setLogin(login);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::setDelegation(
    const std::string& owner, const std::string& delegate, std::uint16_t rights) {
    auto request = implementation_->control().setDelegationRequest();
    request.setOwner(owner);
    request.setDelegate(delegate);
    request.setRights(rights);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::setQuota(const std::string& login, const QuotaRow& quota) {
    auto request = implementation_->control().setQuotaRequest();
    const unsigned own = (quota.storageOctets ? unsigned{kOwnStorage} : 0U) |
                         (quota.messages ? unsigned{kOwnMessages} : 0U);
    request.setLogin(login);
    request.setOwn(static_cast<std::uint16_t>(own));
    request.setStorage(quota.storageOctets.value_or(0));
    request.setMessages(quota.messages.value_or(0));
    return implementation_->done(request);
}

Outcome<Done> ControlClient::createMailbox(
    const std::string& login, const std::string& name, std::uint16_t specialUses) {
    auto request = implementation_->control().createMailboxRequest();
    request.setLogin(login);
    request.setName(name);
    request.setSpecialUses(specialUses);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::setAcl(
    const std::string& login,
    const std::string& mailbox,
    const std::string& grantee,
    std::uint16_t rights) {
    auto request = implementation_->control().setAclRequest();
    request.setLogin(login);
    request.setMailbox(mailbox);
    request.setGrantee(grantee);
    request.setRights(rights);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::removeAlias(const std::string& address, const std::string& login) {
    auto request = implementation_->control().removeAliasRequest();
    request.setAddress(address);
    request.setLogin(login);
    return implementation_->done(request);
}

Outcome<std::uint64_t> ControlClient::actOnQueue(
    event::QueueOperation operation,
    MessageId message,
    const std::vector<RecipientNumber>& recipients) {
    auto request = implementation_->control().actOnQueueRequest();
    request.setOperation(static_cast<std::uint16_t>(operation));
    request.setMessage(message.number());
    auto list = request.initRecipients(static_cast<unsigned>(recipients.size()));
    for (unsigned index = 0; index < list.size(); ++index) {
        list.set(index, recipients[index].number());
    }
    const auto response = implementation_->send(request);
    if (std::optional<Refusal> refusal = refusalIn(response.getResult())) {
        return std::unexpected(std::move(*refusal));
    }
    return response.getActed();
}

Outcome<Done> ControlClient::suppress(
    const std::string& login, const std::string& address, Suppressed suppressed) {
    auto request = implementation_->control().suppressRequest();
    request.setLogin(login);
    request.setAddress(address);
    request.setOn(suppressed == Suppressed::Yes);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::recordJournalRead(
    Seq from, Seq to, const std::string& query, const std::string& user) {
    auto request = implementation_->control().recordJournalReadRequest();
    request.setFrom(from.number());
    request.setTo(to.number());
    request.setQuery(query);
    request.setUser(user);
    return implementation_->done(request);
}

Outcome<Done> ControlClient::recordVerifyRun(Seq from, Seq to, std::uint16_t result) {
    auto request = implementation_->control().recordVerifyRunRequest();
    request.setFrom(from.number());
    request.setTo(to.number());
    request.setExitStatus(result);
    return implementation_->done(request);
}

Outcome<AdoptedViews> ControlClient::adoptViews(const std::filesystem::path& folder) {
    auto request = implementation_->control().adoptViewsRequest();
    request.setFolder(folder.string());
    const auto response = implementation_->send(request);
    if (std::optional<Refusal> refusal = refusalIn(response.getResult())) {
        return std::unexpected(std::move(*refusal));
    }
    return AdoptedViews{
        .appliedSeq = Seq(response.getAppliedSeq()),
        .differed = response.getDiffered(),
    };
}

Outcome<Done> ControlClient::reload() {
    auto request = implementation_->control().reloadRequest();
    return implementation_->done(request);
}

Outcome<Done> ControlClient::rebuildSearchIndex() {
    auto request = implementation_->control().rebuildSearchIndexRequest();
    return implementation_->done(request);
}

Outcome<SearchIndexState> ControlClient::searchIndexState() {
    auto request = implementation_->control().searchIndexStateRequest();
    const auto response = implementation_->send(request);
    if (std::optional<Refusal> refusal = refusalIn(response.getResult())) {
        return std::unexpected(std::move(*refusal));
    }
    SearchIndexState state{.covers = Seq(response.getCovers()), .accounts = {}};
    for (const auto shelf : response.getAccounts()) {
        state.accounts.push_back({
            .account = AccountId(shelf.getAccount()),
            .messages = shelf.getMessages(),
            .textOctets = shelf.getTextOctets(),
            .fileOctets = shelf.getFileOctets(),
        });
    }
    return state;
}

}  // namespace daybook
