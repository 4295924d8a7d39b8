// grams.h
//
// The trigrams of a text, as words for SQLite's FTS5. Three characters in a row are one gram; two
// are one too where both are of a script in which two make a word (Han, Kana, Hangul). A gram is
// written as five letters and digits of its hash, so that FTS5's own hash spreads well (of three
// letters it does not), and each stands once for a text, however often it occurs: what a question
// finds by grams are candidates, which are looked into. Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

// Makes the words of one text after the other; keeps its memory.
class Grams {
public:
    // Every gram of `utf8` once, with a blank between two. Lives until the next call.
    const std::string& of(std::string_view utf8);

    // Such that a text that has `needle` has them all; at most `most`. Empty: no gram is sure to
    // be there, because the needle is too short.
    const std::string& sureOf(std::string_view needle, std::size_t most);

private:
    void collect(std::string_view utf8);
    const std::string& write(std::size_t most);

    std::vector<std::uint64_t> found_;
    std::string words_;
};

}  // namespace daybook
