// scram_client.h
//
// SCRAM as a client speaks it, by libgsasl. One thread.
#pragma once

#include <array>
#include <cstdlib>
#include <gsasl.h>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "journal/base/encoding.h"
#include "journal/secrets_store.h"

namespace daybook::test {

struct ClientFacts {
    std::string login;
    std::string password;
    std::string authorization;
    std::optional<std::string> binding;
    // Instead of the password: what is derived from it, in hexadecimal (saltedPasswordOf()).
    std::string saltedPassword;
};

class ScramClient {
public:
    ScramClient(const char* mechanism, const ClientFacts& facts) {
        Gsasl* context = nullptr;
        check(gsasl_init(&context));
        context_.reset(context);
        Gsasl_session* session = nullptr;
        check(gsasl_client_start(context, mechanism, &session));
        session_.reset(session);
        set(GSASL_AUTHID, facts.login);
        set(GSASL_PASSWORD, facts.password);
        set(GSASL_AUTHZID, facts.authorization);
        set(GSASL_SCRAM_SALTED_PASSWORD, facts.saltedPassword);
        if (facts.binding) set(GSASL_CB_TLS_EXPORTER, toBase64(*facts.binding));
    }

    std::string step(std::string_view challenge) {
        char* output = nullptr;
        std::size_t octets = 0;
        status_ = gsasl_step(session_.get(), challenge.data(), challenge.size(), &output, &octets);
        const std::unique_ptr<char, Free> owned(output);
        return output == nullptr ? std::string() : std::string(output, octets);
    }

    // True: the server proved that it knows the password too.
    bool isDone() const { return status_ == GSASL_OK; }

private:
    struct Free {
        void operator()(Gsasl* context) const { gsasl_done(context); }

        void operator()(Gsasl_session* session) const { gsasl_finish(session); }

        void operator()(char* text) const { std::free(text); }
    };

    static void check(int status) {
        if (status != GSASL_OK) throw std::runtime_error(gsasl_strerror(status));
    }

    void set(Gsasl_property property, const std::string& value) {
        if (!value.empty()) check(gsasl_property_set(session_.get(), property, value.c_str()));
    }

    std::unique_ptr<Gsasl, Free> context_;
    std::unique_ptr<Gsasl_session, Free> session_;
    int status_ = GSASL_NEEDS_MORE;
};

// What a client may keep instead of the password.
inline std::string saltedPasswordOf(const std::string& password, const ScramVerifier& verifier) {
    std::array<char, GSASL_HASH_MAX_SIZE> salted{};
    std::array<char, GSASL_HASH_MAX_SIZE> other{};
    gsasl_scram_secrets_from_password(
        GSASL_HASH_SHA256,
        password.c_str(),
        verifier.iterations,
        verifier.salt.data(),
        verifier.salt.size(),
        salted.data(),
        other.data(),
        other.data(),
        other.data());
    return toHex(asBytes(std::string_view(salted.data(), GSASL_HASH_SHA256_SIZE)));
}

}  // namespace daybook::test
