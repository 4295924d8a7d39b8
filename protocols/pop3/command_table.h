// command_table.h
//
// Every POP3 command, one row each, and what CAPA says. Constant; any thread.
#pragma once

#include <string>
#include <string_view>

#include "engine/runtime/task.h"
#include "protocols/pop3/dialogue.h"

namespace daybook::pop3 {

using States = unsigned;

inline constexpr States kAuthorization = 1;
inline constexpr States kTransaction = 2;

enum class Arguments { None, Some, Any };

struct CommandRow {
    std::string_view verb;
    States states;
    Arguments arguments;
    Task<Reply> (Dialogue::*handler)(std::string_view arguments);
    std::string_view rfc;
};

// By verb, any case; nullptr: there is none.
const CommandRow* findCommand(std::string_view verb);

// The lines of CAPA as they are now, each with CRLF. RFC 2449 §6.
std::string capabilities(Dialogue& dialogue);

}  // namespace daybook::pop3
