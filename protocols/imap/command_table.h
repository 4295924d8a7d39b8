// command_table.h
//
// Every command: its name, the states in which it may be given, what the session loop must know of
// it, its handler, and where it is specified. The one list (capabilities.cpp has the extensions').
// Constant; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "protocols/imap/session.h"

namespace daybook::imap {

// States, as bits: RFC 3501 §3.
inline constexpr std::uint8_t kNotAuthenticated = 1;
inline constexpr std::uint8_t kAuthenticated = 2;
inline constexpr std::uint8_t kSelected = 4;
inline constexpr std::uint8_t kLoggedIn = kAuthenticated | kSelected;
inline constexpr std::uint8_t kAnyState = kNotAuthenticated | kLoggedIn;

// The command speaks of message numbers: no EXPUNGE before its tagged line (RFC 3501 §7.4.1).
inline constexpr std::uint8_t kUsesNumbers = 1;
// The handler has told everything itself, or there is nobody to be told.
inline constexpr std::uint8_t kTellsNothing = 2;
// Looks for what is new: whatever was acknowledged before, by whichever protocol, must be seen.
inline constexpr std::uint8_t kLooksAnew = 4;

// Its arguments are message numbers: not with UIDONLY (RFC 9586 §3.2).
inline constexpr std::uint8_t kTakesNumbers = 8;

using Handler = Task<Reply> (Session::*)(Arguments&);

struct CommandRow {
    std::string_view name;  // "UID FETCH": two words
    std::uint8_t states;
    std::uint8_t flags;
    Handler handler;
    std::string_view specification;
};

std::span<const CommandRow> commandTable();
// Any case; nullptr: there is none.
const CommandRow* findCommand(std::string_view name);

}  // namespace daybook::imap
