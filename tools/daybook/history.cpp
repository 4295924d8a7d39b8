// journal history: the life of one message, told in order, for a person who is not a programmer.
//
// Events that name the message come from the history by message. Events about many UIDs stand under
// the mailbox; the message is followed through them from placement to placement.

#include <algorithm>
#include <deque>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/message_search.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

struct Placement {
    MailboxId mailbox;
    Uid uid;
    Seq since;
};

bool contains(capnp::List<event::UidRange>::Reader ranges, Uid uid) {
    for (const auto range : ranges) {
        if (range.getFirst() <= uid.number() && uid.number() <= range.getLast()) return true;
    }
    return false;
}

class MessageLife {
public:
    MessageLife(const Journal& journal, const Views& views) : reader_(journal), views_(views) {}

    // The seqs of everything that happened to the message.
    std::set<Seq> find(MessageId message) {
        std::vector<HistoryEntry> named;
        {
            const Snapshot snapshot = views_.snapshot();
            snapshot.histories().ofMessage(message, Seq(1), [&](const HistoryEntry& entry) {
                named.push_back(entry);
                return true;
            });
        }
        for (const HistoryEntry& entry : named) {
            seqs_.insert(entry.seq);
            if (entry.kind == Kind::Stored) {
                reader_.at(entry.seq, [&](const Record& record) {
                    place(
                        MailboxId(record.core().getMailbox()),
                        Uid(record.core().getStored().getUid()),
                        entry.seq);
                });
            }
        }
        while (!todo_.empty()) {
            const Placement placement = todo_.front();
            todo_.pop_front();
            follow(placement);
        }
        return std::move(seqs_);
    }

private:
    void place(MailboxId mailbox, Uid uid, Seq since) {
        if (known_.emplace(mailbox, uid).second) todo_.push_back({mailbox, uid, since});
    }

    void follow(const Placement& placement) {
        std::vector<HistoryEntry> entries;
        {
            const Snapshot snapshot = views_.snapshot();
            const Seq after(placement.since.number() + 1);
            snapshot.histories().ofMailbox(placement.mailbox, after, [&](const HistoryEntry& e) {
                if (isAboutUids(e.kind)) entries.push_back(e);
                return true;
            });
        }
        Seq left;
        for (const HistoryEntry& entry : entries) {
            reader_.at(entry.seq, [&](const Record& record) {
                if (left && !concernsWhatLeft(record, left)) return;
                look(record, placement);
                if (!left && leaves(record, placement)) left = entry.seq;
            });
        }
    }

    // What was read of it before may be written down later; UIDs are never used again.
    static bool concernsWhatLeft(const Record& record, Seq left) {
        if (record.kind() != Kind::AccessWindowLost) return record.kind() == Kind::Fetched;
        return Seq(record.core().getAccessWindowLost().getOpened()) < left;
    }

    // What becomes of the mailbox afterwards is no part of this message's life.
    static bool leaves(const Record& record, const Placement& placement) {
        const auto core = record.core();
        if (record.kind() == Kind::Expunged) {
            return contains(core.getExpunged().getUids(), placement.uid);
        }
        if (record.kind() != Kind::Moved) return record.kind() == Kind::MailboxDeleted;
        if (MailboxId(core.getMailbox()) != placement.mailbox) return false;
        for (const std::uint32_t uid : core.getMoved().getSourceUids()) {
            if (uid == placement.uid.number()) return true;
        }
        return false;
    }

    static bool isAboutUids(Kind kind) {
        return kind == Kind::Copied || kind == Kind::Moved || kind == Kind::FlagsChanged ||
               kind == Kind::Expunged || kind == Kind::Fetched || kind == Kind::AccessWindowLost ||
               kind == Kind::MailboxDeleted;
    }

    void look(const Record& record, const Placement& placement) {
        const auto core = record.core();
        switch (record.kind()) {
            case Kind::Copied: return transfer(record, core.getCopied(), placement);
            case Kind::Moved: return transfer(record, core.getMoved(), placement);
            case Kind::FlagsChanged:
                return keepIf(contains(core.getFlagsChanged().getUids(), placement.uid), record);
            case Kind::Expunged:
                return keepIf(contains(core.getExpunged().getUids(), placement.uid), record);
            case Kind::Fetched:
                for (const auto item : core.getFetched().getItems()) {
                    keepIf(contains(item.getUids(), placement.uid), record);
                }
                return;
            default: return keepIf(true, record);  // it is about everything in the mailbox
        }
    }

    void transfer(const Record& record, event::Copied::Reader copied, const Placement& placement) {
        if (MailboxId(record.core().getMailbox()) != placement.mailbox) return;
        const auto sources = copied.getSourceUids();
        for (std::uint32_t index = 0; index < sources.size(); ++index) {
            if (Uid(sources[index]) != placement.uid) continue;
            seqs_.insert(record.seq());
            place(MailboxId(copied.getTarget()), Uid(copied.getTargetUids()[index]), record.seq());
        }
    }

    void keepIf(bool concerned, const Record& record) {
        if (concerned) seqs_.insert(record.seq());
    }

    JournalReader reader_;
    const Views& views_;
    std::set<Seq> seqs_;
    std::set<std::pair<MailboxId, Uid>> known_;
    std::deque<Placement> todo_;
};

// In the order in which it happened.
void tell(
    const std::set<Seq>& seqs, MessageId message, const Journal& journal, Names& names, bool json) {
    JournalReader reader(journal);
    std::vector<std::pair<TimeNs, Seq>> order;
    for (const Seq seq : seqs) {
        reader.at(seq, [&](const Record& record) { order.emplace_back(occurredNs(record), seq); });
    }
    std::sort(order.begin(), order.end());
    nlohmann::ordered_json array = nlohmann::ordered_json::array();
    if (!json) say(fmt::format("message {}", idText(message.number())));
    for (const auto& [occurred, seq] : order) {
        reader.at(seq, [&](const Record& record) {
            const std::string words = sentence(record, names);
            if (json) {
                nlohmann::ordered_json event = toJson(record);
                event["sentence"] = words;
                array.push_back(std::move(event));
                return;
            }
            say(fmt::format("{}  #{:<8} {}", timeText(occurred), seq.number(), words));
        });
    }
    if (json) say(array.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

int journalHistory(Context& context, const std::string& message) {
    Journal& journal = context.journalForReading("journal history " + message);
    const Views& views = context.views();
    std::vector<MessageId> messages;
    if (const std::optional<std::uint64_t> id = parseIdText(message)) {
        messages.emplace_back(*id);
    } else {
        messages = messagesWithMessageId(journal, message);
    }
    bool found = false;
    Names names(journal, views);
    for (const MessageId id : messages) {
        const std::set<Seq> seqs = MessageLife(journal, views).find(id);
        if (seqs.empty()) continue;
        found = true;
        tell(seqs, id, journal, names, context.json());
    }
    if (found) return kDone;
    sayNote(fmt::format(
        "no message is known as {}; give the 16 digits of the 250 reply, or a Message-ID",
        printable(message)));
    return kRefused;
}

}  // namespace daybook
