// client_envelope.h
//
// The commands of an envelope as a client sends them, with the parameters that the peer has offered
// to take; and why a message cannot be sent to that peer at all. Pure; any thread.
#pragma once

#include <optional>
#include <string>

#include "protocols/smtp/client_hello.h"

namespace daybook::smtp {

// Why nothing of the message may be sent to this peer, as a reply of ours; nothing: it may.
std::optional<RemoteReply> unsendable(const OutboundMessage& message, const HelloFacts& facts);
// The same of one recipient of a message that is sendable.
std::optional<RemoteReply> unsendable(
    const OutboundRecipient& recipient, const OutboundMessage& message);

// With CRLF. The message is sendable.
std::string mailCommand(const OutboundMessage& message, const HelloFacts& facts);
std::string rcptCommand(
    const OutboundRecipient& recipient, const OutboundMessage& message, const HelloFacts& facts);

}  // namespace daybook::smtp
