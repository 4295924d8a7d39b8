#include "engine/runtime/deflate.h"

#include <algorithm>
#include <array>
#include <limits>
#include <zlib.h>

namespace daybook {

namespace {

// 15: the largest window; 16 more: a gzip header and trailer instead of zlib's.
constexpr int kGzipWindowBits = 15 + 16;
constexpr int kGzipMemoryLevel = 8;
// Negative: raw. A peer may use the largest window, 32 KiB; 8 KiB of our own make 64 KiB of state.
constexpr int kPeersWindowBits = -15;
constexpr int kOurWindowBits = -13;
constexpr int kOurMemoryLevel = 6;
constexpr int kOurLevel = 3;
constexpr std::size_t kHistoryOctetsMax = 32'768;

constexpr std::size_t kPieceOctets = 16'384;
thread_local std::array<char, kPieceOctets> piece;

// zlib reads only, but its type does not say so.
Bytef* octetsOf(std::string_view text) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

}  // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    const int begun = ::deflateInit2(
        &stream,
        Z_DEFAULT_COMPRESSION,
        Z_DEFLATED,
        kGzipWindowBits,
        kGzipMemoryLevel,
        Z_DEFAULT_STRATEGY);
    if (begun != Z_OK) throw std::runtime_error("zlib does not start");
    std::string packed(::deflateBound(&stream, text.size()), '\0');
    stream.next_in = octetsOf(text);
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    const int result = ::deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    ::deflateEnd(&stream);
    if (result != Z_STREAM_END) throw std::runtime_error("zlib does not finish");
    return packed;
}

class DeflateLayer::Packer {
public:
    Packer() {
        const int begun = ::deflateInit2(
            &stream_, kOurLevel, Z_DEFLATED, kOurWindowBits, kOurMemoryLevel, Z_DEFAULT_STRATEGY);
        if (begun != Z_OK) throw std::bad_alloc();
    }

    ~Packer() { ::deflateEnd(&stream_); }

    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;

    void run(std::string_view octets, int flush, std::string& packed) {
        stream_.next_in = octetsOf(octets);
        stream_.avail_in = static_cast<uInt>(octets.size());
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
            stream_.avail_out = static_cast<uInt>(piece.size());
            ::deflate(&stream_, flush);
            packed.append(piece.data(), piece.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

private:
    z_stream stream_{};
};

class DeflateLayer::Unpacker {
public:
    explicit Unpacker(std::string_view history) {
        if (::inflateInit2(&stream_, kPeersWindowBits) != Z_OK) throw std::bad_alloc();
        if (history.empty()) return;
        ::inflateSetDictionary(&stream_, octetsOf(history), static_cast<uInt>(history.size()));
    }

    ~Unpacker() { ::inflateEnd(&stream_); }

    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;

    struct Progress {
        std::size_t taken = 0;
        std::size_t given = 0;
        bool ended = false;
    };

    Progress run(std::string_view packed, std::string& out) {
        const std::size_t size = std::min<std::size_t>(packed.size(), kPieceOctets);
        stream_.next_in = octetsOf(packed);
        stream_.avail_in = static_cast<uInt>(size);
        stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream_.avail_out = static_cast<uInt>(piece.size());
        const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
        if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) {
            throw InvalidDeflate("what came is no DEFLATE");
        }
        isFull_ = stream_.avail_out == 0;
        const std::size_t given = piece.size() - stream_.avail_out;
        out.append(piece.data(), given);
        return {
            .taken = size - stream_.avail_in,
            .given = given,
            .ended = result == Z_STREAM_END,
        };
    }

    // There may be more to give without more to take.
    bool isFull() const { return isFull_; }

    // Between two blocks and two octets; see zlib.h, data_type of inflate(). Nothing but the
    // history is needed to go on then.
    bool isBetween() const { return !isFull_ && stream_.data_type == kBetweenBlocks; }

    std::string history() {
        std::string history(kHistoryOctetsMax, '\0');
        uInt octets = 0;
        ::inflateGetDictionary(&stream_, reinterpret_cast<Bytef*>(history.data()), &octets);
        return history.substr(0, octets);  // not resize(): the room is to be given back
    }

private:
    static constexpr int kBetweenBlocks = 128;

    z_stream stream_{};
    bool isFull_ = false;
};

DeflateLayer::DeflateLayer() = default;
DeflateLayer::~DeflateLayer() = default;

void DeflateLayer::feed(std::string_view packed) {
    input_.erase(0, taken_);
    taken_ = 0;
    input_ += packed;
}

bool DeflateLayer::hasInput() const {
    return taken_ < input_.size() || (unpacker_ && unpacker_->isFull());
}

std::size_t DeflateLayer::unpack(std::string& out) {
    if (ended_ && taken_ < input_.size()) throw InvalidDeflate("octets behind the end of DEFLATE");
    while (hasInput() && !ended_) {
        if (!unpacker_) unpacker_ = std::make_unique<Unpacker>(history_);
        const Unpacker::Progress progress =
            unpacker_->run(std::string_view(input_).substr(taken_), out);
        taken_ += progress.taken;
        if (progress.ended) {
            ended_ = true;
            unpacker_.reset();
        }
        if (progress.given > 0) return progress.given;
    }
    return 0;
}

std::string DeflateLayer::takeInput() {
    std::string rest = input_.substr(taken_);
    input_.clear();
    taken_ = 0;
    return rest;
}

void DeflateLayer::pack(std::string_view octets, std::string& packed) {
    if (!packer_) packer_ = std::make_unique<Packer>();
    while (!octets.empty()) {
        const std::string_view some = octets.substr(0, std::numeric_limits<uInt>::max());
        packer_->run(some, Z_NO_FLUSH, packed);
        octets.remove_prefix(some.size());
    }
}

void DeflateLayer::flush(std::string& packed) {
    if (packer_) packer_->run({}, Z_SYNC_FLUSH, packed);
}

void DeflateLayer::finish(std::string& packed) {
    if (!packer_) packer_ = std::make_unique<Packer>();
    packer_->run({}, Z_FINISH, packed);
    packer_.reset();
}

// A new packer knows nothing of what went before and so refers to nothing of it; flushed, the
// stream stands between two blocks and two octets, where raw DEFLATE may go on.
void DeflateLayer::rest() {
    packer_.reset();
    if (taken_ == input_.size()) {
        input_ = {};
        taken_ = 0;
    }
    if (!unpacker_ || !input_.empty() || !unpacker_->isBetween()) return;
    history_ = unpacker_->history();
    unpacker_.reset();
}

}  // namespace daybook
