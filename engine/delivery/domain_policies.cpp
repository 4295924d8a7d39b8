#include "engine/delivery/domain_policies.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>
#include <utility>

#include "engine/delivery/https_fetch.h"
#include "engine/delivery/tls_report.h"
#include "engine/dns/records.h"
#include "engine/runtime/descriptor.h"
#include "journal/base/ascii.h"

namespace daybook {

namespace {

// RFC 8461 §3.3 suggests both.
constexpr std::size_t kPolicyOctetsMax = 65'536;
constexpr std::chrono::seconds kFetchTimeout{60};
// RFC 8461 §3.3: five minutes or longer after a failure.
constexpr TimeNs kFailureNs = 300 * kSecondNs;
constexpr std::size_t kFailuresMax = 10'000;

// RFC 8461 §3.2: parameters of the media type do not matter.
bool isPlainText(std::string_view contentType) {
    return equalsIgnoreCase(trimmed(contentType.substr(0, contentType.find(';'))), "text/plain");
}

DomainTls::Mode modeOf(MtaStsPolicy::Mode mode) {
    switch (mode) {
        case MtaStsPolicy::Mode::None: return DomainTls::Mode::None;
        case MtaStsPolicy::Mode::Testing: return DomainTls::Mode::Testing;
        case MtaStsPolicy::Mode::Enforce: return DomainTls::Mode::Enforce;
    }
    std::unreachable();
}

DomainTls described(const std::string& domain, const std::string& id, const MtaStsPolicy& policy) {
    return DomainTls{
        .domain = domain,
        .mode = modeOf(policy.mode),
        .hosts = policy.hosts,
        .policyId = id,
        .policyLines = policy.lines,
    };
}

// What keeps an answer from being a policy, and why.
std::pair<event::TlsFault, std::string> faultOf(const HttpsAnswer& answer) {
    using event::TlsFault;
    using Trouble = HttpsAnswer::Trouble;
    if (answer.trouble == Trouble::NotTrusted) return {TlsFault::STS_WEBPKI_INVALID, answer.why};
    if (answer.trouble != Trouble::None) return {TlsFault::STS_POLICY_FETCH_ERROR, answer.why};
    if (answer.status != 200) {
        return {
            TlsFault::STS_POLICY_FETCH_ERROR,
            "the policy host answered with HTTP status " + std::to_string(answer.status)};
    }
    if (!isPlainText(answer.contentType)) {
        return {TlsFault::STS_POLICY_FETCH_ERROR, "the policy's media type is not text/plain"};
    }
    return {TlsFault::NONE, {}};
}

void writeAll(int file, std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t written = ::write(file, octets.data(), octets.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) throw std::system_error(errno, std::generic_category(), "write");
        octets.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

class DomainPolicies::Pilot {
public:
    Pilot(DomainPolicies& policies, std::string domain, SharedFlight flight)
        : policies_(policies), domain_(std::move(domain)), flight_(std::move(flight)) {}

    ~Pilot() { land({}); }

    Pilot(const Pilot&) = delete;
    Pilot& operator=(const Pilot&) = delete;

    // Wakes those who wait; without a result they look for themselves.
    void land(std::optional<DomainTls> result) {
        const std::lock_guard lock(policies_.mutex_);
        if (std::exchange(landed_, true)) return;
        flight_->result = std::move(result);
        policies_.flights_.erase(domain_);
        for (const Signal::Handle& handle : flight_->waiting)
            handle.raise();
    }

private:
    DomainPolicies& policies_;
    std::string domain_;
    SharedFlight flight_;
    bool landed_ = false;
};

DomainPolicies::DomainPolicies(const TlsPolicies::Parts& parts)
    : parts_(parts), file_(parts.cacheFolder / "mta-sts.json") {
    if (!parts_.mtaSts) return;
    std::filesystem::create_directories(parts_.cacheFolder);
    load();
}

DomainPolicies::~DomainPolicies() {
    const std::optional<std::string> text = beginSaving();
    if (text) write(*text);
}

void DomainPolicies::stop() { stopping_ = true; }

// RFC 8461 §5.1; the DNS is asked every time, so that a new policy is seen before mail fails.
Task<DomainTls> DomainPolicies::of(std::string domain) {
    if (!parts_.mtaSts || !isDomainName(domain)) co_return DomainTls{.domain = domain};
    const dns::Answer answer =
        co_await parts_.resolver.query("_mta-sts." + domain, dns::RecordType::Txt);
    const std::optional<std::string> id = mtaStsIdOf(dns::readTexts(answer));
    for (;;) {
        Signal landed(*Reactor::current());
        const Boarding boarding = board(domain, id, landed);
        if (boarding.known) co_return *boarding.known;
        if (!boarding.isPilot) {
            co_await landed.wait();
            std::optional<DomainTls> result = resultOf(*boarding.flight);
            if (result) co_return std::move(*result);
            continue;
        }
        Pilot pilot(*this, domain, boarding.flight);
        Fetched fetched = co_await fetch(domain);
        DomainTls result = take(domain, id, std::move(fetched));
        pilot.land(result);
        co_await save();
        co_return result;
    }
}

Task<void> DomainPolicies::refresh() {
    std::vector<std::string> domains;
    {
        const std::lock_guard lock(mutex_);
        domains = cache_.oldOnes(parts_.clock.now());
    }
    for (std::string& domain : domains)
        co_await of(std::move(domain));
}

DomainPolicies::Boarding DomainPolicies::board(
    const std::string& domain, const std::optional<std::string>& id, Signal& landed) {
    const std::lock_guard lock(mutex_);
    if (!needsFetch(domain, id)) return {.known = known(domain, id)};
    const auto flying = flights_.find(domain);
    if (flying != flights_.end()) {
        flying->second->waiting.push_back(landed.handle());
        return {.flight = flying->second};
    }
    const auto flight = std::make_shared<Flight>();
    flights_.emplace(domain, flight);
    return {.flight = flight, .isPilot = true};
}

bool DomainPolicies::needsFetch(
    const std::string& domain, const std::optional<std::string>& id) const {
    if (stopping_) return false;
    const TimeNs nowNs = parts_.clock.now();
    const CachedPolicy* const cached = cache_.find(domain, nowNs);
    // RFC 8461 §10.2: an old policy is fetched again whatever the DNS says.
    const bool isOld = cached != nullptr && cached->isOld(nowNs);
    const bool isNew = id && (cached == nullptr || cached->id != *id);
    if (!isOld && !isNew) return false;
    const auto failed = failures_.find(domain);
    return failed == failures_.end() || failed->second.id != id.value_or("") ||
           nowNs - failed->second.atNs >= kFailureNs;
}

// RFC 8461 §3.3: a policy that is known and valid counts, whatever became of the next one.
DomainTls DomainPolicies::known(
    const std::string& domain, const std::optional<std::string>& id) const {
    const CachedPolicy* const cached = cache_.find(domain, parts_.clock.now());
    DomainTls result{.domain = domain};
    if (cached != nullptr) result = described(domain, cached->id, cached->policy);
    const auto failed = failures_.find(domain);
    if (failed != failures_.end() && failed->second.id == id.value_or("")) {
        result.trouble = failed->second.trouble;
        result.why = failed->second.why;
    }
    return result;
}

std::optional<DomainTls> DomainPolicies::resultOf(const Flight& flight) const {
    const std::lock_guard lock(mutex_);
    return flight.result;
}

// RFC 8461 §3.3
Task<DomainPolicies::Fetched> DomainPolicies::fetch(std::string domain) {
    HttpsRequest request{
        .url =
            {.host = "mta-sts." + domain,
             .port = parts_.httpsPort,
             .path = "/.well-known/mta-sts.txt"},
        .roots = parts_.roots,
        .octetsMax = kPolicyOctetsMax,
        .timeout = kFetchTimeout,
    };
    const HttpsParts parts{
        .resolver = parts_.resolver,
        .workers = parts_.workers,
        .stopping = stopping_,
    };
    const HttpsAnswer answer = co_await askHttps(parts, std::move(request));
    Fetched fetched;
    std::tie(fetched.failure.trouble, fetched.failure.why) = faultOf(answer);
    if (fetched.failure.trouble != event::TlsFault::NONE) co_return fetched;
    auto policy = parseMtaStsPolicy(answer.body);
    if (policy) {
        fetched.policy = std::move(*policy);
    } else {
        fetched.failure = {.trouble = event::TlsFault::STS_POLICY_INVALID, .why = policy.error()};
    }
    co_return fetched;
}

// What a fetch comes to. A policy is good for who asked even if its max_age is zero.
DomainTls DomainPolicies::take(
    const std::string& domain, const std::optional<std::string>& id, Fetched fetched) {
    const std::lock_guard lock(mutex_);
    const TimeNs nowNs = parts_.clock.now();
    const CachedPolicy* const cached = cache_.find(domain, nowNs);
    if (fetched.policy) {
        failures_.erase(domain);
        // Fetched because it was old, without a record that gives an id: it keeps the one it has.
        const std::string newId = id ? *id : cached != nullptr ? cached->id : "";
        DomainTls result = described(domain, newId, *fetched.policy);
        cache_.store(
            domain,
            CachedPolicy{.id = newId, .fetchedNs = nowNs, .policy = std::move(*fetched.policy)});
        unwritten_ = true;
        return result;
    }
    Failure& failure = fetched.failure;
    failure.id = id.value_or("");
    failure.atNs = nowNs;
    // RFC 8461 §10.2: the operator hears of it long before the policy's end, unless it is to end.
    const bool matters = cached != nullptr && cached->policy.mode != MtaStsPolicy::Mode::None;
    const LogFields fields = {
        {"domain", domain},
        {"trouble", std::string(tlsResultType(failure.trouble))},
        {"why", failure.why}};
    if (matters) {
        parts_.log.warning("mta-sts-refresh-failed", fields);
    } else {
        parts_.log.information("mta-sts-fetch-failed", fields);
    }
    rememberFailure(domain, std::move(failure));
    return known(domain, id);
}

void DomainPolicies::rememberFailure(const std::string& domain, Failure failure) {
    const TimeNs nowNs = failure.atNs;
    if (failures_.size() >= kFailuresMax) {
        std::erase_if(failures_, [nowNs](const auto& entry) {
            return nowNs - entry.second.atNs >= kFailureNs;
        });
    }
    // So many within five minutes: to forget one costs a fetch.
    if (failures_.size() >= kFailuresMax) failures_.erase(failures_.begin());
    failures_[domain] = std::move(failure);
}

void DomainPolicies::load() {
    std::ifstream file(file_, std::ios::binary);
    if (!file) return;  // the first start
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    try {
        cache_.load(text, parts_.clock.now());
    } catch (const std::runtime_error& error) {
        // It is a cache: the policies are fetched again.
        parts_.log.warning(
            "mta-sts-cache-unreadable", {{"file", file_.string()}, {"why", error.what()}});
    }
}

// One writes at a time; what comes meanwhile is written by the next, or at the end.
Task<void> DomainPolicies::save() {
    const std::optional<std::string> text = beginSaving();
    if (!text) co_return;
    const bool written = co_await parts_.workers.run([this, &text] { return write(*text); });
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!written) unwritten_ = true;
}

std::optional<std::string> DomainPolicies::beginSaving() {
    const std::lock_guard lock(mutex_);
    if (!unwritten_ || writing_) return {};
    writing_ = true;
    unwritten_ = false;
    return cache_.text();
}

// A new file in the place of the old one: whoever reads sees a whole one.
bool DomainPolicies::write(const std::string& text) const {
    const std::filesystem::path fresh = file_.string() + ".new";
    try {
        const Descriptor file(
            ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (file.number() < 0) throw std::system_error(errno, std::generic_category(), "open");
        writeAll(file.number(), text);
        if (::fsync(file.number()) != 0)
            throw std::system_error(errno, std::generic_category(), "fsync");
        std::filesystem::rename(fresh, file_);
        return true;
    } catch (const std::system_error& error) {
        parts_.log.warning(
            "mta-sts-cache-unwritten", {{"file", file_.string()}, {"why", error.what()}});
        return false;
    }
}

}  // namespace daybook
