// session.h
//
// The SMTP server dialogue in its three roles: SMTP (RFC 5321) on 25, submission (RFC 6409, 8314)
// on 587 and 465, LMTP (RFC 2033). One coroutine a connection. What differs by role is data
// (role.h). Thread: the connection's reactor.
#pragma once

#include "engine/runtime/server.h"
#include "protocols/common/services.h"

namespace daybook::smtp {

enum class Role { Mx, Submission, Lmtp };

// What a listener of that role starts for each connection. `services` and `policy`, what the
// listener's table says, outlive every session.
SessionFunction sessionFunction(const Services& services, Role role, const ListenerConfig& policy);

}  // namespace daybook::smtp
