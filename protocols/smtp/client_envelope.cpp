#include "protocols/smtp/client_envelope.h"

#include <algorithm>
#include <fmt/format.h>

#include "engine/mime/xtext.h"
#include "journal/base/ascii.h"

namespace daybook::smtp {

namespace {

// RFC 2852 §4: by-time = ["-" / "+"]1*9digit
constexpr std::int64_t kDeliverBySecondsMax = 999'999'999;

// What would end a command or a path early never leaves us, wherever it came from.
bool isSafe(std::string_view path) {
    return std::ranges::none_of(
        path, [](char c) { return (static_cast<unsigned char>(c) < 0x20) || c == '\x7F'; });
}

bool isSafeParameter(std::string_view value) {
    return isSafe(value) && value.find(' ') == std::string_view::npos;
}

RemoteReply isNotOffered(std::string_view what) {
    return ourReply(554, enhanced(5, 6, 3), fmt::format("The next host takes no {}", what));
}

std::optional<RemoteReply> unsendableContent(
    const OutboundMessage& message, const HelloFacts& facts) {
    const PeerFacts& peer = facts.peer;
    if (peer.octetsMax != 0 && message.octets > peer.octetsMax) {
        return ourReply(
            552,
            enhanced(5, 3, 4),
            fmt::format(
                "The next host takes {} octets at most, this are {}",
                peer.octetsMax,
                message.octets));
    }
    if (message.binary && !peer.binaryMime) return isNotOffered("binary messages (BINARYMIME)");
    // RFC 6152 §3: conversion, or back to the sender.
    if (message.eightBit && !message.binary && !peer.eightBitMime) {
        return isNotOffered("8-bit messages (8BITMIME)");
    }
    // RFC 6531 §3.5
    if (message.smtpUtf8 && !peer.smtpUtf8) {
        return ourReply(
            550, enhanced(5, 6, 7), "The next host takes no internationalized mail (SMTPUTF8)");
    }
    return {};
}

// RFC 2852 §4.1.4.1
bool cannotReturnInTime(const OutboundMessage& message, const HelloFacts& facts) {
    if (!message.deliverBySeconds || message.deliverByNotify) return false;
    const std::int64_t seconds = *message.deliverBySeconds;
    return !facts.peer.deliverBy || seconds <= 0 || seconds < facts.deliverBySecondsMin;
}

std::string notifyWord(std::uint16_t notify) {
    if ((notify & kNotifyNever) != 0) return "NEVER";
    std::string words;
    const auto add = [&](std::uint16_t bit, std::string_view word) {
        if ((notify & bit) == 0) return;
        if (!words.empty()) words += ',';
        words += word;
    };
    add(kNotifySuccess, "SUCCESS");
    add(kNotifyFailure, "FAILURE");
    add(kNotifyDelay, "DELAY");
    return words;
}

// RFC 2852 §4.1.4.2: who keeps no deadlines is at least to say that it is late.
std::uint16_t notifyFor(
    const OutboundRecipient& recipient, const OutboundMessage& message, const PeerFacts& peer) {
    const bool isLost =
        message.deliverBySeconds.value_or(0) > 0 && message.deliverByNotify && !peer.deliverBy;
    if (!isLost || (recipient.notify & kNotifyNever) != 0) return recipient.notify;
    const std::uint16_t said = recipient.notify == 0 ? kNotifyFailure : recipient.notify;
    return static_cast<std::uint16_t>(said | kNotifyDelay);
}

std::string_view bodyParameter(const OutboundMessage& message, const PeerFacts& peer) {
    if (message.binary) return " BODY=BINARYMIME";
    if (message.eightBit && peer.eightBitMime) return " BODY=8BITMIME";
    return {};
}

}  // namespace

std::optional<RemoteReply> unsendable(const OutboundMessage& message, const HelloFacts& facts) {
    if (!isSafe(message.reversePath)) {
        return ourReply(553, enhanced(5, 1, 7), "The sender's address cannot be sent");
    }
    if (!isAscii(message.reversePath) && !message.smtpUtf8) {
        return ourReply(553, enhanced(5, 6, 7), "The sender's address needs SMTPUTF8");
    }
    // RFC 8689 §4.2.1: a verified server that offers REQUIRETLS.
    if (message.requireTls && (!facts.peer.requireTls || !facts.peer.tlsVerified)) {
        return ourReply(550, enhanced(5, 7, 30), "REQUIRETLS support required");
    }
    if (cannotReturnInTime(message, facts)) {
        return ourReply(
            550,
            enhanced(5, 3, 3),
            "The next host does not promise to deliver in time (DELIVERBY)");
    }
    return unsendableContent(message, facts);
}

std::optional<RemoteReply> unsendable(
    const OutboundRecipient& recipient, const OutboundMessage& message) {
    if (!isSafe(recipient.forwardPath) || !isSafeParameter(recipient.originalRecipient)) {
        return ourReply(553, enhanced(5, 1, 3), "The recipient's address cannot be sent");
    }
    if (!isAscii(recipient.forwardPath) && !message.smtpUtf8) {
        return ourReply(553, enhanced(5, 6, 7), "The recipient's address needs SMTPUTF8");
    }
    return {};
}

std::string mailCommand(const OutboundMessage& message, const HelloFacts& facts) {
    const PeerFacts& peer = facts.peer;
    std::string line = "MAIL FROM:<" + message.reversePath + ">";
    if (facts.size) line += fmt::format(" SIZE={}", message.octets);
    line += bodyParameter(message, peer);
    if (message.smtpUtf8) line += " SMTPUTF8";
    if (peer.dsn && message.ret == event::DsnReturn::FULL) line += " RET=FULL";
    if (peer.dsn && message.ret == event::DsnReturn::HEADERS) line += " RET=HDRS";
    if (peer.dsn && !message.envelopeId.empty()) {
        line += " ENVID=" + mime::encodeXtext(message.envelopeId);
    }
    if (message.requireTls) line += " REQUIRETLS";
    if (peer.deliverBy && message.deliverBySeconds) {
        const std::int64_t seconds =
            std::clamp(*message.deliverBySeconds, -kDeliverBySecondsMax, kDeliverBySecondsMax);
        line += fmt::format(
            " BY={};{}{}",
            seconds,
            message.deliverByNotify ? 'N' : 'R',
            message.deliverByTrace ? "T" : "");
    }
    // RFC 6710 §4.2; a peer that does not offer it gets the message without (§4.3).
    if (peer.priorities && message.priority) {
        line += fmt::format(" MT-PRIORITY={}", std::clamp(*message.priority, -9, 9));
    }
    return line + "\r\n";
}

std::string rcptCommand(
    const OutboundRecipient& recipient, const OutboundMessage& message, const HelloFacts& facts) {
    std::string line = "RCPT TO:<" + recipient.forwardPath + ">";
    if (!facts.peer.dsn) return line + "\r\n";
    const std::uint16_t notify = notifyFor(recipient, message, facts.peer);
    if (notify != 0) line += " NOTIFY=" + notifyWord(notify);
    const std::string& original = recipient.originalRecipient;
    if (!original.empty()) {
        // RFC 6533 §3: 8-bit characters only where the transaction has SMTPUTF8.
        line += " ORCPT=";
        line += message.smtpUtf8 ? original : mime::sevenBitOriginalRecipient(original);
    }
    return line + "\r\n";
}

}  // namespace daybook::smtp
