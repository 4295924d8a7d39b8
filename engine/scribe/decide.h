// decide.h
//
// One pure function per command: (views, command, time) -> events, or a refusal. No clock, no dice,
// no disk, no network. The views include every event of the batch so far. A refusal may still leave
// events behind (a refusal that must be on record); then they are in `events`.
// Thread: scribe.
#pragma once

#include <deque>

#include "engine/scribe/command.h"
#include "engine/scribe/quota_room.h"
#include "journal/draft.h"
#include "projections/views.h"

namespace daybook {

// The events of one command, in order. Knows the seq that each will have, because MODSEQs and
// causes are made of them.
class Events {
public:
    Events(Seq next, std::uint64_t modSeqBase, TimeNs now, CommandId command);

    // Adds an event with its header filled from `origin`; seq and command are set.
    Draft& add(Kind kind, const Origin& origin);

    Seq nextSeq() const;
    // The MODSEQ of a change that the next event to be added makes.
    ModSeq nextModSeq() const;

    TimeNs now() const { return now_; }

    std::deque<Draft>& drafts() { return drafts_; }

private:
    Seq first_;
    std::uint64_t modSeqBase_;
    TimeNs now_;
    CommandId command_;
    std::deque<Draft> drafts_;
};

// What decisions may look at besides the command.
struct Deciding {
    const ViewsReader& views;
    TimeNs now;
    const QuotaPolicy& quota;
};

Outcome<Deliver::Answer> decide(const Deliver&, const Deciding&, Events&);
Outcome<Done> decide(const RecordRejection&, const Deciding&, Events&);
Outcome<Append::Answer> decide(const Append&, const Deciding&, Events&);
Outcome<StoreFlags::Answer> decide(const StoreFlags&, const Deciding&, Events&);
Outcome<CopyMessages::Answer> decide(const CopyMessages&, const Deciding&, Events&);
Outcome<Expunge::Answer> decide(const Expunge&, const Deciding&, Events&);
Outcome<OpenAccess::Answer> decide(const OpenAccess&, const Deciding&, Events&);
Outcome<Done> decide(const RecordFetched&, const Deciding&, Events&);
Outcome<Done> decide(const ClaimRecent&, const Deciding&, Events&);
Outcome<StartAttempt::Answer> decide(const StartAttempt&, const Deciding&, Events&);
Outcome<Done> decide(const RecordOutcome&, const Deciding&, Events&);
Outcome<RecoverAttempts::Answer> decide(const RecoverAttempts&, const Deciding&, Events&);
Outcome<ActOnQueue::Answer> decide(const ActOnQueue&, const Deciding&, Events&);
Outcome<Done> decide(const IssueReport&, const Deciding&, Events&);
Outcome<Done> decide(const Suppress&, const Deciding&, Events&);
Outcome<Done> decide(const RecordTlsReport&, const Deciding&, Events&);
Outcome<CreateMailbox::Answer> decide(const CreateMailbox&, const Deciding&, Events&);
Outcome<Done> decide(const DeleteMailbox&, const Deciding&, Events&);
Outcome<Done> decide(const RenameMailbox&, const Deciding&, Events&);
Outcome<Done> decide(const Subscribe&, const Deciding&, Events&);
Outcome<SetAcl::Answer> decide(const SetAcl&, const Deciding&, Events&);
Outcome<Done> decide(const SetQuota&, const Deciding&, Events&);
Outcome<SetMetadata::Answer> decide(const SetMetadata&, const Deciding&, Events&);
Outcome<Done> decide(const AddDomain&, const Deciding&, Events&);
Outcome<Done> decide(const RemoveDomain&, const Deciding&, Events&);
Outcome<Done> decide(const RotateDkimKeys&, const Deciding&, Events&);
Outcome<Done> decide(const ActivateDkimKeys&, const Deciding&, Events&);
Outcome<Done> decide(const RetireDkimKey&, const Deciding&, Events&);
Outcome<AddAccount::Answer> decide(const AddAccount&, const Deciding&, Events&);
Outcome<Done> decide(const SetAccountState&, const Deciding&, Events&);
Outcome<Done> decide(const RemoveAccount&, const Deciding&, Events&);
Outcome<Done> decide(const AddAddress&, const Deciding&, Events&);
Outcome<Done> decide(const RemoveAddress&, const Deciding&, Events&);
Outcome<SetPassword::Answer> decide(const SetPassword&, const Deciding&, Events&);
Outcome<Done> decide(const SetDelegation&, const Deciding&, Events&);
Outcome<Done> decide(const RecordSessionOpened&, const Deciding&, Events&);
Outcome<Done> decide(const RecordAuthSucceeded&, const Deciding&, Events&);
Outcome<Done> decide(const RecordAuthFailed&, const Deciding&, Events&);
Outcome<Done> decide(const RecordSessionClosed&, const Deciding&, Events&);
Outcome<Done> decide(const RecordServerStarted&, const Deciding&, Events&);
Outcome<Done> decide(const RecordServerStopped&, const Deciding&, Events&);
Outcome<Done> decide(const RecordGenesis&, const Deciding&, Events&);
Outcome<Done> decide(const RecordDiskPressure&, const Deciding&, Events&);
Outcome<Done> decide(const RecordClockStepped&, const Deciding&, Events&);
Outcome<Done> decide(const SeeViews&, const Deciding&, Events&);
Outcome<Done> decide(const RecordJournalRead&, const Deciding&, Events&);
Outcome<Done> decide(const RecordViewsRebuilt&, const Deciding&, Events&);
Outcome<Done> decide(const RecordVerifyRun&, const Deciding&, Events&);

}  // namespace daybook
