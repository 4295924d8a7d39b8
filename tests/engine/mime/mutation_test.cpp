#include <catch2/catch.hpp>
#include <random>

#include "engine/mime/parts.h"
#include "tests/engine/mime/corpus.h"
#include "tests/engine/mime/summary_check.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr int kMutations = 20'000;
constexpr std::size_t kOctetsMax = 16'384;

using Dice = std::mt19937_64;

std::size_t upTo(Dice& dice, std::size_t max) {
    return std::uniform_int_distribution<std::size_t>(0, max)(dice);
}

// Pieces that matter to MIME, put where they do not belong.
std::string piece(Dice& dice, const std::string& message) {
    static const std::vector<std::string> kPieces{
        "\r\n",
        "\n",
        "\r",
        "\r\n\r\n",
        "--",
        "\"",
        "(",
        ")",
        "<",
        ":",
        ";",
        "=?",
        "?=",
        std::string(1, '\0'),
        "\xFF",
        "\\",
        ",",
        "@",
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n",
        "Content-Type: message/rfc822\r\n\r\n",
        "Content-Disposition: ",
        "=?utf-8?b?",
        "{3}\r\n"};
    if (upTo(dice, 3) > 0) return kPieces[upTo(dice, kPieces.size() - 1)];
    const std::size_t begin = upTo(dice, message.size());
    return message.substr(begin, upTo(dice, 200));
}

std::string mutated(Dice& dice, std::string message) {
    const std::size_t changes = 1 + upTo(dice, 5);
    for (std::size_t i = 0; i < changes; ++i) {
        const std::size_t at = upTo(dice, message.size());
        switch (upTo(dice, 3)) {
            case 0: message.resize(at); break;
            case 1: message.erase(at, upTo(dice, 60)); break;
            case 2: message.insert(at, piece(dice, message)); break;
            default:
                if (at < message.size()) message[at] = static_cast<char>(upTo(dice, 255));
        }
    }
    return message;
}

}  // namespace

TEST_CASE("summary: 20,000 broken messages have well-formed summaries", "[mime][slow]") {
    const std::uint64_t seed = 20261124;
    Dice dice(seed);
    const auto messages = corpusMessages();
    for (int i = 0; i < kMutations; ++i) {
        const CorpusMessage& original = messages[upTo(dice, messages.size() - 1)];
        const std::string message = mutated(dice, original.octets.substr(0, kOctetsMax));
        INFO(original.name << ", mutation " << i << " of seed " << seed);
        REQUIRE_NOTHROW(checkSummary(message));
        if (i % 20 != 0) continue;
        SummaryOf summary(message);
        REQUIRE(mime::searchableText(message, summary.root(), 10'000).size() <= 10'000);
    }
}
