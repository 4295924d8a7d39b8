// dialogue.h
//
// One SMTP, submission or LMTP connection: its state, and one handler per command. The loop is in
// session.cpp, the handlers in commands/, the table that joins them in command_table.cpp. A handler
// returns its reply and never writes it. Thread: the connection's reactor.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/scribe/session_record.h"
#include "protocols/common/line_reader.h"
#include "protocols/common/services.h"
#include "protocols/smtp/grammar.h"
#include "protocols/smtp/message_content.h"
#include "protocols/smtp/parameters.h"
#include "protocols/smtp/role.h"
#include "protocols/smtp/session.h"

namespace daybook::smtp {

struct CommandRow;

// From MAIL to the end of DATA or BDAT LAST.
struct Transaction {
    std::string reversePath;  // empty: null
    MailParameters parameters;
    std::vector<AcceptedRecipient> recipients;
    TimeNs begunNs = 0;  // what BY and HOLDFOR count from
    bool recipientRefused = false;
    // BDAT: what came so far, and whether a chunk was refused, after which only RSET helps
    // (RFC 3030 §2).
    std::unique_ptr<MessageContent> chunks;
    bool chunkRefused = false;
};

class Dialogue {
public:
    Dialogue(
        const Services& services,
        Role role,
        const ListenerConfig& policy,
        const SessionStart& start);

    // Greets, answers commands, says goodbye. Never throws.
    Task<void> run();

    // The handlers; `arguments` live until the task is done.
    Task<Reply> ehlo(std::string_view arguments);
    Task<Reply> helo(std::string_view arguments);
    Task<Reply> startTls(std::string_view arguments);
    Task<Reply> auth(std::string_view arguments);
    Task<Reply> mail(std::string_view arguments);
    Task<Reply> rcpt(std::string_view arguments);
    Task<Reply> data(std::string_view arguments);
    Task<Reply> bdat(std::string_view arguments);
    Task<Reply> rset(std::string_view arguments);
    Task<Reply> noop(std::string_view arguments);
    Task<Reply> vrfy(std::string_view arguments);
    Task<Reply> expn(std::string_view arguments);
    Task<Reply> help(std::string_view arguments);
    Task<Reply> etrn(std::string_view arguments);
    Task<Reply> xclient(std::string_view arguments);
    Task<Reply> quit(std::string_view arguments);

    // For EHLO's keywords (command_table.cpp).
    AuthenticationPeer authenticationPeer();
    // Which parameters MAIL may have now.
    MailOffer mailOffer() const;

    const Services& services() const { return services_; }

    const RoleFacts& facts() const { return facts_; }

    bool canStartTls() const { return services_.tls != nullptr && !connection_.isTls(); }

    bool isAuthenticated() const { return identity_.has_value(); }

    // May this peer say for whom it speaks?
    bool mayXclient() const { return policy_.xclientFrom.contains(connection_.peerIp()); }

    // policy.cpp: what the listener's table says, or else the role and [limits].
    bool offersAuthentication() const;
    bool requiresAuthentication() const;
    std::uint64_t messageOctetsMax() const;
    std::size_t recipientsMax() const;
    // May this client send to other servers? Who logged in, and who is in relay_from.
    bool mayRelay() const;

private:
    // session.cpp
    Task<event::CloseReason> converse();
    Task<bool> awaitCommand();
    Task<Reply> execute(std::string_view line);
    std::optional<Reply> notNow(const CommandRow& row, std::string_view arguments) const;
    Reply unknownCommand(std::string_view verb) const;
    Task<void> lastWords(int code, std::string_view enhancedCode, std::string_view text);
    Task<void> flush();
    void count(const Reply& answer, std::string_view verb);
    // Nothing survives of what was said, nor who it was: XCLIENT, STARTTLS.
    void forget(SessionFacts facts);

    // commands/hello.cpp
    void greet(std::string_view arguments, bool extended);

    // policy.cpp
    bool isTrustedRelay() const;
    bool isRated() const;
    // One more of what [rates] counts, or the reply that refuses it.
    std::optional<Reply> tooManyConnections() const;
    std::optional<Reply> tooManyMessages() const;
    std::optional<Reply> tooManyRecipients() const;
    // The From field of who logged in: RFC 6409 §6.1 for the header. Nothing: it may be used.
    std::optional<Reply> foreignFrom(std::string_view message) const;

    // commands/mail.cpp
    Outcome<Done> maySend(const std::string& reversePath, const MailParameters& parameters) const;
    void checkTimes(const MailParameters& parameters) const;
    Reply mailAccepted();

    // commands/rcpt.cpp
    // On record, and known when DATA comes without recipients.
    Reply refusedRecipient(const std::string& path, Reply answer);
    Outcome<AcceptedRecipient> recipientFor(
        const std::string& path, RecipientOptions options) const;
    bool isFull(const std::vector<Recipient>& recipients) const;
    bool isSuppressed(const std::string& path) const;

    // commands/data.cpp
    std::optional<Reply> notReadyForMessage() const;
    Task<void> receiveDotted(MessageContent& content);
    // Takes `count` octets off the connection; without content they are thrown away.
    Task<void> receiveOctets(std::uint64_t count, MessageContent* content);
    Task<void> fill();
    Task<Reply> finishMessage(MessageContent& content);
    Task<Reply> discardChunk(std::string_view arguments, Reply answer);
    Arrival arrivalOf(const MessageContent& content);
    EnvelopeOptions envelopeOf(const MessageContent& content) const;
    Reply forEveryRecipient(const Reply& answer) const;
    Reply answerTo(const Receipt& receipt) const;

    // A refusal that belongs on record: through Strangers before authentication.
    void recordRefusal(event::Stage stage, const Reply& answer, const std::string& forwardPath);

    const Services& services_;
    Role role_;
    const RoleFacts& facts_;
    const ListenerConfig& policy_;
    Connection& connection_;
    Signal& stopping_;
    LineReader lines_;
    SessionRecord record_;

    std::string helo_;  // empty: not said yet
    bool extended_ = false;
    std::optional<Identity> identity_;
    std::unique_ptr<Transaction> transaction_;  // nullptr: none is open

    std::string pending_;  // replies that wait for the end of a pipelined group
    bool writing_ = false;
    std::size_t errors_ = 0;
};

}  // namespace daybook::smtp
