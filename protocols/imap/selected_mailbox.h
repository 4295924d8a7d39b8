// selected_mailbox.h
//
// The mailbox that a session has open, as its client believes it to be: numbers, what is \Recent,
// up to which MODSEQ it was told, what it was not yet told. The client's view changes only through
// unsolicited.cpp. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/scribe/access_record.h"
#include "engine/scribe/command.h"
#include "protocols/imap/message_numbers.h"

namespace daybook::imap {

struct SelectedMailbox {
    AccountId owner;
    MailboxId id;
    UidValidity uidValidity;
    bool readOnly = false;
    MessageNumbers numbers;
    NumberRanges recent;  // UIDs
    std::uint32_t recentCount = 0;
    // The first UID that the client was not told of.
    Uid uidNext;
    // Everything up to it was told, but for the expunges in `gone`.
    ModSeq toldModSeq;
    // Set while the client does not want to hear of flags: those up to it were told.
    std::optional<ModSeq> flagsToldModSeq;
    std::vector<std::uint32_t> gone;  // ascending
    ModSeq goneModSeq;                // the lowest of theirs
    // UID and MODSEQ of flags that responses told after `toldModSeq`: not to be told again.
    std::vector<std::pair<std::uint32_t, std::uint64_t>> toldFlags;
    std::unique_ptr<AccessRecord> access;

    bool isRecent(Uid uid) const { return contains(recent, uid.number()); }

    // Flags of `row` go out now.
    void told(const MessageRow& row) {
        if (row.modSeq > toldModSeq) toldFlags.emplace_back(row.uid.number(), row.modSeq.number());
    }

    // An expunge that the client is still to be told of.
    void addGone(std::uint32_t uid, ModSeq modSeq) {
        if (gone.empty() || modSeq < goneModSeq) goneModSeq = modSeq;
        gone.push_back(uid);
    }

    // The messages of a command's set. Throws Bad for a number that is not there.
    std::vector<Run> runsOf(const SequenceSet& set, bool byUid) const;
    // The same numbers the client would use: UIDs, or message numbers.
    std::vector<std::uint32_t> inTermsOf(bool byUid, const std::vector<Uid>& uids) const;
};

UidRanges uidRanges(const std::vector<Run>& runs);
UidRanges uidRanges(const NumberRanges& ranges);

}  // namespace daybook::imap
