// told_resolver.h
//
// A Resolver that answers what a test has told it, and says how often it was asked. What it was not
// told of is no such name, without DNSSEC. Thread: any.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/dns/resolver.h"

namespace daybook::test {

enum class Signed : std::uint8_t { No, Yes };

class ToldResolver final : public dns::Resolver {
public:
    // In the place of what was said before.
    void add(const std::string& name, dns::RecordType type, dns::Answer answer) {
        if (answer.canonicalName.empty()) answer.canonicalName = name;
        const std::lock_guard lock(mutex_);
        answers_[{name, type}] = std::move(answer);
    }

    void addText(const std::string& name, const std::string& text) {
        add(name, dns::RecordType::Txt, found({stringOf(text)}, Signed::No));
    }

    Task<dns::Answer> query(std::string name, dns::RecordType type) override {
        co_return answerTo({std::move(name), type});
    }

    int timesAsked(const std::string& name, dns::RecordType type) const {
        const std::lock_guard lock(mutex_);
        const auto count = asked_.find({name, type});
        return count == asked_.end() ? 0 : count->second;
    }

    void waitUntilAsked(const std::string& name, dns::RecordType type, int times) const {
        std::unique_lock lock(mutex_);
        const auto isAsked = [this, &name, type, times] {
            const auto count = asked_.find({name, type});
            return count != asked_.end() && count->second >= times;
        };
        if (!changed_.wait_for(lock, std::chrono::seconds(20), isAsked)) {
            throw std::runtime_error("nobody asks for " + name);
        }
    }

    static dns::Answer found(std::vector<std::string> records, Signed isSigned) {
        return {
            .result = dns::Result::Found,
            .secure = isSigned == Signed::Yes,
            .records = std::move(records),
        };
    }

    static dns::Answer without(dns::Result result, Signed isSigned = Signed::No) {
        return {.result = result, .secure = isSigned == Signed::Yes};
    }

    // A <character-string>: at most 255 octets.
    static std::string stringOf(std::string_view text) {
        return static_cast<char>(text.size()) + std::string(text);
    }

private:
    using Question = std::pair<std::string, dns::RecordType>;

    dns::Answer answerTo(const Question& question) {
        const std::lock_guard lock(mutex_);
        ++asked_[question];
        changed_.notify_all();
        const auto answer = answers_.find(question);
        if (answer != answers_.end()) return answer->second;
        return {.result = dns::Result::NoSuchName, .canonicalName = question.first};
    }

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::map<Question, dns::Answer> answers_;
    std::map<Question, int> asked_;
};

}  // namespace daybook::test
