#include "engine/search/grams.h"

#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "engine/search/packed_text.h"

using namespace daybook;

namespace {

std::set<std::string> wordsOf(const std::string& grams) {
    std::istringstream stream(grams);
    std::set<std::string> words;
    for (std::string word; stream >> word;) {
        CHECK(word.size() == 5);
        CHECK(words.insert(word).second);
    }
    return words;
}

}  // namespace

TEST_CASE("grams: three characters make one, two only where two make a word", "[engine]") {
    Grams grams;
    CHECK(grams.of("").empty());
    CHECK(grams.of("ab").empty());
    CHECK(wordsOf(grams.of("abc")).size() == 1);
    CHECK(wordsOf(grams.of("abcd")).size() == 2);
    CHECK(wordsOf(grams.of("aaaaaaaa")).size() == 1);
    CHECK(grams.of("\xC3\xA4\xC3\xB6").empty());
    CHECK(wordsOf(grams.of("\xE6\x97\xA5\xE6\x9C\xAC")).size() == 1);              // 日本
    CHECK(wordsOf(grams.of("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E")).size() == 3);  // 日本語
    // One character of each kind.
    CHECK(grams.of("a\xE6\x97\xA5").empty());
    CHECK(wordsOf(grams.of("\xF0\x9F\x98\x80\xF0\x9F\x98\x81")).size() == 1);
}

TEST_CASE("grams: a text has those of each of its substrings", "[engine]") {
    const std::string text =
        "the quick brown \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E fox\r\njumps \xCC\x88over";
    Grams grams;
    const std::set<std::string> all = wordsOf(grams.of(text));
    for (std::size_t from = 0; from < text.size(); ++from) {
        if ((static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80U) continue;
        for (std::size_t to = from; to <= text.size(); ++to) {
            const bool within =
                to < text.size() && (static_cast<unsigned char>(text[to]) & 0xC0U) == 0x80U;
            if (within) continue;
            const auto some = wordsOf(grams.sureOf(text.substr(from, to - from), 1'000));
            CHECK(std::includes(all.begin(), all.end(), some.begin(), some.end()));
            const auto few = wordsOf(grams.sureOf(text.substr(from, to - from), 3));
            CHECK(few.size() <= 3);
            CHECK(few.empty() == some.empty());
            CHECK(std::includes(some.begin(), some.end(), few.begin(), few.end()));
        }
    }
}

TEST_CASE("packed text: comes back as it was, or so much of it", "[engine]") {
    TextPacker packer;
    TextUnpacker unpacker;
    std::string text;
    for (int i = 0; i < 5'000; ++i)
        text += "line " + std::to_string(i * 7'919) + "\r\n";
    for (const std::size_t octets :
         {std::size_t{0}, std::size_t{1}, std::size_t{17}, text.size()}) {
        const std::string packed = packer.pack(std::string_view(text).substr(0, octets));
        CHECK(unpacker.unpack(packed, octets) == std::string_view(text).substr(0, octets));
        CHECK(unpacker.unpack(packed, octets / 2) == std::string_view(text).substr(0, octets / 2));
    }
    const std::string packed = packer.pack(text);
    CHECK_THROWS_AS(
        unpacker.unpack(std::string_view(packed).substr(0, packed.size() / 2), text.size()),
        PackedTextDamaged);
}
