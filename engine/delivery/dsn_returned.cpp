#include <algorithm>

#include "engine/delivery/dsn_parts.h"
#include "engine/mime/encoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/seven_bit.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

constexpr std::size_t kLineOctetsMax = 998;
// Of a longer header the fields that fit are returned, of one of megabytes those at its begin.
constexpr std::size_t kHeaderOctetsMax = 65'536;
constexpr std::size_t kHeaderOctetsRead = 1U << 20U;

std::string joined(const std::vector<std::string_view>& pieces) {
    std::string whole;
    for (const std::string_view piece : pieces) {
        whole += piece;
    }
    return whole;
}

// The first pieces, enough for any header that is returned.
std::string beginning(const std::vector<std::string_view>& pieces) {
    std::string text;
    for (const std::string_view piece : pieces) {
        text += piece.substr(0, kHeaderOctetsRead - text.size());
        if (text.size() >= kHeaderOctetsRead) break;
    }
    return text;
}

// A field with proper line ends, no controls, and no line that is too long.
void appendField(std::string& out, std::string_view field) {
    std::size_t column = 0;
    field = trimmed(field);
    for (std::size_t i = 0; i < field.size(); ++i) {
        const char c = field[i];
        if (c == '\r') continue;
        if (c == '\n') {
            out += "\r\n";
            column = 0;
            continue;
        }
        if (column >= kLineOctetsMax - 4) {
            // Never half a character.
            if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80U) {
                out += "\r\n ";
                column = 1;
            }
        }
        const bool isControl = (c >= 0 && c < ' ' && c != '\t') || c == 127;
        out += isControl ? '?' : c;
        ++column;
    }
    out += "\r\n";
}

std::string safeHeader(std::string_view header) {
    std::string out;
    mime::HeaderFieldCursor cursor(mime::headerOf(header));
    mime::HeaderField field;
    while (cursor.next(field)) {
        if (out.size() + field.octets.size() > kHeaderOctetsMax) continue;
        appendField(out, field.octets);
    }
    return out;
}

void replaceEightBit(std::string& text) {
    for (char& c : text) {
        if (static_cast<unsigned char>(c) > 127) c = '?';
    }
}

// RFC 6522 §4, RFC 6533 §4.3.
ReturnedPart headerPart(const DsnReport& report, bool eightBit) {
    std::string header = safeHeader(beginning(report.original));
    std::string fields = "Content-Type: text/rfc822-headers\r\n";
    if (!isUtf8(header)) replaceEightBit(header);
    if (!isAscii(header)) {
        fields = "Content-Type: message/global-headers\r\nContent-Transfer-Encoding: ";
        fields += eightBit ? "8bit\r\n" : "quoted-printable\r\n";
        if (!eightBit) header = mime::encodeQuotedPrintable(header);
    }
    return {.kind = ReturnedKind::Header, .octets = fields + "\r\n" + header + "\r\n"};
}

// Nothing: it does not fit in a report of this kind.
std::optional<ReturnedPart> messagePart(const DsnReport& report, bool eightBit) {
    std::string message = joined(report.original);
    if (message.empty()) return std::nullopt;
    if (!message.ends_with("\r\n")) message += "\r\n";
    std::string fields = "Content-Type: message/rfc822\r\n";
    if (mime::needsSmtpUtf8(message)) {
        if (!isUtf8(mime::headerOf(message))) return std::nullopt;
        fields = "Content-Type: message/global\r\nContent-Transfer-Encoding: ";
        fields += eightBit ? "8bit\r\n" : "base64\r\n";
        if (!eightBit) message = mime::encodeBase64Lines(message);
    } else {
        auto fit = mime::downgrade(message, mime::Transparency::SevenBit);
        if (!fit) return std::nullopt;
        message = std::move(*fit);
        if (!message.ends_with("\r\n")) message += "\r\n";
    }
    if (!mime::hasProperLines(message)) return std::nullopt;
    return ReturnedPart{.kind = ReturnedKind::Message, .octets = fields + "\r\n" + message};
}

}  // namespace

// RFC 3461 §4.3: RET speaks of reports of failure only; without it, the header tells people enough
// and spreads no content.
ReturnedPart returnedPart(const DsnReport& report, bool eightBit) {
    std::size_t octets = 0;
    for (const std::string_view piece : report.original) {
        octets += piece.size();
    }
    const bool isWhole = report.ret == event::DsnReturn::FULL &&
                         worstAction(report) == event::DsnAction::FAILED &&
                         octets <= report.returnOctetsMax;
    if (isWhole) {
        auto part = messagePart(report, eightBit);
        if (part) return std::move(*part);
    }
    return headerPart(report, eightBit);
}

}  // namespace daybook
