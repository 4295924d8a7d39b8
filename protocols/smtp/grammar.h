// grammar.h
//
// The wire grammar of SMTP commands, RFC 5321 §4.1: verbs, paths, parameters. Knows no session and
// no directory. What does not fit is thrown as Reject with its reply. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/smtp/reply.h"

namespace daybook::smtp {

struct CommandLine {
    std::string_view verb;
    std::string_view arguments;  // without the blanks around them
};

// Splits a line. Throws 500 if it holds a bare CR, a bare LF or NUL.
CommandLine parseCommandLine(std::string_view line);

struct Parameter {
    std::string keyword;  // upper case
    std::optional<std::string> value;
};

struct PathAndParameters {
    std::string path;  // without angle brackets and source route; empty: the null path
    std::vector<Parameter> parameters;
};

// What follows MAIL: "FROM:<reverse-path> parameters". Throws 501.
PathAndParameters parseMail(std::string_view arguments);
// What follows RCPT: "TO:<forward-path> parameters". Throws 501. The null path is refused.
PathAndParameters parseRcpt(std::string_view arguments);

struct Chunk {
    std::uint64_t octets = 0;
    bool last = false;
};

// What follows BDAT (RFC 3030 §2): "octets [LAST]". Nothing: malformed.
std::optional<Chunk> parseBdat(std::string_view arguments);

// What follows EHLO, HELO, LHLO: one word. Throws 501.
std::string parseHello(std::string_view arguments);

struct AuthArguments {
    std::string mechanism;
    std::optional<std::string> initialResponse;  // in base64, or "="
};

// What follows AUTH (RFC 4954 §4). Throws 501.
AuthArguments parseAuth(std::string_view arguments);

}  // namespace daybook::smtp
