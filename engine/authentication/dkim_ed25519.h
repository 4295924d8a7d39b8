// dkim_ed25519.h
//
// An Ed25519 DKIM signature (RFC 8463), relaxed/relaxed (RFC 6376 §3.4.2, §3.4.4). Made here and
// not by libopendkim, because version 2.11 keeps some 500 octets of memory for good with each one
// that it makes (LeakSanitizer shows it). For dkim.cpp, which knows what may be signed. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace daybook {

struct Ed25519Signing {
    std::string_view domain;
    std::string_view selector;
    std::string_view privateKey;  // PKCS#8, PEM
    std::uint64_t seconds = 0;    // t=
    // h=: a name once for each of its fields that is signed, and once more where none may be added.
    std::vector<std::string_view> names;
    // The header's fields, without the line end that closes each, in order.
    std::vector<std::string_view> fields;
    std::vector<std::string_view> body;  // its pieces, in order
};

// "DKIM-Signature: ...", folded, with its CRLF. Throws std::runtime_error if the key is none.
std::string ed25519Signature(const Ed25519Signing& signing);

}  // namespace daybook
