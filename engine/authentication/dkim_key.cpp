#include "engine/authentication/dkim_key.h"

#include <array>
#include <fmt/format.h>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdexcept>

#include "journal/base/encoding.h"
#include "journal/base/freed.h"

namespace daybook {

namespace {

constexpr unsigned kRsaBits = 2048;
constexpr std::size_t kEd25519Octets = 32;
constexpr std::size_t kEd25519SignatureOctets = 64;
constexpr std::size_t kCharacterStringOctetsMax = 255;

using Key = std::unique_ptr<EVP_PKEY, Freed<&::EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<&::EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, Freed<&::BIO_free>>;

void require(bool done, const char* what) {
    if (done) return;
    ::ERR_clear_error();
    throw std::runtime_error(std::string("OpenSSL: ") + what);
}

Key readKey(std::string_view pem) {
    const Memory memory(::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    require(memory != nullptr, "BIO_new_mem_buf");
    Key key(::PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
    require(key != nullptr, "a DKIM private key is damaged: make a new one (daybook dkim rotate)");
    return key;
}

std::string subjectPublicKeyInfo(EVP_PKEY* key) {
    unsigned char* octets = nullptr;
    const int count = ::i2d_PUBKEY(key, &octets);
    require(count > 0, "i2d_PUBKEY");
    std::string der(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(count));
    OPENSSL_free(octets);
    return der;
}

std::string rawPublicKey(EVP_PKEY* key) {
    std::array<unsigned char, kEd25519Octets> octets{};
    std::size_t count = octets.size();
    require(::EVP_PKEY_get_raw_public_key(key, octets.data(), &count) == 1, "raw public key");
    return {reinterpret_cast<const char*>(octets.data()), count};
}

}  // namespace

std::string_view nameOf(DkimAlgorithm algorithm) {
    switch (algorithm) {
        case DkimAlgorithm::RSA_SHA256: return "rsa-sha256";
        case DkimAlgorithm::ED25519_SHA256: return "ed25519-sha256";
    }
    return "unknown";
}

std::string makeDkimPrivateKey(DkimAlgorithm algorithm) {
    const Key key(
        algorithm == DkimAlgorithm::RSA_SHA256 ? EVP_RSA_gen(kRsaBits)
                                               : ::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    require(key != nullptr, "making a DKIM key");
    const Memory memory(::BIO_new(::BIO_s_mem()));
    require(memory != nullptr, "BIO_new");
    const int written = ::PEM_write_bio_PKCS8PrivateKey(
        memory.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    require(written == 1, "PEM_write_bio_PKCS8PrivateKey");
    char* octets = nullptr;
    const long count = BIO_get_mem_data(memory.get(), &octets);
    return {octets, static_cast<std::size_t>(count)};
}

bool isDkimPrivateKey(std::string_view privateKey, DkimAlgorithm algorithm) {
    const Memory memory(::BIO_new_mem_buf(privateKey.data(), static_cast<int>(privateKey.size())));
    require(memory != nullptr, "BIO_new_mem_buf");
    const Key key(::PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
    ::ERR_clear_error();
    const bool isRsa = algorithm == DkimAlgorithm::RSA_SHA256;
    return key != nullptr && ::EVP_PKEY_is_a(key.get(), isRsa ? "RSA" : "ED25519") == 1;
}

std::string signEd25519(std::string_view privateKey, std::string_view octets) {
    const Key key = readKey(privateKey);
    const Context context(::EVP_MD_CTX_new());
    require(context != nullptr, "EVP_MD_CTX_new");
    require(
        ::EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1,
        "this DKIM key does not sign with Ed25519");
    std::string signature(kEd25519SignatureOctets, '\0');
    std::size_t count = signature.size();
    require(
        ::EVP_DigestSign(
            context.get(),
            reinterpret_cast<unsigned char*>(signature.data()),
            &count,
            reinterpret_cast<const unsigned char*>(octets.data()),
            octets.size()) == 1,
        "signing with Ed25519");
    signature.resize(count);
    return signature;
}

std::string dkimPublicKey(std::string_view privateKey) {
    const Key key = readKey(privateKey);
    const bool isEd25519 = ::EVP_PKEY_is_a(key.get(), "ED25519") == 1;
    return isEd25519 ? rawPublicKey(key.get()) : subjectPublicKeyInfo(key.get());
}

std::string dkimRecord(DkimAlgorithm algorithm, std::string_view publicKey) {
    const std::string_view type = algorithm == DkimAlgorithm::RSA_SHA256 ? "rsa" : "ed25519";
    return fmt::format("v=DKIM1; k={}; p={}", type, toBase64(publicKey));
}

std::string dkimRecordName(std::string_view selector, std::string_view domain) {
    return fmt::format("{}._domainkey.{}", selector, domain);
}

std::string zoneFileText(std::string_view value) {
    std::string text;
    for (std::size_t from = 0; from < value.size() || from == 0;
         from += kCharacterStringOctetsMax) {
        if (from > 0) text += ' ';
        text += '"';
        for (const char c : value.substr(from, kCharacterStringOctetsMax)) {
            if (c == '"' || c == '\\') text += '\\';
            text += c;
        }
        text += '"';
    }
    return text;
}

}  // namespace daybook
