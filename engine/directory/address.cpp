#include "engine/directory/address.h"

#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <idn2.h>
#include <memory>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include "journal/base/ascii.h"

namespace daybook {

namespace {

// RFC 5321 §4.5.3.1.1 asks for local parts of 64 octets and §4.5.3.1.2 for domains of 255. Longer
// local parts are in daily use (VERP), so only the whole is limited, to what both make together.
constexpr std::size_t kAddressOctetsMax = 64 + 1 + 255;
constexpr std::size_t kDomainOctetsMax = 253;  // RFC 1035 §2.3.4, in its written form
constexpr std::size_t kLabelOctetsMax = 63;

// RFC 5322 §3.2.3, with RFC 6531 §3.3's UTF8-non-ascii.
bool isAtomText(char c) {
    if (isAlpha(c) || isDigit(c) || static_cast<unsigned char>(c) >= 0x80) return true;
    return std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Dot-string = Atom *("." Atom)
bool isDotString(std::string_view text) {
    if (text.empty() || text.front() == '.' || text.back() == '.') return false;
    char previous = 0;
    for (const char c : text) {
        if (c == '.' ? previous == '.' : !isAtomText(c)) return false;
        previous = c;
    }
    return true;
}

// C1 control characters are UTF-8, but nobody's name, and terminals obey them.
bool hasControls(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet = static_cast<unsigned char>(text[i]);
        if (octet < 0x20 || octet == 0x7f) return true;
        if (octet != 0xc2 || i + 1 == text.size()) continue;
        if (static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
    }
    return false;
}

// Quoted-string = DQUOTE *QcontentSMTP DQUOTE. Takes it off the front of `rest`.
std::optional<std::string> takeQuoted(std::string_view& rest) {
    std::string content;
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return content;
        }
        // quoted-pairSMTP = "\" %d32-126
        if (rest[i] == '\\') {
            ++i;
            if (i == rest.size() || !isAscii(rest.substr(i, 1))) return std::nullopt;
        }
        content += rest[i];
    }
    return std::nullopt;
}

// "alice" is written as it is, "alice liddell" needs quotes.
std::optional<std::string> takeLocalPart(std::string_view& rest) {
    if (rest.starts_with('"')) return takeQuoted(rest);
    const std::size_t end = rest.find('@');
    if (end == std::string_view::npos || !isDotString(rest.substr(0, end))) return std::nullopt;
    std::string content(rest.substr(0, end));
    rest.remove_prefix(end);
    return content;
}

// Lower case without a locale, composed (NFC), so that what looks the same is the same.
std::optional<std::string> normalizedText(const std::string& text) {
    if (isAscii(text)) return lowered(text);
    UErrorCode error = U_ZERO_ERROR;
    const icu::Normalizer2* const nfc = icu::Normalizer2::getNFCInstance(error);
    if (U_FAILURE(error)) return std::nullopt;
    icu::UnicodeString wide = icu::UnicodeString::fromUTF8(text);
    wide.toLower(icu::Locale::getRoot());
    wide = nfc->normalize(wide, error);
    if (U_FAILURE(error)) return std::nullopt;
    std::string result;
    wide.toUTF8String(result);
    return result;
}

// sub-domain = Let-dig [Ldh-str]
bool isLabel(std::string_view label) {
    if (label.empty() || label.size() > kLabelOctetsMax) return false;
    if (label.front() == '-' || label.back() == '-') return false;
    for (const char c : label) {
        if (!isAlpha(c) && !isDigit(c) && c != '-') return false;
    }
    return true;
}

bool isDomain(std::string_view text) {
    if (text.empty() || text.size() > kDomainOctetsMax) return false;
    while (true) {
        const std::size_t dot = text.find('.');
        if (!isLabel(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

// RFC 5891 §5: what a client looks up, as A-labels. Not with IDN2_USE_STD3_ASCII_RULES: libidn2
// 2.3.3 then drops what is not allowed without a word; isDomain() sees to that.
std::optional<std::string> asALabels(const std::string& text) {
    char* result = nullptr;
    const int status =
        idn2_to_ascii_8z(text.c_str(), &result, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, decltype(&std::free)> owned(result, &std::free);
    if (status != IDN2_OK) return std::nullopt;
    return std::string(result);
}

std::optional<std::string> canonicalIp(int family, const std::string& text) {
    std::array<unsigned char, 16> octets{};
    std::array<char, INET6_ADDRSTRLEN> written{};
    if (::inet_pton(family, text.c_str(), octets.data()) != 1) return std::nullopt;
    if (!::inet_ntop(family, octets.data(), written.data(), written.size())) return std::nullopt;
    return std::string(written.data());
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal ) "]"; nobody has registered
// a General-address-literal.
std::optional<std::string> normalizeLiteral(std::string_view text) {
    if (!text.ends_with(']')) return std::nullopt;
    const std::string inner(text.substr(1, text.size() - 2));
    if (inner.find('\0') != std::string::npos) return std::nullopt;
    constexpr std::string_view kTag = "IPv6:";
    if (startsWithIgnoreCase(inner, kTag)) {
        const std::optional<std::string> ip = canonicalIp(AF_INET6, inner.substr(kTag.size()));
        if (!ip) return std::nullopt;
        return "[IPv6:" + *ip + "]";
    }
    const std::optional<std::string> ip = canonicalIp(AF_INET, inner);
    if (!ip) return std::nullopt;
    return "[" + *ip + "]";
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    result += '"';
    return result;
}

}  // namespace

std::string Address::text() const {
    return (isDotString(localPart) ? localPart : quoted(localPart)) + "@" + domain;
}

// Mailbox = Local-part "@" ( Domain / address-literal ). RFC 5321 §4.1.2, RFC 6531 §3.3.
std::optional<Address> parseAddress(std::string_view text) {
    if (text.size() > kAddressOctetsMax || !isUtf8(text) || hasControls(text)) return std::nullopt;
    std::string_view rest = text;
    const std::optional<std::string> content = takeLocalPart(rest);
    if (!content || !rest.starts_with('@')) return std::nullopt;
    rest.remove_prefix(1);

    const std::optional<std::string> localPart = normalizedText(*content);
    const std::optional<std::string> domain =
        rest.starts_with('[') ? normalizeLiteral(rest) : normalizeDomain(rest);
    if (!localPart || !domain) return std::nullopt;
    Address address{.localPart = *localPart, .domain = *domain};
    if (address.text().size() > kAddressOctetsMax) return std::nullopt;
    return address;
}

std::optional<std::string> normalizeDomain(std::string_view text) {
    if (text.empty() || text.size() > kAddressOctetsMax) return std::nullopt;
    if (text.find('\0') != std::string_view::npos || !isUtf8(text)) return std::nullopt;
    std::string name(text);
    if (!isAscii(name)) {
        const std::optional<std::string> ascii = asALabels(name);
        if (!ascii) return std::nullopt;
        name = *ascii;
    }
    if (!isDomain(name)) return std::nullopt;
    return lowered(name);
}

PlusAddress splitPlus(std::string_view localPart) {
    const std::size_t plus = localPart.find('+');
    if (plus == std::string_view::npos || plus == 0) return {.user = std::string(localPart)};
    return {
        .user = std::string(localPart.substr(0, plus)),
        .detail = std::string(localPart.substr(plus + 1)),
    };
}

}  // namespace daybook
