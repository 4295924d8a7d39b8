// Plays every transcript of this folder, each against a server of its own; every command has one.

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "journal/base/ascii.h"
#include "protocols/imap/command_table.h"
#include "tests/protocols/transcript_runner.h"

namespace daybook::imap {

namespace {

std::filesystem::path folder() {
    return std::filesystem::path(DAYBOOK_SOURCE_DIR) / "tests/protocols/imap/transcripts";
}

}  // namespace

TEST_CASE("imap: the dialogues of the transcripts", "[imap]") {
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
        files.insert(entry.path());
    }
    CHECK(files.size() > 20);
    for (const std::filesystem::path& file : files) {
        INFO(file.filename().string());
        CHECK_NOTHROW(test::playTranscript(file));
    }
}

TEST_CASE("imap: every command has a transcript and an RFC", "[imap]") {
    for (const CommandRow& row : commandTable()) {
        INFO(row.name);
        std::string name = lowered(row.name);
        if (name.starts_with("uid ")) name.erase(0, 4);
        CHECK(std::filesystem::exists(folder() / (name + ".txt")));
        CHECK(row.specification.starts_with("RFC "));
        CHECK(row.handler != nullptr);
    }
}

}  // namespace daybook::imap
