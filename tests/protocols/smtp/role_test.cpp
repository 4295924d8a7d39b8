// The Received field's "with", RFC 3848 and RFC 6531 §4.3; and every row of the command table.

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "journal/base/ascii.h"
#include "protocols/smtp/command_table.h"

namespace daybook::smtp {

TEST_CASE("smtp: the word for how a message was transmitted", "[smtp]") {
    CHECK(withWord(Role::Mx, {}) == "SMTP");
    CHECK(withWord(Role::Mx, {.tls = true, .utf8 = true}) == "SMTP");
    CHECK(withWord(Role::Mx, {.extended = true}) == "ESMTP");
    CHECK(withWord(Role::Mx, {.extended = true, .tls = true}) == "ESMTPS");
    CHECK(withWord(Role::Submission, {.extended = true, .authenticated = true}) == "ESMTPA");
    CHECK(
        withWord(Role::Submission, {.extended = true, .tls = true, .authenticated = true}) ==
        "ESMTPSA");
    CHECK(withWord(Role::Mx, {.extended = true, .tls = true, .utf8 = true}) == "UTF8SMTPS");
    CHECK(withWord(Role::Lmtp, {.extended = true}) == "LMTP");
    CHECK(withWord(Role::Lmtp, {.extended = true, .tls = true, .utf8 = true}) == "UTF8LMTPS");
}

TEST_CASE("smtp: every command has an RFC section and a transcript", "[smtp]") {
    const std::filesystem::path folder =
        std::filesystem::path(DAYBOOK_SOURCE_DIR) / "tests/protocols/smtp/transcripts";
    std::set<std::string_view> verbs;
    for (const CommandRow& row : commandTable()) {
        INFO(row.verb);
        CHECK(row.rfc.starts_with("RFC "));
        CHECK(row.rfc.find("§") != std::string_view::npos);
        CHECK(row.handler != nullptr);
        CHECK(verbs.insert(row.verb).second);
        CHECK(std::filesystem::exists(folder / (lowered(row.verb) + ".txt")));
    }
    CHECK(findCommand("ehlo", factsOf(Role::Mx)) != nullptr);
    CHECK(findCommand("EHLO", factsOf(Role::Lmtp)) == nullptr);
    CHECK(findCommand("LHLO", factsOf(Role::Mx)) == nullptr);
    CHECK(findCommand("AUTH", factsOf(Role::Lmtp)) == nullptr);
}

}  // namespace daybook::smtp
