// notify_request.h
//
// What a client wants to be told unasked, as NOTIFY SET says it (RFC 5465 §6, §8): events for the
// selected mailbox, and groups of events for others by name or kind. Parsed, and not yet held
// against a mailbox. Throws Bad and No. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/imap/fetch_items.h"
#include "protocols/imap/grammar.h"

namespace daybook::imap {

// Events, as bits: RFC 5465 §5.
inline constexpr std::uint16_t kMessageNew = 1;
inline constexpr std::uint16_t kMessageExpunge = 2;
inline constexpr std::uint16_t kFlagChange = 4;
inline constexpr std::uint16_t kMailboxName = 8;
inline constexpr std::uint16_t kSubscriptionChange = 16;
inline constexpr std::uint16_t kMailboxMetadataChange = 32;
inline constexpr std::uint16_t kServerMetadataChange = 64;
inline constexpr std::uint16_t kMessageEvents = kMessageNew | kMessageExpunge | kFlagChange;

enum class MailboxFilter : std::uint8_t { Inboxes, Personal, Subscribed, Subtree, Mailboxes };

struct EventGroup {
    MailboxFilter filter = MailboxFilter::Personal;
    std::vector<std::string> names;  // of Subtree and Mailboxes, UTF-8
    std::uint16_t events = 0;
};

// What a filter can ask of a mailbox.
struct FilteredMailbox {
    std::string_view name;  // as the user sees it
    bool isOwn = true;
    bool isSubscribed = false;
};

struct NotifyRequest {
    bool wantsStatus = false;
    // Message events of the selected mailbox; 0: none.
    std::uint16_t selected = 0;
    // SELECTED-DELAYED: expunges wait for a command that may tell them.
    bool delayed = false;
    // What to FETCH of a new message of the selected mailbox.
    std::optional<FetchItems> newMessage;
    std::vector<EventGroup> groups;

    // Everything that the groups want of it.
    std::uint16_t eventsOf(const FilteredMailbox& mailbox) const;
    // Some group wants one of `events`.
    bool wants(std::uint16_t events) const;
};

// ("NONE" / "SET" ["STATUS"] event-groups), to the end of the command. Nothing: NONE.
std::optional<NotifyRequest> parseNotify(Arguments& arguments);

}  // namespace daybook::imap
