#include "engine/scribe/decide_stored.h"

#include "journal/base/encoding.h"

namespace daybook {

void addStored(
    Events& events,
    const Origin& origin,
    const MailboxRow& mailbox,
    Uid uid,
    MessageId message,
    const StoredBlob& blob,
    Seq cause,
    const StoredFacts& facts) {
    const ModSeq modSeq = events.nextModSeq();
    Draft& draft = addFor(events, Kind::Stored, origin, mailbox.account, mailbox.id);
    draft.core().setMessage(message.number());
    draft.core().setCause(cause.number());
    auto stored = draft.core().initStored();
    if (facts.via == event::Via::IMPORT) draft.core().setFlags(kFlagImported);
    stored.setUid(uid.number());
    stored.setUidValidity(mailbox.uidValidity.number());
    stored.setModSeq(modSeq.number());
    stored.setEmailId(facts.emailId.number());
    stored.setThreadId(facts.threadId);
    stored.setSystemFlags(facts.systemFlags);
    stored.setVia(facts.via);
    stored.setInternalDateNs(facts.internalDateNs);
    stored.setZoneMinutes(facts.zoneMinutes);
    stored.setPrefixOctets(static_cast<std::uint32_t>(facts.prefix.size()));
    stored.setOctets(facts.prefix.size() + blob.octets);
    setBlob(stored.initBlob(), blob);
    auto keywords = stored.initKeywords(static_cast<unsigned>(facts.keywords.size()));
    for (unsigned index = 0; index < keywords.size(); ++index) {
        keywords.set(index, facts.keywords[index].number());
    }
    draft.addAnnex(mailbox.account).initStored().setPrefix(facts.prefix);
    draft.summary = asBytes(blob.summary);
}

}  // namespace daybook
