// transmission.h
//
// How a message's octets become a multi-line response: the cut for TOP, byte-stuffing, a last CRLF
// where the message has none. RFC 1939 §3 and §7. Works on pieces of any size. Pure; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace daybook::pop3 {

// Lets the header, the empty line and a number of lines of the body pass.
class TopCut {
public:
    explicit TopCut(std::uint64_t bodyLines) : linesLeft_(bodyLines) {}

    // What of the next piece is to be sent.
    std::string_view take(std::string_view piece);

    bool isDone() const { return !inHeader_ && linesLeft_ == 0; }

private:
    void endLine();

    std::uint64_t linesLeft_;
    bool inHeader_ = true;
    bool lineIsEmpty_ = true;  // so far, but for a CR
};

// Doubles dots at the beginning of lines. Only CRLF ends a line.
class ByteStuffer {
public:
    void append(std::string_view piece, std::string& into);
    // The CRLF that the message lacks, and the final ".".
    void finish(std::string& into) const;

private:
    bool atLineStart_ = true;
    bool lastWasCr_ = false;
};

}  // namespace daybook::pop3
