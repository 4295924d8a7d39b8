#include "projections/delivery_names.h"

#include <string>

#include "journal/base/ascii.h"
#include "journal/base/clock.h"
#include "projections/table.h"

namespace daybook {

void defineDestination(
    const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const auto defined = record.core().getDestinationDefined();
    const DestinationId id(defined.getDestination());
    const std::string name = record.name();
    txn.put(tables.destinations, Key().add(id), name);
    if (name.empty()) return;
    txn.put(tables.destinationNames, nameKey(name), RowWriter().add(id).octets());
}

void changeSuppression(
    const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const auto changed = record.core().getSuppressionChanged();
    const AccountId account(record.core().getAccount());
    const Key key = Key().add(account).add(changed.getSuppression());
    if (const auto old = txn.get(tables.suppressions, key)) {
        RowFields fields(*old);
        fields.take<TimeNs>();
        fields.take<Seq>();
        fields.take<std::uint32_t>();
        const std::string address = lowered(fields.rest());
        const Key name = Key().add(account).add(nameKey(address));
        const auto named = txn.get(tables.suppressionNames, name);
        // Another entry may have the name by now.
        const bool isOurs =
            named && RowFields(*named).take<std::uint64_t>() == changed.getSuppression();
        if (isOurs) txn.erase(tables.suppressionNames, name);
    }
    if (!changed.getOn()) {
        txn.erase(tables.suppressions, key);
        return;
    }
    const std::string address = record.name();
    RowWriter writer;
    writer.add(record.core().getTimeNs())
        .add(record.seq())
        .add(changed.getEnhancedCode())
        .rest(address);
    txn.put(tables.suppressions, key, writer.octets());
    if (address.empty()) return;
    txn.put(
        tables.suppressionNames,
        Key().add(account).add(nameKey(lowered(address))),
        RowWriter().add(changed.getSuppression()).octets());
}

}  // namespace daybook
