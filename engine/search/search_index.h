// search_index.h
//
// Answers SEARCH's substring questions without reading messages: one SQLite file an account in
// DIR/search, a projection of the journal that index_keeper.h keeps and that may be thrown away at
// any time (DESIGN 5). A message is named by the seq of its Stored event, which flags, copies and
// moves do not change. An answer is exact: the same that engine/mime/searchable_text.h gives for
// the message's octets, because the index finds candidates by trigrams and then looks into their
// text, of which it has a packed copy. What it cannot answer for it says.
//
// Thread: find(), covers() and state() any (they read the disk: sessions call find() in the
// WorkerPool); what is for the keeper, from one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "journal/base/ids.h"
#include "journal/base/log.h"
#include "journal/journal.h"

namespace daybook {

enum class SearchScope { Text, Body, Header };

// What is looked for: folded by mime::foldCase(), not empty.
struct SearchNeedle {
    SearchScope scope = SearchScope::Text;
    std::string field{};  // of Header: only in fields of that name; empty: in any
    std::string text{};
};

struct SearchFinds {
    // These match; ascending.
    std::vector<Seq> stored;
    // Of the messages stored up to here (and of those alone) every other one does not match, but
    // for `scanToo`.
    Seq covers;
    // Too long to be in the index as a whole, or not readable when it was made: may match as well;
    // ascending.
    std::vector<Seq> scanToo;
};

// How far one account's index is.
struct SearchShelfState {
    AccountId account;
    std::uint64_t messages = 0;
    std::uint64_t textOctets = 0;
    std::uint64_t fileOctets = 0;
};

struct SearchIndexState {
    Seq covers;
    std::vector<SearchShelfState> accounts;
};

// What the index is given of a message.
struct SearchText {
    Seq stored;
    std::string header{};
    std::string body{};
    bool whole = true;     // false: there is more than that
    bool readable = true;  // false: damaged
};

class SearchIndex {
public:
    // `directory`: the data directory. Begins anew where what is there is of another journal, of
    // another version, ahead of the journal, or damaged. Throws std::runtime_error if the folder
    // cannot be written.
    SearchIndex(const std::filesystem::path& directory, const Journal& journal, const Log& log);
    ~SearchIndex();
    SearchIndex(const SearchIndex&) = delete;
    SearchIndex& operator=(const SearchIndex&) = delete;

    // `account`: whose mailbox it is. Nothing: the index cannot help, every message has to be
    // looked at.
    std::optional<SearchFinds> find(AccountId account, const SearchNeedle& needle) const;

    // Messages that were stored up to here are decided by find().
    Seq covers() const;

    // Of the accounts as it was when the keeper settled last; `covers` as it is now.
    SearchIndexState state() const;

    // What follows is for the keeper.

    // Puts the account's messages in (those that it has already are passed over) and notes that it
    // has all up to `upTo`, where a commit of the journal ended. One transaction.
    void add(AccountId account, std::span<const SearchText> messages, Seq upTo);
    // Every account has all up to `upTo`.
    void advance(Seq upTo);
    // Takes messages out, so that no octet of them stays in the files.
    void forget(AccountId account, std::span<const Seq> stored);
    // Makes durable how far it is: what a power cut leaves of the files is never less than that.
    void settle();
    // A file was found missing or unusable: begin anew.
    bool isLost() const;
    void beginAnew();
    // Ends the questions that are being answered: with nothing.
    void stop();

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
