"""Random legal commands that change which messages there are, or which mailbox is open."""

from .commands import Command, Fetch, FetchChanges, Search, SearchReturn, Store
from .model import check, numbers_of, ranges

BODY = (b"From: Fred <fred@elsewhere.test>\r\nSubject: model %d\r\n\r\nThis is message %d.\r\n"
        b"%s\r\n")
DATES = ("17-Jul-1996 02:44:25 -0700", " 1-Feb-1994 00:00:00 +0000")
MESSAGES_MAX = 40


class Expunge(Command):
    def draw(self):
        self.only = self.random.random() < 0.4
        self.text = f"UID EXPUNGE {self.draw_set(True)}" if self.only else "EXPUNGE"

    def apply(self):
        if self.view.read_only:
            return
        uids = self.resolved() if self.only else list(self.mailbox.messages)
        uids = [one.uid for one in self.there(uids) if "\\Deleted" in one.flags]
        if uids:
            self.mailbox.begin()
            self.mailbox.expunge(uids)

    def done(self, status, code, arguments):
        check(status == ("NO" if self.view.read_only else "OK"), f"{self.text}: {status} {code}")


class Copy(Command):
    moves = False

    def draw(self):
        by_uid = self.prefers_uid()
        mailboxes = self.client.world.mailboxes
        self.target = self.random.choice(
            [one for one in mailboxes if not self.moves or one is not self.mailbox])
        self.text = (f"{'UID ' if by_uid else ''}{'MOVE' if self.moves else 'COPY'} "
                     f"{self.draw_set(by_uid)} {self.target.name}")

    def is_legal(self):
        return len(self.target.messages) < MESSAGES_MAX

    def apply(self):
        self.uids = self.resolved()
        self.sources = self.there(self.uids)
        self.copies = []
        self.refused = self.moves and self.view.read_only
        if self.refused or not self.sources:
            return
        self.target.begin()
        for one in self.sources:
            copy = self.target.add(one.flags, one.body, one.date)
            copy.size = one.size
            self.copies.append(copy.uid)
        if self.moves:
            self.mailbox.begin()
            self.mailbox.expunge([one.uid for one in self.sources])

    def done(self, status, code, arguments):
        if self.refused:
            check(status == "NO", f"{self.text}: {status} {code}")
            return
        if not self.sources:
            check(status == "OK" or (self.uids and status == "NO"), f"{self.text}: {status}")
            check(code != "COPYUID", f"{self.text}: {code} {arguments}")
            return
        check(status == "OK", f"{self.text}: {status} {code} {arguments}")
        if self.moves:
            codes = [one for one in self.others if one[:2] == ("OK", "COPYUID")]
            check(len(codes) == 1, f"{self.text}: no COPYUID in an untagged OK")
            arguments = codes[0][2]
        else:
            check(code == "COPYUID", f"{self.text}: {status} {code}")
        validity, sources, targets = arguments.split()
        self.target.saw_uidvalidity(int(validity))
        check(numbers_of(sources) == [one.uid for one in self.sources], f"{self.text}: {arguments}")
        check(numbers_of(targets) == self.copies, f"{self.text}: {arguments}, not {self.copies}")


class Move(Copy):
    moves = True


class Append(Command):
    def draw(self):
        self.target = self.random.choice(self.client.world.mailboxes)
        self.flags = self.draw_flags()
        self.date = self.random.choice((None, *DATES))
        number = self.random.randrange(1000)
        self.body = BODY % (number, number, b"x" * self.random.choice((0, 10, 1000)))
        date = f'"{self.date}" ' if self.date else ""
        self.text = f"APPEND {self.target.name} ({' '.join(sorted(self.flags))}) {date}"
        self.literals = ((self.body, b""),)

    def is_legal(self):
        return len(self.target.messages) < MESSAGES_MAX

    def apply(self):
        self.target.begin()
        self.message = self.target.add(self.flags, self.body, self.date)

    def done(self, status, code, arguments):
        check(status == "OK" and code == "APPENDUID", f"{self.text}: {status} {code}")
        validity, uid = arguments.split()
        self.target.saw_uidvalidity(int(validity))
        check(int(uid) == self.message.uid, f"{self.text}: UID {uid}, not {self.message.uid}")


class Noop(Command):
    def draw(self):
        self.text = self.random.choice(("NOOP", "NOOP", "CHECK")) if self.view else "NOOP"


class Status(Command):
    ITEMS = ("MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN")

    def draw(self):
        self.target = self.random.choice(self.client.world.mailboxes)
        self.items = self.random.sample(self.ITEMS, self.random.randint(1, 4))
        if self.client.condstore:
            self.items.append("HIGHESTMODSEQ")
        self.text = f"STATUS {self.target.name} ({' '.join(self.items)})"

    def done(self, status, code, arguments):
        check(status == "OK", f"{self.text}: {status} {code}")
        found = [one for one in self.others if one[0] == "STATUS"]
        check(len(found) == 1 and found[0][1] == self.target.name, f"{self.text}: {self.others}")
        values = found[0][2]
        check(set(values) == set(self.items), f"{self.text}: {values}")
        there = self.target.messages.values()
        truth = {"MESSAGES": len(there), "UIDNEXT": self.target.uidnext,
                 "UNSEEN": sum("\\Seen" not in one.flags for one in there)}
        for name, value in values.items():
            if name == "HIGHESTMODSEQ":
                self.target.saw_highest(value)
            elif name == "UIDVALIDITY":
                self.target.saw_uidvalidity(value)
            else:
                check(value == truth[name], f"{self.text}: {name} {value}, not {truth[name]}")


class Select(Command):
    """SELECT and EXAMINE; with QRESYNC where the client kept something."""

    def draw(self):
        client, random = self.client, self.random
        self.target = random.choice([client.world.mailboxes[0], *client.world.mailboxes])
        self.read_only = random.random() < 0.1
        self.text = f"{'EXAMINE' if self.read_only else 'SELECT'} {self.target.name}"
        self.cache = None
        if client.dialect.qresync and random.random() < 0.85:
            # What it knows of the mailbox that it leaves is known by then.
            if self.view:
                client.keep()
            self.cache = client.caches.get(self.target.name)
        self.asks_all = True
        if self.cache:
            knows = f"{self.cache.uidvalidity} {self.cache.highest}{self.draw_known()}"
            self.text += f" (QRESYNC ({knows}))"

    def draw_known(self):
        uids = self.cache.uids
        forms = ("all", "none", "list", "match")
        if self.client.dialect.uidonly:
            forms = forms[:3]       # no numbers: RFC 9586 §3.7
        form = self.random.choice(forms) if uids else "none"
        if form == "none":
            return ""
        if form == "all":
            return f" 1:{uids[-1]}"
        if form == "list" or len(uids) < 2:
            return f" {ranges(uids)}"
        numbers = sorted(self.random.sample(range(1, len(uids) + 1),
                                            self.random.randint(1, len(uids))))
        pairs = ranges(uids[number - 1] for number in numbers)
        return f" {ranges(uids)} ({ranges(numbers)} {pairs})"

    def apply(self):
        self.was_selected = self.view is not None
        self.client.keep()
        self.client.open(self.target, self.read_only)
        self.view, self.mailbox = self.client.view, self.target
        self.counts = []
        if self.cache:
            self.view.known = {uid: flags for uid, flags in self.cache.known.items()}

    def earlier(self, uids):
        check(self.cache, "VANISHED (EARLIER) and no QRESYNC")
        check(not self.fetched, "VANISHED (EARLIER) after a FETCH")
        there = set(uids) & set(self.mailbox.messages)
        check(not there, f"{self.text}: {there} have not vanished")
        for uid in uids:
            self.view.known.pop(uid, None)

    def done(self, status, code, arguments):
        wanted = "READ-ONLY" if self.read_only else "READ-WRITE"
        check((status, code) == ("OK", wanted), f"{self.text}: {status} {code}")
        codes = {one[1]: one[2] for one in self.others if one[0] == "OK"}
        check(("CLOSED" in codes) == self.was_selected, f"{self.text}: CLOSED in {codes}")
        self.target.saw_uidvalidity(int(codes["UIDVALIDITY"]))
        self.target.saw_highest(int(codes["HIGHESTMODSEQ"]))
        check(int(codes["UIDNEXT"]) == self.target.uidnext, f"{self.text}: {codes}")
        if self.client.dialect.rev2:
            check("UNSEEN" not in codes, f"{self.text}: UNSEEN in IMAP4rev2")
        elif not self.client.dialect.uidonly:
            unseen = [number for number, uid in enumerate(self.view.uids, 1)
                      if "\\Seen" not in self.target.messages[uid].flags]
            check(int(codes.get("UNSEEN", 0)) == (unseen[0] if unseen else 0),
                  f"{self.text}: {codes}, not {unseen}")
        check(self.fetched == {} or self.cache, f"{self.text}: FETCH")


class Leave(Command):
    """CLOSE and UNSELECT."""

    def draw(self):
        self.text = self.random.choice(("CLOSE", "UNSELECT", "UNSELECT"))

    def apply(self):
        self.client.keep()
        self.client.view = None
        if self.text == "CLOSE" and not self.view.read_only:
            uids = [one.uid for one in self.mailbox.messages.values() if "\\Deleted" in one.flags]
            if uids:
                self.mailbox.begin()
                self.mailbox.expunge(uids)


COMMANDS = {one.__name__: one for one in (
    Fetch, FetchChanges, Store, Search, SearchReturn, Expunge, Copy, Move, Append, Noop, Status,
    Select, Leave)}
