// delivery_counts.h
//
// The counts of the deliveries view: per day and destination what became of mail, and what came of
// TLS (RFC 8460 §4.3). For deliveries_fold.cpp; the rows are in deliveries.h. One thread.
#pragma once

#include <cstdint>

#include "journal/lmdb.h"
#include "projections/delivery_rows.h"
#include "projections/view_tables.h"

namespace daybook {

class DeliveryCounts {
public:
    enum class What : std::uint8_t { Queued, Relayed, Deferred, Bounced, Expired };

    // `now`: the event's time; its UTC day is what counts.
    DeliveryCounts(lmdb::WriteTransaction& txn, const ViewTables& tables, TimeNs now);

    void add(DestinationId destination, What what);

    enum class Tls : std::uint8_t { Had, Missed };

    // What has no policy and no fault is not reported.
    static bool isTlsCounted(event::TlsResult::Reader result);
    // One row for each policy that was met or missed, of a result that isTlsCounted(). `sample`:
    // host, IP address and words, kept of the first of a fault.
    void addTls(
        DestinationId destination,
        event::TlsResult::Reader result,
        Tls outcome,
        const DeliveryRow& sample);
    // The day was reported.
    void forgetTls(std::uint32_t day, DestinationId destination);

private:
    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    std::uint32_t day_;
};

}  // namespace daybook
