// dialect.h
//
// How a session's client speaks: what it has switched on with ENABLE (RFC 5161) or by using it, and
// what follows from that for names, numbers and responses. Only ever grows, until UNAUTHENTICATE.
// Value; the session's reactor.
#pragma once

namespace daybook::imap {

struct Dialect {
    bool condstore = false;  // RFC 7162 §3.1
    bool qresync = false;    // RFC 7162 §3.2: VANISHED in place of EXPUNGE
    bool rev2 = false;       // RFC 9051: no RECENT, ESEARCH in place of SEARCH, UTF-8 names
    bool utf8 = false;       // RFC 9755, UTF8=ACCEPT
    bool uidOnly = false;    // RFC 9586: no message numbers at all

    // Mailbox names and strings are UTF-8 as they are; else modified UTF-7 and literals.
    bool speaksUtf8() const { return rev2 || utf8; }

    // RFC 7162 §3.2.10, RFC 9586 §3.4: VANISHED with UIDs in place of EXPUNGE with numbers.
    bool tellsVanished() const { return qresync || uidOnly; }
};

}  // namespace daybook::imap
