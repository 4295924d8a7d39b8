// consignment.h
//
// One message for some of its recipients on its way to a peer: what the view says of it, its octets
// as the peer can take them, and what the peer's answers mean. Pure but for reading the content
// log. Thread: the courier's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/authentication/signer.h"
#include "engine/delivery/transport.h"
#include "engine/scribe/command.h"
#include "journal/content_log.h"
#include "projections/views.h"

namespace daybook {

struct Consignment {
    OutboundRow message;
    std::vector<DeliveryRow> recipients;
    std::string domain;  // of the first
    AttemptId attempt;
    std::string octets;
    // As it goes out: a peer without 8BITMIME or BINARYMIME gets it encoded anew.
    bool eightBit = false;
    bool binary = false;
    // load() found the octets damaged on this server's disk: another try may find them mended.
    bool damaged = false;

    std::vector<RecipientNumber> numbers() const;
    void keepOnly(const std::vector<RecipientNumber>& numbers);
    std::uint32_t tries() const;  // of the recipient that was tried most often
    DestinationId lane(bool smartHost) const;

    bool needsConversion(const PeerFacts& peer) const;
    // Reads the octets, fit for the peer; what has to be converted is signed anew (nullptr: not).
    // Returns why that cannot be; empty: it was done. Long for large ones: on a worker.
    std::string load(const ContentLog& content, const PeerFacts& peer, const Signer* signer);
    // Lives as long as the consignment.
    OutboundMessage forPeer(TimeNs now) const;
    std::vector<AttemptResult> resultsOf(
        const std::vector<RecipientResult>& results,
        const TlsFindings& tls,
        const PeerFacts& peer) const;
    // It cannot be sent to this peer: bounced, in our own words.
    std::vector<AttemptResult> unsendable(const std::string& why) const;

    std::string signatureOf(const Signer& signer) const;
};

// Nothing: none of them waits any more. A recipient whose address was erased is left out, and stays
// in the queue: who erases one that waits has to end it in the same commit.
std::optional<Consignment> consignmentOf(
    const Snapshot& snapshot, MessageId message, const std::vector<RecipientNumber>& recipients);

}  // namespace daybook
