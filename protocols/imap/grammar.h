// grammar.h
//
// Arguments: what follows a command's name, one function per grammar rule of RFC 3501 §9 and its
// extensions. Functions are called in the order of the grammar and take their separators where
// they say so; end() after the last. Throws Bad and No. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/scribe/command.h"
#include "protocols/imap/dialect.h"
#include "protocols/imap/lexer.h"
#include "protocols/imap/sequence_set.h"

namespace daybook::imap {

// STORE's store-att-flags.
struct FlagChange {
    FlagEdit edit = FlagEdit::Replace;
    bool silent = false;
    FlagSet flags;
};

// A date-time of APPEND.
struct DateTime {
    TimeNs timeNs = 0;
    std::int16_t zoneMinutes = 0;
};

// A literal of APPEND that is still to be read.
struct AnnouncedLiteral {
    std::uint64_t octets = 0;
    bool synchronizing = true;
    bool binary = false;  // literal8: may hold NULs (RFC 3516 §7)
};

class Arguments {
public:
    // `text`: from after the command's name; outlives the object.
    Arguments(std::string_view text, bool byUid, Dialect dialect = {})
        : lexer_(text, dialect.speaksUtf8()), byUid_(byUid), dialect_(dialect) {}

    const Dialect& dialect() const { return dialect_; }

    // True: the command's name began with UID.
    bool byUid() const { return byUid_; }

    Lexer& lexer() { return lexer_; }

    void space() { lexer_.space(); }

    // SP, or nothing at the end.
    bool optionalSpace();
    // Throws Bad if something is left.
    void end();

    std::string astring() { return lexer_.astring(); }

    // An atom, in capitals.
    std::string word();
    // Takes "name" SP "(" ... as in "(CONDSTORE)": the words of a parenthesized list of atoms.
    std::vector<std::string> words();

    // A mailbox in UTF-8, INBOX in its one spelling. Throws No [CANNOT] for what is no UTF-7.
    std::string mailbox();
    // Of LIST and LSUB: UTF-8 with wildcards.
    std::string listPattern();
    SequenceSet sequenceSet();

    // flag-list = "(" [flag *(SP flag)] ")"
    FlagSet flagList();
    // [SP "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")"], RFC 7162 §3.1.3
    std::optional<ModSeq> optionalUnchangedSince();
    // store-att-flags
    FlagChange flagChange();
    // date-time, quoted
    DateTime dateTime();
    // date = date-text / DQUOTE date-text DQUOTE; days since 1970-01-01
    std::int64_t date();

    std::uint32_t number() { return static_cast<std::uint32_t>(lexer_.number(UINT32_MAX)); }

    // mod-sequence-valzer: 63 bits
    ModSeq modSeq() { return ModSeq(lexer_.number(INT64_MAX)); }

private:
    void flag(FlagSet& flags);

    Lexer lexer_;
    bool byUid_;
    Dialect dialect_;
};

// Days since 1970-01-01 of a date in the Gregorian calendar; nothing if there is no such day.
std::optional<std::int64_t> dayNumber(std::int64_t year, unsigned month, unsigned day);

}  // namespace daybook::imap
