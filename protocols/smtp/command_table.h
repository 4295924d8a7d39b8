// command_table.h
//
// Every command of the dialogue, one row each; EHLO's keywords, HELP and "not now" are computed
// from it. Constant; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/task.h"
#include "protocols/smtp/dialogue.h"

namespace daybook::smtp {

// What must hold before a command runs; checked in this order.
using Needs = unsigned;

inline constexpr Needs kHello = 1;           // 503 before EHLO
inline constexpr Needs kAuthentication = 2;  // 530 in the roles that require it
inline constexpr Needs kTransaction = 4;     // 503 before MAIL
inline constexpr Needs kNoTransaction = 8;   // 503 after MAIL
inline constexpr Needs kNoArguments = 16;    // 501 with any
inline constexpr Needs kWhereOffered = 64;   // 500 where the listener offers no AUTH
inline constexpr Needs kTrustedProxy = 128;  // 550 for others than xclient_from
// Octets follow the line, also when it is refused: they are read and thrown away.
inline constexpr Needs kBringsOctets = 32;

struct CommandRow {
    std::string_view verb;
    RoleSet roles;
    Needs needs;
    Task<Reply> (Dialogue::*handler)(std::string_view arguments);
    std::string_view rfc;
};

std::span<const CommandRow> commandTable();

// By verb, any case; nullptr: the role has no such command.
const CommandRow* findCommand(std::string_view verb, const RoleFacts& role);

// EHLO's keywords with their parameters, as they are now.
std::vector<std::string> keywords(Dialogue& dialogue);

}  // namespace daybook::smtp
