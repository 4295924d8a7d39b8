#include "protocols/imap/imap_url.h"

#include "journal/base/ascii.h"

namespace daybook::imap {

namespace {

constexpr std::string_view kBchars = "-._~!$'()*+,&=:@/";

// The front of `text` up to `mark`, any case; both are taken. Nothing: it is not there.
std::optional<std::string_view> takeUntil(std::string_view& text, std::string_view mark) {
    for (std::size_t at = 0; at + mark.size() <= text.size(); ++at) {
        if (!startsWithIgnoreCase(text.substr(at), mark)) continue;
        const std::string_view front = text.substr(0, at);
        text.remove_prefix(at + mark.size());
        return front;
    }
    return std::nullopt;
}

// nz-number, all of `text`.
std::optional<std::uint32_t> nzNumber(std::string_view text) {
    const auto number = parseNumber(text, UINT32_MAX);
    if (!number || *number == 0) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

int hexDigit(char c) {
    if (isDigit(c)) return c - '0';
    const char lower = toLower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// 1*bchar, decoded. Nothing: something else is in it.
std::optional<std::string> decoded(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hexDigit(text[i + 2]) : -1;
            const int octet = high * 16 + low;
            if (high < 0 || low < 0 || octet == 0) return std::nullopt;
            result += static_cast<char>(octet);
            i += 2;
        } else if (isAlpha(c) || isDigit(c) || kBchars.find(c) != std::string_view::npos) {
            result += c;
        } else {
            return std::nullopt;
        }
    }
    return result;
}

// partial-range = number ["." nz-number]
std::optional<BodyItem::Partial> partialRange(std::string_view text) {
    const std::size_t dot = text.find('.');
    const auto first = parseNumber(text.substr(0, dot), UINT32_MAX);
    if (!first) return std::nullopt;
    BodyItem::Partial partial{.first = static_cast<std::uint32_t>(*first), .count = 0};
    if (dot == std::string_view::npos) return partial;
    const auto count = nzNumber(text.substr(dot + 1));
    if (!count) return std::nullopt;
    partial.count = *count;
    return partial;
}

// imailbox-ref = enc-mailbox [uidvalidity]; uidvalidity = ";UIDVALIDITY=" nz-number
bool takeMailbox(std::string_view text, ImapUrl& url) {
    std::string_view rest = text;
    if (const auto name = takeUntil(rest, ";UIDVALIDITY=")) {
        const auto validity = nzNumber(rest);
        if (!validity || name->empty()) return false;
        url.uidValidity = *validity;
        text = *name;
    }
    auto name = decoded(text);
    if (!name || name->empty() || !isUtf8(*name)) return false;
    url.mailbox = *std::move(name);
    return true;
}

}  // namespace

// imessagepart = imailbox-ref "/;UID=" nz-number ["/;SECTION=" enc-section] ["/;PARTIAL=" ...]
std::optional<ImapUrl> parseImapUrl(std::string_view url) {
    if (url.starts_with("//") || url.find("://") != std::string_view::npos) return std::nullopt;
    const bool isAbsolutePath = url.starts_with('/');
    if (isAbsolutePath) url.remove_prefix(1);
    ImapUrl result;
    if (!isAbsolutePath && startsWithIgnoreCase(url, ";UID=")) {
        url.remove_prefix(5);
    } else {
        const auto mailbox = takeUntil(url, "/;UID=");
        if (!mailbox || !takeMailbox(*mailbox, result)) return std::nullopt;
    }
    std::string_view rest = url;
    if (const auto before = takeUntil(rest, "/;PARTIAL=")) {
        result.partial = partialRange(rest);
        if (!result.partial) return std::nullopt;
        url = *before;
    }
    rest = url;
    if (const auto before = takeUntil(rest, "/;SECTION=")) {
        auto section = decoded(rest);
        if (!section || section->empty()) return std::nullopt;
        result.section = *std::move(section);
        url = *before;
    }
    const auto uid = nzNumber(url);
    if (!uid) return std::nullopt;
    result.uid = *uid;
    return result;
}

}  // namespace daybook::imap
