#include "protocols/imap/grammar.h"

#include <array>
#include <chrono>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "projections/mailboxes.h"
#include "projections/messages.h"
#include "protocols/imap/utf7.h"

namespace daybook::imap {

namespace {

struct SystemFlag {
    std::string_view name;
    std::uint16_t bit;
};

constexpr std::array<SystemFlag, 5> kSystemFlags{
    SystemFlag{"answered", kAnswered},
    SystemFlag{"flagged", kFlagged},
    SystemFlag{"deleted", kDeleted},
    SystemFlag{"seen", kSeen},
    SystemFlag{"draft", kDraft},
};

// date-month
unsigned monthNamed(std::string_view name) {
    constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
    const std::size_t at = name.size() == 3 ? kMonths.find(lowered(name)) : std::string_view::npos;
    if (at == std::string_view::npos || at % 3 != 0) throw Bad("No such month");
    return static_cast<unsigned>(at / 3 + 1);
}

std::uint64_t digits(std::string_view text, std::uint64_t max) {
    const auto value = parseNumber(text, max);
    if (!value) throw Bad("Malformed date or time");
    return *value;
}

// date-text = date-day "-" date-month "-" date-year
std::int64_t dateText(std::string_view text) {
    const std::size_t first = text.find('-');
    const std::size_t second = text.find('-', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos || first > 2 ||
        text.size() - second != 5) {
        throw Bad("Malformed date");
    }
    const auto day = static_cast<unsigned>(digits(text.substr(0, first), 31));
    const unsigned month = monthNamed(text.substr(first + 1, second - first - 1));
    const auto year = static_cast<std::int64_t>(digits(text.substr(second + 1), 9999));
    const auto number = dayNumber(year, month, day);
    if (!number) throw Bad("No such day");
    return *number;
}

// time = 2DIGIT ":" 2DIGIT ":" 2DIGIT; seconds of the day. A leap second is taken.
std::int64_t timeText(std::string_view text) {
    if (text.size() != 8 || text[2] != ':' || text[5] != ':') throw Bad("Malformed time");
    const std::uint64_t hours = digits(text.substr(0, 2), 23);
    const std::uint64_t minutes = digits(text.substr(3, 2), 59);
    return static_cast<std::int64_t>(hours * 3600 + minutes * 60 + digits(text.substr(6, 2), 60));
}

// zone = ("+" / "-") 4DIGIT; minutes
std::int16_t zoneText(std::string_view text) {
    if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) throw Bad("Malformed zone");
    const auto minutes =
        static_cast<int>(digits(text.substr(1, 2), 23) * 60 + digits(text.substr(3, 2), 59));
    return static_cast<std::int16_t>(text[0] == '-' ? -minutes : minutes);
}

// RFC 9051 §5.1: UTF-8 once the client has said that it speaks it, modified UTF-7 before.
std::string decodedName(std::string wire, const Dialect& dialect) {
    if (dialect.speaksUtf8()) {
        if (!isUtf8(wire)) throw No("CANNOT", "The mailbox name is not in UTF-8");
        return wire;
    }
    std::optional<std::string> name = fromUtf7(wire);
    if (!name) throw No("CANNOT", "The mailbox name is not in modified UTF-7");
    return *std::move(name);
}

}  // namespace

std::optional<std::int64_t> dayNumber(std::int64_t year, unsigned month, unsigned day) {
    const std::chrono::year_month_day date{
        std::chrono::year(static_cast<int>(year)),
        std::chrono::month(month),
        std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count();
}

bool Arguments::optionalSpace() { return lexer_.skip(' '); }

void Arguments::end() {
    if (!lexer_.atEnd()) throw Bad("The command is too long by something at its end");
}

std::string Arguments::word() { return uppered(lexer_.atom()); }

std::vector<std::string> Arguments::words() {
    std::vector<std::string> list;
    lexer_.expect('(');
    do {
        list.push_back(word());
    } while (lexer_.skip(' '));
    lexer_.expect(')');
    return list;
}

// mailbox = "INBOX" / astring
std::string Arguments::mailbox() {
    return canonicalMailboxName(decodedName(lexer_.astring(), dialect_));
}

std::string Arguments::listPattern() { return decodedName(lexer_.listMailbox(), dialect_); }

SequenceSet Arguments::sequenceSet() {
    const auto set = SequenceSet::parse(lexer_.atomWith("*"));
    if (!set) throw Bad("Malformed set of messages");
    return *set;
}

// flag = "\Answered" / "\Flagged" / "\Deleted" / "\Seen" / "\Draft" / flag-keyword
void Arguments::flag(FlagSet& flags) {
    if (!lexer_.skip('\\')) {
        std::string keyword(lexer_.atomWith("]"));
        if (keyword.size() > limits::kKeywordOctetsMax)
            throw No("LIMIT", "The keyword is too long");
        flags.keywords.push_back(std::move(keyword));
        return;
    }
    const std::string name = lowered(lexer_.atom());
    for (const SystemFlag& known : kSystemFlags) {
        if (known.name != name) continue;
        flags.system = static_cast<std::uint16_t>(flags.system | known.bit);
        return;
    }
    throw Bad("No such flag, or one that only the server sets");
}

FlagSet Arguments::flagList() {
    FlagSet flags;
    lexer_.expect('(');
    if (lexer_.skip(')')) return flags;
    do {
        flag(flags);
    } while (lexer_.skip(' '));
    lexer_.expect(')');
    return flags;
}

std::optional<ModSeq> Arguments::optionalUnchangedSince() {
    if (lexer_.peek() != '(') return std::nullopt;
    lexer_.expect('(');
    if (word() != "UNCHANGEDSINCE") throw Bad("Unknown modifier of STORE");
    space();
    const ModSeq since = modSeq();
    lexer_.expect(')');
    space();
    return since;
}

// store-att-flags = (["+" / "-"] "FLAGS" [".SILENT"]) SP (flag-list / (flag *(SP flag)))
FlagChange Arguments::flagChange() {
    FlagChange change;
    if (lexer_.skip('+'))
        change.edit = FlagEdit::Add;
    else if (lexer_.skip('-'))
        change.edit = FlagEdit::Remove;
    const std::string name = word();
    change.silent = name == "FLAGS.SILENT";
    if (!change.silent && name != "FLAGS") throw Bad("Only FLAGS can be stored");
    space();
    if (lexer_.peek() == '(') {
        change.flags = flagList();
        return change;
    }
    do {
        flag(change.flags);
    } while (lexer_.skip(' '));
    return change;
}

// date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE
DateTime Arguments::dateTime() {
    if (lexer_.peek() != '"') throw Bad("A date-time was expected");
    const std::string text = lexer_.string();
    if (text.size() != 26 || text[11] != ' ' || text[20] != ' ') throw Bad("Malformed date-time");
    const std::string_view view = text;
    const std::int64_t day = dateText(trimmed(view.substr(0, 11)));
    const std::int64_t second = timeText(view.substr(12, 8));
    const std::int16_t zone = zoneText(view.substr(21));
    // What nanoseconds in 64 bits cannot hold (before 1678, after 2261) is no time of a message.
    if (day < -106'000 || day > 106'000) throw Bad("The date is out of range");
    const std::int64_t utc = day * 86'400 + second - std::int64_t{zone} * 60;
    return DateTime{.timeNs = utc * kSecondNs, .zoneMinutes = zone};
}

std::int64_t Arguments::date() {
    if (lexer_.peek() == '"') return dateText(lexer_.string());
    return dateText(lexer_.atom());
}

}  // namespace daybook::imap
