"""One client of the tester: what it has enabled, what it was told, what it makes of responses."""

import dataclasses

from .connection import Connection
from .model import View, check


@dataclasses.dataclass(frozen=True)
class Dialect:
    name: str
    enables: tuple = ()
    needs: tuple = ()           # capabilities
    condstore: bool = False
    qresync: bool = False
    rev2: bool = False
    uidonly: bool = False


DIALECTS = (
    Dialect("rev1"),
    Dialect("condstore", ("CONDSTORE",), ("CONDSTORE", "ENABLE"), condstore=True),
    Dialect("qresync", ("QRESYNC",), ("QRESYNC", "ENABLE"), condstore=True, qresync=True),
    Dialect("rev2", ("IMAP4rev2",), ("IMAP4rev2", "ENABLE", "ESEARCH"), rev2=True),
    Dialect("rev2-qresync", ("IMAP4rev2", "QRESYNC"), ("IMAP4rev2", "QRESYNC", "ENABLE", "ESEARCH"),
            condstore=True, qresync=True, rev2=True),
    Dialect("uidonly", ("UIDONLY",), ("UIDONLY", "ENABLE"), uidonly=True),
    Dialect("uidonly-qresync", ("UIDONLY", "QRESYNC"), ("UIDONLY", "QRESYNC", "ENABLE"),
            condstore=True, qresync=True, uidonly=True),
)


@dataclasses.dataclass
class Cache:
    """What a client keeps when it goes offline."""
    uidvalidity: int
    highest: int                # a HIGHESTMODSEQ that the server has named
    uids: list
    known: dict


class Client:
    def __init__(self, world, name, dialect):
        self.world = world
        self.name = name
        self.dialect = dialect
        self.caches = {}        # mailbox name: Cache
        self.connect()

    def connect(self):
        self.connection = Connection(self.world.port, self.name, self.world.log)
        self.view = None
        self.idling = None      # the tag
        self.condstore = False
        self.synced = 0         # the tick up to which all flags were told
        self.saved = set()      # by SEARCH RETURN (SAVE)
        self.connection.response()
        self.connection.command(f"LOGIN {self.world.login} {self.world.password}")
        if self.dialect.enables:
            self.connection.command("ENABLE " + " ".join(self.dialect.enables))
        self.condstore = self.dialect.condstore

    def has(self, capability):
        return capability in self.world.capabilities

    def drop(self):
        """Gone without a word."""
        self.keep()
        self.connection.close()
        self.connect()

    def keep(self):
        """Takes along what it knows."""
        if self.view and self.dialect.qresync and self.view.highest:
            self.caches[self.view.mailbox.name] = Cache(
                self.view.mailbox.uidvalidity, self.view.highest, list(self.view.uids),
                dict(self.view.known))

    # --- responses

    def finish(self, command, tag):
        """Reads the answer to a command that was sent, and compares."""
        command.apply()
        while True:
            response = self.connection.response()
            if response[0] == "tagged":
                break
            check(response[0] != "+", "a continuation that nobody asked for")
            self.take(response, command)
        _, answered, status, code, arguments = response
        check(answered == tag, f"the answer to {answered} instead of {tag}")
        if code == "HIGHESTMODSEQ" and self.view:
            self.view.highest = int(arguments)
        command.done(status, code, arguments)
        if self.view and status == "OK":
            if not command.holds:
                self.view.check_complete()
            self.synced = self.view.mailbox.tick

    def take(self, response, command):
        name = response[0]
        if name in ("FETCH", "UIDFETCH"):
            self.take_fetch(response, command)
        elif name == "EXISTS":
            check(self.view, "EXISTS, and nothing is selected")
            self.view.grow(response[1])
        elif name == "EXPUNGE":
            check(not (self.dialect.qresync or self.dialect.uidonly), "EXPUNGE and not VANISHED")
            check(not command.holds, "EXPUNGE where message numbers are in use")
            check(1 <= response[1] <= len(self.view.uids),
                  f"EXPUNGE {response[1]} of {len(self.view.uids)}")
            self.view.remove(self.view.uids[response[1] - 1])
        elif name == "VANISHED":
            check(self.dialect.qresync or self.dialect.uidonly, "VANISHED and not EXPUNGE")
            if response[1]:
                command.earlier(response[2])
                return
            check(not command.holds, "VANISHED where message numbers are in use")
            for uid in response[2]:
                self.view.remove(uid)
        elif name == "RECENT":
            check(not self.dialect.rev2, "RECENT in IMAP4rev2")
        elif name == "OK" and response[1] == "HIGHESTMODSEQ" and self.view:
            self.view.highest = int(response[2])
            command.other(response)
        elif name != "FLAGS":
            command.other(response)

    def take_fetch(self, response, command):
        check(self.view, "FETCH, and nothing is selected")
        name, number, items = response
        check((name == "UIDFETCH") == self.dialect.uidonly, f"{name} in {self.dialect.name}")
        if name == "UIDFETCH":
            uid = number
            check(self.view.number(uid), f"UIDFETCH {uid}, of which the client does not know")
        else:
            check(1 <= number <= len(self.view.uids), f"FETCH {number} of {len(self.view.uids)}")
            uid = self.view.uids[number - 1]
            check(not self.dialect.qresync or "UID" in items or command.fetches,
                  "FETCH without UID in QRESYNC")
        check(items.get("UID", uid) == uid, f"number {number} is UID {uid}, not {items.get('UID')}")
        if "FLAGS" in items:
            check("\\Recent" not in items["FLAGS"] or not self.dialect.rev2,
                  "\\Recent in IMAP4rev2")
            items["FLAGS"] -= {"\\Recent"}
        check(self.condstore or "MODSEQ" not in items, "MODSEQ, and CONDSTORE is not enabled")
        if self.condstore and "FLAGS" in items and not command.fetches:
            check("MODSEQ" in items, f"flags of UID {uid} without MODSEQ")
        message = self.view.mailbox.every[uid]
        if message.gone is not None:
            items.pop("MODSEQ", None)
        self.view.mailbox.saw(message, items)
        command.saw(uid, items, self.view.told.get(uid, 0))
        if "FLAGS" in items:
            self.view.learn(uid, items["FLAGS"])

    # --- IDLE

    def idle(self, command):
        self.idling = self.connection.send("IDLE")
        while True:
            response = self.connection.response()
            if response[0] == "+":
                break
            check(response[0] != "tagged", f"no IDLE: {response}")
            self.take(response, command)
        self.converge(command)

    def converge(self, command):
        """Idling: waits until everything was told that has happened."""
        while not self.view.is_complete(self.synced):
            try:
                response = self.connection.response()
            except TimeoutError:
                changed = self.view.mailbox.changed_since(self.synced)
                check(False, f"{self.name} idles and is not told: it knows {self.view.uids}, there "
                      f"are {list(self.view.mailbox.messages)}; changes since {self.synced}: "
                      f"{[(one.uid, one.tick) for one in changed]}; told {self.view.told}")
            check(response[0] != "tagged", f"IDLE has ended: {response}")
            self.take(response, command)
        self.view.check_complete()
        self.synced = self.view.mailbox.tick

    def done(self, command):
        tag, self.idling = self.idling, None
        self.connection.say(b"DONE")
        self.finish(command, tag)

    def open(self, mailbox, read_only=False):
        """The view that a SELECT begins."""
        self.view = View(mailbox, read_only)
        self.saved = set()
