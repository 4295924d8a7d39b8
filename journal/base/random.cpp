#include "journal/base/random.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <sys/random.h>
#include <system_error>

namespace daybook {

namespace {

// Microseconds since 2020 and 13 random bits: 64 bits last until 2091.
constexpr std::uint64_t kOrderedEpochUs = 1'577'836'800'000'000;
constexpr unsigned kOrderedRandomBits = 13;

}  // namespace

std::uint64_t Random::number() {
    while (true) {
        std::array<std::byte, 8> octets{};
        fill(octets);
        const auto drawn = std::bit_cast<std::uint64_t>(octets);
        if (drawn != 0) return drawn;
    }
}

std::uint64_t Random::orderedNumber() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    const std::uint64_t time = static_cast<std::uint64_t>(us) - kOrderedEpochUs;
    const std::uint64_t drawn =
        (time << kOrderedRandomBits) | (number() >> (64U - kOrderedRandomBits));
    std::uint64_t last = lastOrdered_.load();
    std::uint64_t next = 0;
    do {
        next = std::max(drawn, last + 1);
    } while (!lastOrdered_.compare_exchange_weak(last, next));
    return next;
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
