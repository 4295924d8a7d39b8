#include "protocols/imap/command_reader.h"

#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook::imap {

namespace {

constexpr std::string_view kContinue = "+ go ahead\r\n";
constexpr std::chrono::milliseconds kPatience = limits::kImapLiteralTimeout;

struct LiteralEnd {
    std::size_t begin = 0;  // where "{" or "~{" stands
    AnnouncedLiteral literal;
};

// literal = "{" number ["+"] "}" at the end of a line; literal8 = "~" before it.
std::optional<LiteralEnd> literalAtEnd(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    const std::size_t brace = line.rfind('{');
    if (brace == std::string_view::npos) return std::nullopt;
    std::string_view number = line.substr(brace + 1, line.size() - brace - 2);
    const bool synchronizing = !number.ends_with('+');
    if (!synchronizing) number.remove_suffix(1);
    const auto octets = parseNumber(number, UINT32_MAX);
    if (!octets) return std::nullopt;
    const bool binary = brace > 0 && line[brace - 1] == '~';
    return LiteralEnd{
        .begin = binary ? brace - 1 : brace,
        .literal = {.octets = *octets, .synchronizing = synchronizing, .binary = binary},
    };
}

// Takes a word and the space behind it. False: it does not stand there.
bool takeWord(std::string_view& text, std::string_view word) {
    if (!startsWithIgnoreCase(text, word) || text.substr(word.size(), 1) != " ") return false;
    text.remove_prefix(word.size() + 1);
    return true;
}

// append = "APPEND" SP mailbox ..., replace = ["UID" SP] "REPLACE" SP seq-number SP mailbox ...:
// the message is the literal that does not stand in the mailbox's place. `text`: up to the literal.
bool announcesMessage(std::string_view text) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return false;
    std::string_view rest = text.substr(space + 1);
    if (takeWord(rest, "append")) return !rest.empty();
    takeWord(rest, "uid");
    if (!takeWord(rest, "replace")) return false;
    const std::size_t number = rest.find(' ');
    return number != std::string_view::npos && number + 1 < rest.size();
}

}  // namespace

Task<CommandText> CommandReader::read(std::size_t textOctetsMax, Deadline deadline) {
    CommandText command;
    std::size_t literals = 0;
    while (true) {
        const std::string line = co_await lines_.readLine(limits::kImapLineOctetsMax, deadline);
        const std::size_t before = command.text.size();
        if (command.problem.empty()) command.text += line;
        const auto end = literalAtEnd(line);
        if (!end) co_return command;
        const std::size_t begin = before + end->begin;
        if (command.problem.empty() &&
            announcesMessage(std::string_view(command.text).substr(0, begin))) {
            command.text.resize(begin);
            command.message = end->literal;
            co_return command;
        }
        if (++literals > limits::kImapLiteralsPerCommandMax) command.problem = "Too many literals";
        if (command.text.size() + end->literal.octets > textOctetsMax) {
            command.problem = "The command is too long";
        }
        const bool more = co_await readLiteral(command, end->literal, textOctetsMax);
        if (!more) co_return command;
    }
}

// Returns whether the command goes on after it.
Task<bool> CommandReader::readLiteral(
    CommandText& command, AnnouncedLiteral literal, std::size_t max) {
    if (literal.octets > limits::kImapLiteralOctetsMax && command.problem.empty()) {
        command.problem = "The literal is too long";
    }
    if (!command.problem.empty()) {
        // The client that waits for "+" gets the tagged BAD instead: the command is over.
        if (literal.synchronizing) co_return false;
        command.hopeless = literal.octets > limits::kImapSkippedOctetsMax;
        if (command.hopeless) co_return false;
        co_await lines_.readOctets(literal.octets, [](std::string_view) {}, kPatience);
        co_return true;
    }
    if (literal.synchronizing) co_await connection_.write(kContinue);
    command.text += "\r\n";
    command.text.reserve(std::min(command.text.size() + literal.octets, max));
    std::string& text = command.text;
    co_await lines_.readOctets(
        literal.octets, [&text](std::string_view octets) { text += octets; }, kPatience);
    co_return true;
}

Task<void> CommandReader::readAnnounced(
    AnnouncedLiteral announced, std::function<void(std::string_view)> sink) {
    if (announced.synchronizing) co_await connection_.write(kContinue);
    co_await lines_.readOctets(announced.octets, std::move(sink), kPatience);
}

Task<CommandText> CommandReader::readOn(Deadline deadline) {
    CommandText more;
    try {
        more.text = co_await lines_.readLine(limits::kImapLineOctetsMax, deadline);
    } catch (const LineTooLong&) {
        more.problem = "The line is too long";
    }
    const auto end = literalAtEnd(more.text);
    if (!end) co_return more;
    more.text.resize(end->begin);
    more.message = end->literal;
    co_return more;
}

Task<void> CommandReader::skipMessage(AnnouncedLiteral announced, Deadline deadline) {
    co_await lines_.readOctets(announced.octets, [](std::string_view) {}, kPatience);
    CommandText rest;
    rest.problem = "skipped";
    // What follows the message belongs to it: more literals of a MULTIAPPEND, up to the line end.
    while (true) {
        const std::string line = co_await lines_.readLine(limits::kImapLineOctetsMax, deadline);
        const auto end = literalAtEnd(line);
        if (!end || end->literal.synchronizing) co_return;
        const bool more = co_await readLiteral(rest, end->literal, 0);
        if (!more) throw Disconnected("a literal that is too large to be skipped");
    }
}

}  // namespace daybook::imap
