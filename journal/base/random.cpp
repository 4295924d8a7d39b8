#include "journal/base/random.h"

#include <array>
#include <bit>
#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace daybook {

std::uint64_t Random::number() {
    while (true) {
        std::array<std::byte, 8> octets{};
        fill(octets);
        const auto drawn = std::bit_cast<std::uint64_t>(octets);
        if (drawn != 0) return drawn;
    }
}

void SystemRandom::fill(std::span<std::byte> octets) {
    while (!octets.empty()) {
        const ssize_t count = ::getrandom(octets.data(), octets.size(), 0);
        if (count < 0) {
            if (errno == EINTR) continue;
            throw std::system_error(errno, std::generic_category(), "getrandom");
        }
        octets = octets.subspan(static_cast<std::size_t>(count));
    }
}

}  // namespace daybook
