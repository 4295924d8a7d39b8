#include "engine/scribe/session_record.h"

#include <algorithm>

namespace daybook {

SessionRecord::SessionRecord(Scribe& scribe, Random& random, SessionFacts facts)
    : scribe_(scribe), id_(random.orderedId<SessionId>()), facts_(std::move(facts)) {}

SessionRecord::~SessionRecord() { close(event::CloseReason::SERVER_FAULT, 0, 0); }

Origin SessionRecord::origin() const {
    return Origin{
        .actor = account_ ? event::Actor::OWNER : event::Actor::REMOTE_MTA,
        .actorId = account_,
        .credential = credential_,
        .session = id_,
    };
}

void SessionRecord::beginAgain(
    Random& random, SessionFacts facts, std::uint64_t octetsIn, std::uint64_t octetsOut) {
    close(event::CloseReason::QUIT, octetsIn, octetsOut);
    id_ = random.orderedId<SessionId>();
    facts_ = std::move(facts);
    client_.clear();
    account_ = {};
    credential_ = {};
    opened_ = false;
    closed_ = false;
    commands_ = 0;
    octetsInBefore_ = octetsIn;
    octetsOutBefore_ = octetsOut;
}

void SessionRecord::open() {
    if (opened_) return;
    opened_ = true;
    RecordSessionOpened opened;
    opened.origin = origin();
    opened.protocol = facts_.protocol;
    opened.localPort = facts_.localPort;
    opened.tls = facts_.tls;
    opened.ip = facts_.ip;
    opened.peerPort = facts_.peerPort;
    opened.client = client_;
    opened.account = account_;
    scribe_.note(std::move(opened));
}

void SessionRecord::authenticated(
    AccountId account, CredentialId credential, event::Mechanism mechanism) {
    account_ = account;
    credential_ = credential;
    open();
    scribe_.note(
        RecordAuthSucceeded{.origin = origin(), .account = account, .mechanism = mechanism});
}

void SessionRecord::close(
    event::CloseReason reason, std::uint64_t octetsIn, std::uint64_t octetsOut) {
    if (!opened_ || closed_) return;
    closed_ = true;
    scribe_.note(RecordSessionClosed{
        .origin = origin(),
        .account = account_,
        .reason = reason,
        .commands = commands_,
        .octetsIn = octetsIn - std::min(octetsIn, octetsInBefore_),
        .octetsOut = octetsOut - std::min(octetsOut, octetsOutBefore_),
    });
}

void SessionRecord::closeLogin(Random& random, std::uint64_t octetsIn, std::uint64_t octetsOut) {
    close(event::CloseReason::QUIT, octetsIn, octetsOut);
    id_ = random.orderedId<SessionId>();
    account_ = {};
    credential_ = {};
    opened_ = false;
    closed_ = false;
    commands_ = 0;
}

}  // namespace daybook
