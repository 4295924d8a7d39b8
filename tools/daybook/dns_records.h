// dns_records.h
//
// What to put into the DNS for a domain, and why: MX, SPF, DKIM, DMARC, TLS reports, MTA-STS. Asks
// no DNS. Thread: main.
#pragma once

#include <string>
#include <vector>

#include "projections/accounts.h"

namespace daybook {

struct DnsRecord {
    std::string name;   // without the dot at its end
    std::string type;   // "MX", "TXT" ...
    std::string value;  // as it is meant; a zone file writes long texts in pieces
    std::string note;   // for a person; empty: nothing to add
    bool optional = false;
};

// `keys`: of the domain; those that are retired are left out.
std::vector<DnsRecord> dnsRecordsOf(
    const std::string& domain, const std::string& hostname, const std::vector<DkimKeyRow>& keys);
std::vector<DnsRecord> dkimRecordsOf(
    const std::string& domain, const std::vector<DkimKeyRow>& keys);

// Lines of a zone file; notes and what is optional as comments.
void sayZoneFile(const std::vector<DnsRecord>& records);
// One object for each.
void sayRecordsAsJson(const std::vector<DnsRecord>& records);

}  // namespace daybook
