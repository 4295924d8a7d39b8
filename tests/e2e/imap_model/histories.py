"""A client that goes offline and comes back. Whatever happened meanwhile, and however it went away,
after its resynchronization it knows what a client knows that fetches everything.

No model here: the truth is what the server says to who asks for all of it."""

import poplib
import random
import smtplib

from .connection import Connection
from .mailbox_commands import BODY
from .model import KEYWORDS, SYSTEM, Difference, ranges

MESSAGES_MAX = 60
FORMS = ("select", "select", "select-known", "select-list", "select-match", "fetch")


class Offline:
    """The client under test: its connection while it has one, and what it keeps."""

    def __init__(self, world):
        self.world = world
        self.connection = None
        self.uidvalidity = 0
        self.modseq = 0
        self.flags = {}         # UID: flags

    # --- what it learns

    def learn(self, response):
        name = response[0]
        if name == "FETCH":
            items = response[2]
            if "UID" in items and "FLAGS" in items:
                self.flags[items["UID"]] = items["FLAGS"] - {"\\Recent"}
        elif name == "VANISHED":
            for uid in response[2]:
                self.flags.pop(uid, None)
        elif name in ("OK", "tagged"):
            code, value = (response[1], response[2]) if name == "OK" else response[3:5]
            if code == "HIGHESTMODSEQ":
                self.modseq = int(value)

    def read(self, tag):
        while True:
            response = self.connection.response()
            self.learn(response)
            if response[0] == "tagged":
                if response[1:3] != (tag, "OK"):
                    raise Difference(f"{response}")
                return

    def command(self, text):
        self.read(self.connection.send(text))

    def fetch_new(self):
        """Flags of what it has not heard of."""
        last = max(self.flags, default=0)
        self.command(f"UID FETCH {last + 1}:* (FLAGS)")

    # --- coming and going

    def come(self, form):
        self.connection = self.world.connect(self.world.log)
        if form == "condstore":
            self.come_without_qresync()
            return
        self.connection.command("ENABLE QRESYNC")
        if not self.uidvalidity or form == "fetch":
            self.select_plainly()
        else:
            knows = f"{self.uidvalidity} {self.modseq}{self.known(form)}"
            tag = self.connection.send(f"SELECT INBOX (QRESYNC ({knows}))")
            if self.world.random.random() < 0.1:
                self.cut(tag)
                self.come(form)
                return
            self.read(tag)
        self.fetch_new()

    def cut(self, tag):
        """In the middle of an answer: what came is known, what did not is not, and up to which
        MODSEQ all is known is what it was."""
        modseq = self.modseq
        for _ in range(self.world.random.randint(0, 12)):
            response = self.connection.response()
            if response[:2] == ("tagged", tag):
                break
            self.learn(response)
        self.modseq = modseq
        self.connection.close()

    def known(self, form):
        uids = sorted(self.flags)
        if form == "select" or not uids:
            return ""
        if form == "select-known":
            return f" 1:{uids[-1]}"
        if form == "select-list":
            return f" {ranges(uids)}"
        random = self.world.random
        numbers = sorted(random.sample(range(1, len(uids) + 1), random.randint(1, len(uids))))
        return (f" {ranges(uids)} ({ranges(numbers)} "
                f"{ranges(uids[number - 1] for number in numbers)})")

    def select_plainly(self):
        before = self.modseq
        for response in self.connection.command("SELECT INBOX"):
            if response[:2] == ("OK", "UIDVALIDITY"):
                validity = int(response[2])
            if response[:2] == ("OK", "HIGHESTMODSEQ"):
                highest = int(response[2])
        if validity != self.uidvalidity:
            self.uidvalidity, self.flags = validity, {}
            self.modseq = highest
            self.command("UID FETCH 1:* (FLAGS)")
            return
        if self.world.random.random() < 0.3:
            self.world.happen(1)        # between the SELECT and the FETCH
        self.command(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {before} VANISHED)")
        self.modseq = highest

    def come_without_qresync(self):
        """RFC 4549 §4.3, with CONDSTORE."""
        responses = self.connection.command("SELECT INBOX (CONDSTORE)")
        codes = {one[1]: one[2] for one in responses if one[0] == "OK"}
        before = self.modseq
        if int(codes["UIDVALIDITY"]) != self.uidvalidity:
            self.uidvalidity, self.flags, before = int(codes["UIDVALIDITY"]), {}, 0
        self.modseq = int(codes["HIGHESTMODSEQ"])
        changed = f" (CHANGEDSINCE {before})" if before else ""
        for response in self.connection.command(f"UID FETCH 1:* (FLAGS){changed}"):
            self.learn(response)
        there = [one for one in self.connection.command("UID SEARCH ALL") if one[0] == "SEARCH"]
        self.flags = {uid: flags for uid, flags in self.flags.items() if uid in set(there[0][1])}

    def act(self):
        """A command of its own while it is online."""
        random = self.world.random
        uids = sorted(self.flags)
        kind = random.choice(("NOOP", "NOOP", "store", "expunge"))
        if kind == "store" and uids:
            self.command(f"UID STORE {random.choice(uids)} +FLAGS ({random.choice(SYSTEM)})")
        elif kind == "expunge":
            self.command("EXPUNGE")
        else:
            self.command("NOOP")
        self.fetch_new()

    def leave(self):
        how = self.world.random.choice(("UNSELECT", "CLOSE", "LOGOUT", "vanish", "cut"))
        if how == "cut":
            self.connection.send("NOOP")
            self.cut(self.connection.send("UID FETCH 1:* (FLAGS)"))
            return
        if how != "vanish":
            self.connection.command(how)
        self.connection.close()


class Lives:
    """An account: the client under test, another that changes things, and one for the truth."""

    def __init__(self, server, account, has_qresync):
        self.server, self.account, self.has_qresync = server, account, has_qresync
        self.login = f"{account}@{server.domain}"
        self.log = []
        self.random = random.Random(0)
        self.writer = self.connect([])
        self.writer.command("CREATE Other")
        self.writer.command("SELECT INBOX")
        self.truth = self.connect([])
        self.uids = []
        self.client = Offline(self)
        self.numbers = 0

    def close(self):
        self.writer.close()
        self.truth.close()

    def connect(self, log):
        connection = Connection(self.server.port("imap"), "", log)
        connection.response()
        connection.command(f"LOGIN {self.login} {self.server.passwords[self.login]}")
        return connection

    def history(self, seed):
        """Raises Difference if the client does not know the truth."""
        self.random = random.Random(seed)
        self.log.clear()
        if self.random.random() < 0.03:
            self.client = Offline(self)
        form = self.random.choice(FORMS) if self.has_qresync else "condstore"
        self.happen(self.random.randint(1, 5))
        try:
            self.client.come(form)
            self.compare(seed, form)
            for _ in range(self.random.randint(0, 2) if self.has_qresync else 0):
                self.happen(self.random.randint(0, 2))
                self.client.act()
                self.compare(seed, form)
            if self.random.random() < 0.5:
                self.happen(1)
            self.client.leave()
        except Difference as error:
            raise Difference(f"seed {seed}, {form}: {error}\n" + self.last_words()) from error

    def compare(self, seed, form):
        truth = {}
        for response in self.truth.command("EXAMINE INBOX"):
            if response[0] == "EXISTS":
                count = response[1]
        if count:
            for response in self.truth.command("UID FETCH 1:* (FLAGS)"):
                if response[0] == "FETCH":
                    truth[response[2]["UID"]] = response[2]["FLAGS"] - {"\\Recent"}
        self.uids = sorted(truth)
        known = self.client.flags
        if known != truth:
            wrong = {uid: (sorted(known[uid]) if uid in known else "not known",
                           sorted(truth[uid]) if uid in truth else "gone")
                     for uid in known.keys() | truth.keys() if known.get(uid) != truth.get(uid)}
            raise Difference(f"known and true by UID: {wrong}")

    # --- what others do

    def happen(self, count):
        tags = []
        for _ in range(count):
            kind = self.random.choices(
                ("store", "expunge", "append", "copy", "move", "back", "deliver", "pop3"),
                (10, 4, 4, 2, 2, 1, 0.6, 0.4))[0]
            if kind in ("deliver", "pop3"):
                self.wait(tags)
                tags = []
                self.deliver() if kind == "deliver" else self.pop3()
            elif kind == "back":
                for text in ("SELECT Other", "UID MOVE 1:* INBOX", "SELECT INBOX"):
                    tags.append(self.writer.send(text))
            else:
                tags.append(self.write(kind))
        self.wait(tags)

    def wait(self, tags):
        for tag in tags:
            response = self.writer.response()
            while response[0] != "tagged":
                response = self.writer.response()
            if response[1] != tag or response[2] == "BAD":
                raise Difference(f"{response}")

    def write(self, kind):
        random = self.random
        flags = " ".join(random.sample(SYSTEM + KEYWORDS, random.randint(1, 2)))
        if kind == "append" and len(self.uids) < MESSAGES_MAX:
            self.numbers += 1
            return self.writer.send(
                f"APPEND INBOX ({flags}) ", ((BODY % (self.numbers, self.numbers, b""), b""),))
        if kind == "copy" and len(self.uids) < MESSAGES_MAX:
            return self.writer.send(f"UID COPY {self.few()} INBOX")
        if kind == "move":
            return self.writer.send(f"UID MOVE {self.few()} Other")
        if kind == "expunge":
            return self.writer.send(random.choice(("EXPUNGE", f"UID EXPUNGE {self.few()}")))
        edit = random.choice(("+", "+", "-", ""))
        return self.writer.send(f"UID STORE {self.few()} {edit}FLAGS.SILENT ({flags})")

    def few(self):
        """UIDs that are there, or were."""
        if not self.uids:
            return "1:*"
        first = self.random.choice(self.uids)
        return f"{first}:{first + self.random.choice((0, 0, 1, 3, 8))}"

    def deliver(self):
        with smtplib.LMTP("127.0.0.1", self.server.port("lmtp")) as lmtp:
            lmtp.sendmail("outside@elsewhere.test", [self.login], b"Subject: x\r\n\r\nx\r\n")
        self.writer.command("NOOP")

    def pop3(self):
        client = poplib.POP3("127.0.0.1", self.server.port("pop3"), timeout=30)
        client.user(self.login)
        client.pass_(self.server.passwords[self.login])
        count, _ = client.stat()
        for number in range(1, count + 1):
            if self.random.random() < 0.1:
                client.dele(number)
        client.quit()
        self.writer.command("NOOP")

    def last_words(self):
        return "\n".join(f"  {who}: {octets.decode(errors='replace')}"
                         for _, who, octets in self.log[-120:])
