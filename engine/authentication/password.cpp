#include "engine/authentication/password.h"

#include <array>
#include <cstdlib>
#include <gsasl.h>
#include <memory>
#include <openssl/evp.h>
#include <stdexcept>

#include "journal/base/digest.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr std::size_t kSaltOctets = 16;
// Letters and digits that nobody confuses, whatever the font: 27, so 20 of them are 95 bits.
constexpr std::string_view kAlphabet = "abcdefghjkmnpqrtuvwxy346789";
constexpr std::size_t kMadeUpLetters = 20;
constexpr std::size_t kMadeUpGroup = 5;

// SASLprep (RFC 4013). Clients prepare what their users type as a query, with unassigned code
// points allowed: the same is done here for both, so that both come to the same octets.
std::string prepared(std::string_view password) {
    char* result = nullptr;
    std::string text(password);
    const int status = gsasl_saslprep(text.c_str(), GSASL_ALLOW_UNASSIGNED, &result, nullptr);
    const std::unique_ptr<char, decltype(&std::free)> owned(result, &std::free);
    if (status != GSASL_OK || text.find('\0') != std::string::npos) return text;
    return std::string(result);
}

// Hi(str, salt, i) is PBKDF2 with HMAC. RFC 5802 §2.2.
Hash256 saltedPassword(std::string_view password, std::string_view salt, std::uint32_t iterations) {
    const std::string text = prepared(password);
    Hash256 result{};
    const int done = PKCS5_PBKDF2_HMAC(
        text.data(),
        static_cast<int>(text.size()),
        reinterpret_cast<const unsigned char*>(salt.data()),
        static_cast<int>(salt.size()),
        static_cast<int>(iterations),
        EVP_sha256(),
        static_cast<int>(result.size()),
        reinterpret_cast<unsigned char*>(result.data()));
    if (done != 1) throw std::runtime_error("OpenSSL cannot derive a key");
    return result;
}

// StoredKey := H(ClientKey). RFC 5802 §3.
Hash256 storedKeyOf(const Hash256& salted) {
    const Hash256 clientKey = hmacSha256(salted, asBytes("Client Key"));
    return sha256(clientKey);
}

}  // namespace

ScramVerifier makeVerifier(std::string_view password, Random& random) {
    std::array<std::byte, kSaltOctets> salt{};
    random.fill(salt);
    ScramVerifier verifier{
        .salt = std::string(asText(salt)),
        .iterations = kScramIterations,
    };
    const Hash256 salted = saltedPassword(password, verifier.salt, verifier.iterations);
    const Hash256 serverKey = hmacSha256(salted, asBytes("Server Key"));
    verifier.storedKey = asText(storedKeyOf(salted));
    verifier.serverKey = asText(serverKey);
    return verifier;
}

bool matches(const ScramVerifier& verifier, std::string_view password) {
    const Hash256 salted = saltedPassword(password, verifier.salt, verifier.iterations);
    // HMAC fills short keys up with NULs: "secret" and "secret\0" derive the same.
    const bool hasNul = password.find('\0') != std::string_view::npos;
    return sameSecret(storedKeyOf(salted), asBytes(verifier.storedKey)) && !hasNul;
}

std::string makeUpPassword(Random& random) {
    // What is above the greatest multiple of the alphabet is drawn again, so that none is favoured.
    constexpr std::size_t kFair = 256 - 256 % kAlphabet.size();
    std::string password;
    for (std::size_t letters = 0; letters < kMadeUpLetters;) {
        std::array<std::byte, 1> octet{};
        random.fill(octet);
        const auto number = std::to_integer<std::size_t>(octet[0]);
        if (number >= kFair) continue;
        if (letters > 0 && letters % kMadeUpGroup == 0) password += '-';
        password += kAlphabet[number % kAlphabet.size()];
        ++letters;
    }
    return password;
}

}  // namespace daybook
