// secrets_store.h
//
// Verifiers and private keys by id, in an LMDB environment of their own, `secrets/`, mode 0700:
// what must never be in an event. A secret is written and synced here under a new id before the
// event that names it; after CredentialRevoked it is deleted. An id without a CredentialSet in
// force authenticates nobody (the directory sees to that). The private keys that domains sign with
// are kept in the same way, in a table of their own, under the ids that DkimKeyRotated names.
// Thread: any.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/ids.h"
#include "journal/lmdb.h"

namespace daybook {

// RFC 5802 §3, with SHA-256 (RFC 7677) or SHA-1.
struct ScramVerifier {
    std::string salt;
    std::uint32_t iterations = 0;
    std::string storedKey;
    std::string serverKey;
};

class SecretsStore {
public:
    explicit SecretsStore(const std::filesystem::path& directory);
    ~SecretsStore();

    // Durable when it returns. `verifier`: with SHA-256; `sha1`: the same password's with SHA-1.
    void put(
        CredentialId id,
        const ScramVerifier& verifier,
        const std::optional<ScramVerifier>& sha1 = std::nullopt);
    std::optional<ScramVerifier> find(CredentialId id) const;
    // Nothing: there is none, as for passwords that were set before there were any.
    std::optional<ScramVerifier> findSha1(CredentialId id) const;
    void erase(CredentialId id);
    std::vector<CredentialId> ids() const;

    // A private key, PKCS#8 in PEM. Durable when they return.
    void putSigningKey(CredentialId id, std::string_view privateKey);
    std::optional<std::string> findSigningKey(CredentialId id) const;
    void eraseSigningKey(CredentialId id);
    std::vector<CredentialId> signingKeyIds() const;

private:
    std::unique_ptr<lmdb::Environment> environment_;
    std::optional<ScramVerifier> findIn(lmdb::Table table, CredentialId id) const;

    lmdb::Table verifiers_;
    lmdb::Table signingKeys_;
    lmdb::Table sha1Verifiers_;
};

}  // namespace daybook
