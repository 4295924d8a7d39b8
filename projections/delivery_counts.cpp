#include "projections/delivery_counts.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "projections/deliveries.h"
#include "projections/table.h"

namespace daybook {

DeliveryCounts::DeliveryCounts(lmdb::WriteTransaction& txn, const ViewTables& tables, TimeNs now)
    : txn_(txn), tables_(tables), day_(static_cast<std::uint32_t>(now / kDayNs)) {}

void DeliveryCounts::add(DestinationId destination, What what) {
    const Key key = Key().add(day_).add(destination);
    std::array<std::uint64_t, 5> counts{};
    if (const auto value = txn_.get(tables_.deliveryCounts, key)) {
        RowFields fields(*value);
        for (std::uint64_t& one : counts)
            one = fields.take<std::uint64_t>();
    }
    ++counts.at(static_cast<std::size_t>(what));
    RowWriter writer;
    for (const std::uint64_t one : counts)
        writer.add(one);
    txn_.put(tables_.deliveryCounts, key, writer.octets());
}

bool DeliveryCounts::isTlsCounted(event::TlsResult::Reader result) {
    return result.getPolicy() != event::TlsPolicy::NONE ||
           result.getFault() != event::TlsFault::NONE;
}

void DeliveryCounts::addTls(
    DestinationId destination,
    event::TlsResult::Reader result,
    Tls outcome,
    const DeliveryRow& sample) {
    const bool hasFault = result.getFault() != event::TlsFault::NONE;
    Key key;
    key.add(day_).add(destination).add(static_cast<std::uint8_t>(result.getPolicy()));
    std::uint64_t succeeded = 0;
    std::uint64_t missed = 0;
    if (const auto value = txn_.get(tables_.tlsCounts, key)) {
        RowFields fields(*value);
        succeeded = fields.take<std::uint64_t>();
        missed = fields.take<std::uint64_t>();
    }
    (outcome == Tls::Missed || hasFault ? missed : succeeded) += 1;
    txn_.put(tables_.tlsCounts, key, RowWriter().add(succeeded).add(missed).octets());
    if (!hasFault) return;

    Key faultKey = key;
    faultKey.add(static_cast<std::uint8_t>(result.getFault()));
    RowWriter writer;
    if (const auto value = txn_.get(tables_.tlsFaults, faultKey)) {
        RowFields fields(*value);
        const auto before = fields.take<std::uint64_t>();
        writer.add(before + 1).rest(fields.rest());
    } else {
        // With a message that went out, the words are about the message.
        const std::string_view words = outcome == Tls::Missed ? sample.text : std::string_view();
        writer.add(std::uint64_t{1}).text(sample.host).text(sample.ip).rest(words);
    }
    txn_.put(tables_.tlsFaults, faultKey, writer.octets());
}

void DeliveryCounts::forgetTls(std::uint32_t day, DestinationId destination) {
    const Key prefix = Key().add(day).add(destination);
    for (const lmdb::Table table : {tables_.tlsCounts, tables_.tlsFaults}) {
        std::vector<std::string> keys;
        forPrefix(txn_, table, prefix, [&](std::string_view key, std::string_view /*value*/) {
            keys.emplace_back(key);
        });
        for (const std::string& key : keys) {
            txn_.erase(table, key);
        }
    }
}

}  // namespace daybook
