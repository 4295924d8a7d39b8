"""Random legal commands, each with what the model says that the server answers. A command is drawn
from a random number of its own against the state of its client, so a shorter history of the same
commands is a legal history too."""

from .model import KEYWORDS, SYSTEM, check, edited, numbers_of, ranges

BODY = (b"From: Fred <fred@elsewhere.test>\r\nSubject: model %d\r\n\r\nThis is message %d.\r\n"
        b"%s\r\n")
DATES = ("17-Jul-1996 02:44:25 -0700", " 1-Feb-1994 00:00:00 +0000")
MESSAGES_MAX = 40


class Command:
    """What a client says. `holds`: message numbers must not change while it is answered."""
    holds = False
    fetches = False

    def __init__(self, client, random):
        self.client = client
        self.random = random
        self.view = client.view
        self.mailbox = client.view.mailbox if client.view else None
        self.text = ""
        self.literals = ()
        self.fetched = {}       # UID: the items that came
        self.before = {}        # UID: the tick of what was told before
        self.others = []
        self.vanished = None
        self.draw()

    def draw(self):
        pass

    def apply(self):
        pass

    def saw(self, uid, items, told):
        self.before.setdefault(uid, told)
        self.fetched.setdefault(uid, {}).update(items)

    def earlier(self, uids):
        check(False, f"VANISHED (EARLIER) {ranges(uids)} that nobody asked for")

    def other(self, response):
        self.others.append(response)

    def done(self, status, code, arguments):
        check(status == "OK", f"{self.text}: {status} {code} {arguments}")

    # --- what commands draw

    def draw_set(self, by_uid):
        """A set that is legal now, and stays so while nothing is expunged."""
        view, random = self.view, self.random
        top = view.uids[-1] + 3 if by_uid and view.uids else len(view.uids)
        if by_uid and not view.uids:
            top = 5
        self.parts = []
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            first = random.randint(1, top)
            last = random.choice((first, first, random.randint(1, top), min(top, first + 3), None))
            self.parts.append((first, last))
        if random.random() < 0.15:
            self.parts = [(1, None)]
        self.by_uid = by_uid
        return ",".join(
            f"{first}" if first == last else f"{first}:{'*' if last is None else last}"
            for first, last in self.parts)

    def resolved(self):
        """The UIDs that the set names, of those that the client knows."""
        uids = self.view.uids
        star = (uids[-1] if uids else 0) if self.by_uid else len(uids)
        found = set()
        for first, last in self.parts:
            last = star if last is None else last
            low, high = min(first, last), max(first, last)
            if self.by_uid:
                found |= {uid for uid in uids if low <= uid <= high}
            else:
                found |= set(uids[low - 1:high])
        return sorted(found)

    def named(self, uid):
        """Is that UID in the set, whether or not there is such a message?"""
        star = self.view.uids[-1] if self.view.uids else 0
        return any(min(first, last) <= uid <= max(first, last)
                   for first, last in [(one, star if other is None else other)
                                       for one, other in self.parts])

    def there(self, uids):
        return [self.mailbox.messages[uid] for uid in uids if uid in self.mailbox.messages]

    def numbers_to_uids(self, text):
        found = numbers_of(text)
        return found if self.by_uid else [self.view.uids[number - 1] for number in found]

    def draw_flags(self):
        count = self.random.choice((0, 1, 1, 1, 2, 3))
        return frozenset(self.random.sample(SYSTEM + KEYWORDS, count))

    def prefers_uid(self):
        return self.client.dialect.uidonly or not self.view.uids or self.random.random() < 0.4

    def draw_since(self):
        """A HIGHESTMODSEQ that the server has named, and its tick."""
        tick = self.random.choice(list(self.mailbox.highest))
        return self.mailbox.highest[tick], tick


class Fetch(Command):
    fetches = True

    def draw(self):
        by_uid = self.prefers_uid()
        self.holds = not by_uid
        items = {"FLAGS", "UID", "INTERNALDATE", "RFC822.SIZE"}
        self.items = set(self.random.sample(sorted(items), self.random.randint(1, 3)))
        if self.random.random() < (0.4 if self.client.condstore else 0.02):
            self.items.add("MODSEQ")
        self.body = self.random.choice((None, None, None, None, "BODY.PEEK[]", "BODY[]"))
        text = " ".join(sorted(self.items) + ([self.body] if self.body else []))
        self.text = f"{'UID ' if by_uid else ''}FETCH {self.draw_set(by_uid)} ({text})"

    def apply(self):
        if "MODSEQ" in self.items:
            self.client.condstore = True
        self.uids = self.resolved()
        self.seen = []
        if self.body == "BODY[]" and not self.view.read_only:
            self.seen = [one for one in self.there(self.uids) if "\\Seen" not in one.flags]
        if self.seen:
            self.mailbox.begin()
        for one in self.seen:
            self.mailbox.set_flags(one, one.flags | {"\\Seen"})

    def done(self, status, code, arguments):
        gone = len(self.there(self.uids)) < len(self.uids)
        check(status == "OK" or (gone and status == "NO"), f"{self.text}: {status} {code}")
        wanted = self.items | ({"BODY[]"} if self.body else set()) | (
            {"UID"} if self.by_uid and not self.client.dialect.uidonly else set())
        for one in self.there(self.uids):
            missing = wanted - set(self.fetched.get(one.uid, ()))
            check(not missing, f"{self.text}: no {missing} of UID {one.uid}")
        for one in self.seen:
            check("FLAGS" in self.fetched[one.uid], f"{self.text}: \\Seen of {one.uid} was not told")


class FetchChanges(Command):
    """UID FETCH (CHANGEDSINCE), for QRESYNC clients with VANISHED."""
    fetches = True

    def draw(self):
        self.since, self.tick = self.draw_since()
        self.wants_vanished = self.client.dialect.qresync and self.random.random() < 0.7
        self.text = (f"UID FETCH {self.draw_set(True)} (FLAGS) (CHANGEDSINCE {self.since}"
                     f"{' VANISHED' if self.wants_vanished else ''})")

    def apply(self):
        self.client.condstore = True
        self.uids = self.resolved()
        self.expected = [one for one in self.there(self.uids) if one.tick > self.tick]
        self.gone = {uid for uid in self.mailbox.gone_since(self.tick) if self.named(uid)}

    def earlier(self, uids):
        check(self.wants_vanished, "VANISHED (EARLIER) that nobody asked for")
        check(not self.fetched, "VANISHED (EARLIER) after a FETCH")
        self.vanished = uids

    def done(self, status, code, arguments):
        check(status == "OK", f"{self.text}: {status} {code}")
        for one in self.expected:
            items = self.fetched.get(one.uid, {})
            check({"FLAGS", "MODSEQ"} <= set(items), f"{self.text}: UID {one.uid}: {items}")
        expected = {one.uid for one in self.expected}
        for uid in self.fetched:
            one = self.mailbox.every[uid]
            check(uid in expected or one.gone or one.tick > self.before[uid],
                  f"{self.text}: UID {uid} has not changed")
        if self.wants_vanished:
            told = set(self.vanished or ())
            check(self.gone <= told, f"{self.text}: {self.gone - told} are gone too")
            check(not told & set(self.mailbox.messages),
                  f"{self.text}: {told & set(self.mailbox.messages)} are there")


class Store(Command):
    def draw(self):
        by_uid = self.prefers_uid()
        self.holds = not by_uid
        self.edit = self.random.choice(("", "+", "+", "-"))
        self.silent = self.random.random() < 0.4
        self.flags = self.draw_flags()
        self.since = None
        if self.mailbox.highest and self.random.random() < (0.3 if self.client.condstore else 0.01):
            self.since = self.draw_since()
        unchanged = f" (UNCHANGEDSINCE {self.since[0]})" if self.since else ""
        self.text = (f"{'UID ' if by_uid else ''}STORE {self.draw_set(by_uid)}{unchanged} "
                     f"{self.edit}FLAGS{'.SILENT' if self.silent else ''} "
                     f"({' '.join(sorted(self.flags))})")

    def apply(self):
        self.uids = self.resolved()
        self.failed, self.stored, self.changed = [], [], []
        if self.view.read_only:
            return
        if self.since:
            self.client.condstore = True
        for one in self.there(self.uids):
            fails = self.since and one.tick > self.since[1]
            (self.failed if fails else self.stored).append(one)
        self.changed = [one for one in self.stored
                        if edited(one.flags, self.edit, self.flags) != one.flags]
        if self.changed:
            self.mailbox.begin()
        for one in self.changed:
            self.mailbox.set_flags(one, edited(one.flags, self.edit, self.flags))
        if self.silent:
            for one in self.stored:
                if one.uid in self.view.known:
                    self.view.known[one.uid] = edited(
                        self.view.known[one.uid], self.edit, self.flags)
                    self.view.told[one.uid] = self.mailbox.tick

    def done(self, status, code, arguments):
        if self.view.read_only:
            check(status == "NO", f"{self.text}: {status} {code}, and it is read-only")
            return
        check(status == "OK", f"{self.text}: {status} {code} {arguments}")
        for one in self.stored if not self.silent else ():
            check("FLAGS" in self.fetched.get(one.uid, {}), f"{self.text}: no flags of {one.uid}")
        for one in self.changed if self.client.condstore else ():
            check("MODSEQ" in self.fetched.get(one.uid, {}), f"{self.text}: no MODSEQ of {one.uid}")
        modified = set(self.numbers_to_uids(arguments) if code == "MODIFIED" else ())
        failed = {one.uid for one in self.failed}
        gone = {uid for uid in self.uids if uid not in self.mailbox.messages}
        check(modified - gone == failed, f"{self.text}: MODIFIED {modified}, not {failed}")


class Search(Command):
    def draw(self):
        by_uid = self.prefers_uid()
        self.holds = not by_uid
        self.by_uid_search = by_uid
        self.uses_modseq = False
        self.key, words = self.draw_key(2)
        self.text = f"{'UID ' if by_uid else ''}SEARCH {words}"

    def draw_key(self, depth):
        """What decides, and its words."""
        random = self.random
        kind = random.choice(("flag", "flag", "flag", "keyword", "set", "uid", "all", "not", "or",
                              "and", "modseq"))
        if kind in ("not", "or", "and") and depth > 0:
            one, words = self.draw_key(depth - 1)
            if kind == "not":
                return (lambda message: not one(message)), f"NOT {words}"
            other, more = self.draw_key(depth - 1)
            if kind == "or":
                return (lambda message: one(message) or other(message)), f"OR {words} {more}"
            return (lambda message: one(message) and other(message)), f"({words} {more})"
        if kind == "keyword":
            word = random.choice(KEYWORDS)
            return (lambda message: word in message.flags), f"KEYWORD {word}"
        if kind in ("set", "uid"):
            by_uid = kind == "uid" or self.client.dialect.uidonly or not self.view.uids
            text = self.draw_set(by_uid)
            parts = self.parts
            def within(message):
                # As of when it is done: more messages may be known then.
                star = (self.at[-1] if self.at else 0) if by_uid else len(self.at)
                at = message.uid if by_uid else self.at.index(message.uid) + 1
                return any(min(first, star if last is None else last) <= at
                           <= max(first, star if last is None else last) for first, last in parts)
            return within, f"UID {text}" if by_uid else text
        if kind == "modseq" and self.client.condstore and self.mailbox.highest:
            since, tick = self.draw_since()
            self.uses_modseq = True
            return (lambda message: message.tick > tick), f"MODSEQ {since + 1}"
        if kind == "flag":
            flag = random.choice(SYSTEM)
            if random.random() < 0.5:
                return (lambda message: flag in message.flags), flag[1:].upper()
            return (lambda message: flag not in message.flags), "UN" + flag[1:].upper()
        return (lambda message: True), "ALL"

    def apply(self):
        self.at = list(self.view.uids)
        self.known = [one.uid for one in self.there(self.view.uids)]

    def done(self, status, code, arguments):
        check(status == "OK", f"{self.text}: {status} {code}")
        results = [one for one in self.others if one[0] in ("SEARCH", "ESEARCH")]
        check(len(results) == 1, f"{self.text}: {self.others}")
        if self.client.dialect.rev2:
            check(results[0][0] == "ESEARCH", f"{self.text}: {results} in IMAP4rev2")
            check(results[0][1] == self.by_uid_search, f"{self.text}: {results}")
            numbers = numbers_of(results[0][2]["ALL"].decode()) if "ALL" in results[0][2] else []
        else:
            check(results[0][0] == "SEARCH", f"{self.text}: {results} in IMAP4rev1")
            numbers = results[0][1]
        check(len(set(numbers)) == len(numbers), f"{self.text}: {numbers}")
        expected = {uid for uid in self.known if self.key(self.mailbox.messages[uid])}
        if not self.by_uid_search:
            check(all(1 <= one <= len(self.view.uids) for one in numbers), f"{self.text}: {numbers}")
            numbers = [self.view.uids[number - 1] for number in numbers]
        # What is gone, or new, and the client was not told: either is right.
        found = set(numbers) & set(self.known)
        check(found == expected, f"{self.text}: {sorted(found)}, not {sorted(expected)}")
        if self.uses_modseq and self.client.dialect.rev2 is False and numbers:
            check(results[0][2] is not None, f"{self.text}: no MODSEQ")


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
            check(status == ("NO" if self.uids and status == "NO" else "OK"), f"{self.text}: {status}")
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
            self.text += f" (QRESYNC ({self.cache.uidvalidity} {self.cache.highest}{self.draw_known()}))"

    def draw_known(self):
        uids = self.cache.uids
        form = self.random.choice(("all", "none", "list", "match")) if uids else "none"
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
