// search_program.h
//
// SEARCH's keys (RFC 3501 §6.4.4, MODSEQ of RFC 7162 §3.1.5) as a tree, and whether a message
// matches it. Cheap keys are asked first: flags and dates, then the summary, then the message's
// octets. Strings are UTF-8, folded. Throws Bad and No. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/search/search_index.h"
#include "protocols/imap/grammar.h"
#include "protocols/imap/message_octets.h"
#include "protocols/imap/selected_mailbox.h"

namespace daybook::imap {

// In order of what asking costs.
enum class SearchKind {
    All,
    None,
    Uids,
    Flag,
    NoFlag,
    Recent,
    Keyword,
    Larger,
    Smaller,
    Before,
    On,
    Since,
    ModSeq,
    SentBefore,
    SentOn,
    SentSince,
    Subject,
    Header,
    Body,
    Text,
    Not,
    Or,
    And,
};

struct SearchKey {
    SearchKind kind = SearchKind::All;
    std::vector<SearchKey> children;  // And: all; Or: two; Not: one
    NumberRanges uids;
    std::uint16_t flag = 0;
    std::string field;         // of Header, as written; of Keyword its name
    std::string text;          // folded
    std::int64_t day = 0;      // since 1970
    std::uint64_t number = 0;  // octets, or MODSEQ
    KeywordId keyword;         // set by resolveKeywords()
    // Of Body, Text and Header: what the index has to say of it.
    std::optional<SearchFinds> finds;

    bool uses(SearchKind wanted) const;

    // Reads bodies: an access (DESIGN 3.4).
    bool readsBodies() const { return uses(SearchKind::Body) || uses(SearchKind::Text); }
};

// search-program = ["CHARSET" SP astring SP] search-key *(SP search-key), from after SEARCH's SP.
SearchKey parseSearch(Arguments& arguments, const SelectedMailbox& mailbox);

// Keywords by name become numbers; unknown ones match nothing.
void resolveKeywords(SearchKey& key, const Snapshot& views, AccountId account);

// The UIDs that a top-level key names, if there is one: nobody else needs to be looked at.
const NumberRanges* candidates(const SearchKey& program);

// The keys within it that the index may answer; they live as long as the program.
std::vector<SearchKey*> keysForIndex(SearchKey& program);
// What such a key asks the index.
SearchNeedle needleOf(const SearchKey& key);

class SearchMatcher {
public:
    SearchMatcher(const SelectedMailbox& mailbox, const ContentLog& content)
        : mailbox_(mailbox), content_(content) {}

    // Throws ContentDamaged.
    bool matches(const SearchKey& program, const Snapshot& views, const MessageRow& row);

    // Octets that the last matches() read for the sake of a body.
    std::uint64_t octetsRead() const { return octetsRead_; }

    // Something was said of its body in the last matches(): by reading it, or by the index.
    bool bodyWasAsked() const { return bodyWasAsked_; }

private:
    bool ask(const SearchKey& key, const MessageRow& row);
    bool askDate(const SearchKey& key, const MessageRow& row);
    bool askContent(const SearchKey& key, const MessageRow& row);
    bool askHeader(const SearchKey& key, const MessageRow& row);
    const MessageOctets& octets(const MessageRow& row);
    const std::string& header(const MessageRow& row);
    // The message, read once for header and body; empty: erased.
    std::string_view whole(const MessageRow& row);
    bool headerHolds(const MessageRow& row, std::string_view wanted);
    const std::string& bodyText(const MessageRow& row);

    const SelectedMailbox& mailbox_;
    const ContentLog& content_;
    const Snapshot* views_ = nullptr;  // of the message that is asked about
    std::optional<MessageOctets> octets_;
    std::optional<std::string> header_;
    std::optional<std::string> whole_;
    std::optional<std::string> bodyText_;
    std::uint64_t octetsRead_ = 0;
    bool bodyWasAsked_ = false;
};

}  // namespace daybook::imap
