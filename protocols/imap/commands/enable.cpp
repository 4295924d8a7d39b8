#include <array>

#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

struct Switch {
    std::string_view word;  // in capitals
    std::string_view name;  // as ENABLED says it
    bool Dialect::* flag;
};

constexpr std::array kSwitches{
    Switch{"CONDSTORE", "CONDSTORE", &Dialect::condstore},
    Switch{"QRESYNC", "QRESYNC", &Dialect::qresync},
    Switch{"IMAP4REV2", "IMAP4rev2", &Dialect::rev2},
    Switch{"UIDONLY", "UIDONLY", &Dialect::uidOnly},
    Switch{"UTF8=ACCEPT", "UTF8=ACCEPT", &Dialect::utf8},
};

}  // namespace

// ENABLE. RFC 5161 §3.1: what is unknown is passed over, what is on already is not told again.
// CONDSTORE and QRESYNC: RFC 7162 §3.1 and §3.2.3; IMAP4rev2: RFC 9051 §6.3.1; UIDONLY: RFC 9586
// §3.1; UTF8=ACCEPT: RFC 9755 §3. A selected mailbox does not stand in the way of the others: RFC
// 5161 lets servers be lenient.
Task<Reply> Session::enable(Arguments& arguments) {
    // enable = "ENABLE" 1*(SP capability)
    std::vector<const Switch*> asked;
    arguments.space();
    do {
        const std::string word = arguments.word();
        for (const Switch& each : kSwitches) {
            if (each.word != word) continue;
            // RFC 9755 §3: "only valid in the authenticated state".
            if (each.flag == &Dialect::utf8 && isSelected()) {
                throw Bad("UTF8=ACCEPT must be enabled before a mailbox is selected");
            }
            asked.push_back(&each);
        }
    } while (arguments.optionalSpace());
    arguments.end();
    Dialect dialect = dialect_;
    out_ += "* ENABLED";
    for (const Switch* const each : asked) {
        if (dialect.*each->flag) continue;
        dialect.*each->flag = true;
        out_ += ' ';
        out_ += each->name;
    }
    out_ += "\r\n";
    const bool condstore = dialect.condstore || dialect.qresync;
    dialect.condstore = dialect_.condstore;
    dialect_ = dialect;
    if (condstore) enableCondstore();
    co_return ok("Enabled");
}

}  // namespace daybook::imap
