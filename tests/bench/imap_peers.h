// imap_peers.h
//
// The servers that imap_bench drives: a Daybook and Dovecots as Debian ships them, each with a
// private folder, ports of its own on loopback and the same accounts. A peer is started and stopped
// as its operator would; what it costs is what the kernel says of all its processes. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/bench_server.h"

namespace daybook::bench {

enum class PeerMode : std::uint8_t {
    Usual,
    Filling,     // whatever makes it quick: nothing must survive a power cut
    Hibernating  // what saves memory in idle sessions, where there is such a thing
};

class ImapPeer {
public:
    ImapPeer() = default;
    virtual ~ImapPeer() = default;
    ImapPeer(const ImapPeer&) = delete;
    ImapPeer& operator=(const ImapPeer&) = delete;

    virtual const std::string& name() const = 0;
    // Returns when it accepts connections.
    virtual void start(PeerMode mode) = 0;
    virtual void stop() = 0;
    virtual std::uint16_t imapPort() const = 0;
    virtual std::uint16_t lmtpPort() const = 0;
    virtual std::string login(unsigned account) const = 0;
    virtual std::string password(unsigned account) const = 0;
    // Of all processes, those that ended included.
    virtual double processorSeconds() const = 0;
    virtual double proportionalKilobytes() const = 0;
    // What it has computed from messages goes, as if no client had ever asked.
    virtual void forgetSummaries() = 0;
    // Commits of the journal; 0 where there is none.
    virtual std::uint64_t commits() const = 0;
};

std::unique_ptr<ImapPeer> makeDaybook(
    const std::filesystem::path& programs, const std::filesystem::path& place, unsigned accounts);

enum class DovecotSync : std::uint8_t {
    AsDebian,  // mail_fsync = optimized: messages, not flags
    Always     // what is acknowledged is on disk, as Daybook has it
};

// `format`: "sdbox", "mdbox" or "maildir". Throws std::runtime_error when Dovecot is not installed
// or this is not root.
std::unique_ptr<ImapPeer> makeDovecot(
    const std::string& format,
    DovecotSync fsync,
    const std::filesystem::path& place,
    unsigned accounts);

// Empty: Dovecot can be measured here; else why not.
std::string dovecotMissing();

}  // namespace daybook::bench
