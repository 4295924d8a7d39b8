// errors.h
//
// How a command ends that cannot go on: what the peer sent makes no sense (Bad), or is understood
// and refused before anything is done (No). Thrown by the grammar and the handlers, caught once, in
// the session loop. RFC 3501 §7.1.2 and §7.1.3.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace daybook::imap {

class Bad : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;

    Bad(std::string code, const std::string& text)
        : std::runtime_error(text), code_(std::move(code)) {}

    // Without brackets; empty: none.
    const std::string& code() const { return code_; }

private:
    std::string code_;
};

class No : public std::runtime_error {
public:
    // `code`: a response code without brackets; empty: none.
    No(std::string code, const std::string& text)
        : std::runtime_error(text), code_(std::move(code)) {}

    const std::string& code() const { return code_; }

private:
    std::string code_;
};

}  // namespace daybook::imap
