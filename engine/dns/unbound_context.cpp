#include "engine/dns/unbound_context.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "engine/dns/records.h"
#include "journal/base/ascii.h"

namespace daybook::dns {

namespace {

void check(int code, std::string_view what) {
    if (code == UB_NOERROR) return;
    throw std::runtime_error(fmt::format("dns: {}: {}", what, ub_strerror(code)));
}

void set(ub_ctx* context, const char* option, const std::string& value) {
    check(
        ub_ctx_set_option(context, option, value.c_str()),
        fmt::format("libunbound does not take {} {}", option, value));
}

bool isLoopback(std::string_view forwarder) {
    return forwarder.starts_with("127.") || forwarder.starts_with("::1");
}

// libunbound takes a file without keys for a reason to validate nothing, and says nothing.
bool hasKeys(std::istream& file) {
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream words(line.substr(0, line.find(';')));
        std::string word;
        while (words >> word) {
            if (equalsIgnoreCase(word, "DS") || equalsIgnoreCase(word, "DNSKEY")) return true;
        }
    }
    return false;
}

void setSizes(ub_ctx* context, const UnboundOptions& options) {
    // The rrset cache holds the records, the message cache how they make answers: unbound.conf(5)
    // advises twice as much for the first.
    set(context, "rrset-cache-size:", std::to_string(options.cacheOctets / 3 * 2));
    set(context, "msg-cache-size:", std::to_string(options.cacheOctets / 3));
    set(context, "key-cache-size:", std::to_string(options.cacheOctets / 4));
    set(context, "neg-cache-size:", std::to_string(options.cacheOctets / 4));
    set(context, "num-queries-per-thread:", std::to_string(options.inFlightMax * 2));
    // The library's own 16 ports would all be waiting for 16 dead servers.
    set(context, "outgoing-range:", std::to_string(options.inFlightMax));
    set(context, "outgoing-num-tcp:", "32");
}

void setForwarders(ub_ctx* context, const std::vector<std::string>& forwarders) {
    // Else a resolver on this machine is never asked. Without forwarders the rule stays: a foreign
    // zone must not make us ask ourselves.
    if (std::ranges::any_of(forwarders, isLoopback)) {
        set(context, "do-not-query-localhost:", "no");
    }
    for (const std::string& forwarder : forwarders) {
        check(
            ub_ctx_set_fwd(context, forwarder.c_str()),
            fmt::format("\"{}\" is not a resolver's address (\"127.0.0.1@5353\")", forwarder));
    }
}

std::string rcodeText(int rcode) {
    // RFC 1035 §4.1.1
    constexpr std::array<std::string_view, 6> kNames{
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    const auto index = static_cast<std::size_t>(rcode);
    if (rcode >= 0 && index < kNames.size()) return std::string(kNames[index]);
    return fmt::format("response code {}", rcode);
}

}  // namespace

std::filesystem::path findTrustAnchor(const UnboundOptions& options) {
    if (!options.validate) return {};
    const bool isDefault = options.trustAnchorFile.empty();
    std::filesystem::path file = isDefault ? kDebianTrustAnchor : options.trustAnchorFile;
    std::ifstream stream(file);
    if (!stream && isDefault) return {};
    if (!stream) {
        throw std::runtime_error(
            fmt::format("dns: the trust anchor {} cannot be read", file.string()));
    }
    if (!hasKeys(stream)) {
        throw std::runtime_error(fmt::format(
            "dns: the trust anchor {} has no DS or DNSKEY record in it", file.string()));
    }
    return file;
}

UnboundContext makeUnboundContext(
    const UnboundOptions& options, const std::filesystem::path& anchor) {
    UnboundContext context(ub_ctx_create());
    if (!context) throw std::runtime_error("dns: libunbound makes no context");
    // It speaks to standard error otherwise; what matters comes with the answers.
    check(ub_ctx_debugout(context.get(), nullptr), "debugout");
    // A thread, not a child process that would share every socket.
    check(ub_ctx_async(context.get(), 1), "async");
    setSizes(context.get(), options);
    setForwarders(context.get(), options.forwarders);
    if (!anchor.empty()) {
        check(
            ub_ctx_add_ta_file(context.get(), anchor.c_str()),
            fmt::format("the trust anchor {} is not taken", anchor.string()));
    }
    // Last: the first call finishes the context, and reads the anchor. For that alone, a name that
    // nobody serves.
    std::vector<std::string> zones = options.reservedZones;
    zones.emplace_back("unserved.invalid");
    for (const std::string& zone : zones) {
        const int code = ub_ctx_zone_remove(context.get(), zone.c_str());
        if (code == UB_INITFAIL && !anchor.empty()) {
            throw std::runtime_error(fmt::format(
                "dns: libunbound does not start; is {} a file of DS or DNSKEY records?",
                anchor.string()));
        }
        check(code, fmt::format("the reserved zone \"{}\" is not taken", zone));
    }
    return context;
}

Answer answerOf(const ub_result& result, const std::string& name) {
    Answer answer;
    answer.canonicalName = name;
    // First: a bogus answer comes with its records.
    if (result.bogus != 0) {
        answer.result = Result::Bogus;
        answer.why = result.why_bogus == nullptr ? "bogus" : result.why_bogus;
        return answer;
    }
    const bool failed = result.havedata == 0 && result.nxdomain == 0 && result.rcode != 0;
    if (failed) {
        answer.why = fmt::format("{}: {}", name, rcodeText(result.rcode));
        return answer;
    }
    if (result.canonname != nullptr) {
        answer.canonicalName = questionName(result.canonname).value_or(name);
    }
    answer.secure = result.secure != 0;
    answer.timeToLive = std::chrono::seconds(std::max(result.ttl, 0));
    if (result.havedata == 0) {
        answer.result = result.nxdomain != 0 ? Result::NoSuchName : Result::NoData;
        return answer;
    }
    answer.result = Result::Found;
    for (std::size_t i = 0; result.data[i] != nullptr; ++i) {
        answer.records.emplace_back(result.data[i], static_cast<std::size_t>(result.len[i]));
    }
    return answer;
}

}  // namespace daybook::dns
