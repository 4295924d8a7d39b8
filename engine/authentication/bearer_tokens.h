// bearer_tokens.h
//
// JSON Web Tokens (RFC 7519) of one issuer: signature (RS256 and ES256 of RFC 7518, by the kind of
// the key that is configured; nothing else, so "none" neither), issuer, audience, times. Nobody is
// asked: what the issuer revokes is good until it expires. Thread: any.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "engine/authentication/authenticator.h"
#include "journal/base/clock.h"

struct evp_pkey_st;

namespace daybook {

class BearerTokens {
public:
    // Throws std::runtime_error with the file and what is wrong with it.
    explicit BearerTokens(OauthSettings settings);

    // The value of the account claim; or why the token is not taken, for the operator's log.
    std::expected<std::string, std::string> check(std::string_view token, TimeNs now) const;

private:
    struct Free {
        void operator()(evp_pkey_st* key) const;
    };

    bool isSigned(std::string_view input, std::string_view signature) const;

    OauthSettings settings_;
    std::unique_ptr<evp_pkey_st, Free> key_;
    bool isRsa_ = false;
};

}  // namespace daybook
