// Plays every transcript of this folder; each against a server of its own.

#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "tests/protocols/transcript_runner.h"

namespace daybook::test {

TEST_CASE("smtp: the dialogues of the transcripts", "[smtp]") {
    const std::filesystem::path folder =
        std::filesystem::path(DAYBOOK_SOURCE_DIR) / "tests/protocols/smtp/transcripts";
    std::set<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        files.insert(entry.path());
    }
    CHECK(files.size() > 20);
    for (const std::filesystem::path& file : files) {
        INFO(file.filename().string());
        CHECK_NOTHROW(playTranscript(file));
    }
}

}  // namespace daybook::test
