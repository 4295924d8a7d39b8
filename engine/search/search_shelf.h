// search_shelf.h
//
// One account's file of the index: a SQLite database with
//
//     meta       = name -> value                  format (1), journal, applied, root
//     messages   = stored -> state headerOctets octets text
//     headerGrams, bodyGrams = FTS5, contentless, detail=none: stored -> the text's grams
//
// `text` is the searchable header and body, one behind the other, packed. Of the forms of FTS5 this
// is the small one: for a text of 1 octet 0.5 of grams and 0.4 of packed text, where positions
// (detail=full) take 3.2 and cannot be taken out again without the text, as an erasure must.
// In WAL mode, so that a question never waits for the keeper; synchronous=NORMAL: a power cut may
// take back the last transactions, and then `applied` says so.
// What is deleted is overwritten (secure_delete). One thread at a time.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/search/grams.h"
#include "engine/search/packed_text.h"
#include "engine/search/search_index.h"
#include "engine/search/sqlite.h"
#include "journal/base/digest.h"

namespace daybook {

// How far a shelf is: it has all of its account's messages that were stored up to `applied`.
struct ShelfMark {
    std::uint64_t journalId = 0;
    Seq applied;
    Hash256 root{};  // the journal's, there
};

// Writes. Throws sqlite::Error.
class ShelfWriter {
public:
    // Makes the file if it is not there.
    explicit ShelfWriter(const std::filesystem::path& file);

    // Nothing: it is new.
    std::optional<ShelfMark> mark();

    struct Added {
        std::uint64_t messages = 0;
        std::uint64_t octets = 0;
    };

    Added add(std::span<const SearchText> messages, const ShelfMark& upTo);
    Added forget(std::span<const Seq> stored);
    // All that it has.
    Added count();

private:
    void addOne(const SearchText& text, Added& added);
    bool forgetOne(Seq stored, Added& removed);

    sqlite::Database database_;
    sqlite::Statement insertMessage_;
    sqlite::Statement insertHeader_;
    sqlite::Statement insertBody_;
    Grams grams_;
    TextPacker packer_;
    std::string text_;
};

// Answers. Throws sqlite::Error, PackedTextDamaged.
class ShelfReader {
public:
    explicit ShelfReader(const std::filesystem::path& file);

    std::optional<ShelfMark> mark();

    // Nothing: `stop` came meanwhile. `covers` is the shelf's own.
    std::optional<SearchFinds> find(const SearchNeedle& needle, const std::atomic<bool>& stop);

private:
    bool look(const SearchNeedle& needle, const std::atomic<bool>& stop, SearchFinds& finds);
    bool lookAtAll(const SearchNeedle& needle, const std::atomic<bool>& stop, SearchFinds& finds);
    void candidates(sqlite::Statement& query, const std::string& grams, std::vector<Seq>& into);
    // Of the row on which `message` stands: headerOctets octets text, from `column` on.
    bool holds(const SearchNeedle& needle, const sqlite::Statement& message, int column);

    sqlite::Database database_;
    Grams grams_;
    TextUnpacker unpacker_;
};

}  // namespace daybook
