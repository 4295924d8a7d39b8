// deflate.h
//
// The one door to zlib: a text as a gzip file (RFC 1952), and the two raw DEFLATE streams of a
// connection (RFC 1951, RFC 4978). Busy, a DeflateLayer holds some 100 KiB; at rest what the peer
// sent lately, at most 32 KiB and mostly a few hundred octets. Unpacks piece by piece, so that a
// few octets never become megabytes in memory. Throws InvalidDeflate. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace daybook {

std::string gzip(std::string_view text);

class InvalidDeflate : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class DeflateLayer {
public:
    DeflateLayer();
    ~DeflateLayer();
    DeflateLayer(const DeflateLayer&) = delete;
    DeflateLayer& operator=(const DeflateLayer&) = delete;

    // Octets from the peer, still packed.
    void feed(std::string_view packed);
    // Something was fed that is not unpacked.
    bool hasInput() const;
    // Unpacks at most 16 KiB of it, appended to `out`; returns how many octets. 0: more must be
    // fed.
    std::size_t unpack(std::string& out);
    // What was fed and is no part of the peer's stream, or was not looked at.
    std::string takeInput();

    void pack(std::string_view octets, std::string& packed);
    // Everything packed so far can be unpacked by the peer.
    void flush(std::string& packed);
    // The end of our stream.
    void finish(std::string& packed);

    // Gives back what it can; the streams go on where they were. Requires: flushed.
    void rest();

private:
    class Packer;
    class Unpacker;

    std::unique_ptr<Packer> packer_;
    std::unique_ptr<Unpacker> unpacker_;
    std::string input_;
    std::size_t taken_ = 0;  // of the input
    // The end of what the peer sent, while there is no unpacker: its stream goes on from there.
    std::string history_;
    bool ended_ = false;  // the peer's stream
};

}  // namespace daybook
