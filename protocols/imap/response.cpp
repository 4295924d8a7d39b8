#include "protocols/imap/response.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "journal/base/ascii.h"
#include "protocols/common/refusal_table.h"
#include "protocols/imap/lexer.h"
#include "protocols/imap/utf7.h"

namespace daybook::imap {

namespace {

constexpr std::size_t kQuotedOctetsMax = 1'024;

bool mayBeQuoted(std::string_view value) {
    return value.size() <= kQuotedOctetsMax &&
           std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void appendQuoted(std::string& out, std::string_view value) {
    out += '"';
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

std::string_view statusWord(Status status) {
    switch (status) {
        case Status::Ok: return "OK";
        case Status::No: return "NO";
        case Status::Bad: return "BAD";
    }
    return "BAD";
}

}  // namespace

Reply ok(std::string text) { return Reply{.text = std::move(text)}; }

Reply ok(std::string code, std::string text) {
    return Reply{.code = std::move(code), .text = std::move(text)};
}

Reply no(std::string code, std::string text) {
    return Reply{.status = Status::No, .code = std::move(code), .text = std::move(text)};
}

Reply no(const Refusal& refusal) {
    const RefusalWords& words = wordsFor(refusal.reason);
    return no(std::string(words.imapCode), std::string(words.text));
}

void appendReply(std::string& out, std::string_view tag, const Reply& reply) {
    out += tag;
    out += ' ';
    out += statusWord(reply.status);
    out += ' ';
    if (!reply.code.empty()) out += '[' + reply.code + "] ";
    out += reply.text;
    out += "\r\n";
}

void appendNumber(std::string& out, std::uint64_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

void appendString(std::string& out, std::string_view value) {
    if (!mayBeQuoted(value)) {
        out += '{';
        appendNumber(out, value.size());
        out += "}\r\n";
        out += value;
        return;
    }
    appendQuoted(out, value);
}

void appendAstring(std::string& out, std::string_view value) {
    const bool isAtom = !value.empty() && value.size() <= kQuotedOctetsMax &&
                        std::all_of(value.begin(), value.end(), isAtomChar);
    if (isAtom) {
        out += value;
    } else {
        appendString(out, value);
    }
}

void appendMailbox(std::string& out, std::string_view utf8, const Dialect& dialect) {
    if (!dialect.speaksUtf8()) return appendAstring(out, toUtf7(utf8));
    if (isAscii(utf8)) return appendAstring(out, utf8);
    // RFC 9051 §9: QUOTED-CHAR takes UTF-8; a mailbox's name holds no line ends.
    appendQuoted(out, utf8);
}

void appendFetchHead(std::string& out, std::uint32_t number, Uid uid, const Dialect& dialect) {
    out += "* ";
    appendNumber(out, dialect.uidOnly ? uid.number() : number);
    out += dialect.uidOnly ? " UIDFETCH (" : " FETCH (";
}

void appendFlags(
    std::string& out, const MessageRow& row, const std::vector<std::string>& names, bool recent) {
    out += '(';
    const std::size_t begin = out.size();
    const auto put = [&](std::string_view flag) {
        if (out.size() > begin) out += ' ';
        out += flag;
    };
    if ((row.systemFlags & kSeen) != 0) put("\\Seen");
    if ((row.systemFlags & kAnswered) != 0) put("\\Answered");
    if ((row.systemFlags & kFlagged) != 0) put("\\Flagged");
    if ((row.systemFlags & kDeleted) != 0) put("\\Deleted");
    if ((row.systemFlags & kDraft) != 0) put("\\Draft");
    for (const KeywordId keyword : row.keywords) {
        if (keyword.number() < names.size() && !names[keyword.number()].empty()) {
            put(names[keyword.number()]);
        }
    }
    if (recent) put("\\Recent");
    out += ')';
}

}  // namespace daybook::imap
