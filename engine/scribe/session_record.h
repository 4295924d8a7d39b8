// session_record.h
//
// A session's part of the journal: draws its id, writes SessionOpened when there is something to
// tell (it authenticated, delivered, was refused by name) and SessionClosed at its end; sessions of
// strangers that do nothing leave no event. Failures before authentication are counted per address,
// kind and minute by Strangers, so that a flood does not fill the log (DESIGN 3.4).
// Thread: the session's reactor.
#pragma once

#include <cstdint>
#include <string>

#include "engine/scribe/scribe.h"

namespace daybook {

struct SessionFacts {
    event::Protocol protocol = event::Protocol::NONE;
    std::string ip;
    std::uint16_t peerPort = 0;
    std::uint16_t localPort = 0;
    TlsFacts tls;
};

class SessionRecord {
public:
    SessionRecord(Scribe& scribe, Random& random, SessionFacts facts);
    // Notes SessionClosed if SessionOpened was noted, with serverFault unless close() was called.
    ~SessionRecord();
    SessionRecord(const SessionRecord&) = delete;
    SessionRecord& operator=(const SessionRecord&) = delete;

    SessionId id() const { return id_; }

    // The origin of this session's commands: remoteMta before, owner after authentication.
    Origin origin() const;

    void setTls(TlsFacts tls) { facts_.tls = tls; }

    // Another session begins on the same connection (a proxy speaks for another client, or all that
    // was said is forgotten): the one so far ends as by QUIT, and nothing of it is known any more.
    // The octets are those of the connection up to now; close() has to be told them all, too.
    void beginAgain(
        Random& random, SessionFacts facts, std::uint64_t octetsIn, std::uint64_t octetsOut);

    void setClient(std::string client) { client_ = std::move(client); }

    void countCommand() { ++commands_; }

    // Notes SessionOpened if that was not done yet. Called before the first event of the session.
    void open();
    void authenticated(AccountId account, CredentialId credential, event::Mechanism mechanism);
    void close(event::CloseReason reason, std::uint64_t octetsIn, std::uint64_t octetsOut);
    // The user leaves and the connection stays: what follows is a session of its own.
    void closeLogin(Random& random, std::uint64_t octetsIn, std::uint64_t octetsOut);

    const SessionFacts& facts() const { return facts_; }

    AccountId account() const { return account_; }

private:
    Scribe& scribe_;
    SessionId id_;
    SessionFacts facts_;
    std::string client_;
    AccountId account_;
    CredentialId credential_;
    bool opened_ = false;
    bool closed_ = false;
    std::uint32_t commands_ = 0;
    // Of the connection before this session.
    std::uint64_t octetsInBefore_ = 0;
    std::uint64_t octetsOutBefore_ = 0;
};

}  // namespace daybook
