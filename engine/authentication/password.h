// password.h
//
// Passwords and their verifiers: PBKDF2-HMAC-SHA-256 as SCRAM-SHA-256 has it (RFC 5802 §3,
// RFC 7677). Slow by design (milliseconds): on a worker, never on a reactor or the scribe. Pure.
#pragma once

#include <string>
#include <string_view>

#include "journal/base/random.h"
#include "journal/secrets_store.h"

namespace daybook {

inline constexpr std::uint32_t kScramIterations = 10'000;

// Prepared by SASLprep (RFC 4013) where that is possible, else as it is.
ScramVerifier makeVerifier(std::string_view password, Random& random);
bool matches(const ScramVerifier& verifier, std::string_view password);
// 20 letters and digits without look-alikes, in groups: about 95 bits.
std::string makeUpPassword(Random& random);

}  // namespace daybook
