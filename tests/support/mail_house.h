// mail_house.h
//
// A whole server in a temporary folder for tests of SMTP, LMTP, submission, POP3 and IMAP:
// journal, scribe, directory, and one listener for each dialogue on a free loopback port. Accounts:
// alice@example.org and bob@example.org, password kPassword. Thread: one, besides the server's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"
#include "engine/scribe/command.h"
#include "journal/base/ids.h"
#include "journal/kind.h"
#include "tests/support/test_client.h"

namespace daybook::test {

inline constexpr std::string_view kPassword = "correct horse";

enum class Door { Mx, Submission, Lmtp, Pop3, Imap };

struct MailHouseOptions {
    std::uint64_t messageOctetsMax = 50ULL << 20U;
    bool plaintextLogin = true;  // on loopback
    bool tls = true;             // STARTTLS is offered
    ListenerConfig policy;       // of the doors of SMTP, submission and LMTP
    std::optional<RateConfig> rates;
};

class MailHouse {
public:
    explicit MailHouse(const MailHouseOptions& options = {});
    ~MailHouse();

    // Connected, before the greeting is read.
    TestClient client(Door door) const;
    std::uint16_t port(Door door) const;

    // INBOX's messages as their owner gets them: prefix and octets, in order of UID.
    std::vector<std::string> inbox(std::string_view login);
    // Delivers to the account by LMTP; returns the id that the 250 names.
    std::string deliver(std::string_view login, std::string_view message);
    // Somebody else expunges everything in INBOX.
    void emptyInbox(std::string_view login);
    // The content of the last message in INBOX is damaged on disk, or erased.
    void eraseLast(std::string_view login);
    void removeAccount(std::string_view login);
    void disableAccount(std::string_view login);
    // `delegate` may send as `owner`, or no longer.
    void delegate(std::string_view owner, std::string_view delegate, bool on);

    // How many events of that kind there are; what was noted is committed first.
    std::size_t count(Kind kind);
    // Whose doing each event of that kind is, in order.
    std::vector<Origin> origins(Kind kind);

    // Graceful stop of the listeners, on another thread's time: returns at once.
    void beginStop();

    class Parts;

private:
    std::unique_ptr<Parts> parts_;
};

}  // namespace daybook::test
