// Byte-stuffing and TOP's cut: every shape, cut at every place.

#include "protocols/pop3/transmission.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "journal/base/ascii.h"
#include "protocols/pop3/command_table.h"
#include "protocols/pop3/maildrop_locks.h"

namespace daybook::pop3 {

namespace {

std::string stuffed(std::string_view message, std::size_t step) {
    ByteStuffer stuffer;
    std::string out;
    for (std::size_t from = 0; from < message.size(); from += step) {
        stuffer.append(message.substr(from, step), out);
    }
    stuffer.finish(out);
    return out;
}

std::string topOf(std::string_view message, std::uint64_t lines, std::size_t step) {
    TopCut cut(lines);
    std::string out;
    for (std::size_t from = 0; from < message.size() && !cut.isDone(); from += step) {
        out += cut.take(message.substr(from, step));
    }
    return out;
}

void checkStuffed(std::string_view message, std::string_view wire) {
    for (const std::size_t step : {message.size() + 1, 1UZ, 2UZ, 3UZ, 5UZ}) {
        INFO("in pieces of " << step);
        CHECK(stuffed(message, step) == wire);
    }
}

void checkTop(std::string_view message, std::uint64_t lines, std::string_view top) {
    for (const std::size_t step : {message.size() + 1, 1UZ, 2UZ, 3UZ, 5UZ}) {
        INFO("in pieces of " << step);
        CHECK(topOf(message, lines, step) == top);
    }
}

}  // namespace

TEST_CASE("pop3: dots at the beginning of lines are doubled", "[pop3]") {
    checkStuffed("", ".\r\n");
    checkStuffed(".", "..\r\n.\r\n");
    checkStuffed(".\r\n", "..\r\n.\r\n");
    checkStuffed("..\r\n", "...\r\n.\r\n");
    checkStuffed("a\r\n.b\r\n..\r\nc.\r\n", "a\r\n..b\r\n...\r\nc.\r\n.\r\n");
    checkStuffed("\r\n.\r\n\r\n.\r\n", "\r\n..\r\n\r\n..\r\n.\r\n");
}

TEST_CASE("pop3: only CRLF begins a new line", "[pop3]") {
    checkStuffed("a\n.b\r\n", "a\n.b\r\n.\r\n");
    checkStuffed("a\r.b\r\n", "a\r.b\r\n.\r\n");
}

TEST_CASE("pop3: a message without a last CRLF gets one before the dot", "[pop3]") {
    checkStuffed("a", "a\r\n.\r\n");
    checkStuffed("a\n", "a\n\r\n.\r\n");
    checkStuffed("a\r", "a\r\r\n.\r\n");
}

TEST_CASE("pop3: TOP lets header, empty line and so many lines pass", "[pop3]") {
    const std::string_view message = "A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n";
    checkTop(message, 0, "A: 1\r\nB: 2\r\n\r\n");
    checkTop(message, 1, "A: 1\r\nB: 2\r\n\r\none\r\n");
    checkTop(message, 2, "A: 1\r\nB: 2\r\n\r\none\r\n\r\n");
    checkTop(message, 99, message);
    checkTop("A: 1\r\n", 0, "A: 1\r\n");
    checkTop("\r\nbody", 1, "\r\nbody");
    checkTop("A: 1\n\none\ntwo\n", 1, "A: 1\n\none\n");
}

TEST_CASE("pop3: a maildrop has one session at a time", "[pop3]") {
    MaildropLocks locks;
    {
        const std::optional<MaildropLocks::Lock> first = locks.lock(AccountId(1));
        CHECK(first);
        CHECK_FALSE(locks.lock(AccountId(1)));
        CHECK(locks.lock(AccountId(2)));
    }
    CHECK(locks.lock(AccountId(1)));
}

TEST_CASE("pop3: every command has an RFC section and a transcript", "[pop3]") {
    const std::filesystem::path folder =
        std::filesystem::path(DAYBOOK_SOURCE_DIR) / "tests/protocols/pop3/transcripts";
    for (const std::string_view verb :
         {"CAPA",
          "STLS",
          "USER",
          "PASS",
          "AUTH",
          "STAT",
          "LIST",
          "UIDL",
          "RETR",
          "TOP",
          "DELE",
          "NOOP",
          "RSET",
          "QUIT"}) {
        INFO(verb);
        const CommandRow* const row = findCommand(verb);
        REQUIRE(row != nullptr);
        CHECK(row->rfc.starts_with("RFC "));
        CHECK(std::filesystem::exists(folder / (lowered(verb) + ".txt")));
    }
    CHECK(findCommand("APOP") == nullptr);
}

}  // namespace daybook::pop3
