// message_search.h
//
// Which messages a person means: by the id of the 250 reply, by Message-ID, by address. Thread:
// main.
#pragma once

#include <string>
#include <vector>

#include "journal/journal.h"
#include "projections/views.h"

namespace daybook {

// Every message that carried that Message-ID, with or without angle brackets: reads all Received
// events.
std::vector<MessageId> messagesWithMessageId(const Journal& journal, const std::string& text);

// Messages that were sent by or to the address, here or elsewhere, newest first; at most `limit`.
std::vector<MessageId> messagesOfAddress(
    const Journal& journal, const Views& views, const std::string& address, std::size_t limit);

}  // namespace daybook
