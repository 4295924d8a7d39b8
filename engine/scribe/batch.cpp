#include "engine/scribe/batch.h"

namespace daybook {

Batch::Batch(const Parts& parts) : parts_(parts) { parts_.writer.begin(parts_.epoch); }

Batch::~Batch() {
    if (open_) parts_.writer.abort();
}

void Batch::decide(PendingCommand& command, TimeNs now, CommandId id) {
    const TimeNs time = std::max(now, parts_.writer.lastTimeNs());
    const ViewsReader reader = parts_.views.reader();
    Events& events =
        decided_.emplace_back(parts_.writer.nextSeq(), parts_.journal.modSeqBase(), time, id);
    command.decideNow(Deciding{.views = reader, .now = time, .quota = parts_.quota}, events);
    for (Draft& draft : events.drafts()) {
        const Record& record = parts_.writer.append(draft, time);
        parts_.views.apply(record);
    }
}

void Batch::commitJournal() {
    parts_.writer.commit();
    open_ = false;
    parts_.views.journalled();
}

}  // namespace daybook
