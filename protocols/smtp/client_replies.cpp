#include "protocols/smtp/client_replies.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "journal/base/ascii.h"
#include "protocols/smtp/reply.h"

namespace daybook::smtp {

namespace {

// RFC 3463 §2: status-code = class "." subject "." detail
struct StatusCode {
    std::uint32_t packed = 0;
    std::size_t octets = 0;  // of its text; 0: there is none
};

// One to three digits from `at`, which moves behind them.
std::uint32_t takeNumber(std::string_view text, std::size_t& at) {
    std::uint32_t number = 0;
    const std::size_t begin = at;
    while (at < text.size() && at - begin < 3 && isDigit(text[at]))
        number = number * 10 + static_cast<std::uint32_t>(text[at++] - '0');
    return number;
}

StatusCode parseStatus(std::string_view text) {
    if (text.size() < 5 || text[1] != '.' || !isDigit(text[0])) return {};
    const auto kind = static_cast<std::uint32_t>(text[0] - '0');
    if (kind != 2 && kind != 4 && kind != 5) return {};
    std::size_t at = 2;
    const std::uint32_t subject = takeNumber(text, at);
    if (at == 2 || at >= text.size() || text[at] != '.') return {};
    const std::size_t detailAt = ++at;
    const std::uint32_t detail = takeNumber(text, at);
    if (at == detailAt || (at < text.size() && text[at] != ' ')) return {};
    // Packed in an octet each; none above 80 is registered.
    if (subject > 255 || detail > 255) return {};
    return {.packed = enhanced(kind, subject, detail), .octets = at};
}

std::uint16_t parseCode(std::string_view line) {
    const bool digits = line.size() >= 3 && std::ranges::all_of(line.substr(0, 3), &isDigit);
    if (!digits || line[0] < '2' || line[0] > '5') throw ReplyViolation("not a reply code");
    if (line.size() > 3 && line[3] != ' ' && line[3] != '-') {
        throw ReplyViolation("not a reply line");
    }
    return static_cast<std::uint16_t>(
        (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
}

}  // namespace

std::size_t ReplyParser::take(std::string_view octets) {
    std::size_t taken = 0;
    while (!complete_ && taken < octets.size()) {
        const std::string_view rest = octets.substr(taken);
        const std::size_t end = rest.find('\n');
        const std::string_view piece = rest.substr(0, end);
        if (line_.size() + piece.size() > kReplyLineOctetsMax) {
            throw ReplyViolation("a reply line without end");
        }
        line_ += piece;
        taken += piece.size();
        if (end == std::string_view::npos) break;
        ++taken;
        endLine();
    }
    return taken;
}

void ReplyParser::endLine() {
    std::string_view line = line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::uint16_t code = parseCode(line);
    // RFC 5321 §4.2.1: every line has the same code.
    if (!reply_.lines.empty() && code != reply_.code) {
        throw ReplyViolation("a reply with several codes");
    }
    if (reply_.lines.size() == kReplyLinesMax) throw ReplyViolation("a reply without end");
    reply_.code = code;
    complete_ = line.size() < 4 || line[3] == ' ';
    reply_.lines.push_back(printable(line.substr(std::min<std::size_t>(line.size(), 4))));
    line_.clear();
}

ServerReply ReplyParser::finish() {
    complete_ = false;
    return std::exchange(reply_, {});
}

std::uint32_t enhancedCodeOf(std::uint16_t code, std::string_view text) {
    const StatusCode status = parseStatus(text);
    return classOf(status.packed) == code / 100U ? status.packed : 0;
}

RemoteReply remoteReply(const ServerReply& reply) {
    RemoteReply remote;
    remote.code = reply.code;
    remote.text = std::to_string(reply.code);
    for (const std::string& line : reply.lines) {
        std::string_view text = line;
        const bool first = &line == &reply.lines.front();
        if (first) remote.enhancedCode = enhancedCodeOf(reply.code, text);
        // RFC 2034 §4: the code stands on every line.
        const StatusCode again = parseStatus(text);
        if (!first && again.octets > 0 && again.packed == remote.enhancedCode) {
            text.remove_prefix(again.octets);
        }
        text = trimmed(text);
        if (text.empty()) continue;
        remote.text += ' ';
        remote.text += text;
        if (remote.text.size() > kReplyTextOctetsMax) break;
    }
    if (remote.text.size() > kReplyTextOctetsMax) remote.text.resize(kReplyTextOctetsMax);
    return remote;
}

RemoteReply ourReply(std::uint16_t code, std::uint32_t enhancedCode, std::string_view text) {
    std::string words;
    if (code != 0) words = fmt::format("{} {} ", code, enhancedText(enhancedCode));
    words += printable(text);
    words.resize(std::min(words.size(), kReplyTextOctetsMax));
    return {.code = code, .enhancedCode = enhancedCode, .text = std::move(words)};
}

}  // namespace daybook::smtp
