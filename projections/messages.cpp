#include "projections/messages.h"

#include <algorithm>
#include <array>

#include "projections/mailbox_totals.h"
#include "projections/table.h"

namespace daybook {

namespace {

constexpr std::string_view kExpungedMark = "x";
// Rows are read and then written so many at a time: a write moves the cursor's ground.
constexpr std::size_t kRowsAtATime = 1'000;

Key messageKey(MailboxId mailbox, Uid uid) { return Key().add(mailbox).add(uid); }

Key changeKey(MailboxId mailbox, ModSeq modSeq, Uid uid) {
    return Key().add(mailbox).add(modSeq).add(uid);
}

void readMessage(Uid uid, std::string_view value, MessageRow& row) {
    RowFields fields(value);
    row.uid = uid;
    row.systemFlags = fields.take<std::uint16_t>();
    row.zoneMinutes = fields.take<std::int16_t>();
    row.prefixOctets = fields.take<std::uint32_t>();
    row.modSeq = fields.take<ModSeq>();
    row.message = fields.take<MessageId>();
    row.emailId = fields.take<EmailId>();
    row.threadId = fields.take<std::uint64_t>();
    row.storedSeq = fields.take<Seq>();
    row.internalDateNs = fields.take<TimeNs>();
    row.savedNs = fields.take<TimeNs>();
    row.octets = fields.take<std::uint64_t>();
    row.blob.segment = fields.take<std::uint32_t>();
    row.blob.offset = fields.take<std::uint64_t>();
    row.blobOctets = fields.take<std::uint64_t>();
    row.keywords.clear();
    while (!fields.rest().empty()) {
        row.keywords.push_back(fields.take<KeywordId>());
    }
}

RowWriter messageRow(const MessageRow& row) {
    RowWriter writer;
    writer.add(row.systemFlags)
        .add(row.zoneMinutes)
        .add(row.prefixOctets)
        .add(row.modSeq)
        .add(row.message)
        .add(row.emailId)
        .add(row.threadId)
        .add(row.storedSeq)
        .add(row.internalDateNs)
        .add(row.savedNs)
        .add(row.octets)
        .add(row.blob.segment)
        .add(row.blob.offset)
        .add(row.blobOctets);
    for (const KeywordId keyword : row.keywords) {
        writer.add(keyword);
    }
    return writer;
}

std::optional<MessageRow> findRow(
    const lmdb::Transaction& txn, lmdb::Table table, MailboxId mailbox, Uid uid) {
    const auto value = txn.get(table, messageKey(mailbox, uid));
    if (!value) return std::nullopt;
    MessageRow row;
    readMessage(uid, *value, row);
    return row;
}

// Calls `visit(uid, value)` for the mailbox's rows from `first` to `last` while it returns true.
template <class Visit>
void forRange(
    const lmdb::Transaction& txn,
    const ViewTables& tables,
    MailboxId mailbox,
    Uid first,
    Uid last,
    const Visit& visit) {
    const Key prefix = Key().add(mailbox);
    lmdb::Cursor cursor(txn, tables.messages);
    for (bool there = cursor.seek(messageKey(mailbox, first));
         there && cursor.key().starts_with(prefix);
         there = cursor.next()) {
        const auto uid = KeyFields(cursor.key().substr(prefix.view().size())).take<Uid>();
        if (uid > last || !visit(uid, cursor.value())) return;
    }
}

bool addKeyword(std::vector<KeywordId>& keywords, KeywordId keyword) {
    const auto at = std::ranges::lower_bound(keywords, keyword);
    if (at != keywords.end() && *at == keyword) return false;
    keywords.insert(at, keyword);
    return true;
}

// One mailbox's rows and totals while an event is applied to it.
class MailboxFold {
public:
    MailboxFold(
        lmdb::WriteTransaction& txn, const ViewTables& tables, MailboxId mailbox, ModSeq modSeq)
        : txn_(txn),
          tables_(tables),
          mailbox_(mailbox),
          modSeq_(modSeq),
          totals_(findMailboxTotals(txn, tables, mailbox).value_or(MailboxTotals())) {
        totals_.highestModSeq = std::max(totals_.highestModSeq, modSeq);
    }

    void insert(MessageRow& row) {
        row.modSeq = modSeq_;
        txn_.put(tables_.messages, messageKey(mailbox_, row.uid), messageRow(row).octets());
        txn_.put(tables_.changes, changeKey(mailbox_, modSeq_, row.uid), {});
        count(row, 1);
        totals_.octets += row.octets;
        totals_.messages += 1;
        const Uid following(row.uid.number() + 1);
        totals_.uidNext = std::max(totals_.uidNext, following);
    }

    void changeFlags(MessageRow& row, event::FlagsChanged::Reader changed) {
        count(row, -1);
        const unsigned flags = row.systemFlags & ~unsigned{changed.getRemoveSystem()};
        row.systemFlags = static_cast<std::uint16_t>(flags | changed.getAddSystem());
        for (const std::uint16_t keyword : changed.getRemoveKeywords()) {
            std::erase(row.keywords, KeywordId(keyword));
        }
        for (const std::uint16_t keyword : changed.getAddKeywords()) {
            addKeyword(row.keywords, KeywordId(keyword));
        }
        count(row, 1);
        txn_.erase(tables_.changes, changeKey(mailbox_, row.modSeq, row.uid));
        row.modSeq = modSeq_;
        txn_.put(tables_.messages, messageKey(mailbox_, row.uid), messageRow(row).octets());
        txn_.put(tables_.changes, changeKey(mailbox_, modSeq_, row.uid), {});
    }

    void expunge(MessageRow& row) {
        count(row, -1);
        totals_.octets -= row.octets;
        totals_.messages -= 1;
        const Key key = messageKey(mailbox_, row.uid);
        txn_.erase(tables_.messages, key);
        txn_.erase(tables_.changes, changeKey(mailbox_, row.modSeq, row.uid));
        row.modSeq = modSeq_;
        txn_.put(tables_.tombstones, key, messageRow(row).octets());
        txn_.put(tables_.changes, changeKey(mailbox_, modSeq_, row.uid), kExpungedMark);
    }

    // Calls `edit(row)` for each message from `first` to `last`.
    template <class Edit>
    void forEach(Uid first, Uid last, const Edit& edit) {
        std::vector<MessageRow> rows;
        do {
            rows.clear();
            forRange(txn_, tables_, mailbox_, first, last, [&](Uid uid, std::string_view value) {
                readMessage(uid, value, rows.emplace_back());
                return rows.size() < kRowsAtATime;
            });
            for (MessageRow& row : rows) {
                edit(row);
                first = Uid(row.uid.number() + 1);
            }
        } while (rows.size() == kRowsAtATime && first);
    }

    void save() { putMailboxTotals(txn_, tables_, mailbox_, totals_); }

    void forget() { txn_.erase(tables_.mailboxTotals, Key().add(mailbox_)); }

private:
    void count(const MessageRow& row, int by) {
        const auto step = static_cast<std::uint32_t>(by);
        if ((row.systemFlags & kSeen) == 0) totals_.unseen += step;
        if ((row.systemFlags & kDeleted) != 0) totals_.deletedMessages += step;
    }

    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    MailboxId mailbox_;
    ModSeq modSeq_;
    MailboxTotals totals_;
};

class Fold {
public:
    Fold(event::Core::Reader core, lmdb::WriteTransaction& txn, const ViewTables& tables)
        : core_(core), txn_(txn), tables_(tables), mailbox_(core.getMailbox()) {}

    // MailboxCreated and MailboxRenamed: a mailbox without a message has totals as well.
    void touch(std::uint64_t modSeq) { fold(mailbox_, modSeq).save(); }

    void on(event::MailboxDeleted::Reader deleted) {
        MailboxFold mailbox = fold(mailbox_, deleted.getModSeq());
        mailbox.forEach(Uid(0), Uid(UINT32_MAX), [&](MessageRow& row) { mailbox.expunge(row); });
        mailbox.forget();
    }

    void on(event::Stored::Reader stored) {
        MessageRow row;
        row.uid = Uid(stored.getUid());
        row.systemFlags = stored.getSystemFlags();
        row.zoneMinutes = stored.getZoneMinutes();
        row.message = MessageId(core_.getMessage());
        row.emailId = EmailId(stored.getEmailId());
        row.threadId = stored.getThreadId();
        row.storedSeq = Seq(core_.getSeq());
        row.internalDateNs = stored.getInternalDateNs();
        row.savedNs = core_.getTimeNs();
        row.octets = stored.getOctets();
        row.prefixOctets = stored.getPrefixOctets();
        const event::BlobRef::Reader blob = stored.getBlob();
        row.blob = {.segment = blob.getSegment(), .offset = blob.getOffset()};
        row.blobOctets = blob.getOctets();
        for (const std::uint16_t keyword : stored.getKeywords()) {
            addKeyword(row.keywords, KeywordId(keyword));
        }
        MailboxFold mailbox = fold(mailbox_, stored.getModSeq());
        mailbox.insert(row);
        mailbox.save();
    }

    void copy(event::Copied::Reader copied) { insertCopies(copied, tables_.messages); }

    // The sources go first: they may stand in the same mailbox, and the targets are made from what
    // the tombstones keep.
    void move(event::Copied::Reader moved) {
        MailboxFold source = fold(mailbox_, moved.getModSeq());
        for (const std::uint32_t uid : moved.getSourceUids()) {
            auto row = findRow(txn_, tables_.messages, mailbox_, Uid(uid));
            if (row) source.expunge(*row);
        }
        source.save();
        insertCopies(moved, tables_.tombstones);
    }

    void on(event::FlagsChanged::Reader changed) {
        MailboxFold mailbox = fold(mailbox_, changed.getModSeq());
        for (const event::UidRange::Reader range : changed.getUids()) {
            mailbox.forEach(Uid(range.getFirst()), Uid(range.getLast()), [&](MessageRow& row) {
                mailbox.changeFlags(row, changed);
            });
        }
        mailbox.save();
    }

    void on(event::Expunged::Reader expunged) {
        MailboxFold mailbox = fold(mailbox_, expunged.getModSeq());
        for (const event::UidRange::Reader range : expunged.getUids()) {
            mailbox.forEach(Uid(range.getFirst()), Uid(range.getLast()), [&](MessageRow& row) {
                mailbox.expunge(row);
            });
        }
        mailbox.save();
    }

private:
    MailboxFold fold(MailboxId mailbox, std::uint64_t modSeq) {
        return {txn_, tables_, mailbox, ModSeq(modSeq)};
    }

    void insertCopies(event::Copied::Reader copied, lmdb::Table from) {
        MailboxFold target = fold(MailboxId(copied.getTarget()), copied.getModSeq());
        const auto sources = copied.getSourceUids();
        const auto targets = copied.getTargetUids();
        for (unsigned index = 0; index < std::min(sources.size(), targets.size()); ++index) {
            auto row = findRow(txn_, from, mailbox_, Uid(sources[index]));
            if (!row) continue;
            row->uid = Uid(targets[index]);
            row->savedNs = core_.getTimeNs();
            target.insert(*row);
        }
        target.save();
    }

    event::Core::Reader core_;
    lmdb::WriteTransaction& txn_;
    const ViewTables& tables_;
    MailboxId mailbox_;
};

void apply(const Record& record, lmdb::WriteTransaction& txn, const ViewTables& tables) {
    const event::Core::Reader core = record.core();
    Fold fold(core, txn, tables);
    switch (core.which()) {
        case event::Core::MAILBOX_CREATED: return fold.touch(core.getMailboxCreated().getModSeq());
        case event::Core::MAILBOX_RENAMED: return fold.touch(core.getMailboxRenamed().getModSeq());
        case event::Core::MAILBOX_DELETED: return fold.on(core.getMailboxDeleted());
        case event::Core::STORED: return fold.on(core.getStored());
        case event::Core::COPIED: return fold.copy(core.getCopied());
        case event::Core::MOVED: return fold.move(core.getMoved());
        case event::Core::FLAGS_CHANGED: return fold.on(core.getFlagsChanged());
        case event::Core::EXPUNGED: return fold.on(core.getExpunged());
        default: return;  // every other event
    }
}

constexpr std::array kTables = {
    &ViewTables::messages,
    &ViewTables::mailboxTotals,
    &ViewTables::changes,
    &ViewTables::tombstones,
};

}  // namespace

constinit const Projection kMessagesProjection{
    .name = "messages",
    .version = 1,
    .apply = apply,
    .tables = kTables,
};

std::optional<MessageRow> MessagesView::message(MailboxId mailbox, Uid uid) const {
    return findRow(txn_, tables_.messages, mailbox, uid);
}

void MessagesView::forEach(
    MailboxId mailbox,
    Uid first,
    Uid last,
    const std::function<bool(const MessageRow&)>& visit) const {
    MessageRow row;
    forRange(txn_, tables_, mailbox, first, last, [&](Uid uid, std::string_view value) {
        readMessage(uid, value, row);
        return visit(row);
    });
}

void MessagesView::forEachUid(MailboxId mailbox, const std::function<void(Uid)>& visit) const {
    const Uid last(UINT32_MAX);
    forRange(txn_, tables_, mailbox, Uid(0), last, [&](Uid uid, std::string_view) {
        visit(uid);
        return true;
    });
}

void MessagesView::changedSince(
    MailboxId mailbox, ModSeq modSeq, const std::function<void(const Change&)>& visit) const {
    if (modSeq.number() == UINT64_MAX) return;
    const Key prefix = Key().add(mailbox);
    lmdb::Cursor cursor(txn_, tables_.changes);
    for (bool there = cursor.seek(changeKey(mailbox, ModSeq(modSeq.number() + 1), Uid(0)));
         there && cursor.key().starts_with(prefix);
         there = cursor.next()) {
        KeyFields fields(cursor.key().substr(prefix.view().size()));
        Change change;
        change.modSeq = fields.take<ModSeq>();
        change.uid = fields.take<Uid>();
        change.expunged = cursor.value() == kExpungedMark;
        visit(change);
    }
}

std::optional<MessageRow> MessagesView::tombstone(MailboxId mailbox, Uid uid) const {
    return findRow(txn_, tables_.tombstones, mailbox, uid);
}

}  // namespace daybook
