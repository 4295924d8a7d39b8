// line_reader.h
//
// Lines and counted octets from a connection, within limits. Strict: only CRLF ends a line (a bare
// CR or LF never does: SMTP smuggling). Owns nothing; lives as long as its connection. Thread: the
// connection's reactor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/runtime/connection.h"

namespace daybook {

// The line was longer than allowed; it has been read to its end and thrown away, so that the
// dialogue can go on.
class LineTooLong : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class LineReader {
public:
    explicit LineReader(Connection& connection);

    // Returns the line without its CRLF. `limit` counts without CRLF. A line that contains a bare
    // CR, a bare LF or NUL is returned as it is: the caller's grammar refuses it.
    // Throws LineTooLong (when the line has ended; if it does not end within 1 MiB more:
    // Disconnected), TimedOut, Disconnected (also when the peer ends within or before a line).
    Task<std::string> readLine(std::size_t limit, Deadline deadline);

    // Hands `count` octets to `sink` in pieces as they come. The deadline is for each piece:
    // `patience` after the last one. Throws TimedOut, Disconnected.
    Task<void> readOctets(
        std::uint64_t count,
        std::function<void(std::string_view)> sink,
        std::chrono::milliseconds patience);

private:
    struct Progress {
        std::string line;
        std::size_t scanned = 0;  // octets of buffered() that hold no CRLF
        std::size_t dropped = 0;  // octets of a line that is too long
    };

    // Takes the line, or what is too long of it, from the connection; false: it goes on.
    bool findEnd(std::size_t limit, Progress& progress);

    Connection& connection_;
};

}  // namespace daybook
