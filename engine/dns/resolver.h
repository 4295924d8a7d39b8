// resolver.h
//
// Questions to the DNS: typed by record, answered with the wire form of each record and whether
// DNSSEC vouches for them. An interface, so that what asks (routes, TLS policies, SPF later) can be
// tested with answers of a test's own. Thread: a coroutine of any reactor; it is resumed there.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/runtime/task.h"

namespace daybook::dns {

// RFC 1035 §3.2.2, RFC 3596, RFC 6698.
enum class RecordType : std::uint16_t {
    A = 1,
    Cname = 5,
    Ptr = 12,
    Mx = 15,
    Txt = 16,
    Aaaa = 28,
    Tlsa = 52,
};

enum class Result : std::uint8_t {
    Found,
    NoData,      // the name is there, but no record of that type
    NoSuchName,  // NXDOMAIN
    Failed,      // SERVFAIL, refused, no answer in time: try again later
    Bogus,       // DNSSEC proves the answer wrong: never used, treated as Failed by who asks
};

struct Answer {
    Result result = Result::Failed;
    // DNSSEC validated the answer, its absence included. False for unsigned zones.
    bool secure = false;
    // The records' data, in wire form, in no order: see records.h.
    std::vector<std::string> records;
    // After CNAMEs; equal to the question's name where there was none.
    std::string canonicalName;
    std::chrono::seconds timeToLive{0};
    // For the log, when Failed or Bogus.
    std::string why;

    // The DNS has spoken, if only to say that there is nothing. Else: try again later.
    bool cameThrough() const { return result != Result::Failed && result != Result::Bogus; }
};

class Resolver {
public:
    virtual ~Resolver() = default;
    // `name`: A-labels, with or without the dot at its end. Never throws for what the DNS says.
    virtual Task<Answer> query(std::string name, RecordType type) = 0;
};

}  // namespace daybook::dns
