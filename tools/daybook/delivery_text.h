// delivery_text.h
//
// A message and a recipient's row of the deliveries view in words and as JSON, for queue and
// status. Text from outside is made printable (JSON: as it is). Thread: main.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "projections/deliveries.h"

namespace daybook {

// What stands above the table of a message's recipients.
struct MessageFacts {
    MessageId message;
    std::string sender;   // senderText()
    std::string account;  // whose it is; empty: not told
    TimeNs arrivalNs = 0;
    std::uint64_t octets = 0;
    // Empty if erased, or not there.
    std::string subject;
    std::string messageId;
    std::string envelopeId;
};

// A line for each that is not empty.
void sayFacts(const MessageFacts& facts);
void sayFact(std::string_view name, const std::string& value);

// "<alice@example.org>", "<>", "(erased)".
std::string senderText(const std::string& reversePath, bool isNull);
// "bob@elsewhere.test", "(erased)".
std::string recipientText(const DeliveryRow& row);
// "-" for a cell that would be empty.
std::string orDash(std::string text);
// "waiting", "attempting", "held", "relayed", "failed", "expired", "removed", "delivered".
std::string_view stateText(DeliveryState state);
// What the other server said last, or why it was not asked; empty: not tried yet.
std::string lastAnswer(const DeliveryRow& row);
// "mx.elsewhere.test [192.0.2.25]"; empty: none yet.
std::string serverText(const DeliveryRow& row);
// "TLS 1.3, DANE, verified"; empty: no connection is known.
std::string tlsText(const DeliveryRow& row);
// "3 d 4 h", "12 min", "0 s": the two largest units.
std::string durationText(TimeNs duration);

// Everything of the row. `destination`: the domain's name.
nlohmann::ordered_json toJson(const DeliveryRow& row, const std::string& destination);

}  // namespace daybook
