#include "protocols/smtp/reply.h"

#include "journal/base/ascii.h"
#include "protocols/common/refusal_table.h"

namespace daybook::smtp {

// RFC 5321 §4.2: Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ]
// RFC 2034 §4: the enhanced status code stands in each line.
std::string Reply::octets() const {
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        out += std::to_string(code);
        out += i + 1 == lines.size() ? ' ' : '-';
        if (!enhancedCode.empty()) out.append(enhancedCode).append(" ");
        out.append(lines[i]).append("\r\n");
    }
    for (const Reply& next : more)
        out += next.octets();
    return out;
}

std::uint32_t Reply::packedEnhancedCode() const {
    std::uint32_t packed = 0;
    std::string_view rest = enhancedCode;
    for (int field = 0; field < 3 && !rest.empty(); ++field) {
        const std::size_t dot = rest.find('.');
        const auto number =
            static_cast<std::uint32_t>(parseNumber(rest.substr(0, dot), 255).value_or(0));
        packed = packed << 8U | number;
        rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
    }
    return packed;
}

Reply reply(int code, std::string_view enhancedCode, std::string_view text) {
    return Reply{
        .code = code,
        .enhancedCode = std::string(enhancedCode),
        .lines = {std::string(text)},
    };
}

Reply reply(const Refusal& refusal) {
    const RefusalWords& words = wordsFor(refusal.reason);
    return reply(words.smtpCode, words.enhancedCode, words.text);
}

Reply closing(Reply last) {
    last.after = AfterReply::Close;
    return last;
}

void badArguments(std::string_view text) { throw Reject(reply(501, "5.5.4", text)); }

std::string printable(std::string_view text) {
    std::string clean(text);
    for (char& c : clean) {
        if (c == '\t') c = ' ';
        if (c < ' ' || c > '~') c = '?';
    }
    return clean;
}

}  // namespace daybook::smtp
