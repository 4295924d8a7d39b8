#include "engine/control/control_server.h"

#include <capnp/rpc-twoparty.h>
#include <fmt/format.h>
#include <future>
#include <kj/async-io.h>
#include <thread>
#include <unistd.h>

#include "engine/control/control.capnp.h"
#include "engine/control/data_directory.h"

namespace daybook {

namespace {

template <class T>
void put(control::Result::Builder result, const Outcome<T>& outcome) {
    result.setOk(outcome.has_value());
    if (outcome) return;
    result.setReason(static_cast<std::uint16_t>(outcome.error().reason));
    result.setDetail(outcome.error().detail);
}

std::string text(capnp::Text::Reader reader) { return {reader.begin(), reader.size()}; }

class ControlImplementation final : public control::Control::Server {
public:
    ControlImplementation(Administration& administration, const ControlServer::Facts& facts)
        : administration_(administration), facts_(facts) {}

    kj::Promise<void> hello(HelloContext context) override {
        auto results = context.getResults();
        results.setVersion(facts_.version);
        results.setPid(static_cast<std::uint32_t>(::getpid()));
        results.setSessions(facts_.sessions());
        results.setAppliedSeq(facts_.appliedSeq().number());
        return kj::READY_NOW;
    }

    kj::Promise<void> addDomain(AddDomainContext context) override {
        const auto outcome = administration_.addDomain(text(context.getParams().getName()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> removeDomain(RemoveDomainContext context) override {
        const auto outcome = administration_.removeDomain(text(context.getParams().getName()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> rotateDkimKeys(RotateDkimKeysContext context) override {
        const auto params = context.getParams();
        const DkimUse use = params.getNow() ? DkimUse::Now : DkimUse::Later;
        const auto outcome = administration_.rotateDkimKeys(text(params.getDomain()), use);
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> activateDkimKeys(ActivateDkimKeysContext context) override {
        const auto outcome =
            administration_.activateDkimKeys(text(context.getParams().getDomain()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> retireDkimKey(RetireDkimKeyContext context) override {
        const auto params = context.getParams();
        const auto outcome =
            administration_.retireDkimKey(text(params.getDomain()), text(params.getSelector()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> addAccount(AddAccountContext context) override {
        const auto params = context.getParams();
        const auto outcome = administration_.addAccount(
            text(params.getLogin()), text(params.getDisplayName()), text(params.getPassword()));
        auto results = context.getResults();
        put(results.initResult(), outcome);
        if (outcome) results.setAccount(outcome->number());
        return kj::READY_NOW;
    }

    kj::Promise<void> setPassword(SetPasswordContext context) override {
        const auto params = context.getParams();
        const auto outcome =
            administration_.setPassword(text(params.getLogin()), text(params.getPassword()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> setAccountState(SetAccountStateContext context) override {
        const auto params = context.getParams();
        const auto state =
            params.getActive() ? event::AccountState::ACTIVE : event::AccountState::DISABLED;
        const auto outcome = administration_.setAccountState(text(params.getLogin()), state);
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> removeAccount(RemoveAccountContext context) override {
        const auto outcome = administration_.removeAccount(text(context.getParams().getLogin()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> addAlias(AddAliasContext context) override {
        const auto params = context.getParams();
        const auto outcome =
            administration_.addAlias(text(params.getAddress()), text(params.getLogin()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> removeAlias(RemoveAliasContext context) override {
        const auto params = context.getParams();
        const auto outcome =
            administration_.removeAlias(text(params.getAddress()), text(params.getLogin()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> setDelegation(SetDelegationContext context) override {
        const auto params = context.getParams();
        const auto outcome = administration_.setDelegation(
            text(params.getOwner()), text(params.getDelegate()), params.getRights());
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> setQuota(SetQuotaContext context) override {
        const auto params = context.getParams();
        QuotaRow quota;
        if ((params.getOwn() & kOwnStorage) != 0) quota.storageOctets = params.getStorage();
        if ((params.getOwn() & kOwnMessages) != 0) quota.messages = params.getMessages();
        const auto outcome = administration_.setQuota(text(params.getLogin()), quota);
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> createMailbox(CreateMailboxContext context) override {
        const auto params = context.getParams();
        const auto outcome = administration_.createMailbox(
            text(params.getLogin()), text(params.getName()), params.getSpecialUses());
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> setAcl(SetAclContext context) override {
        const auto params = context.getParams();
        const auto outcome = administration_.setAcl(
            text(params.getLogin()),
            text(params.getMailbox()),
            text(params.getGrantee()),
            params.getRights());
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> actOnQueue(ActOnQueueContext context) override {
        const auto params = context.getParams();
        std::vector<RecipientNumber> recipients;
        for (const std::uint32_t number : params.getRecipients()) {
            recipients.emplace_back(number);
        }
        auto results = context.getResults();
        if (params.getOperation() > static_cast<std::uint16_t>(event::QueueOperation::REMOVE)) {
            put<Done>(
                results.initResult(),
                refuse(RefusalReason::InvalidArgument, "no such operation on the queue"));
            return kj::READY_NOW;
        }
        const auto outcome = administration_.actOnQueue(
            static_cast<event::QueueOperation>(params.getOperation()),
            MessageId(params.getMessage()),
            recipients);
        put(results.initResult(), outcome);
        if (outcome) results.setActed(*outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> suppress(SuppressContext context) override {
        const auto params = context.getParams();
        const auto outcome = administration_.suppress(
            text(params.getLogin()),
            text(params.getAddress()),
            params.getOn() ? Suppressed::Yes : Suppressed::No);
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> recordJournalRead(RecordJournalReadContext context) override {
        const auto params = context.getParams();
        const auto outcome = administration_.recordJournalRead(
            Seq(params.getFrom()),
            Seq(params.getTo()),
            text(params.getQuery()),
            text(params.getUser()));
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> recordVerifyRun(RecordVerifyRunContext context) override {
        const auto params = context.getParams();
        const auto outcome = administration_.recordVerifyRun(
            Seq(params.getFrom()), Seq(params.getTo()), params.getExitStatus());
        put(context.getResults().initResult(), outcome);
        return kj::READY_NOW;
    }

    kj::Promise<void> adoptViews(AdoptViewsContext context) override {
        const auto outcome = administration_.adoptViews(text(context.getParams().getFolder()));
        auto results = context.getResults();
        put(results.initResult(), outcome);
        if (outcome) {
            results.setAppliedSeq(outcome->appliedSeq.number());
            results.setDiffered(outcome->differed);
        }
        return kj::READY_NOW;
    }

    kj::Promise<void> reload(ReloadContext context) override {
        put(context.getResults().initResult(), administration_.reload());
        return kj::READY_NOW;
    }

    kj::Promise<void> rebuildSearchIndex(RebuildSearchIndexContext context) override {
        put(context.getResults().initResult(), administration_.rebuildSearchIndex());
        return kj::READY_NOW;
    }

    kj::Promise<void> searchIndexState(SearchIndexStateContext context) override {
        const auto outcome = administration_.searchIndexState();
        auto results = context.getResults();
        put(results.initResult(), outcome);
        if (!outcome) return kj::READY_NOW;
        results.setCovers(outcome->covers.number());
        auto shelves = results.initAccounts(static_cast<unsigned>(outcome->accounts.size()));
        for (unsigned index = 0; index < shelves.size(); ++index) {
            const SearchShelfState& shelf = outcome->accounts[index];
            shelves[index].setAccount(shelf.account.number());
            shelves[index].setMessages(shelf.messages);
            shelves[index].setTextOctets(shelf.textOctets);
            shelves[index].setFileOctets(shelf.fileOctets);
        }
        return kj::READY_NOW;
    }

private:
    Administration& administration_;
    const ControlServer::Facts& facts_;
};

}  // namespace

class ControlServer::Implementation {
public:
    Implementation(
        const std::filesystem::path& socket,
        Administration& administration,
        Facts facts,
        const Log& log)
        : socket_(socket), administration_(administration), facts_(std::move(facts)), log_(log) {
        std::promise<void> listening;
        std::future<void> listened = listening.get_future();
        thread_ = std::jthread([this, &listening] { serve(listening); });
        listened.get();
    }

    ~Implementation() {
        if (stop_.get() != nullptr) stop_->fulfill();
        thread_.join();
        std::error_code ignored;
        std::filesystem::remove(socket_, ignored);
    }

    Implementation(const Implementation&) = delete;
    Implementation& operator=(const Implementation&) = delete;

private:
    void serve(std::promise<void>& listening) {
        bool told = false;
        try {
            auto io = kj::setupAsyncIo();
            auto stopping = kj::newPromiseAndCrossThreadFulfiller<void>();
            stop_ = kj::mv(stopping.fulfiller);
            std::error_code ignored;  // if it stays, listening fails and says so
            std::filesystem::remove(socket_, ignored);
            const SocketPath path(socket_);
            auto address = io.provider->getNetwork()
                               .parseAddress(kj::str("unix:", path.c_str()))
                               .wait(io.waitScope);
            auto receiver = address->listen();
            capnp::TwoPartyServer server(kj::heap<ControlImplementation>(administration_, facts_));
            auto serving = server.listen(*receiver).eagerlyEvaluate([this](kj::Exception&& e) {
                log_.error("control-failed", {{"why", e.getDescription().cStr()}});
            });
            told = true;
            listening.set_value();
            stopping.promise.wait(io.waitScope);
        } catch (const kj::Exception& e) {
            fail(told ? nullptr : &listening, e.getDescription().cStr());
        } catch (const std::exception& e) {
            fail(told ? nullptr : &listening, e.what());
        }
    }

    // `listening`: whom to tell, if nobody was told yet that it listens.
    void fail(std::promise<void>* listening, const char* why) {
        if (listening == nullptr) {
            log_.error("control-failed", {{"why", why}});
            return;
        }
        listening->set_exception(std::make_exception_ptr(
            std::runtime_error(fmt::format("control socket {}: {}", socket_.string(), why))));
    }

    std::filesystem::path socket_;
    Administration& administration_;
    Facts facts_;
    const Log& log_;
    kj::Own<kj::CrossThreadPromiseFulfiller<void>> stop_;
    std::jthread thread_;
};

ControlServer::ControlServer(
    const std::filesystem::path& socket,
    Administration& administration,
    Facts facts,
    const Log& log)
    : implementation_(
          std::make_unique<Implementation>(socket, administration, std::move(facts), log)) {}

ControlServer::~ControlServer() = default;

}  // namespace daybook
