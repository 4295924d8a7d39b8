// fuzz_smtp_content.cpp
//
// DATA's unstuffing against a reference that looks at each octet, whole and in pieces; and POP3's
// stuffing, which the unstuffing must undo.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "journal/base/assert.h"
#include "protocols/pop3/transmission.h"
#include "protocols/smtp/message_content.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace daybook::smtp {

namespace {

constexpr std::uint64_t kOctetsMax = std::uint64_t{512} * 1024;

struct Result {
    std::string text;  // only of a message without trouble
    bool trouble = false;
    std::size_t used = 0;
    bool operator==(const Result&) const = default;
};

// RFC 5321 §4.5.2, octet by octet, on a wire that ends the message somewhere.
Result reference(std::string_view wire) {
    Result result;
    std::size_t at = 0;
    for (;;) {
        const std::size_t end = wire.find("\r\n", at);
        DAYBOOK_ASSERT(end != std::string_view::npos);
        std::string_view line = wire.substr(at, end - at);
        at = end + 2;
        if (line == ".") break;
        if (line.starts_with('.')) line.remove_prefix(1);
        for (const char octet : line) {
            if (octet == '\r' || octet == '\n' || octet == '\0') result.trouble = true;
        }
        result.text.append(line).append("\r\n");
    }
    result.used = at;
    if (result.text.size() > kOctetsMax) result.trouble = true;
    if (result.trouble) result.text.clear();
    return result;
}

Result unstuffed(std::string_view wire, std::size_t step) {
    MessageContent content("/nowhere", kOctetsMax);
    DotUnstuffer unstuffer(content);
    Result result;
    while (!unstuffer.isDone()) {
        DAYBOOK_ASSERT(result.used < wire.size());
        result.used += unstuffer.feed(wire.substr(result.used, step));
    }
    result.trouble = content.trouble().has_value();
    if (!result.trouble) result.text = content.spool().view();
    return result;
}

std::string stuffed(std::string_view message, std::size_t step) {
    pop3::ByteStuffer stuffer;
    std::string wire;
    for (std::size_t from = 0; from < message.size(); from += step) {
        stuffer.append(message.substr(from, step), wire);
    }
    stuffer.finish(wire);
    return wire;
}

}  // namespace

}  // namespace daybook::smtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace daybook::smtp;
    if (size == 0) return 0;
    const std::size_t step = data[0] % 13U + 1U;
    const std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);

    const std::string wire = input + "\r\n.\r\n";
    const Result expected = reference(wire);
    DAYBOOK_ASSERT(unstuffed(wire, wire.size()) == expected);
    DAYBOOK_ASSERT(unstuffed(wire, step) == expected);

    const std::string message = input.empty() || input.ends_with("\r\n") ? input : input + "\r\n";
    const std::string sent = stuffed(message, message.size() + 1);
    DAYBOOK_ASSERT(stuffed(message, step) == sent);
    const Result back = unstuffed(sent, step);
    DAYBOOK_ASSERT(back.used == sent.size());
    DAYBOOK_ASSERT(back.trouble || back.text == message);
    return 0;
}
