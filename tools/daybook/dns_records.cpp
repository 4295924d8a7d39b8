#include "tools/daybook/dns_records.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "engine/authentication/dkim_key.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

std::string noteOn(const DkimKeyRow& key) {
    return key.state == event::DkimState::ACTIVE ? "signs" : "waits: signs once it is activated";
}

std::string zoneFileValue(const DnsRecord& record) {
    return record.type == "TXT" ? zoneFileText(record.value) : record.value;
}

}  // namespace

std::vector<DnsRecord> dkimRecordsOf(
    const std::string& domain, const std::vector<DkimKeyRow>& keys) {
    std::vector<DnsRecord> records;
    for (const DkimKeyRow& key : keys) {
        if (key.state == event::DkimState::RETIRED) continue;
        records.push_back(DnsRecord{
            .name = dkimRecordName(key.selector, domain),
            .type = "TXT",
            .value = dkimRecord(key.algorithm, key.publicKey),
            .note = noteOn(key),
        });
    }
    return records;
}

std::vector<DnsRecord> dnsRecordsOf(
    const std::string& domain, const std::string& hostname, const std::vector<DkimKeyRow>& keys) {
    std::vector<DnsRecord> records{
        {.name = domain, .type = "MX", .value = fmt::format("10 {}.", hostname)},
        // RFC 7208 §5.4: who receives for the domain sends for it.
        {.name = domain, .type = "TXT", .value = "v=spf1 mx -all"},
    };
    const std::vector<DnsRecord> dkim = dkimRecordsOf(domain, keys);
    records.insert(records.end(), dkim.begin(), dkim.end());
    // RFC 7489 §6.3.
    records.push_back(
        {.name = "_dmarc." + domain, .type = "TXT", .value = "v=DMARC1; p=quarantine"});
    // RFC 8460 §3.
    records.push_back({
        .name = "_smtp._tls." + domain,
        .type = "TXT",
        .value = "v=TLSRPTv1; rua=mailto:postmaster@" + domain,
        .note = "others report failures of TLS to this address",
        .optional = true,
    });
    // RFC 8461 §3.1 and §3.2.
    records.push_back({
        .name = "_mta-sts." + domain,
        .type = "TXT",
        .value = "v=STSv1; id=1",
        .note = fmt::format(
            "once https://mta-sts.{}/.well-known/mta-sts.txt says "
            "version: STSv1, mode: testing, mx: {}, max_age: 604800 (a line each)",
            domain,
            hostname),
        .optional = true,
    });
    return records;
}

void sayZoneFile(const std::vector<DnsRecord>& records) {
    for (const DnsRecord& record : records) {
        if (!record.note.empty()) {
            say(fmt::format("; {}{}", record.optional ? "optional: " : "", record.note));
        }
        say(fmt::format(
            "{}{}.  IN {}  {}",
            record.optional ? ";" : "",
            record.name,
            record.type,
            zoneFileValue(record)));
    }
}

void sayRecordsAsJson(const std::vector<DnsRecord>& records) {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const DnsRecord& record : records) {
        rows.push_back({
            {"name", record.name},
            {"type", record.type},
            {"value", record.value},
            {"note", record.note},
            {"optional", record.optional},
        });
    }
    say(rows.dump(2));
}

}  // namespace daybook
