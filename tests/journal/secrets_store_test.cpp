#include "journal/secrets_store.h"

#include <catch2/catch.hpp>

#include "tests/support/temporary_folder.h"

using namespace daybook;
using namespace std::string_literals;

TEST_CASE("secrets: what was put is there after a reopen, what was erased is not", "[secrets]") {
    const test::TemporaryFolder folder;
    const ScramVerifier verifier{
        .salt = "s\0lt"s,
        .iterations = 15'000,
        .storedKey = std::string(32, '\x01'),
        .serverKey = std::string(32, '\x02'),
    };
    {
        SecretsStore store(folder.path());
        CHECK_FALSE(store.find(CredentialId(7)));
        store.erase(CredentialId(7));
        store.put(CredentialId(7), verifier);
        store.put(CredentialId(UINT64_MAX), verifier);
    }
    SecretsStore store(folder.path());
    const auto found = store.find(CredentialId(7));
    REQUIRE(found);
    CHECK(found->salt == verifier.salt);
    CHECK(found->iterations == verifier.iterations);
    CHECK(found->storedKey == verifier.storedKey);
    CHECK(found->serverKey == verifier.serverKey);
    store.erase(CredentialId(7));
    CHECK_FALSE(store.find(CredentialId(7)));
    CHECK(store.ids() == std::vector{CredentialId(UINT64_MAX)});
    const auto mode = std::filesystem::status(folder.path() / "secrets").permissions();
    CHECK(mode == std::filesystem::perms::owner_all);
}
