// packed_text.h
//
// The index's copies of texts, deflated (zlib). Not by runtime/deflate.h, made for streams: an
// object here keeps its state from one text to the next, because setting one up costs more than
// a short text. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace daybook {

// A packed text cannot be unpacked: the file is damaged.
class PackedTextDamaged : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class TextPacker {
public:
    TextPacker();
    ~TextPacker();

    // Lives until the next call.
    const std::string& pack(std::string_view text);

private:
    class Stream;
    std::unique_ptr<Stream> stream_;
    std::string packed_;
};

class TextUnpacker {
public:
    TextUnpacker();
    ~TextUnpacker();

    // The first `octets` of the text; lives until the next call. Throws PackedTextDamaged.
    std::string_view unpack(std::string_view packed, std::size_t octets);

private:
    class Stream;
    std::unique_ptr<Stream> stream_;
    std::string text_;
};

}  // namespace daybook
