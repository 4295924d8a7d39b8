// content_segment.h
//
// One file of the content log: whole writes, whole reads, holes and syncs at an offset. Knows no
// records. Reading and writing: any thread, at once. Throws ContentError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "journal/content_log.h"

namespace daybook::content {

// Syncs a folder, so that what was made or renamed in it stays. Throws ContentError.
void syncFolder(const std::filesystem::path& folder);

class Segment {
public:
    // A new file with its header, preallocated and durable under its name.
    static std::unique_ptr<Segment> create(
        const std::filesystem::path& folder, std::uint32_t number, std::uint64_t octets);
    // Nothing if there is no such file. Throws ContentDamaged if it is no segment.
    static std::unique_ptr<Segment> open(
        const std::filesystem::path& folder, std::uint32_t number, bool readOnly);

    ~Segment();
    Segment(const Segment&) = delete;
    Segment& operator=(const Segment&) = delete;

    void write(std::uint64_t offset, std::string_view octets);
    // Returns less than `count` octets only at the end of the file.
    std::string read(std::uint64_t offset, std::uint64_t count) const;
    // Makes it zeros and gives the room back to the file system where that can be.
    void zero(std::uint64_t offset, std::uint64_t count);
    // Makes everything from `offset` zeros that are there to be written.
    void clearTail(std::uint64_t offset);
    // Gives back what is behind `octets`.
    void cut(std::uint64_t octets);
    void sync();

    std::uint32_t number() const { return number_; }

    // The file's size.
    std::uint64_t octets() const;
    std::uint64_t octetsOnDisk() const;

private:
    Segment(int file, std::uint32_t number) : file_(file), number_(number) {}

    int file_;
    std::uint32_t number_;
};

// The numbers of the segment files in a folder, ascending.
std::vector<std::uint32_t> segmentsIn(const std::filesystem::path& folder);
// Takes away what a stop during create() left.
void removeUnfinished(const std::filesystem::path& folder);

}  // namespace daybook::content
