// login_bench.cpp
//
// Logins a second: by password (derived on a worker; remembered) and by SCRAM-SHA-256, where the
// client's few hashes are in the figure but not its key derivation. One worker, one reactor. Prints
// JSON lines.
#include <array>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <gsasl.h>
#include <memory>
#include <string_view>

#include "journal/base/encoding.h"
#include "tests/engine/authentication/login_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

struct Free {
    void operator()(Gsasl* context) const { gsasl_done(context); }

    void operator()(Gsasl_session* session) const { gsasl_finish(session); }

    void operator()(char* text) const { std::free(text); }
};

using Text = std::unique_ptr<char, Free>;

constexpr const char* kLogin = "alice@example.org";
constexpr const char* kPassword = "pencil";

template <class Login>
void measure(std::string_view name, int count, const Login& login) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) {
        if (login()) continue;
        fmt::print(stderr, "{}: login {} failed\n", name, i);
        std::exit(1);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print(
        "{{\"bench\":\"login\",\"how\":\"{}\",\"logins\":{},\"per_second\":{:.0f},"
        "\"us_each\":{:.1f}}}\n",
        name,
        count,
        count / took.count(),
        took.count() / count * 1e6);
}

// libgsasl's client, given its salted password.
class Client {
public:
    explicit Client(const std::string& saltedPassword) : salted_(saltedPassword) {
        Gsasl* context = nullptr;
        gsasl_init(&context);
        context_.reset(context);
    }

    bool logIn(LoginPeer& peer) {
        Gsasl_session* session = nullptr;
        gsasl_client_start(context_.get(), "SCRAM-SHA-256", &session);
        const std::unique_ptr<Gsasl_session, Free> owned(session);
        gsasl_property_set(session, GSASL_AUTHID, kLogin);
        gsasl_property_set(session, GSASL_SCRAM_SALTED_PASSWORD, salted_.c_str());
        const auto exchange = peer.begin("SCRAM-SHA-256");
        const auto first = peer.step(**exchange, answer(session, ""));
        if (!first) return false;
        const auto last = peer.step(**exchange, answer(session, first->challenge));
        return last && last->identity;
    }

private:
    static std::string answer(Gsasl_session* session, const std::string& challenge) {
        char* output = nullptr;
        std::size_t octets = 0;
        gsasl_step(session, challenge.data(), challenge.size(), &output, &octets);
        const Text owned(output);
        return output == nullptr ? std::string() : std::string(output, octets);
    }

    std::unique_ptr<Gsasl, Free> context_;
    std::string salted_;
};

std::string saltedPasswordOf(const ScramVerifier& verifier) {
    std::array<char, GSASL_HASH_MAX_SIZE> salted{};
    std::array<char, GSASL_HASH_MAX_SIZE> scratch{};
    gsasl_scram_secrets_from_password(
        GSASL_HASH_SHA256,
        kPassword,
        verifier.iterations,
        verifier.salt.data(),
        verifier.salt.size(),
        salted.data(),
        scratch.data(),
        scratch.data(),
        scratch.data());
    return toHex(asBytes(std::string_view(salted.data(), GSASL_HASH_SHA256_SIZE)));
}

}  // namespace

int main(int count, char** arguments) {
    const bool smoke = count > 1 && std::string_view(arguments[1]) == "--smoke";
    const int scale = smoke ? 1 : 100;
    LoginFixture fixture;
    fixture.account(1, kLogin, kPassword);
    LoginPeer peer(fixture);
    measure("password, derived", 2 * scale, [&] {
        fixture.clock().advanceSeconds(300);
        return peer.logIn(kLogin, kPassword).has_value();
    });
    measure("password, remembered", 200 * scale, [&] {
        return peer.logIn(kLogin, kPassword).has_value();
    });
    Client client(saltedPasswordOf(fixture.secrets().find(CredentialId(201)).value()));
    measure("SCRAM-SHA-256", 50 * scale, [&] { return client.logIn(peer); });
    return 0;
}
