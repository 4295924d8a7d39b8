#include "projections/metadata.h"

#include <array>

#include "projections/table.h"

namespace daybook {

namespace {

MetadataRow readEntry(std::string_view key, std::string_view value) {
    KeyFields keyFields(key);
    MetadataRow row;
    row.account = keyFields.take<AccountId>();
    row.mailbox = keyFields.take<MailboxId>();
    row.entry = keyFields.take<std::uint64_t>();
    RowFields fields(value);
    row.user = fields.take<AccountId>();
    row.name = fields.text();
    row.value = fields.rest();
    return row;
}

void put(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    const event::MailboxMetadataSet::Reader set = core.getMailboxMetadataSet();
    const Key key = Key().add(core.getAccount()).add(core.getMailbox()).add(set.getEntry());
    if (!set.getOn()) {
        txn.erase(tables.metadata, key);
        return;
    }
    RowWriter row;
    row.add(set.getUser());
    const auto details = record.annex(0);
    if (details && details->isMetadata()) {
        const capnp::Text::Reader name = details->getMetadata().getEntry();
        const auto value = details->getMetadata().getValue().asChars();
        row.text({name.begin(), name.size()}).rest({value.begin(), value.size()});
    } else {
        row.text({});
    }
    txn.put(tables.metadata, key, row.octets());
}

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    switch (core.which()) {
        case event::Core::MAILBOX_METADATA_SET: return put(record, txn, tables);
        case event::Core::MAILBOX_DELETED:
            return erasePrefix(
                txn, tables.metadata, Key().add(core.getAccount()).add(core.getMailbox()));
        case event::Core::ACCOUNT_DELETED:
            return erasePrefix(txn, tables.metadata, Key().add(core.getAccount()));
        default: return;  // every other event
    }
}

constexpr std::array kTables = {&ViewTables::metadata};

}  // namespace

constinit const Projection kMetadataProjection{
    .name = "metadata",
    .version = 1,
    .apply = apply,
    .tables = kTables,
};

std::vector<MetadataRow> MetadataView::entriesOf(AccountId account, MailboxId mailbox) const {
    std::vector<MetadataRow> rows;
    const Key prefix = Key().add(account).add(mailbox);
    forPrefix(txn_, tables_.metadata, prefix, [&](std::string_view key, std::string_view value) {
        rows.push_back(readEntry(key, value));
    });
    return rows;
}

std::vector<MetadataRow> MetadataView::entriesElsewhere(AccountId user) const {
    std::vector<MetadataRow> rows;
    forPrefix(txn_, tables_.metadata, {}, [&](std::string_view key, std::string_view value) {
        MetadataRow row = readEntry(key, value);
        if (row.user == user && row.account != user) rows.push_back(std::move(row));
    });
    return rows;
}

}  // namespace daybook
