#include "protocols/smtp/client_hello.h"

#include <algorithm>
#include <string_view>

#include "journal/base/ascii.h"

namespace daybook::smtp {

namespace {

std::vector<std::string_view> wordsOf(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = line.find(' ');
        if (end != 0) words.push_back(line.substr(0, end));
        line = end == std::string_view::npos ? std::string_view() : line.substr(end + 1);
    }
    return words;
}

// RFC 9422 §4: a value that is none is as if it were not there.
void takeLimit(std::string_view word, PeerFacts& peer) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return;
    const auto value = parseNumber(word.substr(equals + 1), UINT32_MAX);
    if (!value) return;
    const std::string_view name = word.substr(0, equals);
    if (equalsIgnoreCase(name, "RCPTMAX")) peer.recipientsMax = static_cast<std::uint32_t>(*value);
    if (equalsIgnoreCase(name, "MAILMAX")) {
        peer.transactionsMax = static_cast<std::uint32_t>(*value);
    }
}

void takeKeyword(const std::vector<std::string_view>& words, HelloFacts& facts) {
    PeerFacts& peer = facts.peer;
    const std::string keyword = uppered(words.front());
    const std::string_view first = words.size() > 1 ? words[1] : std::string_view();
    if (keyword == "PIPELINING") peer.pipelining = true;   // RFC 2920
    if (keyword == "8BITMIME") peer.eightBitMime = true;   // RFC 6152
    if (keyword == "SMTPUTF8") peer.smtpUtf8 = true;       // RFC 6531
    if (keyword == "CHUNKING") peer.chunking = true;       // RFC 3030
    if (keyword == "BINARYMIME") peer.binaryMime = true;   // RFC 3030
    if (keyword == "DSN") peer.dsn = true;                 // RFC 3461
    if (keyword == "REQUIRETLS") peer.requireTls = true;   // RFC 8689
    if (keyword == "MT-PRIORITY") peer.priorities = true;  // RFC 6710
    if (keyword == "STARTTLS") facts.startTls = true;      // RFC 3207
    if (keyword == "DELIVERBY") {                          // RFC 2852
        peer.deliverBy = true;
        facts.deliverBySecondsMin =
            static_cast<std::uint32_t>(parseNumber(first, 999'999'999).value_or(0));
    }
    if (keyword == "SIZE") {  // RFC 1870
        facts.size = true;
        peer.octetsMax = parseNumber(first).value_or(0);
    }
    if (keyword == "LIMITS") {  // RFC 9422
        std::for_each(words.begin() + 1, words.end(), [&](auto word) { takeLimit(word, peer); });
    }
    if (keyword == "AUTH") {  // RFC 4954
        std::for_each(words.begin() + 1, words.end(), [&](auto word) {
            facts.mechanisms.push_back(uppered(word));
        });
    }
}

}  // namespace

HelloFacts parseHelloReply(const ServerReply& reply, const std::string& greeting) {
    HelloFacts facts;
    facts.peer.greeting = greeting;
    for (const std::string& line : reply.lines) {
        const std::vector<std::string_view> words = wordsOf(line);
        if (words.empty()) continue;
        // ehlo-ok-rsp: the first line has the domain, and after it what it likes.
        if (&line == &reply.lines.front()) {
            facts.peer.name = words.front();
        } else {
            takeKeyword(words, facts);
        }
    }
    // RFC 3030 §3: BINARYMIME needs CHUNKING.
    facts.peer.binaryMime = facts.peer.binaryMime && facts.peer.chunking;
    return facts;
}

}  // namespace daybook::smtp
