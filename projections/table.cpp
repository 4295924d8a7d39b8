#include "projections/table.h"

#include <fmt/format.h>
#include <vector>

#include "journal/base/digest.h"
#include "journal/base/encoding.h"

namespace daybook {

std::string nameKey(std::string_view name) {
    if (name.size() <= kNameKeyOctetsMax) return std::string(name);
    // 432 octets: longer than any name that stands for itself, so the two never meet.
    std::string key(name.substr(0, kNameKeyOctetsMax));
    const Hash256 hash = sha256(asBytes(name));
    key += asText(hash);
    return key;
}

void throwViewDamaged(std::size_t wanted, std::size_t there) {
    throw ViewDamaged(fmt::format(
        "a row of the views is cut short: {} octets wanted, {} there; rebuild them with replay",
        wanted,
        there));
}

RowWriter& RowWriter::text(std::string_view text) {
    // Annexes hold short texts; what is longer was never made by a writer of ours.
    const std::string_view kept = text.substr(0, UINT16_MAX);
    add(static_cast<std::uint16_t>(kept.size()));
    return rest(kept);
}

void erasePrefix(lmdb::WriteTransaction& txn, lmdb::Table table, std::string_view prefix) {
    std::vector<std::string> keys;
    forPrefix(txn, table, prefix, [&](std::string_view key, std::string_view) {
        keys.emplace_back(key);
    });
    for (const std::string& key : keys) {
        txn.erase(table, key);
    }
}

}  // namespace daybook
