#include "projections/histories.h"

#include <array>

#include "projections/table.h"

namespace daybook {

namespace {

Key historyKey(std::uint64_t id, Seq seq) { return Key().add(id).add(seq); }

class Fold {
public:
    Fold(event::Core::Reader core, lmdb::WriteTransaction& txn, const ViewTables& tables)
        : core_(core),
          txn_(txn),
          tables_(tables),
          seq_(core.getSeq()),
          kind_(littleEndian(core.getKind())) {}

    void index() {
        add(tables_.historyByMessage, core_.getMessage());
        add(tables_.historyByAccount, core_.getAccount());
        add(tables_.historyByMailbox, core_.getMailbox());
        add(tables_.historyBySession, core_.getSession());
        if (core_.isCopied()) addTarget(core_.getCopied());
        if (core_.isMoved()) addTarget(core_.getMoved());
    }

    void access() {
        switch (core_.which()) {
            case event::Core::ACCESS_OPENED: return open();
            case event::Core::FETCHED:
                if (core_.getFetched().getLast()) close(core_.getFetched().getOpened());
                return;
            case event::Core::ACCESS_WINDOW_LOST:
                return close(core_.getAccessWindowLost().getOpened());
            default: return;  // every other event
        }
    }

private:
    void add(lmdb::Table table, std::uint64_t id) {
        if (id == 0) return;
        const std::string_view kind(reinterpret_cast<const char*>(&kind_), sizeof kind_);
        txn_.put(table, historyKey(id, seq_), kind);
    }

    void addTarget(event::Copied::Reader copied) {
        if (copied.getTarget() != core_.getMailbox()) {
            add(tables_.historyByMailbox, copied.getTarget());
        }
    }

    void open() {
        RowWriter row;
        row.add(core_.getAccount()).add(core_.getMailbox()).add(core_.getSession());
        txn_.put(tables_.openAccess, seq_.number(), row.octets());
    }

    void close(std::uint64_t opened) { txn_.erase(tables_.openAccess, opened); }

    event::Core::Reader core_;
    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    Seq seq_;
    std::uint16_t kind_;  // as it stands in the row
};

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    Fold fold(record.core(), txn, tables);
    fold.index();
    fold.access();
}

constexpr std::array kTables = {
    &ViewTables::historyByMessage,
    &ViewTables::historyByAccount,
    &ViewTables::historyByMailbox,
    &ViewTables::historyBySession,
    &ViewTables::openAccess,
};

HistoryEntry readEntry(std::string_view key, std::string_view value) {
    KeyFields fields(key);
    fields.take<std::uint64_t>();
    return {.seq = fields.take<Seq>(), .kind = Kind(RowFields(value).take<std::uint16_t>())};
}

void walk(
    const lmdb::Transaction& txn,
    lmdb::Table table,
    std::uint64_t id,
    Seq from,
    const HistoriesView::Visit& visit) {
    const Key prefix = Key().add(id);
    lmdb::Cursor cursor(txn, table);
    for (bool there = cursor.seek(historyKey(id, from)); there && cursor.key().starts_with(prefix);
         there = cursor.next()) {
        if (!visit(readEntry(cursor.key(), cursor.value()))) return;
    }
}

}  // namespace

constinit const Projection kHistoriesProjection{
    .name = "histories",
    .version = 1,
    .apply = apply,
    .tables = kTables,
};

void HistoriesView::ofMessage(MessageId message, Seq from, const Visit& visit) const {
    walk(txn_, tables_.historyByMessage, message.number(), from, visit);
}

void HistoriesView::ofAccount(AccountId account, Seq from, const Visit& visit) const {
    walk(txn_, tables_.historyByAccount, account.number(), from, visit);
}

void HistoriesView::ofMailbox(MailboxId mailbox, Seq from, const Visit& visit) const {
    walk(txn_, tables_.historyByMailbox, mailbox.number(), from, visit);
}

void HistoriesView::ofSession(SessionId session, Seq from, const Visit& visit) const {
    walk(txn_, tables_.historyBySession, session.number(), from, visit);
}

Seq HistoriesView::lastOfMailbox(MailboxId mailbox, Kind kind) const {
    const Key prefix = Key().add(mailbox);
    lmdb::Cursor cursor(txn_, tables_.historyByMailbox);
    // The mailbox's last row stands before the first key that is greater than all of its own.
    bool there = cursor.seek(historyKey(mailbox.number(), Seq(UINT64_MAX)));
    there = there ? cursor.previous() : cursor.last();
    for (; there && cursor.key().starts_with(prefix); there = cursor.previous()) {
        const HistoryEntry entry = readEntry(cursor.key(), cursor.value());
        if (entry.kind == kind) return entry.seq;
    }
    return {};
}

std::vector<OpenAccessRow> HistoriesView::openAccess() const {
    std::vector<OpenAccessRow> rows;
    lmdb::Cursor cursor(txn_, tables_.openAccess);
    for (bool there = cursor.first(); there; there = cursor.next()) {
        RowFields fields(cursor.value());
        OpenAccessRow row;
        row.opened = Seq(cursor.number());
        row.account = fields.take<AccountId>();
        row.mailbox = fields.take<MailboxId>();
        row.session = fields.take<SessionId>();
        rows.push_back(row);
    }
    return rows;
}

}  // namespace daybook
