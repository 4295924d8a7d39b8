#include "engine/delivery/gzip.h"

#include <stdexcept>
#include <zlib.h>

namespace daybook {

namespace {

// 15: the largest window; 16 more: a gzip header and trailer instead of zlib's.
constexpr int kGzipWindowBits = 15 + 16;
constexpr int kMemoryLevel = 8;

}  // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    const int begun = ::deflateInit2(
        &stream,
        Z_DEFAULT_COMPRESSION,
        Z_DEFLATED,
        kGzipWindowBits,
        kMemoryLevel,
        Z_DEFAULT_STRATEGY);
    if (begun != Z_OK) throw std::runtime_error("zlib does not start");
    std::string packed(::deflateBound(&stream, text.size()), '\0');
    // zlib reads only, but its type does not say so.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int result = ::deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    if (result != Z_STREAM_END) throw std::runtime_error("zlib does not finish");
    return packed;
}

}  // namespace daybook
