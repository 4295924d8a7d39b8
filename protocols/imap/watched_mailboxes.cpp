#include "protocols/imap/watched_mailboxes.h"

#include <algorithm>

#include "protocols/imap/annotations.h"
#include "protocols/imap/mailbox_listing.h"
#include "protocols/imap/response.h"

namespace daybook::imap {

namespace {

// Items of one STATUS response, in the order that they are added.
class StatusItems {
public:
    void add(std::string_view name, std::uint64_t value) {
        if (!items_.empty()) items_ += ' ';
        items_ += name;
        items_ += ' ';
        appendNumber(items_, value);
    }

    void writeTo(std::string& out, std::string_view mailbox, const Dialect& dialect) const {
        if (items_.empty()) return;
        out += "* STATUS ";
        appendMailbox(out, mailbox, dialect);
        out += " (" + items_ + ")\r\n";
    }

private:
    std::string items_;
};

std::uint64_t shownModSeq(ModSeq modSeq) { return std::max<std::uint64_t>(modSeq.number(), 1); }

std::string_view parentOf(std::string_view name) {
    const std::size_t at = name.rfind(kHierarchyDelimiter);
    return at == std::string_view::npos ? std::string_view() : name.substr(0, at);
}

}  // namespace

WatchedMailboxes::WatchedMailboxes(NotifyRequest request, AccountId user, Hub& hub, Signal& news)
    : request_(std::move(request)), user_(user), hub_(hub), news_(news) {}

WatchedMailboxes::Numbers WatchedMailboxes::numbersOf(const MailboxRow& row) {
    return Numbers{
        .uidValidity = row.uidValidity,
        .uidNext = row.uidNext,
        .highestModSeq = row.highestModSeq,
        .messages = row.messages,
        .unseen = row.unseen,
    };
}

std::uint16_t WatchedMailboxes::eventsOf(const MailboxTarget& target) const {
    return request_.eventsOf(FilteredMailbox{
        .name = target.row.name,
        .isOwn = target.owner == user_,
        .isSubscribed = subscribed_.contains(target.row.name),
    });
}

std::uint16_t WatchedMailboxes::eventsOf(std::string_view name) const {
    return request_.eventsOf(
        FilteredMailbox{.name = name, .isSubscribed = subscribed_.contains(name)});
}

WatchedMailboxes::Annotations WatchedMailboxes::hashed(
    const std::map<std::string, std::string>& annotations) {
    Annotations hashes;
    for (const auto& [name, value] : annotations)
        hashes.emplace(name, std::hash<std::string>()(value));
    return hashes;
}

void WatchedMailboxes::learn(
    const Snapshot& views, const MailboxTarget& target, std::uint16_t events) {
    constexpr std::uint16_t kWatched = kMessageEvents | kMailboxMetadataChange;
    const auto [entry, isNew] = known_.try_emplace(target.row.id);
    Known& known = entry->second;
    known.name = target.row.name;
    if (isNew) known.numbers = numbersOf(target.row);
    const bool annotated = (known.events & kMailboxMetadataChange) != 0;
    if (!annotated && (events & kMailboxMetadataChange) != 0) {
        known.annotations = hashed(annotationsFor(views, user_, target));
    }
    const bool watches = (known.events & kWatched) != 0;
    known.events = events;
    const bool watchesNow = (events & kWatched) != 0;
    if (watchesNow && !watches) known.watch = hub_.watchMailbox(target.row.id, news_);
    if (!watchesNow) known.watch = {};
}

void WatchedMailboxes::begin(
    const Snapshot& views, MailboxId selected, const Dialect& dialect, std::string& out) {
    const Look look{.views = views, .selected = selected, .dialect = dialect, .out = out};
    for (const SubscriptionRow& row : views.mailboxes().subscriptionsOf(user_))
        subscribed_.insert(row.name);
    const std::vector<MailboxTarget> mailboxes = visibleMailboxes(views, user_);
    if (mailboxes.size() > kMailboxesMax) {
        throw No("NOTIFICATIONOVERFLOW", "There are more mailboxes than can be watched");
    }
    if (request_.wants(kServerMetadataChange)) {
        ofServer_ = hashed(annotationsFor(views, user_, std::nullopt));
    }
    for (const MailboxTarget& target : mailboxes) {
        learn(views, target, eventsOf(target));
        const Known& known = known_.at(target.row.id);
        if (request_.wantsStatus && target.row.id != selected) tellAll(look, known, target.row);
    }
}

// RFC 5465 §3.1: what the STATUS indicator asks for.
void WatchedMailboxes::tellAll(const Look& look, const Known& known, const MailboxRow& row) {
    if ((known.events & kMessageEvents) == 0) return;
    StatusItems items;
    items.add("MESSAGES", row.messages);
    items.add("UIDNEXT", row.uidNext.number());
    items.add("UIDVALIDITY", row.uidValidity.number());
    if ((known.events & kFlagChange) != 0) {
        items.add("UNSEEN", row.unseen);
        items.add("HIGHESTMODSEQ", shownModSeq(row.highestModSeq));
    }
    items.writeTo(look.out, known.name, look.dialect);
}

bool WatchedMailboxes::look(
    const Snapshot& views, MailboxId selected, const Dialect& dialect, std::string& out) {
    const Look look{.views = views, .selected = selected, .dialect = dialect, .out = out};
    const std::vector<MailboxTarget> mailboxes = visibleMailboxes(views, user_);
    if (mailboxes.size() > kMailboxesMax) return false;
    tellNames(look, mailboxes);
    tellSubscriptions(look);
    for (const MailboxTarget& target : mailboxes) {
        learn(views, target, eventsOf(target));
        Known& known = known_.at(target.row.id);
        tellNumbers(look, known, target.row);
        if ((known.events & kMailboxMetadataChange) == 0) continue;
        Annotations now = hashed(annotationsFor(views, user_, target));
        tellAnnotations(look, known.name, known.annotations, std::move(now));
    }
    if (request_.wants(kServerMetadataChange)) {
        tellAnnotations(look, "", ofServer_, hashed(annotationsFor(views, user_, std::nullopt)));
    }
    expected_.clear();
    renamed_.clear();
    return true;
}

// RFC 5465 §5.4: LIST for what was created, deleted, renamed.
void WatchedMailboxes::tellNames(const Look& look, const std::vector<MailboxTarget>& mailboxes) {
    std::set<std::string, std::less<>> affected;
    std::set<MailboxId> there;
    for (const MailboxTarget& target : mailboxes) {
        there.insert(target.row.id);
        const auto known = known_.find(target.row.id);
        if (known == known_.end()) {
            affected.insert(target.row.name);
        } else if (known->second.name != target.row.name) {
            renamed_.emplace(known->second.name, target.row.name);
        }
    }
    std::erase_if(known_, [&](const auto& entry) {
        if (there.contains(entry.first)) return false;
        affected.insert(entry.second.name);
        return true;
    });
    if (!request_.wants(kMailboxName)) return;
    for (const auto& [before, after] : renamed_) {
        // "No additional MailboxName events are sent for children in this case."
        if (expected_.contains(after) || isWithParent(before, after)) continue;
        if (((eventsOf(before) | eventsOf(after)) & kMailboxName) == 0) continue;
        appendListing(
            look.out, look.views, user_, {.name = after, .oldName = before}, look.dialect);
    }
    tellCreatedOrDeleted(look, std::move(affected));
}

// Did it only go along with a mailbox above it?
bool WatchedMailboxes::isWithParent(std::string_view before, std::string_view after) const {
    std::string_view from = parentOf(before);
    std::string_view to = parentOf(after);
    while (!from.empty() && !to.empty()) {
        const auto above = renamed_.find(from);
        if (above != renamed_.end() && above->second == to) return true;
        from = parentOf(from);
        to = parentOf(to);
    }
    return false;
}

// "The mailbox itself and its direct parent ... are considered to be affected."
void WatchedMailboxes::tellCreatedOrDeleted(
    const Look& look, std::set<std::string, std::less<>> names) {
    std::set<std::string, std::less<>> affected;
    for (const std::string& name : names) {
        if (expected_.contains(name)) continue;
        affected.insert(name);
        const std::string_view parent = parentOf(name);
        if (!parent.empty()) affected.emplace(parent);
    }
    for (const std::string& name : affected) {
        if ((eventsOf(name) & kMailboxName) == 0) continue;
        appendListing(look.out, look.views, user_, {.name = name}, look.dialect);
    }
}

// RFC 5465 §5.5.
void WatchedMailboxes::tellSubscriptions(const Look& look) {
    std::set<std::string, std::less<>> now;
    for (const SubscriptionRow& row : look.views.mailboxes().subscriptionsOf(user_))
        now.insert(row.name);
    if (now == subscribed_) return;
    std::vector<std::string> changed;
    std::set_symmetric_difference(
        now.begin(),
        now.end(),
        subscribed_.begin(),
        subscribed_.end(),
        std::back_inserter(changed));
    const std::set<std::string, std::less<>> before = std::exchange(subscribed_, std::move(now));
    for (const std::string& name : changed) {
        const FilteredMailbox mailbox{.name = name, .isSubscribed = true};
        if (expected_.contains(name)) continue;
        if ((request_.eventsOf(mailbox) & kSubscriptionChange) == 0) continue;
        appendListing(look.out, look.views, user_, {.name = name}, look.dialect);
    }
}

// RFC 5465 §5.6, §5.7: the names of what was set, changed or taken away.
void WatchedMailboxes::tellAnnotations(
    const Look& look, std::string_view mailbox, Annotations& known, Annotations now) {
    if (now == known) return;
    std::set<std::string> names;
    for (const auto& [name, hash] : now) {
        const auto before = known.find(name);
        if (before == known.end() || before->second != hash) names.insert(name);
    }
    for (const auto& [name, hash] : known) {
        if (!now.contains(name)) names.insert(name);
    }
    known = std::move(now);
    look.out += "* METADATA ";
    appendMailbox(look.out, mailbox, look.dialect);
    for (const std::string& name : names) {
        look.out += ' ';
        appendAstring(look.out, name);
    }
    look.out += "\r\n";
}

// RFC 5465 §5.1 to §5.3: STATUS for another mailbox than the selected one.
void WatchedMailboxes::tellNumbers(const Look& look, Known& known, const MailboxRow& row) {
    const Numbers now = numbersOf(row);
    const Numbers before = std::exchange(known.numbers, now);
    if (now == before || row.id == look.selected) return;
    const bool condstore = look.dialect.condstore || look.dialect.qresync;
    const bool countChanged = now.messages != before.messages || now.uidNext != before.uidNext;
    StatusItems items;
    if ((known.events & (kMessageNew | kMessageExpunge)) != 0 && countChanged) {
        items.add("UIDNEXT", now.uidNext.number());
        items.add("MESSAGES", now.messages);
    }
    const bool flags = (known.events & kFlagChange) != 0;
    const bool counts = (known.events & kMessageEvents) != 0;
    if (flags && now.unseen != before.unseen) items.add("UNSEEN", now.unseen);
    if (condstore && (flags || (counts && countChanged))) {
        items.add("HIGHESTMODSEQ", shownModSeq(now.highestModSeq));
    }
    const bool validity = now.uidValidity != before.uidValidity;
    if ((flags && condstore) || (counts && validity)) {
        items.add("UIDVALIDITY", now.uidValidity.number());
    }
    items.writeTo(look.out, known.name, look.dialect);
}

}  // namespace daybook::imap
