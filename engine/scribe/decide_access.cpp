// RecordFetched, ClaimRecent: what was read, and what was shown as new.

#include "engine/scribe/decide_parts.h"

namespace daybook {

namespace {

// A window that nobody waited for: envelopes and structure alone (DESIGN 3.4).
Seq openBeside(const RecordFetched& command, const MailboxRow& mailbox, Events& events) {
    const Seq seq = events.nextSeq();
    Draft& draft =
        addFor(events, Kind::AccessOpened, command.origin, command.account, command.mailbox);
    auto opened = draft.core().initAccessOpened();
    opened.setAccess(event::AccessClass::BIND);
    opened.setModSeq(mailbox.highestModSeq.number());
    opened.setProtocol(command.protocol);
    return seq;
}

void setItem(event::FetchedItem::Builder target, const ReadPart& part) {
    auto uids = target.initUids(static_cast<unsigned>(part.uids.size()));
    for (unsigned index = 0; index < uids.size(); ++index) {
        uids[index].setFirst(part.uids[index].first.number());
        uids[index].setLast(part.uids[index].second.number());
    }
    target.setParts(part.parts);
    auto sections = target.initSections(static_cast<unsigned>(part.sections.size()));
    for (unsigned index = 0; index < sections.size(); ++index) {
        sections.set(index, part.sections[index]);
    }
    target.setOctets(part.octets);
    target.setPeek(part.peek);
    target.setPartial(part.partial);
}

}  // namespace

// Written also when the mailbox has gone since: what was read was read.
Outcome<Done> decide(const RecordFetched& command, const Deciding& deciding, Events& events) {
    Seq opened = command.opened;
    if (!opened) {
        const auto mailbox = deciding.views.mailboxes().mailbox(command.account, command.mailbox);
        opened = openBeside(command, mailbox.value_or(MailboxRow{}), events);
    }
    Draft& draft = addFor(events, Kind::Fetched, command.origin, command.account, command.mailbox);
    draft.core().setCause(opened.number());
    auto fetched = draft.core().initFetched();
    fetched.setOpened(opened.number());
    fetched.setFirstNs(command.firstNs);
    fetched.setLastNs(command.lastNs);
    fetched.setOperations(command.operations);
    fetched.setLast(command.last || !command.opened);
    auto items = fetched.initItems(static_cast<unsigned>(command.items.size()));
    for (unsigned index = 0; index < items.size(); ++index) {
        setItem(items[index], command.items[index]);
    }
    return Done{};
}

Outcome<Done> decide(const ClaimRecent& command, const Deciding& /*deciding*/, Events& events) {
    addFor(events, Kind::RecentClaimed, command.origin, command.account, command.mailbox)
        .core()
        .initRecentClaimed()
        .setUidNext(command.uidNext.number());
    return Done{};
}

}  // namespace daybook
