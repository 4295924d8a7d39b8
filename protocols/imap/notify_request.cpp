#include "protocols/imap/notify_request.h"

#include <algorithm>
#include <array>

#include "journal/base/ascii.h"
#include "projections/mailboxes.h"

namespace daybook::imap {

namespace {

constexpr std::size_t kGroupsMax = 100;
constexpr std::size_t kNamesMax = 1'000;

struct EventName {
    std::string_view name;  // in capitals
    std::uint16_t event;
};

constexpr std::array<EventName, 7> kEvents{
    EventName{"MESSAGENEW", kMessageNew},
    EventName{"MESSAGEEXPUNGE", kMessageExpunge},
    EventName{"FLAGCHANGE", kFlagChange},
    EventName{"MAILBOXNAME", kMailboxName},
    EventName{"SUBSCRIPTIONCHANGE", kSubscriptionChange},
    EventName{"MAILBOXMETADATACHANGE", kMailboxMetadataChange},
    EventName{"SERVERMETADATACHANGE", kServerMetadataChange},
};

// RFC 5465 §8: unsupported-events-code names all that there are.
[[noreturn]] void refuseEvent() {
    throw No(
        "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange "
        "MailboxMetadataChange ServerMetadataChange)",
        "There is no such event here");
}

class Parser {
public:
    explicit Parser(Arguments& arguments) : arguments_(arguments), lexer_(arguments.lexer()) {}

    NotifyRequest request() {
        lexer_.space();
        if (lexer_.peek() != '(') {
            if (arguments_.word() != "STATUS") throw Bad("STATUS or a group was expected");
            request_.wantsStatus = true;
            lexer_.space();
        }
        std::size_t groups = 0;
        do {
            if (++groups > kGroupsMax) throw No("NOTIFICATIONOVERFLOW", "Too many groups");
            group();
        } while (lexer_.skip(' '));
        return std::move(request_);
    }

private:
    // event-group = "(" filter-mailboxes SP events ")"
    void group() {
        lexer_.expect('(');
        const std::string filter = arguments_.word();
        if (filter == "SELECTED" || filter == "SELECTED-DELAYED") {
            if (hasSelected_) throw Bad("The selected mailbox is named twice");
            hasSelected_ = true;
            request_.delayed = filter == "SELECTED-DELAYED";
            lexer_.space();
            request_.selected = events(true);
        } else {
            EventGroup others;
            others.filter = filterNamed(filter);
            if (others.filter >= MailboxFilter::Subtree) others.names = names();
            lexer_.space();
            others.events = events(false);
            request_.groups.push_back(std::move(others));
        }
        lexer_.expect(')');
    }

    static MailboxFilter filterNamed(std::string_view name) {
        if (name == "INBOXES") return MailboxFilter::Inboxes;
        if (name == "PERSONAL") return MailboxFilter::Personal;
        if (name == "SUBSCRIBED") return MailboxFilter::Subscribed;
        if (name == "SUBTREE") return MailboxFilter::Subtree;
        if (name == "MAILBOXES") return MailboxFilter::Mailboxes;
        throw Bad("There are no such mailboxes to be notified of");
    }

    // SP one-or-more-mailbox
    std::vector<std::string> names() {
        std::vector<std::string> names;
        lexer_.space();
        if (!lexer_.skip('(')) {
            names.push_back(arguments_.mailbox());
            return names;
        }
        do {
            if (names.size() >= kNamesMax) throw No("NOTIFICATIONOVERFLOW", "Too many mailboxes");
            names.push_back(arguments_.mailbox());
        } while (lexer_.skip(' '));
        lexer_.expect(')');
        return names;
    }

    // events = ( "(" event *(SP event) ")" ) / "NONE". The RFC's own examples leave the parentheses
    // out, so that is understood too.
    std::uint16_t events(bool selected) {
        const bool isList = lexer_.skip('(');
        if (!isList && uppered(lexer_.rest().substr(0, 5)) == "NONE)") {
            arguments_.word();
            return 0;
        }
        unsigned events = 0;
        do {
            events |= event(selected);
        } while (lexer_.skip(' '));
        if (isList) lexer_.expect(')');
        const unsigned both = kMessageNew | kMessageExpunge;
        // RFC 5465 §5: message events come together or not at all.
        if ((events & kMessageEvents) != 0 && (events & both) != both) {
            throw Bad("MessageNew and MessageExpunge belong together, FlagChange needs both");
        }
        return static_cast<std::uint16_t>(events);
    }

    std::uint16_t event(bool selected) {
        const std::string name = arguments_.word();
        const auto known = std::find_if(kEvents.begin(), kEvents.end(), [&](const EventName& each) {
            return each.name == name;
        });
        if (known == kEvents.end()) refuseEvent();
        if (selected && (known->event & kMessageEvents) == 0) {
            throw Bad("Of the selected mailbox there are message events alone");
        }
        const std::string_view rest = lexer_.rest();
        if (known->event == kMessageNew && rest.starts_with(" (")) {
            if (!selected) throw Bad("Items are for new messages of the selected mailbox");
            lexer_.space();
            request_.newMessage = parseFetchItems(arguments_);
        }
        return known->event;
    }

    Arguments& arguments_;
    Lexer& lexer_;
    NotifyRequest request_;
    bool hasSelected_ = false;
};

bool isWithin(std::string_view name, std::string_view root) {
    if (!name.starts_with(root)) return false;
    return name.size() == root.size() || name[root.size()] == kHierarchyDelimiter;
}

bool matches(const EventGroup& group, const FilteredMailbox& mailbox) {
    switch (group.filter) {
        // RFC 5465 §6.3: mail may be delivered to any of them.
        case MailboxFilter::Inboxes:
        case MailboxFilter::Personal: return mailbox.isOwn;
        case MailboxFilter::Subscribed: return mailbox.isSubscribed;
        case MailboxFilter::Subtree:
            return std::any_of(group.names.begin(), group.names.end(), [&](const auto& root) {
                return isWithin(mailbox.name, root);
            });
        case MailboxFilter::Mailboxes:
            return std::find(group.names.begin(), group.names.end(), mailbox.name) !=
                   group.names.end();
    }
    return false;
}

}  // namespace

std::uint16_t NotifyRequest::eventsOf(const FilteredMailbox& mailbox) const {
    unsigned events = 0;
    for (const EventGroup& group : groups) {
        if (matches(group, mailbox)) events |= group.events;
    }
    return static_cast<std::uint16_t>(events);
}

bool NotifyRequest::wants(std::uint16_t events) const {
    return std::any_of(groups.begin(), groups.end(), [events](const EventGroup& group) {
        return (group.events & events) != 0;
    });
}

std::optional<NotifyRequest> parseNotify(Arguments& arguments) {
    arguments.space();
    const std::string form = arguments.word();
    std::optional<NotifyRequest> request;
    if (form == "SET") {
        request = Parser(arguments).request();
    } else if (form != "NONE") {
        throw Bad("NONE or SET was expected");
    }
    arguments.end();
    return request;
}

}  // namespace daybook::imap
