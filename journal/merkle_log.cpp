#include "journal/merkle_log.h"

#include <bit>
#include <cstring>
#include <stdexcept>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr std::string_view kLeafPrefix("\x00", 1);
constexpr std::string_view kNodePrefix("\x01", 1);

}  // namespace

Hash256 merkleLeaf(std::span<const std::byte> octets) {
    thread_local Sha256 hash;
    return hash.add(kLeafPrefix).add(octets).finish();
}

Hash256 merkleNode(const Hash256& left, const Hash256& right) {
    thread_local Sha256 hash;
    return hash.add(kNodePrefix).add(std::span(left)).add(std::span(right)).finish();
}

MerkleLog::MerkleLog(std::uint64_t size, std::string_view edgeOctets) : size_(size) {
    const auto count = static_cast<std::size_t>(std::popcount(size));
    if (edgeOctets.size() != count * sizeof(Hash256))
        throw std::invalid_argument("the right edge does not fit the size of the log");
    edge_.resize(count);
    for (std::size_t i = 0; i < count; ++i)
        std::memcpy(edge_[i].data(), edgeOctets.data() + i * sizeof(Hash256), sizeof(Hash256));
}

void MerkleLog::append(const Hash256& leaf) {
    edge_.push_back(leaf);
    // As many subtrees become one as adding one to the size carries.
    for (std::uint64_t size = size_; (size & 1U) != 0; size >>= 1U) {
        const Hash256 right = edge_.back();
        edge_.pop_back();
        edge_.back() = merkleNode(edge_.back(), right);
    }
    ++size_;
}

Hash256 MerkleLog::root() const {
    if (edge_.empty()) return sha256({});
    Hash256 root = edge_.back();
    for (std::size_t i = edge_.size() - 1; i-- > 0;)
        root = merkleNode(edge_[i], root);
    return root;
}

std::string MerkleLog::edgeOctets() const {
    std::string octets;
    for (const Hash256& hash : edge_)
        octets += asText(hash);
    return octets;
}

}  // namespace daybook
