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
#include "projections/access_rights.h"
#include "protocols/imap/message_numbers.h"

namespace daybook::imap {

// Messages with consecutive UIDs whose flags of this MODSEQ were told.
struct ToldFlags {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    ModSeq modSeq;
};

struct SelectedMailbox {
    AccountId owner;
    MailboxId id;
    UidValidity uidValidity;
    bool readOnly = false;
    std::uint16_t rights = kAllRights;  // as the client was last told
    MessageNumbers numbers;
    // UIDs from a claim's first to its last, among them some that are no message.
    NumberRanges recent;
    std::uint32_t recentCount = 0;
    // The first UID that the client was not told of.
    Uid uidNext;
    // Everything up to it was told, but for the expunges in `gone`.
    ModSeq toldModSeq;
    // Set while the client does not want to hear of flags: those up to it were told.
    std::optional<ModSeq> flagsToldModSeq;
    std::vector<std::uint32_t> gone;  // ascending
    ModSeq goneModSeq;                // the lowest of theirs
    // Flags that responses told after `toldModSeq`: not to be told again.
    std::vector<ToldFlags> toldFlags;
    std::unique_ptr<AccessRecord> access;

    bool isRecent(Uid uid) const { return contains(recent, uid.number()); }

    // Flags of `row` go out now.
    void told(const MessageRow& row);
    // Puts what was told in order, for wasTold().
    void sortTold();
    bool wasTold(std::uint32_t uid, ModSeq modSeq) const;

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
