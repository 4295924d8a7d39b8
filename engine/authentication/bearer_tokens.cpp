#include "engine/authentication/bearer_tokens.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kTokenOctetsMax = 8'192;
constexpr int kRsaBitsMin = 2'048;
constexpr int kP256Bits = 256;
constexpr std::size_t kP256SignatureOctets = 64;
// Clocks differ.
constexpr std::int64_t kSkewSeconds = 60;

// RFC 7515 §2: base64url without padding.
std::optional<std::string> fromBase64Url(std::string_view text) {
    std::string plain(text);
    if (plain.find_first_of("+/=") != std::string::npos) return std::nullopt;
    std::ranges::replace(plain, '-', '+');
    std::ranges::replace(plain, '_', '/');
    plain.append((4 - plain.size() % 4) % 4, '=');
    return fromBase64(plain);
}

// An object, or discarded.
Json objectIn(std::string_view part) {
    const std::optional<std::string> text = fromBase64Url(part);
    if (!text) return Json(Json::value_t::discarded);
    Json object = Json::parse(*text, nullptr, false);
    return object.is_object() ? object : Json(Json::value_t::discarded);
}

std::string textIn(const Json& object, const std::string& name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// NumericDate of RFC 7519 §2.
std::optional<std::int64_t> secondsIn(const Json& object, const char* name) {
    constexpr double kMax = 253'402'300'799;  // the year 9999
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    return static_cast<std::int64_t>(std::clamp(found->get<double>(), 0.0, kMax));
}

bool names(const Json& object, const std::string& audience) {
    const auto found = object.find("aud");
    if (found == object.end()) return false;
    if (found->is_string()) return found->get<std::string>() == audience;
    if (!found->is_array()) return false;
    return std::ranges::any_of(
        *found, [&](const Json& one) { return one.is_string() && one == audience; });
}

// RFC 7518 §3.4: R and S, 32 octets each; OpenSSL wants them in DER.
std::string derOf(std::string_view signature) {
    const auto* const octets = reinterpret_cast<const unsigned char*>(signature.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(
        ECDSA_SIG_new(), &ECDSA_SIG_free);
    BIGNUM* const r = BN_bin2bn(octets, kP256SignatureOctets / 2, nullptr);
    BIGNUM* const s =
        BN_bin2bn(octets + kP256SignatureOctets / 2, kP256SignatureOctets / 2, nullptr);
    if (!pair || r == nullptr || s == nullptr || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
        throw std::bad_alloc();
    }
    std::string der(static_cast<std::size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)), '\0');
    auto* out = reinterpret_cast<unsigned char*>(der.data());
    i2d_ECDSA_SIG(pair.get(), &out);
    return der;
}

}  // namespace

void BearerTokens::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

BearerTokens::BearerTokens(OauthSettings settings) : settings_(std::move(settings)) {
    std::ifstream file(settings_.publicKey);
    std::stringstream text;
    text << file.rdbuf();
    const std::string pem = text.str();
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
    if (bio) key_.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    const int kind = key_ ? EVP_PKEY_get_base_id(key_.get()) : EVP_PKEY_NONE;
    const int bits = key_ ? EVP_PKEY_get_bits(key_.get()) : 0;
    isRsa_ = kind == EVP_PKEY_RSA && bits >= kRsaBitsMin;
    if (isRsa_ || (kind == EVP_PKEY_EC && bits == kP256Bits)) return;
    throw std::runtime_error(fmt::format(
        "{}: no public key of RSA (2048 bits at least) or P-256 in PEM",
        settings_.publicKey.string()));
}

bool BearerTokens::isSigned(std::string_view input, std::string_view signature) const {
    if (!isRsa_ && signature.size() != kP256SignatureOctets) return false;
    const std::string octets = isRsa_ ? std::string(signature) : derOf(signature);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
        EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (!context) throw std::bad_alloc();
    const bool right =
        EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
        EVP_DigestVerify(
            context.get(),
            reinterpret_cast<const unsigned char*>(octets.data()),
            octets.size(),
            reinterpret_cast<const unsigned char*>(input.data()),
            input.size()) == 1;
    ERR_clear_error();
    return right;
}

// RFC 7519 §7.2, RFC 8725 §3.1 (the algorithm is ours to choose, not the token's).
std::expected<std::string, std::string> BearerTokens::check(
    std::string_view token, TimeNs now) const {
    const std::size_t first = token.find('.');
    const std::size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (token.size() > kTokenOctetsMax || second == std::string_view::npos) {
        return std::unexpected("no JSON Web Token");
    }
    const Json header = objectIn(token.substr(0, first));
    const std::optional<std::string> signature = fromBase64Url(token.substr(second + 1));
    if (header.is_discarded() || !signature) return std::unexpected("malformed token");
    if (textIn(header, "alg") != (isRsa_ ? "RS256" : "ES256")) {
        return std::unexpected("signed with another algorithm than the key's");
    }
    // RFC 7515 §4.1.11: extensions that must be understood; none is.
    if (header.contains("crit")) return std::unexpected("critical extensions");
    if (!isSigned(token.substr(0, second), *signature)) return std::unexpected("wrong signature");

    const Json claims = objectIn(token.substr(first + 1, second - first - 1));
    if (claims.is_discarded()) return std::unexpected("malformed claims");
    const std::int64_t nowSeconds = now / kSecondNs;
    const std::optional<std::int64_t> expires = secondsIn(claims, "exp");
    if (!expires || *expires + kSkewSeconds <= nowSeconds) return std::unexpected("expired");
    if (secondsIn(claims, "nbf").value_or(0) > nowSeconds + kSkewSeconds) {
        return std::unexpected("not valid yet");
    }
    if (textIn(claims, "iss") != settings_.issuer) return std::unexpected("another issuer");
    if (!names(claims, settings_.audience)) return std::unexpected("for another audience");
    std::string account = textIn(claims, settings_.accountClaim);
    if (account.empty()) return std::unexpected("names no account");
    return account;
}

}  // namespace daybook
