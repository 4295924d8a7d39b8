#include "protocols/imap/command_table.h"

#include <array>

#include "journal/base/ascii.h"

namespace daybook::imap {

namespace {

using S = Session;

constexpr std::array kCommands{
    CommandRow{"CAPABILITY", kAnyState, 0, &S::capability, "RFC 3501 §6.1.1"},
    CommandRow{"NOOP", kAnyState, kLooksAnew, &S::noop, "RFC 3501 §6.1.2"},
    CommandRow{"LOGOUT", kAnyState, kTellsNothing, &S::logout, "RFC 3501 §6.1.3"},
    CommandRow{"ID", kAnyState, 0, &S::id, "RFC 2971 §3.1"},
    CommandRow{"STARTTLS", kNotAuthenticated, 0, &S::startTls, "RFC 3501 §6.2.1"},
    CommandRow{"AUTHENTICATE", kNotAuthenticated, 0, &S::authenticate, "RFC 3501 §6.2.2"},
    CommandRow{"LOGIN", kNotAuthenticated, 0, &S::login, "RFC 3501 §6.2.3"},
    CommandRow{"ENABLE", kLoggedIn, 0, &S::enable, "RFC 5161 §3.1"},
    CommandRow{"COMPRESS", kLoggedIn, 0, &S::compress, "RFC 4978 §3"},
    CommandRow{"UNAUTHENTICATE", kLoggedIn, kTellsNothing, &S::unauthenticate, "RFC 8437 §3"},
    CommandRow{"SELECT", kLoggedIn, kTellsNothing | kLooksAnew, &S::select, "RFC 3501 §6.3.1"},
    CommandRow{"EXAMINE", kLoggedIn, kTellsNothing | kLooksAnew, &S::examine, "RFC 3501 §6.3.2"},
    CommandRow{"CREATE", kLoggedIn, 0, &S::create, "RFC 3501 §6.3.3"},
    CommandRow{"DELETE", kLoggedIn, 0, &S::remove, "RFC 3501 §6.3.4"},
    CommandRow{"RENAME", kLoggedIn, 0, &S::rename, "RFC 3501 §6.3.5"},
    CommandRow{"SUBSCRIBE", kLoggedIn, 0, &S::subscribe, "RFC 3501 §6.3.6"},
    CommandRow{"UNSUBSCRIBE", kLoggedIn, 0, &S::unsubscribe, "RFC 3501 §6.3.7"},
    CommandRow{"LIST", kLoggedIn, kLooksAnew, &S::list, "RFC 3501 §6.3.8"},
    CommandRow{"LSUB", kLoggedIn, 0, &S::lsub, "RFC 3501 §6.3.9"},
    CommandRow{"STATUS", kLoggedIn, kLooksAnew, &S::status, "RFC 3501 §6.3.10"},
    CommandRow{"SETACL", kLoggedIn, 0, &S::setAcl, "RFC 4314 §3.1"},
    CommandRow{"DELETEACL", kLoggedIn, 0, &S::deleteAcl, "RFC 4314 §3.2"},
    CommandRow{"GETACL", kLoggedIn, 0, &S::getAcl, "RFC 4314 §3.3"},
    CommandRow{"LISTRIGHTS", kLoggedIn, 0, &S::listRights, "RFC 4314 §3.4"},
    CommandRow{"MYRIGHTS", kLoggedIn, 0, &S::myRights, "RFC 4314 §3.5"},
    CommandRow{"GETQUOTA", kLoggedIn, kLooksAnew, &S::getQuota, "RFC 9208 §4.1.1"},
    CommandRow{"GETQUOTAROOT", kLoggedIn, kLooksAnew, &S::getQuotaRoot, "RFC 9208 §4.1.2"},
    CommandRow{"SETQUOTA", kLoggedIn, 0, &S::setQuota, "RFC 9208 §4.1.3"},
    CommandRow{"GETMETADATA", kLoggedIn, 0, &S::getMetadata, "RFC 5464 §4.2"},
    CommandRow{"SETMETADATA", kLoggedIn, 0, &S::setMetadata, "RFC 5464 §4.3"},
    CommandRow{"APPEND", kLoggedIn, 0, &S::append, "RFC 3501 §6.3.11"},
    CommandRow{"REPLACE", kSelected, 0, &S::replace, "RFC 8508 §3.2"},
    CommandRow{"UID REPLACE", kSelected, 0, &S::replace, "RFC 8508 §3.3"},
    CommandRow{"NAMESPACE", kLoggedIn, 0, &S::nameSpace, "RFC 2342 §5"},
    CommandRow{"IDLE", kLoggedIn, kLooksAnew, &S::idle, "RFC 2177 §3"},
    CommandRow{"NOTIFY", kLoggedIn, kLooksAnew, &S::notify, "RFC 5465 §3"},
    CommandRow{"CHECK", kSelected, kLooksAnew, &S::check, "RFC 3501 §6.4.1"},
    CommandRow{"CLOSE", kSelected, kTellsNothing, &S::close, "RFC 3501 §6.4.2"},
    CommandRow{"UNSELECT", kSelected, kTellsNothing, &S::unselect, "RFC 3691 §2"},
    CommandRow{"EXPUNGE", kSelected, 0, &S::expunge, "RFC 3501 §6.4.3"},
    CommandRow{"UID EXPUNGE", kSelected, 0, &S::expunge, "RFC 4315 §2.1"},
    CommandRow{"SEARCH", kSelected, kUsesNumbers, &S::search, "RFC 3501 §6.4.4"},
    CommandRow{"UID SEARCH", kSelected, 0, &S::search, "RFC 3501 §6.4.8"},
    CommandRow{"FETCH", kSelected, kUsesNumbers, &S::fetch, "RFC 3501 §6.4.5"},
    CommandRow{"UID FETCH", kSelected, 0, &S::fetch, "RFC 3501 §6.4.8"},
    CommandRow{"STORE", kSelected, kUsesNumbers, &S::store, "RFC 3501 §6.4.6"},
    CommandRow{"UID STORE", kSelected, 0, &S::store, "RFC 3501 §6.4.8"},
    CommandRow{"COPY", kSelected, kTakesNumbers, &S::copy, "RFC 3501 §6.4.7"},
    CommandRow{"UID COPY", kSelected, 0, &S::copy, "RFC 3501 §6.4.8"},
    CommandRow{"MOVE", kSelected, kTakesNumbers, &S::move, "RFC 6851 §3.1"},
    CommandRow{"UID MOVE", kSelected, 0, &S::move, "RFC 6851 §3.2"},
};

}  // namespace

std::span<const CommandRow> commandTable() { return kCommands; }

const CommandRow* findCommand(std::string_view name) {
    for (const CommandRow& row : kCommands) {
        if (equalsIgnoreCase(row.name, name)) return &row;
    }
    return nullptr;
}

}  // namespace daybook::imap
