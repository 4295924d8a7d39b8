// tls_policy_fixture.h
//
// A policy host with an authority of its own, a resolver that knows it, and TlsPolicies that trust
// both.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/delivery/tls_policy.h"
#include "engine/runtime/nursery.h"
#include "tests/support/policy_host.h"
#include "tests/support/scripted_resolver.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_authority.h"
#include "tests/support/test_clock.h"

namespace daybook::test {

template <class T>
Task<void> keep(Task<T> task, std::optional<T>& result) {
    T value = co_await std::move(task);
    result = std::move(value);
}

// What the task returns, run to its end on a reactor of its own.
template <class T>
T resultOf(Task<T> task) {
    Reactor reactor;
    std::optional<T> result;
    runUntilDone(reactor, keep(std::move(task), result));
    return std::move(result.value());
}

inline std::string policyText(
    const std::string& mode, const std::string& host, const std::string& maxAge = "86400") {
    return "version: STSv1\r\nmode: " + mode + "\r\nmx: " + host + "\r\nmax_age: " + maxAge +
           "\r\n";
}

struct PolicyHouse {
    TemporaryFolder folder;
    TestAuthority authority;
    PolicyHost host;
    ScriptedResolver resolver;
    TestClock clock;
    Log log{LogLevel::Error};
    WorkerPool workers{2};
    std::unique_ptr<TlsPolicies> policies;

    PolicyHouse() { start(); }

    TlsPolicies::Parts parts() {
        return {
            .resolver = resolver,
            .workers = workers,
            .clock = clock,
            .log = log,
            .cacheFolder = folder.path() / "cache",
            .roots = authority.root().files.certificateChain,
            .httpsPort = host.port(),
        };
    }

    void start() { policies = std::make_unique<TlsPolicies>(parts()); }

    void restart() {
        policies.reset();
        start();
    }

    // The record, the host's address, and what the host answers.
    void publish(const std::string& domain, const std::string& id, const std::string& answer) {
        record(domain, id);
        resolve(domain);
        host.serve(
            "mta-sts." + domain,
            {.certificate = authority.issue({"mta-sts." + domain}).files, .answer = answer});
    }

    void publishPolicy(const std::string& domain, const std::string& id, const std::string& text) {
        publish(domain, id, httpAnswer("200 OK", "text/plain; charset=utf-8", text));
    }

    void record(const std::string& domain, const std::string& id) {
        resolver.txt("_mta-sts." + domain, "v=STSv1; id=" + id + ";");
    }

    void resolve(const std::string& domain) {
        resolver.addresses("mta-sts." + domain, {"127.0.0.1"});
    }

    DomainTls of(const std::string& domain) { return resultOf(policies->ofDomain(domain)); }

    int fetches(const std::string& domain) const { return host.requests("mta-sts." + domain); }
};

}  // namespace daybook::test
