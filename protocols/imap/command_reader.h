// command_reader.h
//
// Reads one command: a line, and the literals that it announces (RFC 3501 §4.3, LITERAL+ of RFC
// 7888, literal8 of RFC 3516). The messages of APPEND and REPLACE are only announced: their handler
// reads them, and the text between them. Understands no more of a command than its tag and name.
// Thread: the connection's reactor.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/runtime/connection.h"
#include "protocols/common/line_reader.h"
#include "protocols/imap/grammar.h"

namespace daybook::imap {

struct CommandText {
    // Line and literals as they came, without the last CRLF; for APPEND up to the "{" or "~{" of
    // the message.
    std::string text;
    std::optional<AnnouncedLiteral> message;
    // Not to be executed, and why; the text then is what came before.
    std::string problem;
    // The dialogue cannot go on: a literal that is too large to be skipped.
    bool hopeless = false;
};

class CommandReader {
public:
    CommandReader(Connection& connection, LineReader& lines)
        : connection_(connection), lines_(lines) {}

    // Throws TimedOut, Disconnected, LineTooLong.
    Task<CommandText> read(std::size_t textOctetsMax, Deadline deadline);

    // The octets that `announced` promises, after "+ " where the client waits for it.
    Task<void> readAnnounced(
        AnnouncedLiteral announced, std::function<void(std::string_view)> sink);
    // What stands behind them: text up to the next literal, which is announced, or to the end of
    // the command.
    Task<CommandText> readOn(Deadline deadline);
    // Skips what a client sends without waiting although nobody wants it: the literal, and the rest
    // of its command.
    Task<void> skipMessage(AnnouncedLiteral announced, Deadline deadline);

private:
    Task<bool> readLiteral(CommandText& command, AnnouncedLiteral literal, std::size_t max);

    Connection& connection_;
    LineReader& lines_;
};

}  // namespace daybook::imap
