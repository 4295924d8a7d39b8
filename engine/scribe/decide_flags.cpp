#include "engine/scribe/decide_flags.h"

namespace daybook {

namespace {

void setKeywords(capnp::List<std::uint16_t>::Builder list, const std::vector<KeywordId>& keywords) {
    for (unsigned index = 0; index < list.size(); ++index) {
        list.set(index, keywords[index].number());
    }
}

}  // namespace

void addFlagsChanged(
    Events& events,
    const Changing& changing,
    const FlagDelta& delta,
    const std::vector<Uid>& uids) {
    for (const UidRanges& ranges : piecesOf(uids)) {
        const ModSeq modSeq = events.nextModSeq();
        Draft& draft =
            addFor(events, Kind::FlagsChanged, changing.origin, changing.account, changing.mailbox);
        draft.core().setCause(changing.cause.number());
        auto changed = draft.core().initFlagsChanged();
        changed.setModSeq(modSeq.number());
        changed.setAddSystem(delta.addSystem);
        changed.setRemoveSystem(delta.removeSystem);
        changed.setReason(changing.reason);
        setRanges(changed, ranges);
        setKeywords(
            changed.initAddKeywords(static_cast<unsigned>(delta.addKeywords.size())),
            delta.addKeywords);
        setKeywords(
            changed.initRemoveKeywords(static_cast<unsigned>(delta.removeKeywords.size())),
            delta.removeKeywords);
    }
}

}  // namespace daybook
