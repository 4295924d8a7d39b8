// scram_client.h
//
// The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), by libgsasl, without channel binding:
// for the smart host that we log in to. Waits for nothing; knows no protocol. Thread: any, one at a
// time.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace daybook {

class ScramClient {
public:
    // Throws std::runtime_error when libgsasl cannot do it.
    ScramClient(const std::string& user, const std::string& password);
    ~ScramClient();

    // What to send after that challenge; the first one is empty. Nothing: the server's message
    // makes no sense, or does not prove that it knows the password.
    std::optional<std::string> step(const std::string& challenge);

    // The server has proved itself.
    bool isDone() const;

    class Implementation;

private:
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace daybook
