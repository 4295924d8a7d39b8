// dkim.h
//
// DKIM signatures, RFC 6376 with RFC 8301 and RFC 8463, by libopendkim: the only door to it
// (Ed25519 signs in dkim_ed25519.h). Signs relaxed/relaxed, the whole body, with the fields that
// make a message what it is; each of these is named once more than it occurs, so that nobody can
// add another (RFC 6376 §5.4). Makes no DNS query. CPU-bound (milliseconds for RSA or a large
// body): on a worker. Pure; thread: any.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/authentication/dkim_key.h"
#include "journal/base/clock.h"
#include "journal/base/outcome.h"

namespace daybook {

struct DkimKey {
    std::string domain;  // lower case, A-labels
    std::string selector;
    DkimAlgorithm algorithm = DkimAlgorithm::RSA_SHA256;
    std::string privateKey;  // PKCS#8, PEM
};

// The DKIM-Signature fields, one a key, in order, folded, each with its CRLF; they go before
// everything that is signed. `pieces`: the message's octets in order, lines ending in CRLF; no
// header field lies in two of them. Refusals: InvalidArgument, with a detail that says why other
// servers could not verify a signature of this message (RFC 6376 §3.8): no From or several, a line
// in the header that is no field, a NUL, a key that is no key.
Outcome<std::string> dkimSign(
    std::span<const DkimKey> keys, std::span<const std::string_view> pieces, TimeNs now);

struct DkimVerdict {
    std::string domain;
    std::string selector;
    std::string algorithm;  // the a= tag's value
    bool passed = false;
    std::string why;  // not passed: in libopendkim's words
};

// The value of the TXT record of that name; nothing: there is none. Called on this thread.
using DkimRecordLookup = std::function<std::optional<std::string>(const std::string& name)>;

// One for each signature of the message, in order. Refusals: InvalidArgument, if the message cannot
// be read.
Outcome<std::vector<DkimVerdict>> dkimVerify(
    std::span<const std::string_view> pieces, const DkimRecordLookup& lookup);

// What is known of who sends a message.
struct SigningSituation {
    std::vector<std::string> fromDomains;    // of the From field, in order, normalized
    std::string reversePathDomain;           // normalized; empty: the null reverse-path
    std::vector<std::string> ourDomains;     // those of them that are ours, at least
    std::vector<std::string> senderDomains;  // of the sender's own addresses
};

// The domain that takes responsibility: the From field's, which is what DMARC looks at (RFC 7489
// §3.1.1), if it is ours and the sender may speak for it (it has an address there, or sends with a
// reverse-path there); else the reverse-path's if that is ours. Nothing: no domain of ours is
// meant, so none signs.
std::optional<std::string> signingDomain(const SigningSituation& situation);

}  // namespace daybook
