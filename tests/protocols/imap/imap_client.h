// imap_client.h
//
// One logged-in IMAP connection of a test: sends commands, collects what the server says to them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/mail_house.h"

namespace daybook::test {

struct Answered {
    std::vector<std::string> untagged;  // without CRLF; literals are not understood
    std::string tagged;                 // without the tag

    bool isOk() const { return tagged.starts_with("OK"); }

    // How many untagged lines hold that.
    std::size_t count(std::string_view text) const {
        std::size_t found = 0;
        for (const std::string& line : untagged) {
            if (line.find(text) != std::string::npos) ++found;
        }
        return found;
    }
};

class ImapClient {
public:
    explicit ImapClient(const MailHouse& house, const std::string& login = "alice@example.org")
        : client_(house.client(Door::Imap)) {
        client_.readLine();
        command("LOGIN " + login + " \"" + std::string(kPassword) + "\"");
    }

    void begin(const std::string& text) { client_.send(nextTag() + ' ' + text + "\r\n"); }

    Answered end() {
        Answered answered;
        while (true) {
            std::string line = client_.readLine();
            if (line.starts_with(tag_ + ' ')) {
                answered.tagged = line.substr(tag_.size() + 1);
                return answered;
            }
            answered.untagged.push_back(std::move(line));
        }
    }

    Answered command(const std::string& text) {
        begin(text);
        return end();
    }

    Answered append(const std::string& mailbox, const std::string& message) {
        return command(
            "APPEND " + mailbox + " {" + std::to_string(message.size()) + "+}\r\n" + message);
    }

    TestClient& raw() { return client_; }

private:
    std::string nextTag() {
        tag_ = "t" + std::to_string(++commands_);
        return tag_;
    }

    TestClient client_;
    std::string tag_;
    unsigned commands_ = 0;
};

}  // namespace daybook::test
