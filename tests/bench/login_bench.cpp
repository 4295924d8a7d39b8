// login_bench.cpp
//
// Logins a second: by password (derived on a worker; remembered) and by SCRAM-SHA-256, where the
// client's few hashes are in the figure but not its key derivation. One worker, one reactor. Prints
// JSON lines.
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>

#include "tests/engine/authentication/login_fixture.h"
#include "tests/engine/authentication/scram_client.h"

using namespace daybook;
using namespace daybook::test;

namespace {

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

bool scram(LoginPeer& peer, const ClientFacts& facts) {
    ScramClient client("SCRAM-SHA-256", facts);
    const auto exchange = peer.begin("SCRAM-SHA-256");
    const auto first = peer.step(**exchange, client.step(""));
    if (!first) return false;
    const auto last = peer.step(**exchange, client.step(first->challenge));
    return last && last->identity;
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
    const ScramVerifier verifier = fixture.secrets().find(CredentialId(201)).value();
    const ClientFacts facts{
        .login = kLogin, .saltedPassword = saltedPasswordOf(kPassword, verifier)};
    measure("SCRAM-SHA-256", 50 * scale, [&] { return scram(peer, facts); });
    return 0;
}
