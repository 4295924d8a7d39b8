// scribe_fixture.h
//
// A data directory with a domain (example.org) and an account (alice), the scribe that writes it,
// and verbs for what is done to mail. It can be stopped and opened again, as a server is. One
// thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/scribe/scribe.h"
#include "journal/base/log.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/test_clock.h"

namespace daybook::test {

struct ScribeOptions {
    std::size_t journalMapOctets = std::size_t{1} << 30U;
    std::size_t viewsMapOctets = std::size_t{1} << 30U;
    std::uint64_t reserveOctets = 0;
    QuotaPolicy quota{};
};

class ScribeFixture {
public:
    explicit ScribeFixture(const ScribeOptions& options = {});
    ~ScribeFixture();
    ScribeFixture(const ScribeFixture&) = delete;
    ScribeFixture& operator=(const ScribeFixture&) = delete;

    // The scribe decides what waits; then everything is closed.
    void close();
    void open();

    void restart() {
        close();
        open();
    }

    // Other options from the next open() on.
    void setOptions(const ScribeOptions& options) { options_ = options; }

    template <class Command>
    auto submit(Command command) {
        return scribe().submitAndWait(std::move(command));
    }

    // Throws std::runtime_error with the refusal's name.
    template <class Command>
    typename Command::Answer does(Command command) {
        auto answer = submit(std::move(command));
        if (!answer) fail(answer.error());
        return std::move(*answer);
    }

    // "" if it was done.
    template <class Command>
    std::string refusalOf(Command command) {
        const auto answer = submit(std::move(command));
        return answer ? std::string() : std::string(nameOf(answer.error().reason));
    }

    AccountId alice() const { return alice_; }

    AccountId addAccount(const std::string& login);
    // Ids are drawn for as many levels as the name may have.
    CreateMailbox creation(const std::string& name);
    RenameMailbox renaming(const std::string& from, const std::string& to);
    MailboxId create(const std::string& name);
    // Of alice; throws if it is not there.
    MailboxId mailbox(const std::string& name);
    // The names of alice's mailboxes, in order, without those that every account has.
    std::vector<std::string> extraMailboxes();

    StoredBlob blob(std::string_view octets = "Subject: x\r\n\r\nx\r\n");
    Append appending(MailboxId mailbox, FlagSet flags = {});

    Uid append(MailboxId mailbox, FlagSet flags = {}) {
        return does(appending(mailbox, std::move(flags))).uid;
    }

    // To alice's INBOX; more targets may be added.
    Deliver delivery();
    DeliveryTarget target(AccountId account, const std::string& mailboxName = {});
    StoreFlags storing(MailboxId mailbox, UidRanges uids, FlagEdit edit, FlagSet flags);

    // Once the views have everything that was answered.
    std::vector<MessageRow> messages(MailboxId mailbox);
    MailboxRow row(MailboxId mailbox);
    // The names of the message's keywords, sorted.
    std::vector<std::string> keywords(const MessageRow& message);
    // The kinds of the events from `from` on.
    std::vector<std::string> kindsFrom(Seq from);
    std::size_t count(Kind kind);
    void withEvent(Seq seq, const std::function<void(const Record&)>& visit);

    Seq head();
    // What is different between the live views and a replay; "" if nothing is.
    std::string replayDifference();

    Scribe& scribe();
    Journal& journal();
    Views& views();
    Hub& hub();
    // What was said to `fatal`.
    std::string fatal() const;

    TestClock& clock() { return clock_; }

    Random& random() { return random_; }

    const std::filesystem::path& folder() const { return folder_.path(); }

    static Origin owner() { return {.actor = event::Actor::OWNER}; }

private:
    struct Open;

    [[noreturn]] static void fail(const Refusal& refusal);

    TemporaryFolder folder_;
    SystemRandom random_;
    TestClock clock_;
    ScribeOptions options_;
    std::unique_ptr<Open> open_;
    AccountId alice_;
};

}  // namespace daybook::test
