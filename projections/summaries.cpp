#include "projections/summaries.h"

#include <array>

#include "journal/base/encoding.h"

namespace daybook {

namespace {

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
    const std::uint64_t seq = core.getSeq();
    if (stored.getBlob().getSummaryOctets() > 0) {
        txn.append(tables.summaries, seq, record.summary().value_or(std::string()));
    }
    if (stored.getPrefixOctets() > 0) txn.append(tables.prefixes, seq, prefixOf(record));
}

constexpr std::array kTables = {&ViewTables::summaries, &ViewTables::prefixes};

}  // namespace

constinit const Projection kSummariesProjection{
    .name = "summaries",
    .version = 1,
    .apply = apply,
    .tables = kTables,
};

std::optional<std::span<const std::byte>> SummariesView::summary(Seq storedSeq) const {
    const auto value = txn_.get(tables_.summaries, storedSeq.number());
    if (!value || value->empty()) return std::nullopt;
    return asBytes(*value);
}

std::string_view SummariesView::prefix(Seq storedSeq) const {
    return txn_.get(tables_.prefixes, storedSeq.number()).value_or(std::string_view());
}

}  // namespace daybook
