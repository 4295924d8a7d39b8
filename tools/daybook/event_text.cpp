#include "tools/daybook/event_text.h"

#include <fmt/format.h>

#include "journal/base/encoding.h"
#include "projections/messages.h"
#include "tools/daybook/event_words.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

std::string where(const Record& record, Names& names) {
    return names.mailbox(MailboxId(record.core().getMailbox()), record.seq());
}

std::string flagsText(
    std::uint16_t system,
    capnp::List<std::uint16_t>::Reader keywords,
    AccountId account,
    Names& names) {
    std::string text;
    const auto add = [&](std::string_view flag) {
        if (!text.empty()) text += ' ';
        text += flag;
    };
    if ((system & kSeen) != 0) add("\\Seen");
    if ((system & kAnswered) != 0) add("\\Answered");
    if ((system & kFlagged) != 0) add("\\Flagged");
    if ((system & kDeleted) != 0) add("\\Deleted");
    if ((system & kDraft) != 0) add("\\Draft");
    for (const std::uint16_t keyword : keywords) {
        add(names.keyword(account, KeywordId(keyword)));
    }
    return text;
}

std::string partsText(event::FetchedItem::Reader item) {
    std::string text;
    const auto add = [&](std::string_view part) {
        if (!text.empty()) text += ", ";
        text += part;
    };
    const std::uint16_t parts = item.getParts();
    if ((parts & 32U) != 0) add("the whole message");
    if ((parts & 16U) != 0) add("the text");
    if ((parts & 4U) != 0) add("headers");
    if ((parts & 8U) != 0) add("a preview");
    for (const auto section : item.getSections()) {
        add("part " + shown(section));
    }
    if ((parts & 64U) != 0 && item.getSections().size() == 0) add("parts");
    if ((parts & 128U) != 0) add("the text, by a search");
    if ((parts & 1U) != 0) add("the envelope");
    if ((parts & 2U) != 0) add("the structure");
    return text.empty() ? "nothing" : text;
}

std::string received(const Record& record, Names& names) {
    const auto core = record.core().getReceived();
    std::string text = fmt::format(
        "received over {} ({})",
        protocolText(core.getProtocol()),
        humanSize(core.getBlob().getOctets()));
    const auto annex = record.annex(0);
    if (!annex || !annex->isReceived()) return text + "; sender and subject are erased";
    const auto details = annex->getReceived();
    if (core.getProtocol() != event::Protocol::IMAP) {
        text += fmt::format(" from {}", angle(shown(details.getReversePath())));
        if (details.getHelo().size() != 0) text += fmt::format(" via {}", shown(details.getHelo()));
    }
    if (details.getIp().size() != 0) text += fmt::format(" [{}]", shown(details.getIp()));
    if (core.getTls().getVersion() != 0) text += ", encrypted";
    if (record.core().getActor() == event::Actor::OWNER) {
        text += fmt::format(", submitted by {}", who(record, names));
    }
    if (details.getSubject().size() != 0) {
        text += fmt::format(", subject \"{}\"", shown(details.getSubject()));
    }
    return text;
}

std::string stored(const Record& record, Names& names) {
    const auto core = record.core().getStored();
    std::string text = fmt::format(
        "stored in {} of {} with UID {}",
        where(record, names),
        names.account(AccountId(record.core().getAccount())),
        core.getUid());
    if (core.getVia() == event::Via::COPY) {
        text += fmt::format(
            ", copied there out of another account by {}{}",
            who(record, names),
            whence(record, names));
    }
    if (core.getVia() == event::Via::APPEND) {
        text += fmt::format(", put there by {}{}", who(record, names), whence(record, names));
    }
    const AccountId account(record.core().getAccount());
    const std::string flags = flagsText(core.getSystemFlags(), core.getKeywords(), account, names);
    return flags.empty() ? text : fmt::format("{} and flags {}", text, flags);
}

std::string copied(const Record& record, Names& names, event::Copied::Reader core, bool moved) {
    std::string uids;
    for (std::uint32_t index = 0; index < core.getSourceUids().size() && index < 8; ++index) {
        if (index != 0) uids += ", ";
        uids += fmt::format("{} to {}", core.getSourceUids()[index], core.getTargetUids()[index]);
    }
    if (core.getSourceUids().size() > 8) uids += ", ...";
    return fmt::format(
        "{} from {} to {} by {}{} (UID {})",
        moved ? "moved" : "copied",
        where(record, names),
        names.mailbox(MailboxId(core.getTarget()), record.seq()),
        who(record, names),
        whence(record, names),
        uids);
}

std::string flagsChanged(const Record& record, Names& names) {
    const auto core = record.core().getFlagsChanged();
    std::string text;
    const AccountId account(record.core().getAccount());
    const std::string added = flagsText(core.getAddSystem(), core.getAddKeywords(), account, names);
    const std::string removed =
        flagsText(core.getRemoveSystem(), core.getRemoveKeywords(), account, names);
    if (!added.empty()) text += "flags set: " + added;
    if (!removed.empty()) text += (text.empty() ? "flags removed: " : "; removed: ") + removed;
    return fmt::format(
        "{} on UID {} in {} by {}{}{}",
        text,
        uidsText(core.getUids()),
        where(record, names),
        who(record, names),
        core.getReason() == event::FlagsReason::FETCH ? " (by reading)" : "",
        whence(record, names));
}

// What was read, with its size where octets of the message were sent.
std::string itemText(event::FetchedItem::Reader item) {
    std::string text = fmt::format("{} of UID {}", partsText(item), uidsText(item.getUids()));
    if (item.getOctets() != 0) text += fmt::format(" ({})", humanSize(item.getOctets()));
    if (item.getPartial()) text += " in part";
    return text;
}

std::string fetched(const Record& record, Names& names) {
    const auto core = record.core().getFetched();
    std::string text;
    for (const auto item : core.getItems()) {
        if (!text.empty()) text += "; ";
        text += itemText(item);
    }
    if (text.empty()) text = "nothing more";
    const bool took = core.getLastNs() - core.getFirstNs() >= kSecondNs;
    return fmt::format(
        "{} read in {}{}{}: {}",
        who(record, names),
        where(record, names),
        whence(record, names),
        took ? ", until " + timeText(core.getLastNs()) : "",
        text);
}

std::string rejected(const Record& record) {
    const auto core = record.core().getRejected();
    std::string text = fmt::format("refused with {}", core.getSmtpCode());
    if (core.getCount() > 1) text += fmt::format(" ({} times)", core.getCount());
    const auto annex = record.annex(0);
    if (!annex || !annex->isRejected()) return text;
    const auto details = annex->getRejected();
    if (details.getIp().size() != 0) text += fmt::format(" [{}]", shown(details.getIp()));
    if (details.getForwardPath().size() != 0) {
        text += fmt::format(" for {}", angle(shown(details.getForwardPath())));
    }
    if (details.getText().size() != 0) text += ": " + shown(details.getText());
    return text;
}

std::string authFailed(const Record& record, Names& names) {
    const auto core = record.core().getAuthFailed();
    std::string text = fmt::format("login failed over {}", protocolText(core.getProtocol()));
    if (record.core().getAccount() != 0) {
        text += " as " + names.account(AccountId(record.core().getAccount()));
    }
    const auto annex = record.annex(0);
    if (annex && annex->isAuthFailed()) text += " from " + shown(annex->getAuthFailed().getIp());
    if (core.getCount() > 1) text += fmt::format(" ({} times)", core.getCount());
    return text;
}

std::string accepted(const Record& record, Names& names) {
    if (record.core().getAccepted().getDisposition() == event::Disposition::RELAY) {
        return "accepted for another server";  // Queued has the address
    }
    const auto annex = record.annex(0);
    const bool named = annex && annex->isRecipient();
    return fmt::format(
        "accepted for {} (account {})",
        named ? angle(shown(annex->getRecipient().getForwardPath())) : "an erased address",
        names.account(AccountId(record.core().getAccount())));
}

// Mailboxes, accounts, addresses.
std::string administrative(const Record& record, Names& names) {
    const auto core = record.core();
    const std::string account = names.account(AccountId(core.getAccount()));
    const std::string by = who(record, names);
    switch (record.kind()) {
        case Kind::MailboxCreated:
            return fmt::format("mailbox {} of {} created by {}", quoted(record), account, by);
        case Kind::MailboxRenamed:
            return fmt::format(
                "mailbox {} of {} renamed to {} by {}",
                names.mailbox(MailboxId(core.getMailbox()), Seq(record.seq().number() - 1)),
                account,
                quoted(record),
                by);
        case Kind::MailboxDeleted:
            return fmt::format(
                "mailbox {} of {} deleted with {} by {}{}",
                where(record, names),
                account,
                counted(core.getMailboxDeleted().getMessages(), "message"),
                by,
                whence(record, names));
        case Kind::SubscriptionChanged:
            return core.getSubscriptionChanged().getOn()
                       ? fmt::format("{} subscribed to {}", account, quoted(record))
                       : fmt::format("{} unsubscribed from a mailbox", account);
        case Kind::AccountCreated: return fmt::format("account {} created by {}", account, by);
        case Kind::AccountStateChanged:
            return fmt::format(
                "account {} {} by {}",
                account,
                core.getAccountStateChanged().getState() == event::AccountState::ACTIVE
                    ? "enabled"
                    : "disabled",
                by);
        case Kind::AccountDeleted: return fmt::format("account {} deleted by {}", account, by);
        case Kind::AddressChanged:
            return fmt::format(
                "address {} {} {} (set by {})",
                quoted(record),
                core.getAddressChanged().getOn() ? "now leads to" : "no longer leads to",
                account,
                by);
        case Kind::CredentialSet: return fmt::format("new password for {}, set by {}", account, by);
        case Kind::CredentialRevoked:
            return fmt::format("old password of {} revoked by {}", account, by);
        case Kind::DomainChanged:
            return fmt::format(
                "domain {} {} by {}",
                quoted(record),
                core.getDomainChanged().getOn() ? "added" : "removed",
                by);
        case Kind::KeywordDefined:
            return fmt::format("{} uses keyword {} for the first time", account, quoted(record));
        default: return "";
    }
}

std::string ofSession(const Record& record, Names& names) {
    const auto core = record.core();
    const SessionPlace place = names.session(SessionId(core.getSession()));
    switch (record.kind()) {
        case Kind::SessionOpened:
            return fmt::format(
                "{} session from {}{}",
                place.protocol,
                place.ip.empty() ? "an erased address" : place.ip,
                core.getSessionOpened().getTls().getVersion() != 0 ? ", encrypted" : "");
        case Kind::AuthSucceeded:
            return fmt::format(
                "{} logged in{}",
                names.account(AccountId(core.getAccount())),
                whence(record, names));
        case Kind::AuthFailed: return authFailed(record, names);
        case Kind::SessionClosed:
            return fmt::format(
                "session{} ended{} after {}",
                core.getAccount() == 0 ? "" : " of " + names.account(AccountId(core.getAccount())),
                whence(record, names),
                counted(core.getSessionClosed().getCommands(), "command"));
        default: return "";
    }
}

std::string ofSystem(const Record& record) {
    const auto core = record.core();
    switch (record.kind()) {
        case Kind::Genesis: return "the journal begins";
        case Kind::ViewsRebuilt:
            return fmt::format("views rebuilt up to {}", core.getViewsRebuilt().getToSeq());
        case Kind::ServerStarted:
            return fmt::format(
                "server started{}",
                core.getServerStarted().getClean() ? "" : " after an unclean stop");
        case Kind::ServerStopped: return "server stopped";
        case Kind::ClockStepped:
            return fmt::format(
                "the machine's clock went back by {} ms",
                -core.getClockStepped().getDeltaNs() / 1'000'000);
        case Kind::VerifyRun:
            return fmt::format(
                "journal verified: {}",
                core.getVerifyRun().getResult() == 0
                    ? "whole"
                    : fmt::format("not whole (exit status {})", core.getVerifyRun().getResult()));
        case Kind::DiskPressure:
            return core.getDiskPressure().getLevel() == 0 ? "the disk has room again"
                                                          : "the disk's reserve is touched";
        case Kind::JournalRead: {
            const auto annex = record.annex(0);
            if (!annex || !annex->isQuery()) return "the journal was read";
            return fmt::format(
                "the journal was read by {}: {}",
                shown(annex->getQuery().getUser()),
                shown(annex->getQuery().getText()));
        }
        default: return "";
    }
}

}  // namespace

std::string protocolText(event::Protocol protocol) {
    switch (protocol) {
        case event::Protocol::NONE: return "";
        case event::Protocol::SMTP: return "SMTP";
        case event::Protocol::SUBMISSION: return "submission";
        case event::Protocol::LMTP: return "LMTP";
        case event::Protocol::IMAP: return "IMAP";
        case event::Protocol::POP3: return "POP3";
        case event::Protocol::MANAGESIEVE: return "ManageSieve";
        case event::Protocol::HTTP: return "HTTP";
        case event::Protocol::JMAP: return "JMAP";
        case event::Protocol::CONTROL: return "the operator's tool";
    }
    return "";
}

std::string uidsText(capnp::List<event::UidRange>::Reader ranges) {
    std::string text;
    for (const auto range : ranges) {
        if (!text.empty()) text += ',';
        text += range.getFirst() == range.getLast()
                    ? fmt::format("{}", range.getFirst())
                    : fmt::format("{}:{}", range.getFirst(), range.getLast());
    }
    return text;
}

TimeNs occurredNs(const Record& record) {
    const auto core = record.core();
    const bool isRead = record.kind() == Kind::Fetched && core.getFetched().getFirstNs() != 0;
    return isRead ? core.getFetched().getFirstNs() : core.getTimeNs();
}

std::string sentence(const Record& record, Names& names) {
    const auto core = record.core();
    switch (record.kind()) {
        case Kind::Received: return received(record, names);
        case Kind::Accepted: return accepted(record, names);
        case Kind::Rejected: return rejected(record);
        case Kind::Stored: return stored(record, names);
        case Kind::Copied: return copied(record, names, core.getCopied(), false);
        case Kind::Moved: return copied(record, names, core.getMoved(), true);
        case Kind::FlagsChanged: return flagsChanged(record, names);
        case Kind::Expunged:
            return fmt::format(
                "UID {} {} {} by {}{}",
                uidsText(core.getExpunged().getUids()),
                core.getExpunged().getReason() == event::ExpungeReason::MOVED
                    ? "moved into another account from"
                    : "deleted for good from",
                where(record, names),
                who(record, names),
                whence(record, names));
        case Kind::RecentClaimed:
            return fmt::format("new messages of {} shown as recent", where(record, names));
        case Kind::AccessOpened:
            return fmt::format(
                "{} began to read in {}{}",
                who(record, names),
                where(record, names),
                whence(record, names));
        case Kind::Fetched: return fetched(record, names);
        case Kind::AccessWindowLost:
            return fmt::format(
                "what {} read in {} since event {} is not known exactly: assume everything",
                names.account(AccountId(core.getAccount())),
                where(record, names),
                core.getAccessWindowLost().getOpened());
        default: break;
    }
    for (const std::string& text :
         {ofSending(record, names),
          ofSharing(record, names),
          administrative(record, names),
          ofSession(record, names),
          ofSystem(record)}) {
        if (!text.empty()) return text;
    }
    return fmt::format("an event of kind {}", core.getKind());
}

}  // namespace daybook
