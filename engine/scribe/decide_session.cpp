// Sessions, the server's own life, looks into the journal.

#include "engine/scribe/decide_parts.h"

namespace daybook {

Outcome<Done> decide(
    const RecordSessionOpened& command, const Deciding& /*deciding*/, Events& events) {
    Draft& draft = addFor(events, Kind::SessionOpened, command.origin, command.account);
    auto opened = draft.core().initSessionOpened();
    opened.setProtocol(command.protocol);
    opened.setPort(command.localPort);
    auto tls = opened.initTls();
    tls.setVersion(command.tls.version);
    tls.setCipher(command.tls.cipher);
    auto details = draft.addAnnex(command.account).initSession();
    details.setIp(command.ip);
    details.setPort(command.peerPort);
    details.setClient(command.client);
    return Done{};
}

Outcome<Done> decide(
    const RecordAuthSucceeded& command, const Deciding& /*deciding*/, Events& events) {
    addFor(events, Kind::AuthSucceeded, command.origin, command.account)
        .core()
        .initAuthSucceeded()
        .setMechanism(command.mechanism);
    return Done{};
}

// People type passwords where names belong: a name is kept only if an account has it.
Outcome<Done> decide(
    const RecordAuthFailed& command, const Deciding& /*deciding*/, Events& events) {
    Draft& draft = addFor(events, Kind::AuthFailed, command.origin, command.account);
    auto failed = draft.core().initAuthFailed();
    failed.setMechanism(command.mechanism);
    failed.setCount(command.count);
    failed.setWindowNs(command.windowNs);
    failed.setProtocol(command.protocol);
    auto details = draft.addAnnex(command.account).initAuthFailed();
    details.setIp(command.ip);
    if (command.account) details.setLogin(command.login);
    return Done{};
}

Outcome<Done> decide(
    const RecordSessionClosed& command, const Deciding& /*deciding*/, Events& events) {
    Draft& draft = addFor(events, Kind::SessionClosed, command.origin, command.account);
    auto closed = draft.core().initSessionClosed();
    closed.setReason(command.reason);
    closed.setCommands(command.commands);
    closed.setOctetsIn(command.octetsIn);
    closed.setOctetsOut(command.octetsOut);
    return Done{};
}

// DESIGN 3.4: what was read in a window that never ended is not known, and that is on record.
Outcome<Done> decide(const RecordServerStarted& command, const Deciding& deciding, Events& events) {
    const std::vector<OpenAccessRow> windows = deciding.views.histories().openAccess();
    const Seq startedSeq = events.nextSeq();
    auto started = events.add(Kind::ServerStarted, command.origin).core().initServerStarted();
    started.setClean(command.clean);
    started.setHeadAtStop(command.headAtStop.number());
    started.setLostWindows(static_cast<std::uint32_t>(windows.size()));
    started.setEpoch(command.epoch);
    for (const OpenAccessRow& window : windows) {
        Draft& draft =
            addFor(events, Kind::AccessWindowLost, command.origin, window.account, window.mailbox);
        draft.core().setSession(window.session.number());
        draft.core().setCause(startedSeq.number());
        draft.core().initAccessWindowLost().setOpened(window.opened.number());
    }
    return Done{};
}

Outcome<Done> decide(
    const RecordServerStopped& command, const Deciding& /*deciding*/, Events& events) {
    events.add(Kind::ServerStopped, command.origin).core().initServerStopped();
    return Done{};
}

Outcome<Done> decide(
    const SeeViews& /*command*/, const Deciding& /*deciding*/, Events& /*events*/) {
    return Done{};
}

Outcome<Done> decide(const RecordGenesis& command, const Deciding& /*deciding*/, Events& events) {
    auto genesis = events.add(Kind::Genesis, Origin{}).core().initGenesis();
    genesis.setJournalId(command.journalId);
    genesis.setFormat(command.format);
    return Done{};
}

Outcome<Done> decide(
    const RecordDiskPressure& command, const Deciding& /*deciding*/, Events& events) {
    events.add(Kind::DiskPressure, Origin{}).core().initDiskPressure().setLevel(command.level);
    return Done{};
}

Outcome<Done> decide(
    const RecordClockStepped& command, const Deciding& /*deciding*/, Events& events) {
    events.add(Kind::ClockStepped, Origin{}).core().initClockStepped().setDeltaNs(command.deltaNs);
    return Done{};
}

Outcome<Done> decide(
    const RecordJournalRead& command, const Deciding& /*deciding*/, Events& events) {
    Draft& draft = events.add(Kind::JournalRead, command.origin);
    auto read = draft.core().initJournalRead();
    read.setFromSeq(command.from.number());
    read.setToSeq(command.to.number());
    auto details = draft.addAnnex(AccountId()).initQuery();
    details.setText(command.query);
    details.setUser(command.user);
    return Done{};
}

Outcome<Done> decide(
    const RecordViewsRebuilt& command, const Deciding& /*deciding*/, Events& events) {
    auto rebuilt = events.add(Kind::ViewsRebuilt, command.origin).core().initViewsRebuilt();
    rebuilt.setToSeq(command.to.number());
    rebuilt.setMilliseconds(command.milliseconds);
    auto views = rebuilt.initViews(static_cast<unsigned>(command.views.size()));
    for (unsigned index = 0; index < views.size(); ++index) {
        const RebuiltView& view = command.views[index];
        views[index].setVersion(view.version);
        views[index].setDigest(capnp::Data::Reader(
            reinterpret_cast<const kj::byte*>(view.digest.data()), view.digest.size()));
    }
    return Done{};
}

Outcome<Done> decide(const RecordVerifyRun& command, const Deciding& /*deciding*/, Events& events) {
    auto run = events.add(Kind::VerifyRun, command.origin).core().initVerifyRun();
    run.setFromSeq(command.from.number());
    run.setToSeq(command.to.number());
    run.setResult(command.result);
    return Done{};
}

}  // namespace daybook
