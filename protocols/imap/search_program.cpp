#include "protocols/imap/search_program.h"

#include <algorithm>
#include <array>

#include "engine/mime/decoding.h"
#include "journal/base/ascii.h"

namespace daybook::imap {

namespace {

constexpr unsigned kDepthMax = 32;
constexpr std::size_t kKeysMax = 1'000;

struct FlagKey {
    std::string_view name;
    std::uint16_t flag;
};

// Each also as "UN...", but for DRAFT its own negation is UNDRAFT as well.
constexpr std::array<FlagKey, 5> kFlagKeys{
    FlagKey{"ANSWERED", kAnswered},
    FlagKey{"DELETED", kDeleted},
    FlagKey{"DRAFT", kDraft},
    FlagKey{"FLAGGED", kFlagged},
    FlagKey{"SEEN", kSeen},
};

// Charsets whose names the converter is sure to know.
constexpr std::array<std::string_view, 27> kCharsets{
    "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-7",
    "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",  "ISO-8859-15",
    "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253", "WINDOWS-1254",
    "WINDOWS-1257", "KOI8-R",       "KOI8-U",       "ISO-2022-JP",  "SHIFT_JIS",    "EUC-JP",
    "GB18030",      "BIG5",         "EUC-KR"};

class Parser {
public:
    Parser(Arguments& arguments, const SelectedMailbox& mailbox)
        : arguments_(arguments), lexer_(arguments.lexer()), mailbox_(mailbox) {}

    // search-key *(SP search-key), up to the end or a ")".
    SearchKey keys(unsigned depth) {
        SearchKey all{.kind = SearchKind::And};
        do {
            all.children.push_back(key(depth));
        } while (lexer_.skip(' '));
        if (all.children.size() == 1) return std::move(all.children.front());
        std::stable_sort(
            all.children.begin(), all.children.end(), [](const SearchKey& a, const SearchKey& b) {
            return cost(a) < cost(b);
        });
        return all;
    }

    void charset() {
        charset_ = uppered(arguments_.astring());
        const bool known =
            charset_ == "UTF-8" || charset_ == "US-ASCII" ||
            std::find(kCharsets.begin(), kCharsets.end(), charset_) != kCharsets.end();
        if (!known) throw No("BADCHARSET (US-ASCII UTF-8)", "Unknown charset");
    }

private:
    static SearchKind cost(const SearchKey& key) {
        SearchKind most =
            key.kind == SearchKind::And || key.kind == SearchKind::Or || key.kind == SearchKind::Not
                ? SearchKind::All
                : key.kind;
        for (const SearchKey& child : key.children)
            most = std::max(most, cost(child));
        return most;
    }

    SearchKey key(unsigned depth) {
        if (depth > kDepthMax) throw Bad("The search is nested too deeply");
        if (++keys_ > kKeysMax) throw Bad("The search has too many keys");
        if (lexer_.skip('(')) {
            SearchKey inner = keys(depth + 1);
            lexer_.expect(')');
            return inner;
        }
        if (isDigit(lexer_.peek()) || lexer_.peek() == '*') return numbers();
        const std::string name = arguments_.word();
        if (const auto flag = flagKey(name)) return *flag;
        if (const auto compound = compoundKey(name, depth)) return *compound;
        return valueKey(name);
    }

    // "All messages with message sequence numbers corresponding to": kept as UIDs.
    SearchKey numbers() {
        // RFC 9586 §3.1.
        if (arguments_.dialect().uidOnly) {
            throw Bad("UIDREQUIRED", "Message numbers are not allowed once UIDONLY is enabled");
        }
        const SequenceSet set = arguments_.sequenceSet();
        const std::uint32_t count = mailbox_.numbers.count();
        if (set.greatestNumber() > count) throw Bad("There is no message with that number");
        SearchKey result{.kind = SearchKind::Uids};
        for (const Run& run : mailbox_.numbers.runsOfNumbers(set.resolved(count))) {
            result.uids.emplace_back(run.first, run.last);
        }
        return result;
    }

    static std::optional<SearchKey> flagKey(std::string_view name) {
        for (const FlagKey& known : kFlagKeys) {
            if (name == known.name) {
                return SearchKey{.kind = SearchKind::Flag, .flag = known.flag};
            }
            if (name.starts_with("UN") && name.substr(2) == known.name) {
                return SearchKey{.kind = SearchKind::NoFlag, .flag = known.flag};
            }
        }
        return std::nullopt;
    }

    static SearchKey negation(SearchKey key) {
        SearchKey result{.kind = SearchKind::Not};
        result.children.push_back(std::move(key));
        return result;
    }

    std::optional<SearchKey> compoundKey(std::string_view name, unsigned depth) {
        SearchKey recent{.kind = SearchKind::Recent};
        if (name == "ALL") return SearchKey{};
        if (name == "RECENT") return recent;
        if (name == "OLD") return negation(recent);
        if (name == "NEW") {
            SearchKey both{.kind = SearchKind::And};
            both.children.push_back({.kind = SearchKind::NoFlag, .flag = kSeen});
            both.children.push_back(recent);
            return both;
        }
        if (name == "NOT") {
            lexer_.space();
            return negation(key(depth + 1));
        }
        if (name != "OR") return std::nullopt;
        SearchKey either{.kind = SearchKind::Or};
        for (int i = 0; i < 2; ++i) {
            lexer_.space();
            either.children.push_back(key(depth + 1));
        }
        if (cost(either.children[1]) < cost(either.children[0])) {
            std::swap(either.children[0], either.children[1]);
        }
        return either;
    }

    SearchKey valueKey(std::string_view name) {
        lexer_.space();
        SearchKey result;
        const auto is = [&](std::string_view known, SearchKind kind) {
            if (name != known) return false;
            result.kind = kind;
            return true;
        };
        if (is("BEFORE", SearchKind::Before) || is("ON", SearchKind::On) ||
            is("SINCE", SearchKind::Since) || is("SENTBEFORE", SearchKind::SentBefore) ||
            is("SENTON", SearchKind::SentOn) || is("SENTSINCE", SearchKind::SentSince)) {
            result.day = arguments_.date();
        } else if (is("LARGER", SearchKind::Larger) || is("SMALLER", SearchKind::Smaller)) {
            result.number = arguments_.number();
        } else if (
            is("SUBJECT", SearchKind::Subject) || is("BODY", SearchKind::Body) ||
            is("TEXT", SearchKind::Text)) {
            result.text = text();
        } else if (name == "FROM" || name == "TO" || name == "CC" || name == "BCC") {
            result.kind = SearchKind::Header;
            result.field = name;
            result.text = text();
        } else if (is("HEADER", SearchKind::Header)) {
            result.field = arguments_.astring();
            lexer_.space();
            result.text = text();
        } else if (is("KEYWORD", SearchKind::Keyword) || name == "UNKEYWORD") {
            result.kind = SearchKind::Keyword;
            result.field = lexer_.atomWith("]");
            return name == "KEYWORD" ? result : negation(std::move(result));
        } else if (is("UID", SearchKind::Uids)) {
            result.uids = arguments_.sequenceSet().resolved(mailbox_.numbers.lastUid());
        } else if (is("MODSEQ", SearchKind::ModSeq)) {
            result.number = modSeq();
        } else {
            throw Bad("Unknown search key");
        }
        return result;
    }

    // search-modsequence = "MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer.
    // MODSEQs are kept per message, so the entry changes nothing (RFC 7162 §3.1.5).
    std::uint64_t modSeq() {
        if (lexer_.peek() != '"') return arguments_.modSeq().number();
        const std::string entry = lexer_.string();
        if (!startsWithIgnoreCase(entry, "/flags/")) throw Bad("Unknown entry of MODSEQ");
        lexer_.space();
        const std::string type = arguments_.word();
        if (type != "ALL" && type != "PRIV" && type != "SHARED") throw Bad("Unknown entry type");
        lexer_.space();
        return arguments_.modSeq().number();
    }

    std::string text() {
        std::string value = arguments_.astring();
        const bool isUnicode = charset_.empty() || charset_ == "UTF-8";
        if (charset_ == "US-ASCII" && !isAscii(value)) throw Bad("That is not in US-ASCII");
        if (isUnicode && !isUtf8(value)) throw Bad("That is not in UTF-8");
        if (!isUnicode && charset_ != "US-ASCII") value = mime::toUtf8(value, charset_);
        return mime::foldCase(value);
    }

    Arguments& arguments_;
    Lexer& lexer_;
    const SelectedMailbox& mailbox_;
    std::string charset_;
    std::size_t keys_ = 0;
};

}  // namespace

bool SearchKey::uses(SearchKind wanted) const {
    return kind == wanted || std::any_of(children.begin(), children.end(), [wanted](const auto& c) {
        return c.uses(wanted);
    });
}

SearchKey parseSearch(Arguments& arguments, const SelectedMailbox& mailbox) {
    Parser parser(arguments, mailbox);
    if (startsWithIgnoreCase(arguments.lexer().rest(), "CHARSET ")) {
        arguments.word();
        arguments.space();
        parser.charset();
        arguments.space();
    }
    SearchKey program = parser.keys(0);
    arguments.end();
    return program;
}

void resolveKeywords(SearchKey& key, const Snapshot& views, AccountId account) {
    for (SearchKey& child : key.children)
        resolveKeywords(child, views, account);
    if (key.kind != SearchKind::Keyword) return;
    const auto found = views.accounts().findKeyword(account, key.field);
    if (found)
        key.keyword = *found;
    else
        key.kind = SearchKind::None;
}

const NumberRanges* candidates(const SearchKey& program) {
    if (program.kind == SearchKind::Uids) return &program.uids;
    if (program.kind != SearchKind::And) return nullptr;
    for (const SearchKey& child : program.children) {
        if (child.kind == SearchKind::Uids) return &child.uids;
    }
    return nullptr;
}

}  // namespace daybook::imap
