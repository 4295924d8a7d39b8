// gmime_opinion.h
//
// A second opinion: where GMime finds the bodies of a message's leaf parts, and which addresses.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace daybook::test {

struct LeafBounds {
    std::int64_t begin = 0;
    std::int64_t end = 0;

    auto operator<=>(const LeafBounds&) const = default;
};

// In order. None if GMime takes it for no message at all.
std::vector<LeafBounds> gmimeLeaves(const std::string& message);

// "local@host|local@host|": the addresses of a field's value, those of groups too.
std::string gmimeAddresses(const std::string& value);

}  // namespace daybook::test
