// decide_stored.h
//
// Stored: a message that stands in a mailbox, however it came there. Pure; thread: scribe. Only for
// the decide_*.cpp files.
#pragma once

#include <string>
#include <vector>

#include "engine/scribe/decide_parts.h"

namespace daybook {

struct StoredFacts {
    event::Via via = event::Via::DELIVERY;
    EmailId emailId;
    std::uint64_t threadId = 0;
    std::uint16_t systemFlags = 0;
    std::vector<KeywordId> keywords;
    TimeNs internalDateNs = 0;
    std::int16_t zoneMinutes = 0;
    std::string prefix;
};

void addStored(
    Events& events,
    const Origin& origin,
    const MailboxRow& mailbox,
    Uid uid,
    MessageId message,
    const StoredBlob& blob,
    Seq cause,
    const StoredFacts& facts);

}  // namespace daybook
