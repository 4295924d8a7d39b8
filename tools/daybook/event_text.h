// event_text.h
//
// Events in words: one English sentence for a person, or JSON with every field for a program. Ids
// of the log (seq) are decimal, random ids 16 hexadecimal digits. Text from outside is made
// printable. Thread: main.
#pragma once

#include <capnp/blob.h>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "journal/record.h"
#include "tools/daybook/names.h"

namespace daybook {

inline std::string textOf(capnp::Text::Reader reader) { return {reader.begin(), reader.size()}; }

// "SMTP", "LMTP", "IMAP" ...
std::string protocolText(event::Protocol protocol);

// What happened, without time and seq: "alice@example.org read the text of UID 3 in INBOX over IMAP
// from 192.0.2.7".
std::string sentence(const Record& record, Names& names);

// When it happened: what was read is written down later than it was read.
TimeNs occurredNs(const Record& record);

// Every field of the core, and the annexes that still exist.
nlohmann::ordered_json toJson(const Record& record);

// "1:3,7".
std::string uidsText(capnp::List<event::UidRange>::Reader ranges);

}  // namespace daybook
