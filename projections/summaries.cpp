#include "projections/summaries.h"

#include <array>

#include "journal/base/encoding.h"
#include "projections/table.h"
#include "projections/threads.h"

namespace daybook {

namespace {

constexpr std::size_t kWord = 8;  // of Cap'n Proto

std::string prefixOf(const Record& record) {
    const auto details = record.annex(0);
    if (!details || !details->isStored()) return {};
    const capnp::Text::Reader prefix = details->getStored().getPrefix();
    return {prefix.begin(), prefix.size()};
}

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    if (core.which() != event::Core::STORED) return;
    const event::Stored::Reader stored = core.getStored();
    const bool hasSummary = stored.getBlob().getSummaryOctets() > 0;
    const bool hasPrefix = stored.getPrefixOctets() > 0;
    if (!hasSummary && !hasPrefix) return;
    const std::string summary =
        hasSummary ? record.summary().value_or(std::string()) : std::string();
    const std::string prefix = hasPrefix ? prefixOf(record) : std::string();
    RowWriter row;
    row.add(static_cast<std::uint32_t>(summary.size()))
        .add(static_cast<std::uint32_t>(prefix.size()))
        .rest(summary)
        .rest(prefix);
    constexpr std::string_view kPadding("\0\0\0\0\0\0\0", kWord - 1);
    row.rest(kPadding.substr(0, (kWord - row.octets().size() % kWord) % kWord));
    txn.append(tables.summaries, core.getSeq(), row.octets());
    indexThread(core, summary, txn, tables);
}

struct SummaryRow {
    std::string_view summary;
    std::string_view prefix;
};

SummaryRow findRow(const lmdb::Transaction& txn, const ViewTables& tables, Seq storedSeq) {
    const auto value = txn.get(tables.summaries, storedSeq.number());
    if (!value) return {};
    RowFields fields(*value);
    const auto summaryOctets = fields.take<std::uint32_t>();
    const auto prefixOctets = fields.take<std::uint32_t>();
    const std::string_view summary = fields.take(std::size_t{summaryOctets});
    return {.summary = summary, .prefix = fields.take(std::size_t{prefixOctets})};
}

constexpr std::array kTables = {&ViewTables::summaries, &ViewTables::threads};

}  // namespace

constinit const Projection kSummariesProjection{
    .name = "summaries",
    .version = 2,
    .apply = apply,
    .tables = kTables,
};

std::optional<std::span<const std::byte>> SummariesView::summary(Seq storedSeq) const {
    const SummaryRow row = findRow(txn_, tables_, storedSeq);
    if (row.summary.empty()) return std::nullopt;
    return asBytes(row.summary);
}

std::string_view SummariesView::prefix(Seq storedSeq) const {
    return findRow(txn_, tables_, storedSeq).prefix;
}

}  // namespace daybook
