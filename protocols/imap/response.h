// response.h
//
// Values to octets: strings, flags, names, response codes (RFC 3501 §7), and the Reply that ends a
// command. Appends to a buffer that somebody else sends. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/refusal.h"
#include "projections/messages.h"
#include "protocols/imap/dialect.h"

namespace daybook::imap {

enum class Status { Ok, No, Bad };

// What the session does once the tagged line is out.
enum class Then { GoOn, StartTls, Compress, Unauthenticate, Close };

// A command's tagged line: every handler returns exactly one.
struct Reply {
    Status status = Status::Ok;
    std::string code;  // without brackets; empty: none
    std::string text;
    Then then = Then::GoOn;
    // Messages were expunged: an OK without a code names HIGHESTMODSEQ, as of when all was told.
    bool expunged = false;
};

Reply ok(std::string text);
Reply ok(std::string code, std::string text);
Reply no(std::string code, std::string text);
// The words of refusal_table.
Reply no(const Refusal& refusal);

// "a1 OK [CODE] text" CRLF
void appendReply(std::string& out, std::string_view tag, const Reply& reply);

void appendNumber(std::string& out, std::uint64_t number);
// quoted, or a literal where it must be.
void appendString(std::string& out, std::string_view value);
// An atom, or as above. For header field names.
void appendAstring(std::string& out, std::string_view value);
// A mailbox's name as the dialect writes it, quoted where it must be.
void appendMailbox(std::string& out, std::string_view utf8, const Dialect& dialect);

// "* 3 FETCH (", or "* 17 UIDFETCH (" for who speaks of UIDs alone (RFC 9586 §3.3): the head of
// every FETCH response, solicited or not.
void appendFetchHead(std::string& out, std::uint32_t number, Uid uid, const Dialect& dialect);

// "(\Seen $Label1 \Recent)". `names` by the keyword's number; erased ones are empty and left out.
void appendFlags(
    std::string& out, const MessageRow& row, const std::vector<std::string>& names, bool recent);

}  // namespace daybook::imap
