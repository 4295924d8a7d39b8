#include "protocols/imap/session.h"

namespace daybook::imap {

// STARTTLS. RFC 3501 §6.2.1. What was sent before the handshake is dropped by startTls().
Task<Reply> Session::startTls(Arguments& arguments) {
    arguments.end();
    if (connection_.isTls()) throw Bad("TLS is there already");
    if (services_.tls == nullptr) throw Bad("There is no certificate, so no TLS");
    co_return Reply{.text = "Begin TLS now", .then = Then::StartTls};
}

}  // namespace daybook::imap
