// knot_server.h
//
// A real authoritative name server (Debian's knot) on a free port of 127.0.0.1, with zones of the
// test's own, signed or not. Ready when the constructor returns; ended and reaped by the
// destructor, and by the kernel when the test dies. Its zones answer as a forwarder's would.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace daybook::test {

enum class ZoneSigning { None, Dnssec };

struct KnotZone {
    std::string name{};  // "signed.test"
    ZoneSigning signing = ZoneSigning::None;
    // Lines of a zone file, besides SOA and NS; names relative to the zone.
    std::string records{};
};

class KnotServer {
public:
    // Throws std::runtime_error with knot's own words.
    explicit KnotServer(const std::vector<KnotZone>& zones);
    ~KnotServer();
    KnotServer(const KnotServer&) = delete;
    KnotServer& operator=(const KnotServer&) = delete;

    std::uint16_t port() const { return port_; }

    // "127.0.0.1@PORT", as libunbound has it.
    std::string address() const;

    // The DS records of the signed zones.
    const std::filesystem::path& trustAnchor() const { return trustAnchor_; }

private:
    // False: somebody took the port meanwhile.
    bool start(const std::vector<KnotZone>& zones);
    void end();
    void writeAnchor(const std::vector<KnotZone>& zones) const;

    TemporaryFolder folder_;
    std::filesystem::path configuration_ = folder_.path() / "knot.conf";
    std::filesystem::path trustAnchor_ = folder_.path() / "anchor";
    std::uint16_t port_ = 0;
    pid_t process_ = -1;
    int output_ = -1;
};

}  // namespace daybook::test
