// https_fetch.h
//
// One HTTPS request, GET or POST, and its answer: the one door to libcurl. The caller names the
// addresses, so that libcurl never asks the DNS; no redirects are followed, no proxy is used, no
// cache, no cookies; the certificate is verified (PKIX, a DNS-ID of the host). What the peer does
// never throws. Thread: fetchHttps() a worker's, as it blocks until the answer is there or the time
// is up; askHttps() any reactor's.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/dns/resolver.h"
#include "engine/runtime/task.h"
#include "engine/runtime/worker_pool.h"

namespace daybook {

struct HttpsUrl {
    std::string host;  // lower case; a name, not an address
    std::uint16_t port = 443;
    std::string path;  // with the query: "/v1/tlsrpt?x=y"
};

// Nothing: not https, no host name, or with a user in it.
std::optional<HttpsUrl> parseHttpsUrl(std::string_view text);

struct HttpsRequest {
    HttpsUrl url;
    std::vector<std::string> addresses;  // "192.0.2.1", "2001:db8::1"; tried as libcurl sees fit
    std::filesystem::path roots;         // trust anchors, PEM; empty: the system's
    std::size_t octetsMax = 0;           // of the answer's body
    std::chrono::milliseconds timeout{0};
    // A POST if there is a content type.
    std::string contentType;
    std::string body;
};

struct HttpsAnswer {
    enum class Trouble : std::uint8_t {
        None,
        Unreachable,  // no connection, it broke off, or no HTTP
        NotTrusted,   // the certificate: chain, dates, or name
        TooLarge,     // more than octetsMax
        TimedOut,
        Stopped,  // by who asked
    };
    Trouble trouble = Trouble::None;
    std::uint16_t status = 0;
    std::string contentType;
    std::string body;
    std::string why;  // of the trouble, for people
};

// `stopping`: set by another thread, it ends the request within a second or so.
HttpsAnswer fetchHttps(const HttpsRequest& request, const std::atomic<bool>& stopping);

// What a request needs of the server around it.
struct HttpsParts {
    dns::Resolver& resolver;
    // A pool of its own, or one whose other jobs can wait: a slow peer holds a thread until the
    // request's timeout.
    WorkerPool& workers;
    const std::atomic<bool>& stopping;
};

// Looks up the host's addresses and then fetches.
Task<HttpsAnswer> askHttps(HttpsParts parts, HttpsRequest request);

}  // namespace daybook
