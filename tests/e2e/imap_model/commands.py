"""Random legal commands, each with what the model says that the server answers. A command is drawn
from a random number of its own against the state of its client, so a shorter history of the same
commands is a legal history too. Here what they have in common, and FETCH, STORE and SEARCH."""

from .model import KEYWORDS, SYSTEM, check, edited, numbers_of, ranges


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

    def draw_set(self, by_uid, may_save=True):
        """A set that is legal now, and stays so while nothing is expunged."""
        view, random = self.view, self.random
        self.by_uid = by_uid
        if may_save and self.client.has("SEARCHRES") and random.random() < 0.1:
            self.parts = None       # the saved result: RFC 5182
            return "$"
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
        return ",".join(
            f"{first}" if first == last else f"{first}:{'*' if last is None else last}"
            for first, last in self.parts)

    def resolved(self):
        """The UIDs that the set names, of those that the client knows."""
        uids = self.view.uids
        if self.parts is None:
            return [uid for uid in uids if uid in self.client.saved]
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
            check("FLAGS" in self.fetched[one.uid], f"{self.text}: \\Seen of {one.uid}?")


class FetchChanges(Command):
    """UID FETCH (CHANGEDSINCE), for QRESYNC clients with VANISHED."""
    fetches = True

    def draw(self):
        self.since, self.tick = self.draw_since()
        self.wants_vanished = self.client.dialect.qresync and self.random.random() < 0.7
        self.text = (f"UID FETCH {self.draw_set(True, False)} (FLAGS) (CHANGEDSINCE {self.since}"
                     f"{' VANISHED' if self.wants_vanished else ''})")

    def apply(self):
        self.client.condstore = True
        self.uids = self.resolved()
        self.expected = [one for one in self.there(self.uids) if one.tick > self.tick]
        # What the client still knows of may be told as VANISHED without (EARLIER) as well.
        self.gone = {uid for uid in self.mailbox.gone_since(self.tick)
                     if self.named(uid) and not self.view.number(uid)}

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
                if parts is None:
                    return message.uid in self.client.saved
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
            self.compare(self.all_of(results[0]))
        else:
            check(results[0][0] == "SEARCH", f"{self.text}: {results} in IMAP4rev1")
            self.compare(results[0][1])
            if self.uses_modseq and results[0][1]:
                check(results[0][2] is not None, f"{self.text}: no MODSEQ")

    def all_of(self, result):
        check(result[1] == self.by_uid_search, f"{self.text}: {result}")
        return numbers_of(result[2]["ALL"].decode()) if "ALL" in result[2] else []

    def expected(self):
        return {uid for uid in self.known if self.key(self.mailbox.messages[uid])}

    def compare(self, numbers):
        check(len(set(numbers)) == len(numbers), f"{self.text}: {numbers}")
        # What is gone, or new, and the client was not told: either is right.
        found, expected = set(self.uids_of(numbers)) & set(self.known), self.expected()
        check(found == expected, f"{self.text}: {sorted(found)}, not {sorted(expected)}")

    def uids_of(self, numbers):
        if self.by_uid_search:
            return numbers
        check(all(1 <= one <= len(self.view.uids) for one in numbers), f"{self.text}: {numbers}")
        return [self.view.uids[number - 1] for number in numbers]


class SearchReturn(Search):
    """SEARCH RETURN (RFC 4731), with SAVE (RFC 5182)."""
    OPTIONS = ("MIN", "MAX", "COUNT", "ALL")

    def draw(self):
        super().draw()
        self.options = self.random.sample(self.OPTIONS, self.random.randint(0, 3))
        self.saves = self.client.has("SEARCHRES") and self.random.random() < 0.5
        asked = self.options + (["SAVE"] if self.saves else [])
        self.text = self.text.replace("SEARCH ", f"SEARCH RETURN ({' '.join(asked)}) ", 1)
        if not asked:
            self.options = ["ALL"]

    def done(self, status, code, arguments):
        check(status == "OK", f"{self.text}: {status} {code}")
        expected = sorted(self.expected())
        results = [one for one in self.others if one[0] == "ESEARCH"]
        check(len(results) == (1 if self.options else 0), f"{self.text}: {self.others}")
        if results and len(self.known) == len(self.at):
            self.compare_values(results[0], expected)
        if self.saves:
            some = self.options and set(self.options) <= {"MIN", "MAX"}
            self.client.saved = set(expected) if not some else {
                choose(expected) for option, choose in (("MIN", min), ("MAX", max))
                if option in self.options and expected}

    def compare_values(self, result, expected):
        values = result[2]
        check(result[1] == self.by_uid_search, f"{self.text}: {result}")
        wanted = {option for option in self.options if expected or option == "COUNT"}
        check(set(values) - {"MODSEQ"} == wanted, f"{self.text}: {values}, {expected} are there")
        if "COUNT" in wanted:
            check(int(values["COUNT"]) == len(expected), f"{self.text}: {values}, not {expected}")
        for option, at in (("MIN", 0), ("MAX", -1)):
            if option in wanted:
                check(self.uids_of([int(values[option])]) == [expected[at]],
                      f"{self.text}: {values}, not {expected}")
        if "ALL" in wanted:
            self.compare(self.all_of(result))
