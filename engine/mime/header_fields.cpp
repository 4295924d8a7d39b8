#include "engine/mime/header_fields.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <utility>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "journal/base/limits.h"

namespace daybook::mime {

namespace {

constexpr std::size_t kHostTextOctetsMax = 255;  // RFC 5321 §4.5.3.1.2
constexpr const char* kDayNames[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr const char* kMonthNames[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool isBlank(char c) { return c == ' ' || c == '\t'; }

// One past the line end that begins at or after `from`; the text's end if there is none.
std::size_t lineEnd(std::string_view text, std::size_t from) {
    const std::size_t end = text.find('\n', from);
    return end == std::string_view::npos ? text.size() : end + 1;
}

// field-name = 1*ftext; the obsolete form has blanks before the colon (RFC 5322 §4.5).
// Returns the name's length; 0: this is no field.
std::size_t nameLength(std::string_view line, std::size_t& colon) {
    std::size_t length = 0;
    while (length < line.size() && line[length] > ' ' && line[length] < 127 &&
           line[length] != ':') {
        ++length;
    }
    colon = length;
    while (colon < line.size() && isBlank(line[colon])) {
        ++colon;
    }
    return colon < line.size() && line[colon] == ':' ? length : 0;
}

// What a peer said, as a domain or an address literal at most: RFC 5321 §4.4's Extended-Domain.
std::string hostText(std::string_view said) {
    std::string result;
    for (const char c : said.substr(0, kHostTextOctetsMax)) {
        const bool fits = isAlpha(c) || isDigit(c) ||
                          std::string_view(".-_:[]").find(c) != std::string_view::npos;
        result += fits ? c : '?';
    }
    return result.empty() ? "unknown" : result;
}

std::string addressLiteral(std::string_view ip) {
    const bool isV6 = ip.find(':') != std::string_view::npos;
    return fmt::format("[{}{}]", isV6 ? "IPv6:" : "", hostText(ip));
}

// Words of our own that stand in a comment or a clause: nothing that ends it or the line.
std::string plainText(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool fits = c >= ' ' && c != 127 && c != '(' && c != ')' && c != '\\';
        if (fits) result += c;
    }
    return result;
}

// An address may have 8-bit octets (RFC 6531) but nothing that ends the line.
std::string addressText(std::string_view address) {
    std::string result;
    for (const char c : address) {
        if (static_cast<unsigned char>(c) >= ' ' && c != 127) result += c;
    }
    return result;
}

struct CivilTime {
    std::chrono::year_month_day day;
    std::chrono::weekday weekday;
    std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

CivilTime civilTime(TimeNs timeNs, std::int16_t zoneMinutes) {
    using namespace std::chrono;
    const sys_seconds point(floor<seconds>(nanoseconds(timeNs)) + minutes(zoneMinutes));
    const sys_days day = floor<days>(point);
    return {
        .day = year_month_day(day),
        .weekday = weekday(day),
        .time = hh_mm_ss<seconds>(point - day)};
}

}  // namespace

bool HeaderFieldCursor::next(HeaderField& field) {
    while (!rest_.empty() && count_ < limits::kMimeHeaderFieldsMax) {
        std::size_t end = lineEnd(rest_, 0);
        if (rest_.front() == '\n' || rest_.starts_with("\r\n")) break;
        while (end < rest_.size() && isBlank(rest_[end])) {
            end = lineEnd(rest_, end);
        }
        const std::string_view octets = rest_.substr(0, end);
        rest_.remove_prefix(end);
        std::size_t colon = 0;
        const std::size_t length = nameLength(octets, colon);
        if (length == 0) continue;
        field = {
            .name = octets.substr(0, length),
            .value = octets.substr(colon + 1),
            .octets = octets,
        };
        ++count_;
        return true;
    }
    return false;
}

std::string unfolded(std::string_view value) {
    value = trimmed(value);
    std::string result;
    result.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        const char c = value[i];
        if (c != '\r' && c != '\n') {
            result += c;
            continue;
        }
        while (i + 1 < value.size() && (value[i + 1] == '\r' || value[i + 1] == '\n')) {
            ++i;
        }
        // trimmed() left no line end last, so there is a next octet.
        if (!isBlank(value[i + 1])) result += ' ';
    }
    return result;
}

std::string_view headerOf(std::string_view message) {
    std::size_t position = 0;
    while (position < message.size()) {
        const std::size_t end = lineEnd(message, position);
        const std::string_view line = message.substr(position, end - position);
        position = end;
        if (line == "\n" || line == "\r\n") break;
    }
    return message.substr(0, position);
}

std::vector<HeaderField> headerFields(std::string_view header) {
    std::vector<HeaderField> fields;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        fields.push_back(field);
    }
    return fields;
}

std::optional<std::string> headerField(std::string_view header, std::string_view name) {
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        if (equalsIgnoreCase(field.name, name)) return unfolded(field.value);
    }
    return std::nullopt;
}

std::size_t countHeaderFields(std::string_view header, std::string_view name) {
    HeaderFieldCursor cursor(header);
    HeaderField field;
    std::size_t count = 0;
    while (cursor.next(field)) {
        if (equalsIgnoreCase(field.name, name)) ++count;
    }
    return count;
}

std::string dateText(TimeNs timeNs) {
    const CivilTime when = civilTime(timeNs, 0);
    return fmt::format(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
        kDayNames[when.weekday.c_encoding()],
        static_cast<unsigned>(when.day.day()),
        kMonthNames[static_cast<unsigned>(when.day.month()) - 1],
        static_cast<int>(when.day.year()),
        when.time.hours().count(),
        when.time.minutes().count(),
        when.time.seconds().count());
}

std::string internalDateText(TimeNs timeNs, std::int16_t zoneMinutes) {
    const CivilTime when = civilTime(timeNs, zoneMinutes);
    const int zone = zoneMinutes < 0 ? -zoneMinutes : zoneMinutes;
    return fmt::format(
        "{:>2}-{}-{:04} {:02}:{:02}:{:02} {}{:02}{:02}",
        static_cast<unsigned>(when.day.day()),
        kMonthNames[static_cast<unsigned>(when.day.month()) - 1],
        static_cast<int>(when.day.year()),
        when.time.hours().count(),
        when.time.minutes().count(),
        when.time.seconds().count(),
        zoneMinutes < 0 ? '-' : '+',
        zone / 60,
        zone % 60);
}

// Time-stamp-line = "Received:" FWS Stamp CRLF. RFC 5321 §4.4, the words after "with": RFC 3848.
std::string receivedField(const TraceInfo& trace) {
    std::string field = "Received: from " + hostText(trace.helo);
    if (trace.ip == "unix") {
        field += " (unix)";
    } else if (!trace.ip.empty()) {
        field += " (" + addressLiteral(trace.ip) + ")";
    }
    if (!trace.tls.empty()) field += "\r\n\t(" + plainText(trace.tls) + ")";
    field += "\r\n\tby " + hostText(trace.by) + " with " + plainText(trace.with) + " id " +
             idText(trace.message.number());
    if (!trace.forAddress.empty()) field += "\r\n\tfor <" + addressText(trace.forAddress) + ">";
    return field + ";\r\n\t" + dateText(trace.timeNs) + "\r\n";
}

std::string deliveryFields(std::string_view reversePath, std::string_view deliveredTo) {
    return "Return-Path: <" + addressText(reversePath) +
           ">\r\nDelivered-To: " + addressText(deliveredTo) + "\r\n";
}

}  // namespace daybook::mime
