#include "protocols/imap/session.h"

namespace daybook::imap {

// ENABLE. RFC 5161 §3.1. What is unknown is passed over; CONDSTORE: RFC 7162 §3.1.
Task<Reply> Session::enable(Arguments& arguments) {
    bool condstore = false;
    arguments.space();
    do {
        condstore = arguments.word() == "CONDSTORE" || condstore;
    } while (arguments.optionalSpace());
    arguments.end();
    const bool isNew = condstore && !dialect_.condstore;
    out_ += isNew ? "* ENABLED CONDSTORE\r\n" : "* ENABLED\r\n";
    if (condstore) enableCondstore();
    co_return ok("Enabled");
}

}  // namespace daybook::imap
