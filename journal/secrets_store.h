// secrets_store.h
//
// Verifiers and private keys by id, in an LMDB environment of their own, `secrets/`, mode 0700:
// what must never be in an event. A secret is written and synced here under a new id before the
// event that names it; after CredentialRevoked it is deleted. An id without a CredentialSet in
// force authenticates nobody (the directory sees to that). Thread: any.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal/base/ids.h"
#include "journal/lmdb.h"

namespace daybook {

// RFC 5802 §3, with SHA-256 (RFC 7677).
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

    // Durable when it returns.
    void put(CredentialId id, const ScramVerifier& verifier);
    std::optional<ScramVerifier> find(CredentialId id) const;
    void erase(CredentialId id);
    std::vector<CredentialId> ids() const;

private:
    std::unique_ptr<lmdb::Environment> environment_;
    lmdb::Table verifiers_;
};

}  // namespace daybook
