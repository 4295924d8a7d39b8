#include "protocols/imap/command_reader.h"

#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook::imap {

namespace {

constexpr std::string_view kContinue = "+ go ahead\r\n";
constexpr std::chrono::milliseconds kPatience = limits::kImapLiteralTimeout;

struct LiteralEnd {
    std::size_t brace = 0;  // where "{" stands
    AnnouncedLiteral literal;
};

// literal = "{" number ["+"] "}" at the end of a line.
std::optional<LiteralEnd> literalAtEnd(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    const std::size_t brace = line.rfind('{');
    if (brace == std::string_view::npos) return std::nullopt;
    std::string_view number = line.substr(brace + 1, line.size() - brace - 2);
    const bool synchronizing = !number.ends_with('+');
    if (!synchronizing) number.remove_suffix(1);
    const auto octets = parseNumber(number, UINT32_MAX);
    if (!octets) return std::nullopt;
    return LiteralEnd{
        .brace = brace, .literal = {.octets = *octets, .synchronizing = synchronizing}};
}

// append = "APPEND" SP mailbox [SP flag-list] [SP date-time] SP literal: the message is the literal
// that does not stand in the mailbox's place.
bool announcesMessage(std::string_view text, std::size_t brace) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return false;
    constexpr std::string_view kAppend = "append ";
    const std::string_view command = text.substr(space + 1, brace - space - 1);
    return startsWithIgnoreCase(command, kAppend) && command.size() > kAppend.size();
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
        if (command.problem.empty() && announcesMessage(command.text, before + end->brace)) {
            command.text.resize(before + end->brace);
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

Task<void> CommandReader::readMessage(
    AnnouncedLiteral announced, std::function<void(std::string_view)> sink, Deadline deadline) {
    if (announced.synchronizing) co_await connection_.write(kContinue);
    co_await lines_.readOctets(announced.octets, std::move(sink), kPatience);
    const std::string rest = co_await lines_.readLine(limits::kImapLineOctetsMax, deadline);
    if (!rest.empty()) throw Bad("Something stands after the message");
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
