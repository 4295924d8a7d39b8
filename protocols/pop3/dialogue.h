// dialogue.h
//
// One POP3 connection: its state, and one handler per command. The loop is in session.cpp, the
// handlers in commands/, the table that joins them in command_table.cpp. A handler returns its
// reply; only RETR and TOP write, because a message is never whole in memory. Thread: the
// connection's reactor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/scribe/access_record.h"
#include "engine/scribe/session_record.h"
#include "protocols/common/line_reader.h"
#include "protocols/common/services.h"
#include "protocols/pop3/maildrop.h"
#include "protocols/pop3/maildrop_locks.h"
#include "protocols/pop3/session.h"

namespace daybook::pop3 {

struct CommandRow;

enum class AfterReply { GoOn, Close };

struct Reply {
    bool ok = true;
    std::string octets;  // as sent, with CRLF; empty: everything is sent already
    AfterReply after = AfterReply::GoOn;
};

Reply ok(std::string_view text);
// RFC 2449 §8: `code` is an extended response code without brackets, or empty.
Reply err(std::string_view code, std::string_view text);
// The refusal table's words.
Reply err(const Refusal& refusal);

// What exists after login only: RFC 1939 §5. Destroyed in reverse order: the lock goes last.
struct Login {
    MaildropLocks::Lock lock;
    Identity identity;
    Maildrop maildrop;
    std::unique_ptr<AccessRecord> access;
};

class Dialogue {
public:
    Dialogue(const Services& services, MaildropLocks& locks, const SessionStart& start);

    // Greets, answers commands. Never throws.
    Task<void> run();

    // The handlers; `arguments` live until the task is done.
    Task<Reply> capa(std::string_view arguments);
    Task<Reply> stls(std::string_view arguments);
    Task<Reply> user(std::string_view arguments);
    Task<Reply> pass(std::string_view arguments);
    Task<Reply> auth(std::string_view arguments);
    Task<Reply> stat(std::string_view arguments);
    Task<Reply> list(std::string_view arguments);
    Task<Reply> uidl(std::string_view arguments);
    Task<Reply> retr(std::string_view arguments);
    Task<Reply> top(std::string_view arguments);
    Task<Reply> dele(std::string_view arguments);
    Task<Reply> noop(std::string_view arguments);
    Task<Reply> rset(std::string_view arguments);
    Task<Reply> quit(std::string_view arguments);

    // For CAPA (command_table.cpp).
    AuthenticationPeer authenticationPeer(event::Mechanism passwordMechanism);

    const Services& services() const { return services_; }

    bool isLoggedIn() const { return login_ != nullptr; }

    bool canStartTls() const { return services_.tls != nullptr && !connection_.isTls(); }

private:
    // session.cpp
    Task<event::CloseReason> converse();
    Task<bool> awaitCommand();
    Task<Reply> execute(std::string_view line);
    Task<void> flush();
    Task<void> lastWords(Reply last);

    // commands/authorization.cpp
    Task<Reply> openMaildrop(Identity identity);

    // commands/transaction.cpp
    using Listing = std::function<std::string(const Maildrop::Message&)>;
    Reply listing(std::string_view arguments, std::string_view heading, const Listing& what) const;

    // commands/retrieve.cpp
    struct Content {
        std::string head;  // the prefix, and the blob's first piece
        Place blob;
        std::uint64_t blobOctets = 0;
        std::uint64_t prefixOctets = 0;
        std::uint64_t blobOctetsInHead = 0;
    };

    std::optional<Content> locate(Uid uid) const;
    bool readHead(Content& content) const;
    bool isWhole(const Content& content) const;
    Task<Reply> transmit(Uid uid, std::optional<std::uint64_t> bodyLines);
    Task<void> sendContent(
        Content content, std::optional<std::uint64_t> bodyLines, std::uint64_t& sent);

    const Services& services_;
    MaildropLocks& locks_;
    Connection& connection_;
    Signal& stopping_;
    LineReader lines_;
    SessionRecord record_;

    std::string userName_;          // of the USER that PASS must follow at once
    std::unique_ptr<Login> login_;  // nullptr: not logged in

    std::string pending_;  // replies that wait for the end of a pipelined group
    std::size_t errors_ = 0;
};

}  // namespace daybook::pop3
