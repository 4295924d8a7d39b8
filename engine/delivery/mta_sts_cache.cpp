#include "engine/delivery/mta_sts_cache.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace daybook {

namespace {

// As many domains as a large server writes to within weeks; the file is written as a whole.
constexpr std::size_t kPoliciesMax = 20'000;
constexpr std::size_t kOctetsMax = 64U << 20U;
constexpr int kFormat = 1;

using Json = nlohmann::ordered_json;

TimeNs lifeOf(const CachedPolicy& cached) { return cached.policy.maxAge.count() * kSecondNs; }

std::size_t octetsOf(const CachedPolicy& cached) {
    std::size_t octets = sizeof cached;
    for (const std::string& line : cached.policy.lines)
        octets += sizeof line + line.size();
    for (const std::string& host : cached.policy.hosts)
        octets += sizeof host + host.size();
    return octets;
}

}  // namespace

bool CachedPolicy::isValid(TimeNs nowNs) const { return nowNs - fetchedNs < lifeOf(*this); }

bool CachedPolicy::isOld(TimeNs nowNs) const { return nowNs - fetchedNs >= lifeOf(*this) / 2; }

const CachedPolicy* MtaStsCache::find(std::string_view domain, TimeNs nowNs) const {
    const auto found = policies_.find(domain);
    if (found == policies_.end() || !found->second.isValid(nowNs)) return nullptr;
    return &found->second;
}

void MtaStsCache::store(const std::string& domain, CachedPolicy cached) {
    CachedPolicy& place = policies_[domain];
    if (place.fetchedNs != 0) octets_ -= octetsOf(place);
    place = std::move(cached);
    octets_ += octetsOf(place);
    while (policies_.size() > kPoliciesMax || octets_ > kOctetsMax) {
        const bool tooMany = policies_.size() > kPoliciesMax;
        const auto rank = [tooMany](const auto& entry) -> std::int64_t {
            if (tooMany) return entry.second.fetchedNs;
            return -static_cast<std::int64_t>(octetsOf(entry.second));
        };
        const auto victim = std::ranges::min_element(policies_, {}, rank);
        octets_ -= octetsOf(victim->second);
        policies_.erase(victim);
    }
}

std::vector<std::string> MtaStsCache::oldOnes(TimeNs nowNs) const {
    std::vector<std::string> domains;
    for (const auto& [domain, cached] : policies_) {
        if (cached.isValid(nowNs) && cached.isOld(nowNs)) domains.push_back(domain);
    }
    return domains;
}

// The lines say all: what is read from them again is what was read from the policy host.
std::string MtaStsCache::text() const {
    Json policies = Json::object();
    for (const auto& [domain, cached] : policies_) {
        policies[domain] = Json{
            {"id", cached.id},
            {"fetched", cached.fetchedNs / kSecondNs},
            {"lines", cached.policy.lines},
        };
    }
    return Json{{"format", kFormat}, {"policies", std::move(policies)}}.dump(1);
}

void MtaStsCache::load(std::string_view text, TimeNs nowNs) {
    std::vector<std::pair<std::string, CachedPolicy>> read;
    try {
        const Json document = Json::parse(text);
        if (document.at("format").get<int>() != kFormat) throw std::runtime_error("wrong format");
        for (const auto& [domain, entry] : document.at("policies").items()) {
            std::string lines;
            for (const std::string& line : entry.at("lines").get<std::vector<std::string>>())
                lines += line + "\n";
            auto policy = parseMtaStsPolicy(lines);
            if (!policy) throw std::runtime_error(domain + ": " + policy.error());
            const auto seconds = entry.at("fetched").get<std::int64_t>();
            // A time to come, from a clock that was wrong, would keep a policy for too long.
            const TimeNs fetchedNs = std::clamp<TimeNs>(seconds, 1, nowNs / kSecondNs) * kSecondNs;
            read.emplace_back(
                domain,
                CachedPolicy{
                    .id = entry.at("id").get<std::string>(),
                    .fetchedNs = fetchedNs,
                    .policy = std::move(*policy),
                });
        }
    } catch (const nlohmann::json::exception& error) {
        throw std::runtime_error(error.what());
    }
    for (auto& [domain, cached] : read) {
        if (cached.isValid(nowNs)) store(domain, std::move(cached));
    }
}

}  // namespace daybook
