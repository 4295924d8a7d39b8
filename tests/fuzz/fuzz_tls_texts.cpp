// fuzz_tls_texts.cpp
//
// Any octets as the texts of MTA-STS and TLSRPT, and as a TLSA record: what is read holds its own
// rules, and a policy's lines say the same when they are read again (the cache relies on it).
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/delivery/dane.h"
#include "engine/delivery/mta_sts.h"
#include "engine/delivery/tls_report.h"
#include "engine/dns/records.h"

using namespace daybook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void checkPolicy(std::string_view text) {
    const auto policy = parseMtaStsPolicy(text);
    if (!policy) {
        require(!policy.error().empty());
        return;
    }
    std::string lines;
    for (const std::string& line : policy->lines)
        lines += line + "\n";
    const auto again = parseMtaStsPolicy(lines);
    require(again && again->mode == policy->mode && again->maxAge == policy->maxAge);
    require(again->hosts == policy->hosts && again->lines == policy->lines);
    for (const std::string& host : policy->hosts) {
        require(isDomainName(host.starts_with("*.") ? host.substr(2) : host));
        if (!host.starts_with('*')) require(matchesMtaSts(policy->hosts, host));
    }
}

void checkRecord(std::string_view text) {
    const std::vector<std::string> records{std::string(text)};
    const auto id = mtaStsIdOf(records);
    if (id) require(!id->empty() && id->size() <= 32 && text.starts_with("v=STSv1"));
    const auto addresses = parseTlsReportRecord(records);
    if (!addresses) return;
    require(!addresses->mailboxes.empty() || !addresses->urls.empty());
    for (const std::string& mailbox : addresses->mailboxes)
        require(mailbox.find_first_of("\r\n") == std::string::npos);
    for (const HttpsUrl& url : addresses->urls) {
        require(!url.host.empty() && url.port != 0 && url.path.starts_with('/'));
        require((url.host + url.path).find_first_of("\r\n ") == std::string::npos);
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    checkPolicy(text);
    checkRecord(text);
    const auto tlsa = dns::readTlsa(text);
    if (tlsa) require(tlsaText(*tlsa).size() >= 6 + 2 * tlsa->data.size());
    return 0;
}
