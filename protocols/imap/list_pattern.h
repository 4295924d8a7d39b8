// list_pattern.h
//
// The pattern of LIST and LSUB: "*" stands for anything, "%" for anything within a level
// (RFC 3501 §6.3.8). INBOX matches in any case. Takes no more than name times pattern steps,
// whatever a client writes. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace daybook::imap {

class ListPattern {
public:
    // Throws Bad when it is longer than any name with its wildcards could be.
    explicit ListPattern(std::string_view pattern);

    bool matches(std::string_view name) const;

private:
    std::string pattern_;
    std::string inboxPattern_;  // in capitals
};

}  // namespace daybook::imap
