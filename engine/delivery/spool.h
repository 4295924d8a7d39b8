// spool.h
//
// A message while it arrives: in memory up to limits::kSpoolMemoryOctets, above that in an unlinked
// file in DIR/run/spool, so that large or slow messages cost no memory. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace daybook {

class Spool {
public:
    // `folder`: made by the assembly; on the data directory's disk.
    explicit Spool(std::filesystem::path folder);
    ~Spool();
    Spool(Spool&& other) noexcept;
    Spool& operator=(Spool&&) = delete;

    // Throws ContentError when the disk fails or is full.
    void append(std::string_view octets);

    std::uint64_t size() const { return size_; }

    // All of it, contiguous; until the next append. Thread: any, one at a time.
    std::string_view view();

    void clear();

private:
    void spill();

    std::filesystem::path folder_;
    std::string memory_;
    int file_ = -1;
    std::uint64_t size_ = 0;
    void* mapped_ = nullptr;
    std::size_t mappedOctets_ = 0;
};

}  // namespace daybook
