// watched_mailboxes.h
//
// The mailboxes that a client asked to be told of with NOTIFY, as it believes them to be: names,
// subscriptions, and for those whose messages it wants the numbers of STATUS. look() finds what is
// different by now and writes the LIST and STATUS responses (RFC 5465 §5). The selected mailbox's
// messages are unsolicited.cpp's. One a session; the session's reactor.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "engine/runtime/signal.h"
#include "engine/scribe/hub.h"
#include "projections/views.h"
#include "protocols/imap/dialect.h"
#include "protocols/imap/mailbox_target.h"
#include "protocols/imap/notify_request.h"

namespace daybook::imap {

class WatchedMailboxes {
public:
    // The mailboxes that one session may have watched; beyond: NOTIFICATIONOVERFLOW.
    static constexpr std::size_t kMailboxesMax = 10'000;

    // `news` is raised for whatever happens to a watched mailbox; it outlives the object.
    WatchedMailboxes(NotifyRequest request, AccountId user, Hub& hub, Signal& news);

    const NotifyRequest& request() const { return request_; }

    // Learns how things are; with the STATUS indicator, tells it. Throws No when there are too
    // many.
    void begin(const Snapshot& views, MailboxId selected, const Dialect& dialect, std::string& out);
    // Appends what changed since. False: there is too much to watch by now; nothing is told any
    // more.
    bool look(const Snapshot& views, MailboxId selected, const Dialect& dialect, std::string& out);

    // The client does this itself: it need not be told (RFC 5465 §5).
    void expect(std::string name) { expected_.insert(std::move(name)); }

private:
    struct Numbers {
        UidValidity uidValidity;
        Uid uidNext;
        ModSeq highestModSeq;
        std::uint32_t messages = 0;
        std::uint32_t unseen = 0;

        bool operator==(const Numbers&) const = default;
    };

    // Entry's name -> hash of its value.
    using Annotations = std::map<std::string, std::size_t>;

    struct Known {
        std::string name;
        Numbers numbers;
        Annotations annotations;  // only with kMailboxMetadataChange
        std::uint16_t events = 0;
        Hub::Watch watch;
    };

    struct Look {
        const Snapshot& views;
        MailboxId selected;
        const Dialect& dialect;
        std::string& out;
    };

    static Numbers numbersOf(const MailboxRow& row);
    std::uint16_t eventsOf(const MailboxTarget& target) const;
    std::uint16_t eventsOf(std::string_view name) const;
    void learn(const Snapshot& views, const MailboxTarget& target, std::uint16_t events);
    void tellNames(const Look& look, const std::vector<MailboxTarget>& mailboxes);
    void tellCreatedOrDeleted(const Look& look, std::set<std::string, std::less<>> names);
    bool isWithParent(std::string_view before, std::string_view after) const;
    void tellSubscriptions(const Look& look);
    static Annotations hashed(const std::map<std::string, std::string>& annotations);
    void tellAnnotations(
        const Look& look, std::string_view mailbox, Annotations& known, Annotations now);
    void tellNumbers(const Look& look, Known& known, const MailboxRow& row);
    void tellAll(const Look& look, const Known& known, const MailboxRow& row);

    NotifyRequest request_;
    AccountId user_;
    Hub& hub_;
    Signal& news_;
    std::map<MailboxId, Known> known_;
    Annotations ofServer_;  // only with kServerMetadataChange
    std::set<std::string, std::less<>> subscribed_;
    std::set<std::string, std::less<>> expected_;
    // Renamed in the look that runs: before and after.
    std::map<std::string, std::string, std::less<>> renamed_;
};

}  // namespace daybook::imap
