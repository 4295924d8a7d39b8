// session.h
//
// The IMAP server dialogue: RFC 3501 as amended, with the extensions that capabilities.cpp names.
// One coroutine a connection: reads a command, finds its row in the command table, lets its handler
// answer, tells what else changed. The handlers are in commands/. Thread: the connection's reactor.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/runtime/server.h"
#include "engine/scribe/hub.h"
#include "engine/scribe/session_record.h"
#include "protocols/common/line_reader.h"
#include "protocols/common/services.h"
#include "protocols/imap/command_reader.h"
#include "protocols/imap/dialect.h"
#include "protocols/imap/grammar.h"
#include "protocols/imap/mailbox_target.h"
#include "protocols/imap/response.h"
#include "protocols/imap/resync.h"
#include "protocols/imap/rights.h"
#include "protocols/imap/selected_mailbox.h"
#include "protocols/imap/session_parts.h"
#include "protocols/imap/watched_mailboxes.h"

namespace daybook::imap {

// What a listener starts for each connection. `services` and `claims` outlive every session.
SessionFunction sessionFunction(const Services& services, RecentClaims& claims);

class Session {
public:
    // What all sessions share.
    struct Shared {
        RecentClaims& claims;
        OpenedMailboxes& opened;
    };

    Session(const Services& services, Shared shared, SessionStart start);

    // Greets, serves, says goodbye. Throws nothing but what is a fault of ours.
    Task<void> run();

    // The handlers: named in command_table.cpp, each with its RFC there.
    Task<Reply> capability(Arguments& arguments);
    Task<Reply> noop(Arguments& arguments);
    Task<Reply> logout(Arguments& arguments);
    Task<Reply> id(Arguments& arguments);
    Task<Reply> startTls(Arguments& arguments);
    Task<Reply> authenticate(Arguments& arguments);
    Task<Reply> login(Arguments& arguments);
    Task<Reply> enable(Arguments& arguments);
    Task<Reply> compress(Arguments& arguments);
    Task<Reply> unauthenticate(Arguments& arguments);
    Task<Reply> select(Arguments& arguments);
    Task<Reply> examine(Arguments& arguments);
    Task<Reply> create(Arguments& arguments);
    Task<Reply> remove(Arguments& arguments);
    Task<Reply> rename(Arguments& arguments);
    Task<Reply> subscribe(Arguments& arguments);
    Task<Reply> unsubscribe(Arguments& arguments);
    enum class Subscription : std::uint8_t { Off, On };
    Task<Reply> setSubscription(Arguments& arguments, Subscription subscription);
    Task<Reply> list(Arguments& arguments);
    Task<Reply> lsub(Arguments& arguments);
    Task<Reply> nameSpace(Arguments& arguments);
    Task<Reply> status(Arguments& arguments);
    Task<Reply> setAcl(Arguments& arguments);
    Task<Reply> deleteAcl(Arguments& arguments);
    Task<Reply> getAcl(Arguments& arguments);
    Task<Reply> listRights(Arguments& arguments);
    Task<Reply> myRights(Arguments& arguments);
    Task<Reply> getQuota(Arguments& arguments);
    Task<Reply> getQuotaRoot(Arguments& arguments);
    Task<Reply> setQuota(Arguments& arguments);
    Task<Reply> getMetadata(Arguments& arguments);
    Task<Reply> setMetadata(Arguments& arguments);
    Task<Reply> append(Arguments& arguments);
    Task<Reply> replace(Arguments& arguments);
    Task<Reply> idle(Arguments& arguments);
    Task<Reply> notify(Arguments& arguments);
    Task<Reply> check(Arguments& arguments);
    Task<Reply> close(Arguments& arguments);
    Task<Reply> unselect(Arguments& arguments);
    Task<Reply> expunge(Arguments& arguments);
    Task<Reply> search(Arguments& arguments);
    Task<Reply> fetch(Arguments& arguments);
    Task<Reply> store(Arguments& arguments);
    Task<Reply> copy(Arguments& arguments);
    Task<Reply> move(Arguments& arguments);

private:
    // session.cpp
    Task<void> serve();
    Task<bool> waitForCommand();
    Task<Reply> execute(std::string& tag, const CommandText& command);
    Task<Reply> dispatch(std::string_view rest, const CommandText& command);
    Task<void> afterReply(Then then);
    Task<void> flush();
    Task<void> flushIfLarge();
    Deadline commandDeadline() const;
    Reply failed(const std::exception_ptr& problem);
    // False: somebody disabled or removed it since it logged in.
    bool isAccountActive();
    void bye(std::string_view text, event::CloseReason reason);

    // Whoever logged in; a selected mailbox may be another account's: selected().owner.
    AccountId account() const { return session_.account(); }

    bool isSelected() const { return selected_ != nullptr; }

    SelectedMailbox& selected() { return *selected_; }

    AuthenticationPeer peer();
    std::string capabilities();
    Reply loggedIn();
    // The client has shown that it knows CONDSTORE (RFC 7162 §3.1).
    void enableCondstore();
    std::vector<MailboxId> newMailboxIds(std::string_view name);
    // Throws No when the mailbox is open for reading only.
    void requireWritable();
    void leaveMailbox();

    // unsolicited.cpp
    // Puts what changed since the client was last told into the output, and marks it told.
    void announce(Expunges expunges);
    void announceKeywords(const Snapshot& views);
    void announceOldFlags();
    void announceFlags(const Snapshot& views, const std::vector<std::uint32_t>& uids);
    void announceExpunges();
    void announceHeld();
    void appendRecentCount();
    // Returns whether there are new messages.
    bool takeNewMessages(const Snapshot& views, std::vector<std::uint32_t> uids, Uid uidNext);
    void claimRecent(const Snapshot& views, Uid uidNext);
    // Learns the account's keywords; true: there are new ones.
    bool refreshKeywords(const Snapshot& views);
    void appendFlagLists();
    void appendFetchFlags(const MessageRow& row, bool withFlags);

    // The events that the client wants of the selected mailbox, by NOTIFY or without it.
    std::uint16_t wantedOfSelected() const;

    // commands/notify.cpp: all that is new, of the others too if the client wants it.
    Task<void> tellNews(Expunges expunges);
    Task<void> fetchNewMessages();
    void lookAtOthers();
    bool listensAlways() const;

    // commands/connection.cpp
    Task<void> forgetUser();
    std::uint64_t octetsIn() const;
    std::uint64_t octetsOut() const;
    // commands/progress.cpp
    Task<void> tellProgress(std::uint64_t done, std::uint64_t goal);
    // commands/select.cpp
    Task<Reply> open(Arguments& arguments, bool readOnly);
    Outcome<Done> openMailbox(const std::string& name, bool readOnly);
    Task<void> tellMissed(QuickResync resync);
    // commands/append.cpp
    Task<Reply> appendMessages(
        std::string mailbox, std::string text, std::optional<ReplacedMessage> replaces);
    Task<bool> takeSteps(AppendWork& work, std::vector<AppendStep> steps);
    Task<void> takeOctets(AppendWork& work);
    Task<std::string> takeUrl();
    Task<Reply> finishAppend(AppendWork& work);
    // commands/catenate.cpp
    Task<void> catenate(AppendWork& work, std::string url);
    Task<void> copyOctets(AppendWork& work, BlobRange range, std::string url);
    // commands/list.cpp
    void tellListed(const Snapshot& views, const ListRequest& request, const MailboxTarget& target);
    // commands/status.cpp
    void statusItem(
        const Snapshot& views, const MailboxRow& row, std::string_view item, std::string& out);
    void appendStatus(
        const Snapshot& views,
        std::string_view name,
        const MailboxTarget& target,
        const std::vector<std::string>& items);
    // commands/acl.cpp
    Task<Reply> changeAcl(std::string name, std::string identifier, RightsChange change);
    void appendMyRights(std::string_view name, std::uint16_t rights);
    bool followRights(const Snapshot& views);
    // commands/metadata.cpp
    void tellLostSpecialUse(const std::vector<MailboxId>& mailboxes);
    // commands/fetch.cpp
    Task<Outcome<std::vector<Uid>>> openBodies(
        const FetchItems& items, const std::vector<Run>& runs);
    // The messages' responses. Refused: they may not be read now. Returns how many could not be.
    Task<Outcome<FetchTrouble>> sendMessages(const FetchItems& items, std::vector<Run> runs);
    Task<void> sendLarge(std::vector<LargeOctets> pieces);
    void tellVanished(const SequenceSet& set, ModSeq since);
    Task<void> sendDecoded(BlobRange range, LargeDecoding decoding);
    UidRanges unseen(const std::vector<Run>& runs);
    std::vector<Run> changedRuns(const std::vector<Run>& runs, ModSeq since);
    // commands/store.cpp
    Task<void> answerStore(StoreReport report, std::vector<Run> runs);
    // commands/search.cpp
    Task<SearchResult> find(SearchKey program);
    Task<void> askIndex(SearchKey& program);
    // commands/transfer.cpp
    enum class Transferring : std::uint8_t { Copy, Move };
    Task<Outcome<CopyMessages::Answer>> transfer(
        MailboxTarget target, UidRanges uids, Transferring how);
    // commands/copy.cpp
    Task<Reply> copyOrMove(Arguments& arguments, bool moves);

    const Services& services_;
    RecentClaims& claims_;
    OpenedMailboxes& opened_;
    Connection& connection_;
    Signal& stopping_;
    Signal news_;  // of the selected mailbox and of the account
    Hub::Watch mailboxWatch_;
    Hub::Watch accountWatch_;
    LineReader lines_;
    CommandReader reader_;
    SessionRecord session_;
    SteadyTime started_;
    std::string tag_;  // of the command that runs
    SteadyTime commandBegan_;
    SteadyTime progressTold_;
    std::unique_ptr<SelectedMailbox> selected_;
    // What NOTIFY asked for; none: it was never used.
    std::unique_ptr<WatchedMailboxes> watched_;
    // Messages that came while NOTIFY wants items of them.
    std::vector<std::uint32_t> newMessages_;
    // What the APPEND that runs has announced, as long as nobody has read it. No octets, without
    // waiting: the rest of its command is still to come.
    std::optional<AnnouncedLiteral> message_;
    std::string out_;
    // By the keyword's number; [0] is none.
    std::vector<std::string> keywordNames_;
    Dialect dialect_;
    bool byUid_ = false;  // the command that runs began with UID
    bool ended_ = false;
    unsigned errors_ = 0;
    // Of the users before on the same connection.
    std::uint64_t octetsInBefore_ = 0;
    std::uint64_t octetsOutBefore_ = 0;
    event::CloseReason closeReason_ = event::CloseReason::PEER_GONE;
};

}  // namespace daybook::imap
