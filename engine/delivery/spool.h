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

    // The same with `head` before it: small messages are copied once, a file is mapped behind the
    // head without being copied. Until the next append, viewAfter or clear. Thread: as view().
    std::string_view viewAfter(std::string_view head);

    void clear();

private:
    void spill();
    void unmap();

    std::filesystem::path folder_;
    std::string memory_;
    std::string joined_;
    int file_ = -1;
    std::uint64_t size_ = 0;
    // Pages for the head, then the pages of the file.
    char* mapped_ = nullptr;
    std::size_t mappedOctets_ = 0;
};

}  // namespace daybook
