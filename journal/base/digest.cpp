#include "journal/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "journal/base/assert.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

// Fetching costs more than hashing 1 KB, so it is done once.
const EVP_MD* algorithm() {
    static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return fetched;
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    DAYBOOK_ASSERT(context_ != nullptr && algorithm() != nullptr);
    DAYBOOK_ASSERT(EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) == 1);
}

Sha256::~Sha256() = default;

Sha256& Sha256::add(std::span<const std::byte> octets) {
    DAYBOOK_ASSERT(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1);
    return *this;
}

Sha256& Sha256::add(std::string_view octets) { return add(asBytes(octets)); }

Hash256 Sha256::finish() {
    Hash256 hash{};
    unsigned length = 0;
    auto* out = reinterpret_cast<unsigned char*>(hash.data());
    DAYBOOK_ASSERT(EVP_DigestFinal_ex(context_.get(), out, &length) == 1 && length == hash.size());
    DAYBOOK_ASSERT(EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr) == 1);
    return hash;
}

Hash256 sha256(std::span<const std::byte> octets) {
    thread_local Sha256 reused;
    return reused.add(octets).finish();
}

Hash256 hmacSha256(std::span<const std::byte> key, std::span<const std::byte> octets) {
    Hash256 hash{};
    unsigned length = 0;
    const unsigned char* done = HMAC(
        EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(octets.data()),
        octets.size(),
        reinterpret_cast<unsigned char*>(hash.data()),
        &length);
    DAYBOOK_ASSERT(done != nullptr && length == hash.size());
    return hash;
}

bool sameSecret(std::span<const std::byte> a, std::span<const std::byte> b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace daybook
