#include "projections/deliveries.h"

#include "journal/base/ascii.h"
#include "projections/table.h"

namespace daybook {

namespace {

constexpr std::string_view kSeparator("\0", 1);

DueRow readDue(std::string_view key, std::string_view value) {
    KeyFields fields(key);
    DueRow row;
    row.dueNs = static_cast<TimeNs>(fields.take<std::uint64_t>());
    row.message = fields.take<MessageId>();
    row.recipient = fields.take<RecipientNumber>();
    row.destination = RowFields(value).take<DestinationId>();
    return row;
}

ReportRow readReport(std::string_view key, std::string_view value) {
    KeyFields fields(key);
    ReportRow row;
    row.message = fields.take<MessageId>();
    row.recipient = fields.take<RecipientNumber>();
    row.action = static_cast<event::DsnAction>(fields.take<std::uint8_t>());
    row.sinceNs = RowFields(value).take<TimeNs>();
    return row;
}

SuppressionRow readSuppression(std::string_view key, std::string_view value) {
    KeyFields keyFields(key);
    SuppressionRow row;
    row.account = keyFields.take<AccountId>();
    row.id = keyFields.take<SuppressionId>();
    RowFields fields(value);
    row.sinceNs = fields.take<TimeNs>();
    row.seq = fields.take<Seq>();
    row.enhancedCode = fields.take<std::uint32_t>();
    row.address = fields.rest();
    return row;
}

}  // namespace

std::optional<OutboundRow> DeliveriesView::outbound(MessageId message) const {
    const Key key = Key().add(message);
    const auto value = txn_.get(tables_.outbound, key);
    if (!value) return std::nullopt;
    return readOutbound(key, *value);
}

void DeliveriesView::forOutbound(
    MessageId from, const std::function<bool(const OutboundRow&)>& visit) const {
    lmdb::Cursor cursor(txn_, tables_.outbound);
    for (bool there = cursor.seek(Key().add(from)); there; there = cursor.next()) {
        if (!visit(readOutbound(cursor.key(), cursor.value()))) return;
    }
}

std::size_t DeliveriesView::outboundCount() const { return txn_.count(tables_.outbound); }

std::optional<DeliveryRow> DeliveriesView::delivery(
    MessageId message, RecipientNumber recipient) const {
    const Key key = Key().add(message).add(recipient);
    const auto value = txn_.get(tables_.deliveries, key);
    if (!value) return std::nullopt;
    return readDelivery(key, *value);
}

std::vector<DeliveryRow> DeliveriesView::deliveriesOf(MessageId message) const {
    std::vector<DeliveryRow> rows;
    forPrefix(
        txn_,
        tables_.deliveries,
        Key().add(message),
        [&](std::string_view key, std::string_view value) {
        rows.push_back(readDelivery(key, value));
    });
    return rows;
}

void DeliveriesView::forDue(
    TimeNs from, TimeNs to, const std::function<bool(const DueRow&)>& visit) const {
    lmdb::Cursor cursor(txn_, tables_.deliveriesDue);
    const Key first = Key().add(static_cast<std::uint64_t>(from));
    for (bool there = cursor.seek(first); there; there = cursor.next()) {
        const DueRow row = readDue(cursor.key(), cursor.value());
        if (row.dueNs > to || !visit(row)) return;
    }
}

std::vector<ReportRow> DeliveriesView::reportsOf(MessageId message) const {
    std::vector<ReportRow> rows;
    forPrefix(
        txn_,
        tables_.deliveryReports,
        Key().add(message),
        [&](std::string_view key, std::string_view value) {
        rows.push_back(readReport(key, value));
    });
    return rows;
}

void DeliveriesView::forReports(
    MessageId from, const std::function<bool(const ReportRow&)>& visit) const {
    lmdb::Cursor cursor(txn_, tables_.deliveryReports);
    for (bool there = cursor.seek(Key().add(from)); there; there = cursor.next()) {
        if (!visit(readReport(cursor.key(), cursor.value()))) return;
    }
}

void DeliveriesView::ofAddress(
    std::string_view address, const std::function<bool(MessageId, RecipientNumber)>& visit) const {
    const Key prefix = Key().add(nameKey(lowered(address))).add(kSeparator);
    Key end = prefix;
    end.add(UINT64_MAX).add(UINT32_MAX);
    lmdb::Cursor cursor(txn_, tables_.deliveriesByAddress);
    bool there = cursor.seek(end);
    there = there ? cursor.previous() : cursor.last();
    for (; there && cursor.key().starts_with(prefix); there = cursor.previous()) {
        KeyFields fields(cursor.key().substr(prefix.view().size()));
        const auto message = fields.take<MessageId>();
        const auto recipient = fields.take<RecipientNumber>();
        if (!visit(message, recipient)) return;
    }
}

std::optional<MessageId> DeliveriesView::sentAs(std::string_view messageId) const {
    if (messageId.starts_with('<')) messageId.remove_prefix(1);
    if (messageId.ends_with('>')) messageId.remove_suffix(1);
    const Key prefix = Key().add(nameKey(messageId)).add(kSeparator);
    std::optional<MessageId> newest;
    forPrefix(txn_, tables_.sentByMessageId, prefix, [&](std::string_view key, std::string_view) {
        newest = KeyFields(key.substr(prefix.view().size())).take<MessageId>();
    });
    return newest;
}

std::optional<DestinationId> DeliveriesView::findDestination(std::string_view domain) const {
    const auto value = txn_.get(tables_.destinationNames, nameKey(domain));
    if (!value) return std::nullopt;
    return RowFields(*value).take<DestinationId>();
}

std::string DeliveriesView::destinationName(DestinationId destination) const {
    return std::string(
        txn_.get(tables_.destinations, Key().add(destination)).value_or(std::string_view()));
}

std::vector<DeliveryCountsRow> DeliveriesView::countsSince(std::uint32_t day) const {
    std::vector<DeliveryCountsRow> rows;
    lmdb::Cursor cursor(txn_, tables_.deliveryCounts);
    for (bool there = cursor.seek(Key().add(day)); there; there = cursor.next()) {
        KeyFields keyFields(cursor.key());
        RowFields fields(cursor.value());
        DeliveryCountsRow& row = rows.emplace_back();
        row.day = keyFields.take<std::uint32_t>();
        row.destination = keyFields.take<DestinationId>();
        row.queued = fields.take<std::uint64_t>();
        row.relayed = fields.take<std::uint64_t>();
        row.deferred = fields.take<std::uint64_t>();
        row.bounced = fields.take<std::uint64_t>();
        row.expired = fields.take<std::uint64_t>();
    }
    return rows;
}

std::optional<SuppressionRow> DeliveriesView::suppression(
    AccountId account, std::string_view address) const {
    const auto id =
        txn_.get(tables_.suppressionNames, Key().add(account).add(nameKey(lowered(address))));
    if (!id) return std::nullopt;
    const Key key = Key().add(account).add(RowFields(*id).take<SuppressionId>());
    const auto value = txn_.get(tables_.suppressions, key);
    if (!value) return std::nullopt;
    return readSuppression(key, *value);
}

std::vector<SuppressionRow> DeliveriesView::suppressions() const {
    std::vector<SuppressionRow> rows;
    forPrefix(txn_, tables_.suppressions, {}, [&](std::string_view key, std::string_view value) {
        rows.push_back(readSuppression(key, value));
    });
    return rows;
}

std::vector<TlsCountsRow> DeliveriesView::tlsCountsBefore(std::uint32_t day) const {
    std::vector<TlsCountsRow> rows;
    lmdb::Cursor cursor(txn_, tables_.tlsCounts);
    for (bool there = cursor.first(); there; there = cursor.next()) {
        KeyFields keyFields(cursor.key());
        RowFields fields(cursor.value());
        TlsCountsRow row;
        row.day = keyFields.take<std::uint32_t>();
        if (row.day >= day) break;
        row.destination = keyFields.take<DestinationId>();
        row.policy = static_cast<event::TlsPolicy>(keyFields.take<std::uint8_t>());
        row.succeeded = fields.take<std::uint64_t>();
        row.failed = fields.take<std::uint64_t>();
        rows.push_back(row);
    }
    return rows;
}

std::vector<TlsFaultRow> DeliveriesView::tlsFaultsOf(
    std::uint32_t day, DestinationId destination) const {
    std::vector<TlsFaultRow> rows;
    const Key prefix = Key().add(day).add(destination);
    forPrefix(txn_, tables_.tlsFaults, prefix, [&](std::string_view key, std::string_view value) {
        KeyFields keyFields(key);
        keyFields.take<std::uint32_t>();
        keyFields.take<DestinationId>();
        RowFields fields(value);
        TlsFaultRow& row = rows.emplace_back();
        row.day = day;
        row.destination = destination;
        row.policy = static_cast<event::TlsPolicy>(keyFields.take<std::uint8_t>());
        row.fault = static_cast<event::TlsFault>(keyFields.take<std::uint8_t>());
        row.count = fields.take<std::uint64_t>();
        row.host = fields.text();
        row.ip = fields.text();
        row.text = fields.rest();
    });
    return rows;
}

}  // namespace daybook
