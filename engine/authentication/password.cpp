#include "engine/authentication/password.h"

#include <array>
#include <cstdlib>
#include <gsasl.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/hmac.h>
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

const EVP_MD* digestOf(ScramHash hash) {
    return hash == ScramHash::Sha1 ? EVP_sha1() : EVP_sha256();
}

// Hi(str, salt, i) is PBKDF2 with HMAC. RFC 5802 §2.2.
std::string saltedPassword(
    std::string_view password, const ScramVerifier& verifier, ScramHash hash) {
    const std::string text = prepared(password);
    std::string result(static_cast<std::size_t>(EVP_MD_get_size(digestOf(hash))), '\0');
    const int done = PKCS5_PBKDF2_HMAC(
        text.data(),
        static_cast<int>(text.size()),
        reinterpret_cast<const unsigned char*>(verifier.salt.data()),
        static_cast<int>(verifier.salt.size()),
        static_cast<int>(verifier.iterations),
        digestOf(hash),
        static_cast<int>(result.size()),
        reinterpret_cast<unsigned char*>(result.data()));
    if (done != 1) throw std::runtime_error("OpenSSL cannot derive a key");
    return result;
}

std::string hmac(std::string_view key, std::string_view octets, ScramHash hash) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> code{};
    unsigned count = 0;
    const unsigned char* const made = HMAC(
        digestOf(hash),
        key.data(),
        static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(octets.data()),
        octets.size(),
        code.data(),
        &count);
    if (made == nullptr) throw std::runtime_error("OpenSSL cannot make an HMAC");
    return {reinterpret_cast<const char*>(code.data()), count};
}

// StoredKey := H(ClientKey). RFC 5802 §3.
std::string storedKeyOf(std::string_view salted, ScramHash hash) {
    const std::string clientKey = hmac(salted, "Client Key", hash);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned count = 0;
    const int done = EVP_Digest(
        clientKey.data(), clientKey.size(), digest.data(), &count, digestOf(hash), nullptr);
    if (done != 1) throw std::runtime_error("OpenSSL cannot make a digest");
    return {reinterpret_cast<const char*>(digest.data()), count};
}

}  // namespace

ScramVerifier makeVerifier(std::string_view password, Random& random, ScramHash hash) {
    std::array<std::byte, kSaltOctets> salt{};
    random.fill(salt);
    ScramVerifier verifier{
        .salt = std::string(asText(salt)),
        .iterations = kScramIterations,
    };
    const std::string salted = saltedPassword(password, verifier, hash);
    verifier.storedKey = storedKeyOf(salted, hash);
    verifier.serverKey = hmac(salted, "Server Key", hash);
    return verifier;
}

bool matches(const ScramVerifier& verifier, std::string_view password) {
    const std::string salted = saltedPassword(password, verifier, ScramHash::Sha256);
    // HMAC fills short keys up with NULs: "secret" and "secret\0" derive the same.
    const bool hasNul = password.find('\0') != std::string_view::npos;
    const std::string stored = storedKeyOf(salted, ScramHash::Sha256);
    return sameSecret(asBytes(stored), asBytes(verifier.storedKey)) && !hasNul;
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
