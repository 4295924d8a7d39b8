// thread_keys.h
//
// What links a message to its conversation, as numbers that are made once, at arrival: so that the
// scribe joins threads by looking numbers up (RFC 8621 §3: a message id in common, and the same
// subject but for what replies add). Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::mime {

// Of its own Message-ID, the first of its references, and the nearest ones. `references`: oldest
// first. Never 0.
std::vector<std::uint64_t> threadKeys(
    std::string_view messageId, const std::vector<std::string>& references);

// Of the subject (UTF-8) without blanks, case, "Re:", "Fwd:", "[list]".
std::uint64_t subjectKey(std::string_view subject);

}  // namespace daybook::mime
