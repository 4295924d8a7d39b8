// records.h
//
// The data of DNS records, from wire form to values. What comes from the network is hostile: every
// length is checked, and data that is not exactly one record of its type is nothing. Names are
// uncompressed, as a Resolver gives them. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dns/resolver.h"
#include "engine/runtime/tls_client.h"

namespace daybook::dns {

// RFC 1035 §3.3.9
struct MxRecord {
    std::uint16_t preference = 0;
    // Lower case, no dot at its end; "." for the root: the null MX of RFC 7505 §3.
    std::string exchange;

    bool operator==(const MxRecord&) const = default;
};

std::optional<MxRecord> readMx(std::string_view data);
// "192.0.2.1". RFC 1035 §3.4.1
std::optional<std::string> readA(std::string_view data);
// "2001:db8::1". RFC 3596 §2.2
std::optional<std::string> readAaaa(std::string_view data);
// The strings of one record, joined without anything between them: RFC 7208 §3.3.
std::optional<std::string> readTxt(std::string_view data);
// What each record of an answer says so; none if it is not Found.
std::vector<std::string> readTexts(const Answer& answer);
// RFC 6698 §2.1. Says nothing of whether the record can be used.
std::optional<TlsaRecord> readTlsa(std::string_view data);
// The name in a CNAME or PTR record, written as MxRecord::exchange is. Nothing also for a name that
// cannot be written plainly: blanks, controls, backslashes, dots within a label, octets above 126.
std::optional<std::string> readName(std::string_view data);

// "Example.ORG." -> "example.org": a name to ask for, as names are compared. Nothing: no name could
// look like that (too long, empty labels, what readName() refuses).
std::optional<std::string> questionName(std::string_view text);

}  // namespace daybook::dns
