#include "protocols/smtp/client.h"

#include <optional>
#include <utility>

#include "engine/runtime/connector.h"
#include "engine/runtime/signal.h"
#include "journal/base/assert.h"
#include "protocols/smtp/client_hello.h"
#include "protocols/smtp/client_login.h"
#include "protocols/smtp/client_transaction.h"

namespace daybook::smtp {

namespace {

class Session final : public TransportSession {
public:
    Session(
        std::unique_ptr<ClientDialogue> dialogue,
        HelloFacts facts,
        const ClientTimeouts& timeouts,
        bool lmtp)
        : dialogue_(std::move(dialogue)),
          facts_(std::move(facts)),
          timeouts_(timeouts),
          lmtp_(lmtp) {}

    const PeerFacts& peer() const override { return facts_.peer; }

    Task<std::vector<RecipientResult>> send(const OutboundMessage& message) override {
        if (!isUsable()) {
            const RemoteReply reply = ourReply(0, enhanced(4, 4, 2), "the session has ended");
            co_return std::vector<RecipientResult>(
                message.recipients.size(),
                RecipientResult{.state = SendState::NotTried, .reply = reply});
        }
        ++transactions_;
        ClientTransaction transaction(
            {.dialogue = *dialogue_, .facts = facts_, .timeouts = timeouts_, .lmtp = lmtp_},
            message);
        std::vector<RecipientResult> results = co_await transaction.run();
        co_return results;
    }

    // RFC 9422 §4.1: MAILMAX transactions a session.
    bool isUsable() const override {
        const std::uint32_t max = facts_.peer.transactionsMax;
        return dialogue_->isUsable() && (max == 0 || transactions_ < max);
    }

    void setTlsFault(TlsFault fault) { facts_.peer.tlsFault = fault; }

    Task<void> close() override {
        if (dialogue_->isUsable()) {
            dialogue_->giveUp();
            try {
                co_await dialogue_->ask("QUIT\r\n", timeouts_.quit);
            } catch (const DialogueEnded&) {
                // It has ended, which is all that was wanted.
                dialogue_->giveUp();
            }
        }
        dialogue_->connection().close();
    }

    void abort() override {
        dialogue_->giveUp();
        dialogue_->connection().close();
    }

private:
    const std::unique_ptr<ClientDialogue> dialogue_;
    HelloFacts facts_;
    const ClientTimeouts timeouts_;
    const bool lmtp_;
    std::uint32_t transactions_ = 0;
};

}  // namespace

// There will be no session, or not over this connection.
class Failed : public std::runtime_error {
public:
    explicit Failed(ConnectTrouble trouble)
        : std::runtime_error(trouble.reply.text), trouble_(std::move(trouble)) {}

    const ConnectTrouble& trouble() const { return trouble_; }

private:
    ConnectTrouble trouble_;
};

// One connection's way from connect() to a session. `mode` and `demand` may be less than what the
// request asks for: see client.h.
class ClientTransport::Opening {
public:
    Opening(
        const TlsClientContext& tls,
        const ClientTimeouts& timeouts,
        const ConnectRequest& request,
        TlsMode mode,
        const TlsDemand& demand)
        : tls_(tls),
          timeouts_(timeouts),
          request_(request),
          mode_(mode),
          demand_(demand),
          stop_(*Reactor::current()) {}

    // Throws Failed.
    Task<std::unique_ptr<Session>> run();

    // Ends run() at once.
    void abort() {
        stop_.raise();
        if (dialogue_) dialogue_->connection().close();
    }

private:
    Task<void> steps();
    Task<void> connect();
    Task<void> greet();
    Task<void> hello();
    Task<void> upgrade();
    Task<void> shakeHands();
    Task<void> logIn();

    [[noreturn]] void fail(RemoteReply reply, TlsFault fault = TlsFault::None) const {
        throw Failed({.stage = stage_, .reply = std::move(reply), .tlsFault = fault});
    }

    const TlsClientContext& tls_;
    const ClientTimeouts& timeouts_;
    const ConnectRequest& request_;
    const TlsMode mode_;
    const TlsDemand& demand_;
    Signal stop_;
    ConnectStage stage_ = ConnectStage::Connect;
    std::unique_ptr<ClientDialogue> dialogue_;
    std::string greeting_;
    HelloFacts facts_;
    TlsFault notOffered_ = TlsFault::None;
    bool verified_ = false;
};

Task<std::unique_ptr<Session>> ClientTransport::Opening::run() {
    try {
        co_await steps();
    } catch (const DialogueEnded& ended) {
        fail(ended.reply());
    }
    facts_.peer.tls = dialogue_->connection().tlsInfo();
    facts_.peer.tlsVerified = verified_;
    facts_.peer.tlsFault = notOffered_;
    co_return std::make_unique<Session>(
        std::move(dialogue_), std::move(facts_), timeouts_, request_.lmtp);
}

Task<void> ClientTransport::Opening::steps() {
    co_await connect();
    if (mode_ == TlsMode::Implicit) co_await shakeHands();
    co_await greet();
    co_await hello();
    if (mode_ == TlsMode::Opportunistic || mode_ == TlsMode::Required) co_await upgrade();
    co_await logIn();
}

Task<void> ClientTransport::Opening::connect() {
    Reactor* const reactor = Reactor::current();
    DAYBOOK_ASSERT(reactor != nullptr);
    ConnectOutcome opened = co_await openConnection(
        *reactor,
        {.ip = request_.ip, .port = request_.port, .sourceIp = request_.sourceIp},
        after(timeouts_.connect),
        &stop_);
    if (!opened) {
        // RFC 3463 §3.5: no answer from the host.
        fail(ourReply(0, enhanced(4, 4, 1), opened.error().why));
    }
    dialogue_ = std::make_unique<ClientDialogue>(std::move(*opened));
}

// RFC 5321 §3.1
Task<void> ClientTransport::Opening::greet() {
    stage_ = ConnectStage::Greeting;
    const ServerReply reply = co_await dialogue_->hear(after(timeouts_.greeting));
    if (reply.code != 220) fail(remoteReply(reply));
    greeting_ = remoteReply(reply).text;
}

// RFC 5321 §4.1.1.1; LHLO: RFC 2033 §4.1.
Task<void> ClientTransport::Opening::hello() {
    stage_ = ConnectStage::Hello;
    const std::string command = (request_.lmtp ? "LHLO " : "EHLO ") + request_.helo + "\r\n";
    const ServerReply reply = co_await dialogue_->ask(command, timeouts_.hello);
    if (reply.isPositive()) {
        facts_ = parseHelloReply(reply, greeting_);
        facts_.peer.extended = true;
        co_return;
    }
    // RFC 5321 §3.2: HELO for those who know no EHLO.
    const bool unknown = reply.code >= 500 && dialogue_->isUsable();
    if (!unknown || request_.lmtp) fail(remoteReply(reply));
    const std::string older = "HELO " + request_.helo + "\r\n";
    const ServerReply answer = co_await dialogue_->ask(older, timeouts_.hello);
    if (!answer.isPositive()) fail(remoteReply(answer));
    facts_ = parseHelloReply({.code = answer.code, .lines = {answer.lines.front()}}, greeting_);
}

// RFC 3207 §4
Task<void> ClientTransport::Opening::upgrade() {
    stage_ = ConnectStage::StartTls;
    RemoteReply refusal = ourReply(0, enhanced(4, 7, 10), "STARTTLS is not offered");
    if (facts_.startTls) {
        const ServerReply reply = co_await dialogue_->ask("STARTTLS\r\n", timeouts_.tls);
        if (reply.code == 220) {
            co_await shakeHands();
            co_await hello();
            co_return;
        }
        refusal = remoteReply(reply);
    }
    if (mode_ == TlsMode::Required || !dialogue_->isUsable()) {
        fail(std::move(refusal), TlsFault::NotOffered);
    }
    notOffered_ = TlsFault::NotOffered;
}

Task<void> ClientTransport::Opening::shakeHands() {
    stage_ = ConnectStage::StartTls;
    TlsOutcome outcome;
    try {
        outcome =
            co_await dialogue_->connection().startTlsClient(tls_, demand_, after(timeouts_.tls));
    } catch (const Disconnected& gone) {
        outcome = {.fault = TlsFault::HandshakeFailed, .verified = false, .why = gone.what()};
    }
    if (outcome.fault != TlsFault::None) {
        fail(ourReply(0, enhanced(4, 7, 5), "TLS: " + outcome.why), outcome.fault);
    }
    verified_ = outcome.verified;
}

Task<void> ClientTransport::Opening::logIn() {
    if (!request_.login) co_return;
    stage_ = ConnectStage::Login;
    const std::optional<RemoteReply> trouble =
        co_await logInto(*dialogue_, facts_, *request_.login, timeouts_.login);
    if (trouble) fail(*trouble);
}

namespace {

// The certificate alone was not what was asked for: encryption works.
bool isOfCertificate(TlsFault fault) {
    switch (fault) {
        case TlsFault::None:
        case TlsFault::NotOffered:
        case TlsFault::HandshakeFailed: return false;
        case TlsFault::HostMismatch:
        case TlsFault::Expired:
        case TlsFault::NotTrusted:
        case TlsFault::ValidationFailure:
        case TlsFault::TlsaMismatch: return true;
    }
    return false;
}

}  // namespace

ClientTransport::ClientTransport(const TlsClientContext& tls, const ClientTimeouts& timeouts)
    : tls_(tls), timeouts_(timeouts) {}

ClientTransport::~ClientTransport() { DAYBOOK_ASSERT(openings_.empty()); }

void ClientTransport::abortAll() {
    aborted_ = true;
    for (Opening* const opening : openings_)
        opening->abort();
}

Task<Transport::Connected> ClientTransport::connect(const ConnectRequest& request) {
    TlsMode mode = request.tls;
    TlsDemand demand = request.demand;
    TlsFault firstFault = TlsFault::None;
    Connected connected;
    for (;;) {
        Opening opening(tls_, timeouts_, request, mode, demand);
        openings_.insert(&opening);
        if (aborted_) opening.abort();
        std::unique_ptr<Session> session;
        try {
            session = co_await opening.run();
        } catch (const Failed& failed) {
            connected.trouble = failed.trouble();
        }
        openings_.erase(&opening);
        if (session) {
            if (firstFault != TlsFault::None) session->setTlsFault(firstFault);
            connected.trouble = {};
            connected.session = std::move(session);
            co_return connected;
        }
        const TlsFault fault = connected.trouble.tlsFault;
        const bool again = mode == TlsMode::Opportunistic &&
                           (fault != TlsFault::None && fault != TlsFault::NotOffered);
        if (firstFault == TlsFault::None) firstFault = fault;
        if (!again || aborted_) co_return connected;
        if (!isOfCertificate(fault) || demand.check == TlsCheck::None) mode = TlsMode::Never;
        demand.check = TlsCheck::None;
    }
}

}  // namespace daybook::smtp
