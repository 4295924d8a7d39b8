// session.h
//
// The POP3 server dialogue: RFC 1939 with CAPA (2449), STLS (2595), SASL (5034), RESP-CODES, UTF8
// left out. One coroutine a connection. Thread: the connection's reactor.
#pragma once

#include "engine/runtime/server.h"
#include "protocols/common/services.h"

namespace daybook::pop3 {

// Keeps each maildrop to one session at a time (RFC 1939 §4). Thread: any.
class MaildropLocks;

// What a listener starts for each connection. `services` and `locks` outlive every session.
SessionFunction sessionFunction(const Services& services, MaildropLocks& locks);

}  // namespace daybook::pop3
