// What the server says it can do: exactly what is there. AUTH=, STARTTLS and LOGINDISABLED follow
// the connection's state.

#include "protocols/imap/session.h"

namespace daybook::imap {

// RFC 3501 §7.2.1. A capability stands here when its commands are in the table.
std::string Session::capabilities() {
    std::string list = "IMAP4rev1 LITERAL+ ID ENABLE";
    if (!account()) {
        const AuthenticationPeer who = peer();
        list += " SASL-IR";
        if (!who.isTls && services_.tls != nullptr) list += " STARTTLS";
        if (!services_.authenticator.allowsPlaintext(who)) list += " LOGINDISABLED";
        for (const std::string& mechanism : services_.authenticator.mechanisms(who)) {
            list += " AUTH=" + mechanism;
        }
    }
    return list + " IDLE NAMESPACE UIDPLUS UNSELECT MOVE SPECIAL-USE CONDSTORE";
}

AuthenticationPeer Session::peer() {
    return AuthenticationPeer{
        .session = session_,
        .isTls = connection_.isTls(),
        .isLoopback = connection_.peerIsLoopback(),
        .channelBinding = connection_.channelBinding(),
        .certificateNames = connection_.clientNames(),
        .passwordMechanism = event::Mechanism::IMAP_LOGIN,
    };
}

}  // namespace daybook::imap
