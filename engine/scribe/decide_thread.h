// decide_thread.h
//
// The thread that a message comes into when it is stored (RFC 8474 §5.2, RFC 8621 §3). Pure;
// thread: scribe. Only for the decide_*.cpp files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "engine/scribe/decide.h"

namespace daybook {

// The thread that a message belongs to: that of one of the account which names the same id under
// the same subject, else its own, named as its EMAILID is. RFC 8621 §3. Threads never merge.
class Threads {
public:
    explicit Threads(const Deciding& deciding) : deciding_(deciding) {}

    // The messages of one command, in their order.
    std::uint64_t take(AccountId account, const StoredBlob& blob, EmailId emailId);

private:
    std::optional<std::uint64_t> find(
        AccountId account, const std::vector<std::uint64_t>& keys, std::uint64_t subject) const;

    const Deciding& deciding_;
    // Those of this command: the views do not show them yet.
    std::map<std::tuple<AccountId, std::uint64_t, std::uint64_t>, std::uint64_t> fresh_;
};

}  // namespace daybook
