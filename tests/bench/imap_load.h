// imap_load.h
//
// What the servers are filled with: the messages of tests/corpus over and over, each with a
// subject, a date, a Message-ID and references of its own, so that there is something to sort and
// to thread. The same number is the same message on every server. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/bench_client.h"
#include "tests/bench/imap_peers.h"

namespace daybook::bench {

class CorpusLoad {
public:
    // Throws std::runtime_error when the corpus is not where the build found it.
    CorpusLoad();

    std::string message(std::uint32_t number) const;

private:
    std::vector<std::string> bodies_;  // CRLF; without the fields that message() makes
};

BenchClient loggedIn(const ImapPeer& peer, unsigned account, unsigned source = 1);

// Appends messages 0 .. count - 1 to `mailbox` of the account. Where there is MULTIAPPEND, many at
// once; else on several connections.
void fill(
    const ImapPeer& peer,
    const CorpusLoad& load,
    unsigned account,
    const std::string& mailbox,
    std::uint32_t count);

// One message by LMTP, with its own connection; returns after the 250 to the connection itself.
class LmtpClient {
public:
    explicit LmtpClient(const ImapPeer& peer);
    // Up to the last octet; the answer is still to come.
    void submit(const std::string& recipient, const std::string& message);
    void acknowledged();

    int descriptor() const { return client_.descriptor(); }

private:
    BenchClient client_;
};

}  // namespace daybook::bench
