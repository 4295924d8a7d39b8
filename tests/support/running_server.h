// running_server.h
//
// A Server with one listener on a free loopback port, running as long as the object, and a
// self-signed certificate when one is asked for.
#pragma once

#include <cstdint>
#include <utility>

#include "engine/runtime/server.h"
#include "engine/runtime/tls_context.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_client.h"

namespace daybook::test {

// Certificate and key for `name` in a folder of its own.
class TestCertificate {
public:
    explicit TestCertificate(const std::string& name, const std::string& serverName = {})
        : files_{serverName, folder_.path() / "chain.pem", folder_.path() / "key.pem"} {
        writeSelfSignedCertificate({name, "127.0.0.1"}, files_.certificateChain, files_.privateKey);
    }

    const CertificateFiles& files() const { return files_; }

private:
    TemporaryFolder folder_;
    CertificateFiles files_;
};

class RunningServer {
public:
    explicit RunningServer(SessionFunction session, ListenerOptions options = {})
        : log_(LogLevel::Error), server_(2, log_) {
        if (options.name.empty()) options.name = "test";
        if (options.address.empty()) options.address = "127.0.0.1";
        address_ = options.address;
        port_ = server_.listen(options, std::move(session));
        server_.start();
    }

    TestClient client() const {
        TestClient client;
        client.connect(address_, port_);
        return client;
    }

    Server& server() { return server_; }

    std::uint16_t port() const { return port_; }

private:
    const Log log_;
    Server server_;
    std::string address_;
    std::uint16_t port_ = 0;
};

}  // namespace daybook::test
