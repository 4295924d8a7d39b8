// session.h
//
// The IMAP server dialogue: RFC 3501 as amended, with the extensions that capabilities.cpp names.
// One coroutine a connection. Thread: the connection's reactor.
#pragma once

#include "engine/runtime/server.h"
#include "protocols/common/services.h"

namespace daybook::imap {

// Who was told of which messages as \Recent, while the server runs (DESIGN 3.5). Thread: any.
class RecentClaims;

// What a listener starts for each connection. `services` and `claims` outlive every session.
SessionFunction sessionFunction(const Services& services, RecentClaims& claims);

}  // namespace daybook::imap
