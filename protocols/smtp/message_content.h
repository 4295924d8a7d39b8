// message_content.h
//
// A message while it comes in by DATA or BDAT: dot-unstuffed, measured, and looked at for what SMTP
// forbids. Only CRLF ends a line: a bare CR or LF never ends one, nor the message, and makes the
// message unacceptable (SMTP smuggling, RFC 5321 §2.3.8), as NUL does (§4.5.2 and RFC 6152). A
// binary message (RFC 3030 §3) may hold all three and is kept as it came. After the first trouble
// octets are thrown away, not kept. Format: RFC 5321 §4.5.2. Thread: one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "engine/delivery/spool.h"
#include "protocols/smtp/reply.h"

namespace daybook::smtp {

enum class MessageForm { Lines, Binary };

class MessageContent {
public:
    MessageContent(
        std::filesystem::path spoolFolder,
        std::uint64_t octetsMax,
        MessageForm kind = MessageForm::Lines)
        : spool_(std::move(spoolFolder)), octetsMax_(octetsMax), kind_(kind) {}

    // Octets of BDAT, or of DATA after unstuffing. Any pieces.
    void append(std::string_view octets);

    // Why the message cannot be taken; after its last octet. Nothing: it can.
    std::optional<Reply> trouble() const;

    bool hasEightBit() const { return eightBit_; }

    // After its last octet: it cannot go out by DATA.
    bool isBinary() const { return nul_ || bareCr_ || lastWasCr_ || bareLf_; }

    // How many octets came, kept or not.
    std::uint64_t octets() const { return octets_; }

    Spool& spool() { return spool_; }

private:
    void inspect(std::string_view octets);
    void keep(std::string_view octets);

    Spool spool_;
    std::uint64_t octetsMax_;
    MessageForm kind_;
    std::uint64_t octets_ = 0;
    bool eightBit_ = false;
    bool nul_ = false;
    bool bareCr_ = false;
    bool bareLf_ = false;
    bool lastWasCr_ = false;
    bool diskFull_ = false;
    bool storageFailed_ = false;
};

// Finds the end of DATA's content and takes the stuffed dots away, in big pieces.
class DotUnstuffer {
public:
    explicit DotUnstuffer(MessageContent& content) : content_(content) {}

    // Returns how many octets were used: all, unless the end is among them.
    std::size_t feed(std::string_view octets);

    bool isDone() const { return state_ == State::Done; }

private:
    enum class State { LineStart, InLine, Dot, DotCr, Done };

    std::size_t line(std::string_view octets, std::size_t from);

    MessageContent& content_;
    State state_ = State::LineStart;
    bool lastWasCr_ = false;
};

}  // namespace daybook::smtp
