// What the server says it can do: exactly what is there. Strangers are told how to get in, users
// what there is to do; AUTH=, STARTTLS and LOGINDISABLED follow the connection's state.

#include <array>

#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// What makes sense before a login as after it. LITERAL-, the smaller half of LITERAL+, must not
// stand beside it (RFC 7888 §5).
// IMAP4rev2 can be enabled already, but is not announced as long as SEARCH does not answer as it
// wants.
constexpr std::string_view kForAll = "IMAP4rev1 LITERAL+ ID ENABLE IDLE";

// A capability stands here when its commands are in the table. Alphabetical.
constexpr std::array<std::string_view, 31> kForUsers{
    "ACL",
    "BINARY",
    "CATENATE",
    "CHILDREN",
    "COMPRESS=DEFLATE",
    "CONDSTORE",
    "CREATE-SPECIAL-USE",
    "INPROGRESS",
    "LIST-EXTENDED",
    "LIST-METADATA",
    "LIST-MYRIGHTS",
    "LIST-STATUS",
    "METADATA",
    "MOVE",
    "MULTIAPPEND",
    "NAMESPACE",
    "NOTIFY",
    "PREVIEW",
    "QRESYNC",
    "QUOTA",
    "QUOTA=RES-MESSAGE",
    "QUOTA=RES-STORAGE",
    "REPLACE",
    "RIGHTS=kxte",
    "SPECIAL-USE",
    "STATUS=SIZE",
    "UIDONLY",
    "UIDPLUS",
    "UNAUTHENTICATE",
    "UNSELECT",
    "UTF8=ACCEPT",
};

}  // namespace

// RFC 3501 §7.2.1.
std::string Session::capabilities() {
    std::string list(kForAll);
    if (account()) {
        for (const std::string_view each : kForUsers)
            list += ' ' + std::string(each);
        // RFC 7889 §2
        return list + " APPENDLIMIT=" + std::to_string(services_.config.messageOctetsMax);
    }
    const AuthenticationPeer who = peer();
    list += " SASL-IR";
    if (!who.isTls && services_.tls != nullptr) list += " STARTTLS";
    if (!services_.authenticator.allowsPlaintext(who)) list += " LOGINDISABLED";
    for (const std::string& mechanism : services_.authenticator.mechanisms(who)) {
        list += " AUTH=" + mechanism;
    }
    return list;
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
