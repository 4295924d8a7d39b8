#include "journal/secrets_store.h"

#include <cstring>
#include <fmt/format.h>
#include <stdexcept>
#include <string_view>

#include "journal/base/assert.h"
#include "journal/content_segment.h"

namespace daybook {

namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kMapOctets = std::size_t{1} << 32U;

// version:u32 iterations:u32 3*( octets:u32 *OCTET ), little-endian: salt, stored key, server key.
void put(std::string& out, std::uint32_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::string encode(const ScramVerifier& verifier) {
    std::string octets;
    put(octets, kVersion);
    put(octets, verifier.iterations);
    for (const std::string* field : {&verifier.salt, &verifier.storedKey, &verifier.serverKey}) {
        put(octets, static_cast<std::uint32_t>(field->size()));
        octets += *field;
    }
    return octets;
}

class Fields {
public:
    Fields(std::string_view octets, CredentialId id) : octets_(octets), id_(id) {}

    std::uint32_t number() {
        std::uint32_t number = 0;
        const std::string_view field = take(sizeof number);
        std::memcpy(&number, field.data(), sizeof number);
        return number;
    }

    std::string text() { return std::string(take(number())); }

private:
    std::string_view take(std::size_t count) {
        if (octets_.size() < count)
            throw std::runtime_error(fmt::format(
                "secrets: the verifier of credential {:016x} is damaged: set the password anew",
                id_.number()));
        const std::string_view taken = octets_.substr(0, count);
        octets_.remove_prefix(count);
        return taken;
    }

    std::string_view octets_;
    CredentialId id_;
};

lmdb::Table openTable(lmdb::Environment& environment, const char* name) {
    const std::optional<lmdb::Table> table = environment.openTable(name, true);
    DAYBOOK_ASSERT(table.has_value());
    return *table;
}

std::vector<CredentialId> idsIn(lmdb::Environment& environment, lmdb::Table table) {
    std::vector<CredentialId> ids;
    const lmdb::ReadTransaction txn(environment);
    lmdb::Cursor cursor(txn, table);
    for (bool more = cursor.first(); more; more = cursor.next())
        ids.emplace_back(cursor.number());
    return ids;
}

}  // namespace

SecretsStore::SecretsStore(const fs::path& directory) {
    const fs::path folder = directory / "secrets";
    if (fs::create_directory(folder)) content::syncFolder(directory);
    fs::permissions(folder, fs::perms::owner_all);
    environment_ =
        std::make_unique<lmdb::Environment>(folder, lmdb::Options{.mapOctets = kMapOctets});
    verifiers_ = openTable(*environment_, "verifiers");
    sha1Verifiers_ = openTable(*environment_, "verifiersSha1");
    signingKeys_ = openTable(*environment_, "signingKeys");
    content::syncFolder(folder);
}

SecretsStore::~SecretsStore() = default;

void SecretsStore::put(
    CredentialId id, const ScramVerifier& verifier, const std::optional<ScramVerifier>& sha1) {
    lmdb::WriteTransaction txn(*environment_);
    txn.put(verifiers_, id.number(), encode(verifier));
    if (sha1) txn.put(sha1Verifiers_, id.number(), encode(*sha1));
    txn.commit();
}

std::optional<ScramVerifier> SecretsStore::find(CredentialId id) const {
    return findIn(verifiers_, id);
}

std::optional<ScramVerifier> SecretsStore::findSha1(CredentialId id) const {
    return findIn(sha1Verifiers_, id);
}

std::optional<ScramVerifier> SecretsStore::findIn(lmdb::Table table, CredentialId id) const {
    const lmdb::ReadTransaction txn(*environment_);
    const auto octets = txn.get(table, id.number());
    if (!octets) return std::nullopt;
    Fields fields(*octets, id);
    const std::uint32_t version = fields.number();
    if (version != kVersion)
        throw std::runtime_error(fmt::format(
            "secrets: credential {:016x} has version {}, which this program does not know",
            id.number(),
            version));
    ScramVerifier verifier;
    verifier.iterations = fields.number();
    verifier.salt = fields.text();
    verifier.storedKey = fields.text();
    verifier.serverKey = fields.text();
    return verifier;
}

void SecretsStore::erase(CredentialId id) {
    lmdb::WriteTransaction txn(*environment_);
    const bool one = txn.erase(verifiers_, id.number());
    const bool other = txn.erase(sha1Verifiers_, id.number());
    if (one || other) txn.commit();
}

std::vector<CredentialId> SecretsStore::ids() const { return idsIn(*environment_, verifiers_); }

void SecretsStore::putSigningKey(CredentialId id, std::string_view privateKey) {
    lmdb::WriteTransaction txn(*environment_);
    txn.put(signingKeys_, id.number(), privateKey);
    txn.commit();
}

std::optional<std::string> SecretsStore::findSigningKey(CredentialId id) const {
    const lmdb::ReadTransaction txn(*environment_);
    const auto octets = txn.get(signingKeys_, id.number());
    if (!octets) return std::nullopt;
    return std::string(*octets);
}

void SecretsStore::eraseSigningKey(CredentialId id) {
    lmdb::WriteTransaction txn(*environment_);
    if (txn.erase(signingKeys_, id.number())) txn.commit();
}

std::vector<CredentialId> SecretsStore::signingKeyIds() const {
    return idsIn(*environment_, signingKeys_);
}

}  // namespace daybook
