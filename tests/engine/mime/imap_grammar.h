// imap_grammar.h
//
// A strict reader of ENVELOPE, BODY and BODYSTRUCTURE, written from the grammar of RFC 9051 §9 and
// not from the code that writes them: what a client with no mercy would take. 8-bit octets only in
// literals, NUL never, every optional extension field present in BODYSTRUCTURE and none in BODY.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::test {

class GrammarError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct BodyNode {
    enum class Kind { Leaf, Multipart, Message };

    Kind kind = Kind::Leaf;
    std::string type;
    std::string subtype;
    std::uint64_t octets = 0;
    std::int64_t lines = -1;  // -1: has none
};

enum class BodyForm { Plain, Extended };

// Throw GrammarError, with the position.
void readEnvelope(std::string_view text);
// In depth-first order, as summary.capnp has the parts.
std::vector<BodyNode> readBody(std::string_view text, BodyForm form);

}  // namespace daybook::test
