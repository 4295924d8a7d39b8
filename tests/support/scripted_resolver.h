// scripted_resolver.h
//
// A Resolver whose answers a test writes beforehand, and the wire form of records to write them
// with. What is not written: NODATA for a name that has other records, else NXDOMAIN, both without
// DNSSEC. Thread: any.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/dns/records.h"
#include "engine/dns/resolver.h"

namespace daybook::test {

// "a.test" -> "\1a\4test\0"; "." is the root.
inline std::string nameData(std::string_view name) {
    std::string data;
    while (!name.empty() && name != ".") {
        const std::string_view label = name.substr(0, name.find('.'));
        data += static_cast<char>(label.size());
        data += label;
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return data + '\0';
}

inline std::string mxData(std::uint16_t preference, std::string_view exchange) {
    const std::string octets{
        static_cast<char>(preference >> 8U), static_cast<char>(preference & 0xffU)};
    return octets + nameData(exchange);
}

// Either family, from its text.
inline std::string addressData(const std::string& text) {
    const bool isIpv6 = text.find(':') != std::string::npos;
    std::string data(isIpv6 ? 16 : 4, '\0');
    if (::inet_pton(isIpv6 ? AF_INET6 : AF_INET, text.c_str(), data.data()) != 1) {
        throw std::invalid_argument(text + " is no address");
    }
    return data;
}

// In strings of at most 255 octets.
inline std::string txtData(std::string_view text) {
    std::string data;
    do {
        const std::string_view part = text.substr(0, 255);
        data += static_cast<char>(part.size());
        data += part;
        text.remove_prefix(part.size());
    } while (!text.empty());
    return data;
}

inline std::string tlsaData(const TlsaRecord& record) {
    const std::string octets{
        static_cast<char>(record.usage),
        static_cast<char>(record.selector),
        static_cast<char>(record.matching)};
    return octets + record.data;
}

enum class Vouched { No, ByDnssec };

class ScriptedResolver final : public dns::Resolver {
public:
    using Question = std::pair<std::string, dns::RecordType>;

    void answer(const std::string& name, dns::RecordType type, dns::Answer answer) {
        const std::lock_guard lock(mutex_);
        if (answer.canonicalName.empty()) answer.canonicalName = name;
        answers_[{name, type}] = std::move(answer);
    }

    // Records that are there.
    void found(
        const std::string& name,
        dns::RecordType type,
        std::vector<std::string> records,
        Vouched vouched = Vouched::No) {
        answer(
            name,
            type,
            {
                .result = dns::Result::Found,
                .secure = vouched == Vouched::ByDnssec,
                .records = std::move(records),
                .timeToLive = std::chrono::seconds(300),
            });
    }

    // NoData, NoSuchName, Failed or Bogus.
    void missing(
        const std::string& name,
        dns::RecordType type,
        dns::Result result,
        Vouched vouched = Vouched::No) {
        answer(
            name,
            type,
            {
                .result = result,
                .secure = vouched == Vouched::ByDnssec,
                .timeToLive = std::chrono::seconds(60),
                .why = "scripted",
            });
    }

    void mx(
        const std::string& name,
        const std::vector<std::pair<std::uint16_t, std::string>>& hosts,
        Vouched vouched = Vouched::No) {
        std::vector<std::string> records;
        for (const auto& [preference, exchange] : hosts)
            records.push_back(mxData(preference, exchange));
        found(name, dns::RecordType::Mx, std::move(records), vouched);
    }

    // A and AAAA records; a family without addresses is NODATA.
    void addresses(
        const std::string& name,
        const std::vector<std::string>& texts,
        Vouched vouched = Vouched::No) {
        std::map<dns::RecordType, std::vector<std::string>> families{
            {dns::RecordType::A, {}}, {dns::RecordType::Aaaa, {}}};
        for (const std::string& text : texts) {
            const std::string data = addressData(text);
            families[data.size() == 4 ? dns::RecordType::A : dns::RecordType::Aaaa].push_back(data);
        }
        for (auto& [type, records] : families) {
            if (records.empty()) {
                missing(name, type, dns::Result::NoData, vouched);
            } else {
                found(name, type, std::move(records), vouched);
            }
        }
    }

    void txt(const std::string& name, std::string_view text) {
        found(name, dns::RecordType::Txt, {txtData(text)});
    }

    Task<dns::Answer> query(std::string name, dns::RecordType type) override {
        co_return reply(dns::questionName(name).value_or(name), type);
    }

    // In the order in which they came; names in lower case, without the dot at the end.
    std::vector<Question> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

    std::ptrdiff_t timesAsked(const std::string& name, dns::RecordType type) const {
        const std::lock_guard lock(mutex_);
        return std::ranges::count(asked_, Question(name, type));
    }

    // Throws if that does not come about.
    void waitUntilAsked(const std::string& name, dns::RecordType type, std::ptrdiff_t times) const {
        std::unique_lock lock(mutex_);
        const auto isAsked = [&] {
            return std::ranges::count(asked_, Question(name, type)) >= times;
        };
        if (!changed_.wait_for(lock, std::chrono::seconds(20), isAsked)) {
            throw std::runtime_error("nobody asks for " + name);
        }
    }

private:
    dns::Answer reply(const std::string& name, dns::RecordType type) {
        const std::lock_guard lock(mutex_);
        asked_.emplace_back(name, type);
        changed_.notify_all();
        const auto found = answers_.find({name, type});
        if (found != answers_.end()) return found->second;
        const auto other = answers_.lower_bound({name, dns::RecordType{}});
        const bool exists = other != answers_.end() && other->first.first == name;
        return {
            .result = exists ? dns::Result::NoData : dns::Result::NoSuchName,
            .canonicalName = name,
        };
    }

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::map<Question, dns::Answer> answers_;  // under mutex_
    std::vector<Question> asked_;              // under mutex_
};

}  // namespace daybook::test
