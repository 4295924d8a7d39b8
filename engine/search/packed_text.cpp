#include "engine/search/packed_text.h"

#include <new>
#include <zlib.h>

namespace daybook {

namespace {

// Raw deflate: SQLite's pages have no use for zlib's header.
constexpr int kRawWindow = -15;
constexpr int kMemoryLevel = 8;

// zlib's interface is not const, but it does not write to its input.
Bytef* input(std::string_view text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

Bytef* output(std::string& text) { return reinterpret_cast<Bytef*>(text.data()); }

}  // namespace

class TextPacker::Stream {
public:
    Stream() {
        if (deflateInit2(
                &z_, Z_BEST_SPEED, Z_DEFLATED, kRawWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) !=
            Z_OK) {
            throw std::bad_alloc();
        }
    }

    ~Stream() { deflateEnd(&z_); }

    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    z_stream z_{};
};

TextPacker::TextPacker() : stream_(std::make_unique<Stream>()) {}

TextPacker::~TextPacker() = default;

const std::string& TextPacker::pack(std::string_view text) {
    z_stream& z = stream_->z_;
    deflateReset(&z);
    packed_.resize(deflateBound(&z, text.size()));
    z.next_in = input(text);
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = output(packed_);
    z.avail_out = static_cast<uInt>(packed_.size());
    deflate(&z, Z_FINISH);
    packed_.resize(z.total_out);
    return packed_;
}

class TextUnpacker::Stream {
public:
    Stream() {
        if (inflateInit2(&z_, kRawWindow) != Z_OK) throw std::bad_alloc();
    }

    ~Stream() { inflateEnd(&z_); }

    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    z_stream z_{};
};

TextUnpacker::TextUnpacker() : stream_(std::make_unique<Stream>()) {}

TextUnpacker::~TextUnpacker() = default;

std::string_view TextUnpacker::unpack(std::string_view packed, std::size_t octets) {
    if (octets == 0) return {};
    z_stream& z = stream_->z_;
    inflateReset(&z);
    if (text_.size() < octets) text_.resize(octets);
    z.next_in = input(packed);
    z.avail_in = static_cast<uInt>(packed.size());
    z.next_out = output(text_);
    z.avail_out = static_cast<uInt>(octets);
    inflate(&z, Z_SYNC_FLUSH);
    if (z.avail_out != 0) throw PackedTextDamaged("a packed text ends too early");
    return std::string_view(text_).substr(0, octets);
}

}  // namespace daybook
