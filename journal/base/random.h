// random.h
//
// Random numbers from the kernel (getrandom), and ordered ones for what is indexed in great
// numbers. Handed in by constructors, so that tests can fix them. Thread: any.
#pragma once

#include <atomic>
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

    // Returns a number that is greater than all before: the time, and a few random bits. Rows that
    // are keyed by such numbers stand together in a view, and are written together.
    std::uint64_t orderedNumber();

    template <class IdType>
    IdType id() {
        return IdType(number());
    }

    template <class IdType>
    IdType orderedId() {
        return IdType(orderedNumber());
    }

private:
    std::atomic<std::uint64_t> lastOrdered_ = 0;
};

class SystemRandom final : public Random {
public:
    void fill(std::span<std::byte> octets) override;
};

}  // namespace daybook
