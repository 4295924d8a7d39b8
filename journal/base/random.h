// random.h
//
// Random numbers from the kernel (getrandom). Handed in by constructors, so that tests can fix
// them. Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace daybook {

class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::byte> octets) = 0;

    // Returns a number that is never zero.
    std::uint64_t number();

    template <class IdType>
    IdType id() {
        return IdType(number());
    }
};

class SystemRandom final : public Random {
public:
    void fill(std::span<std::byte> octets) override;
};

}  // namespace daybook
