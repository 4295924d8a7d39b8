#include "engine/scribe/decide.h"

namespace daybook {

namespace {

// Audit only: a projection that does not know the kind may pass over it.
bool isIgnorable(Kind kind) {
    switch (kind) {
        case Kind::Rejected:
        case Kind::RecentClaimed:
        case Kind::JournalRead:
        case Kind::SessionOpened:
        case Kind::AuthSucceeded:
        case Kind::AuthFailed:
        case Kind::SessionClosed:
        case Kind::ViewsRebuilt:
        case Kind::ServerStarted:
        case Kind::ServerStopped:
        case Kind::ClockStepped:
        case Kind::VerifyRun:
        case Kind::DiskPressure: return true;
        default: return false;
    }
}

}  // namespace

Events::Events(Seq next, std::uint64_t modSeqBase, TimeNs now, CommandId command)
    : first_(next), modSeqBase_(modSeqBase), now_(now), command_(command) {}

Draft& Events::add(Kind kind, const Origin& origin) {
    Draft& draft = drafts_.emplace_back(kind);
    auto core = draft.core();
    core.setActor(origin.actor);
    core.setActorId(origin.actorId.number());
    core.setCredential(origin.credential.number());
    core.setSession(origin.session.number());
    core.setCommand(command_.number());
    if (isIgnorable(kind)) core.setFlags(kFlagIgnorable);
    return draft;
}

Seq Events::nextSeq() const { return Seq(first_.number() + drafts_.size()); }

ModSeq Events::nextModSeq() const { return ModSeq(nextSeq().number() + modSeqBase_); }

}  // namespace daybook
