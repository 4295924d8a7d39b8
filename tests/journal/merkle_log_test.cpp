#include "journal/merkle_log.h"

#include <array>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

#include "journal/base/encoding.h"

using namespace daybook;

namespace {

// The leaves and roots that Certificate Transparency publishes for RFC 6962 §2.1.
constexpr std::array<const char*, 8> kLeaves{
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
};

constexpr std::array<const char*, 8> kRoots{
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

// The definition, straight from RFC 6962 §2.1.
Hash256 rootByDefinition(std::span<const Hash256> leaves) {
    if (leaves.empty()) return sha256({});
    if (leaves.size() == 1) return leaves[0];
    std::size_t split = 1;
    while (split * 2 < leaves.size())
        split *= 2;
    return merkleNode(
        rootByDefinition(leaves.first(split)), rootByDefinition(leaves.subspan(split)));
}

}  // namespace

TEST_CASE("merkle: an edge that does not fit the size is refused", "[merkle]") {
    CHECK_THROWS_AS(MerkleLog(1, ""), std::invalid_argument);
    CHECK_THROWS_AS(MerkleLog(3, std::string(32, 'x')), std::invalid_argument);
    CHECK_THROWS_AS(MerkleLog(0, std::string(32, 'x')), std::invalid_argument);
    CHECK_NOTHROW(MerkleLog(6, std::string(64, 'x')));
}

TEST_CASE("merkle: the published roots for sizes 0 to 8", "[merkle]") {
    MerkleLog log;
    CHECK(toHex(log.root()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (std::size_t i = 0; i < kLeaves.size(); ++i) {
        log.append(merkleLeaf(asBytes(fromHex(kLeaves[i]).value())));
        CHECK(log.size() == i + 1);
        CHECK(toHex(log.root()) == kRoots[i]);
    }
}

TEST_CASE("merkle: the edge carries on where it was written, as the definition says", "[merkle]") {
    std::vector<Hash256> leaves;
    MerkleLog log;
    for (int i = 0; i < 300; ++i) {
        leaves.push_back(merkleLeaf(asBytes(std::to_string(i))));
        MerkleLog reopened(log.size(), log.edgeOctets());
        log.append(leaves.back());
        reopened.append(leaves.back());
        REQUIRE(log.root() == rootByDefinition(leaves));
        REQUIRE(reopened.root() == log.root());
    }
}
