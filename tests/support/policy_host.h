// policy_host.h
//
// An HTTPS server on a free loopback port that answers, for each name (SNI), what a test says: any
// octets under any certificate. It counts what it is asked. Thread: any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "engine/runtime/tls_context.h"

namespace daybook::test {

// An HTTP/1.1 answer.
std::string httpAnswer(
    const std::string& status, const std::string& contentType, const std::string& body);

class PolicyHost {
public:
    struct Site {
        CertificateFiles certificate;
        std::string answer;
        // Once the answer is sent, one octet more now and then, without an end.
        bool drips = false;
    };

    PolicyHost();
    // Ends what is going on.
    ~PolicyHost();

    std::uint16_t port() const;
    void serve(const std::string& name, Site site);
    int requests(const std::string& name) const;
    // The last one, head and body; empty: none.
    std::string request(const std::string& name) const;

    // Answers wait from now on until release(); waitForRequests() until so many are waiting.
    void hold();
    void release();
    void waitForRequests(const std::string& name, int count) const;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook::test
