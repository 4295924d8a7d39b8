#include "protocols/smtp/grammar.h"

#include <algorithm>

#include "engine/directory/address.h"
#include "journal/base/ascii.h"

namespace daybook::smtp {

namespace {

// RFC 5321 §4.5.3.1.1-2: 64 octets of local part, 255 of domain.
constexpr std::size_t kMailboxOctetsMax = 64 + 1 + 255;
constexpr std::size_t kHelloOctetsMax = 255;

bool isKeywordOctet(char c) { return isAlpha(c) || isDigit(c) || c == '-'; }

// RFC 5321 §4.1.2 esmtp-value, with UTF-8 as RFC 6531 §3.3 adds it.
bool isValueOctet(char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet > 32 && octet != '=' && octet != 127;
}

// esmtp-keyword = (ALPHA / DIGIT) *(ALPHA / DIGIT / "-")
// esmtp-param = esmtp-keyword ["=" esmtp-value]
Parameter parseParameter(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view keyword = text.substr(0, equals);
    if (keyword.empty() || keyword.front() == '-' ||
        !std::ranges::all_of(keyword, isKeywordOctet)) {
        badArguments("Malformed parameter");
    }
    Parameter parameter{.keyword = uppered(keyword), .value = std::nullopt};
    if (equals == std::string_view::npos) return parameter;
    parameter.value = std::string(text.substr(equals + 1));
    // AUTH=<> and xtext may hold "=" only in hexadecimal form: RFC 4954 §5, RFC 3461 §4.
    if (parameter.value->empty() || !std::ranges::all_of(*parameter.value, isValueOctet)) {
        badArguments("Malformed value of " + parameter.keyword);
    }
    return parameter;
}

std::vector<Parameter> parseParameters(std::string_view text) {
    std::vector<Parameter> parameters;
    while (!text.empty()) {
        const std::size_t blank = text.find(' ');
        const std::string_view word = text.substr(0, blank);
        text = blank == std::string_view::npos ? std::string_view() : text.substr(blank + 1);
        if (word.empty()) continue;
        Parameter parameter = parseParameter(word);
        const bool repeated = std::ranges::any_of(
            parameters, [&](const Parameter& other) { return other.keyword == parameter.keyword; });
        if (repeated) badArguments("Repeated parameter " + parameter.keyword);
        parameters.push_back(std::move(parameter));
    }
    return parameters;
}

// The index of the ">" that ends the path; quoted strings are passed over. npos: there is none.
std::size_t endOfPath(std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\' && quoted) {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == '>' && !quoted) {
            return i;
        }
    }
    return std::string_view::npos;
}

// Path = "<" [ A-d-l ":" ] Mailbox ">"; the source route is taken and ignored: RFC 5321 §4.1.1.3.
std::string_view withoutRoute(std::string_view path) {
    if (!path.starts_with('@')) return path;
    const std::size_t colon = path.find(':');
    return colon == std::string_view::npos ? std::string_view() : path.substr(colon + 1);
}

struct PathWords {
    std::string_view keyword;
    std::string_view usage;
};

PathAndParameters parsePath(std::string_view arguments, const PathWords& words) {
    if (!startsWithIgnoreCase(arguments, words.keyword)) badArguments(words.usage);
    // RFC 5321 §3.3 permits no blank after the colon; people and devices write one.
    std::string_view rest = arguments.substr(words.keyword.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (!rest.starts_with('<')) badArguments(words.usage);
    const std::size_t end = endOfPath(rest);
    if (end == std::string_view::npos) badArguments(words.usage);
    const std::string_view after = rest.substr(end + 1);
    if (!after.empty() && after.front() != ' ') badArguments(words.usage);
    const std::string_view whole = rest.substr(1, end - 1);
    const std::string_view path = withoutRoute(whole);
    if (path.empty() && !whole.empty()) badArguments(words.usage);
    return {.path = std::string(path), .parameters = parseParameters(after)};
}

bool isMailbox(std::string_view path) {
    return path.size() <= kMailboxOctetsMax && isUtf8(path) && parseAddress(path).has_value();
}

}  // namespace

CommandLine parseCommandLine(std::string_view line) {
    constexpr std::string_view kForbidden("\r\n\0", 3);
    if (line.find_first_of(kForbidden) != std::string_view::npos) {
        throw Reject(reply(500, "5.5.2", "A command ends with CR LF and holds neither, nor NUL"));
    }
    // RFC 5321 §4.1.1: trailing white space is tolerated.
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t'))
        line.remove_suffix(1);
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return {.verb = line, .arguments = {}};
    std::string_view arguments = line.substr(blank + 1);
    arguments.remove_prefix(std::min(arguments.find_first_not_of(' '), arguments.size()));
    return {.verb = line.substr(0, blank), .arguments = arguments};
}

// mail = "MAIL FROM:" Reverse-path [SP Mail-parameters] CRLF
PathAndParameters parseMail(std::string_view arguments) {
    PathAndParameters mail =
        parsePath(arguments, {.keyword = "FROM:", .usage = "Say MAIL FROM:<address>"});
    if (!mail.path.empty() && !isMailbox(mail.path)) {
        throw Reject(reply(501, "5.1.7", "Malformed sender address"));
    }
    return mail;
}

// rcpt = "RCPT TO:" ( "<Postmaster@" Domain ">" / "<Postmaster>" / Forward-path )
//        [SP Rcpt-parameters] CRLF
PathAndParameters parseRcpt(std::string_view arguments) {
    PathAndParameters rcpt =
        parsePath(arguments, {.keyword = "TO:", .usage = "Say RCPT TO:<address>"});
    if (!equalsIgnoreCase(rcpt.path, "postmaster") && !isMailbox(rcpt.path)) {
        throw Reject(reply(501, "5.1.3", "Malformed recipient address"));
    }
    return rcpt;
}

std::optional<Chunk> parseBdat(std::string_view arguments) {
    const std::size_t blank = arguments.find(' ');
    const std::optional<std::uint64_t> octets = parseNumber(arguments.substr(0, blank));
    if (!octets) return std::nullopt;
    if (blank == std::string_view::npos) return Chunk{.octets = *octets, .last = false};
    if (!equalsIgnoreCase(trimmed(arguments.substr(blank)), "LAST")) return std::nullopt;
    return Chunk{.octets = *octets, .last = true};
}

// ehlo = "EHLO" SP ( Domain / address-literal ); what the peer calls itself is kept, not believed.
std::string parseHello(std::string_view arguments) {
    const bool printable = std::ranges::all_of(arguments, [](char c) { return c > ' ' || c < 0; });
    if (arguments.empty() || arguments.size() > kHelloOctetsMax || !printable ||
        !isUtf8(arguments)) {
        badArguments("Say who you are: one name or address literal");
    }
    return std::string(arguments);
}

// auth = "AUTH" SP sasl-mech [SP initial-response]
AuthArguments parseAuth(std::string_view arguments) {
    const std::size_t blank = arguments.find(' ');
    AuthArguments result{
        .mechanism = std::string(arguments.substr(0, blank)),
        .initialResponse = std::nullopt,
    };
    if (result.mechanism.empty()) badArguments("Say AUTH and a mechanism");
    if (blank == std::string_view::npos) return result;
    result.initialResponse = std::string(trimmed(arguments.substr(blank)));
    if (result.initialResponse->find(' ') != std::string::npos) {
        badArguments("An initial response is one word");
    }
    return result;
}

}  // namespace daybook::smtp
