// password.h
//
// Passwords and their verifiers: PBKDF2 with HMAC as SCRAM has it (RFC 5802 §3, RFC 7677), with
// SHA-256 and, for SCRAM-SHA-1 alone, with SHA-1. Slow by design (milliseconds): on a worker, never
// on a reactor or the scribe. Pure.
#pragma once

#include <string>
#include <string_view>

#include "journal/base/random.h"
#include "journal/secrets_store.h"

namespace daybook {

inline constexpr std::uint32_t kScramIterations = 10'000;

enum class ScramHash { Sha256, Sha1 };

// Prepared by SASLprep (RFC 4013) where that is possible, else as it is.
ScramVerifier makeVerifier(
    std::string_view password, Random& random, ScramHash hash = ScramHash::Sha256);
// `verifier` is one with SHA-256.
bool matches(const ScramVerifier& verifier, std::string_view password);
// 20 letters and digits without look-alikes, in groups: about 95 bits.
std::string makeUpPassword(Random& random);

}  // namespace daybook
