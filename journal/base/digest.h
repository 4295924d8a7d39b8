// digest.h
//
// SHA-256 and HMAC-SHA-256 over OpenSSL, the algorithm fetched once per thread. The one door to
// OpenSSL's digests. Thread: any; a Sha256 belongs to one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

struct evp_md_ctx_st;

namespace daybook {

using Hash256 = std::array<std::byte, 32>;

class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    Sha256& add(std::span<const std::byte> octets);
    Sha256& add(std::string_view octets);

    // Returns the digest and begins anew.
    Hash256 finish();

private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };

    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

Hash256 sha256(std::span<const std::byte> octets);
Hash256 hmacSha256(std::span<const std::byte> key, std::span<const std::byte> octets);

// Compares in constant time.
bool sameSecret(std::span<const std::byte> a, std::span<const std::byte> b);

}  // namespace daybook
