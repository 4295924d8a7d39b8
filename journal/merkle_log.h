// merkle_log.h
//
// The Merkle tree of RFC 6962 §2.1 over the stored octets of the cores, kept by its right edge: the
// roots of the perfect subtrees of the tree's size, from the largest to the smallest. Pure values;
// one thread. Makes no proofs: what is here appends and tells the root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/digest.h"

namespace daybook {

// RFC 6962 §2.1: SHA-256(0x00 || octets), SHA-256(0x01 || left || right).
Hash256 merkleLeaf(std::span<const std::byte> octets);
Hash256 merkleNode(const Hash256& left, const Hash256& right);

class MerkleLog {
public:
    MerkleLog() = default;
    // From what edgeOctets() wrote. Throws std::invalid_argument if the two do not fit.
    MerkleLog(std::uint64_t size, std::string_view edgeOctets);

    void append(const Hash256& leaf);

    std::uint64_t size() const { return size_; }

    // SHA-256 of nothing for the empty tree.
    Hash256 root() const;
    // The edge's hashes, one after the other, 32 octets each.
    std::string edgeOctets() const;

private:
    std::uint64_t size_ = 0;
    std::vector<Hash256> edge_;
};

}  // namespace daybook
