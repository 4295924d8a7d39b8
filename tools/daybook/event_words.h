// event_words.h
//
// The words that sentences about events share: who did it, from where, names in quotes and angle
// brackets. Some are for what queue, status and suppression print too. Text from outside is
// made printable. Thread: main.
#pragma once

#include <capnp/blob.h>
#include <cstdint>
#include <string>
#include <string_view>

#include "journal/record.h"
#include "tools/daybook/names.h"

namespace daybook {

std::string shown(capnp::Text::Reader reader);
// "1 message", "2 messages".
std::string counted(std::uint64_t count, std::string_view thing);
std::string angle(const std::string& address);
// The event's annex.name in quotes, or "(erased)".
std::string quoted(const Record& record);
// "alice@example.org", "the operator", "the server" ...
std::string who(const Record& record, Names& names);
// " over IMAP from 192.0.2.7 (Thunderbird 128)".
std::string whence(const Record& record, Names& names);
// "5.1.1"; empty for 0.
std::string statusText(std::uint32_t enhancedCode);
// "TLS 1.3", "no TLS".
std::string tlsVersionText(std::uint16_t version);
// "DANE", "MTA-STS"; empty for none.
std::string_view policyText(event::TlsPolicy policy);

// Mail for other servers, suppression, signing keys, delegation (event_text_outbound.cpp). Empty:
// the event is none of these.
std::string ofSending(const Record& record, Names& names);
// Rights, quotas, annotations, special uses (event_text_sharing.cpp). Empty: none of these.
std::string ofSharing(const Record& record, Names& names);

}  // namespace daybook
