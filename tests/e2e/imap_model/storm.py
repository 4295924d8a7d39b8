"""All clients at once, one command each on its way all the time. Nobody can say in which order the
server does them, so each client checks what it may believe by itself: that numbers and UIDs stay what
they are, that nothing is expunged under a command that uses numbers, that one MODSEQ of a message
means the same flags to everybody. When it is over each client must know the truth."""

import selectors

from .connection import PATIENCE
from .mailbox_commands import BODY, MESSAGES_MAX
from .model import KEYWORDS, SYSTEM, Message, check, numbers_of

ROUNDS = 60


class Weather:
    """One client in the storm."""

    def __init__(self, client, seen):
        self.client, self.seen = client, seen
        self.view = client.view
        self.uids = list(self.view.uids)        # None where a UID was not told yet
        self.flags = dict(self.view.known)
        self.tag = None
        self.holds = self.idles = self.said_idle = False
        self.left = ROUNDS

    def send(self, random):
        self.left -= 1
        self.holds = False
        text, literals = self.command(random)
        self.idles = self.said_idle = text == "IDLE"
        self.tag = self.client.connection.send(text, literals)

    def command(self, random):
        count = len(self.uids)
        kind = random.choice(("store", "store", "store", "fetch", "fetch", "search", "expunge",
                              "append", "copy", "move", "noop", "idle"))
        by_uid = self.client.dialect.uidonly or count == 0 or random.random() < 0.5
        top = self.view.mailbox.uidnext + 20 if by_uid else count
        first = random.randint(1, top)
        numbers = f"{first}:{min(top, first + random.choice((0, 0, 2, 9)))}"
        prefix = "UID " if by_uid else ""
        flags = " ".join(random.sample(SYSTEM + KEYWORDS, random.randint(1, 2)))
        if kind == "store":
            self.holds = not by_uid
            silent = random.random() < 0.3
            if silent:
                # What it makes of its own change is not known when others change it too.
                self.forget(by_uid, numbers)
            edit = random.choice(("+", "+", "-", ""))
            return f"{prefix}STORE {numbers} {edit}FLAGS{'.SILENT' if silent else ''} ({flags})", ()
        if kind == "fetch":
            self.holds = not by_uid
            return f"{prefix}FETCH {numbers} (UID FLAGS)", ()
        if kind == "search":
            self.holds = not by_uid
            return f"{prefix}SEARCH UNDELETED", ()
        if kind == "append" and count < 3 * MESSAGES_MAX:
            return f"APPEND {self.view.mailbox.name} ({flags}) ", ((BODY % (1, 1, b""), b""),)
        if kind == "copy" and count < 2 * MESSAGES_MAX:
            return f"{prefix}COPY {numbers} {self.view.mailbox.name}", ()
        if kind == "move":
            other = [one for one in self.client.world.mailboxes if one is not self.view.mailbox][0]
            return f"{prefix}MOVE {numbers} {other.name}", ()
        return {"expunge": "EXPUNGE", "idle": "IDLE"}.get(kind, "NOOP"), ()

    def forget(self, by_uid, numbers):
        for number in numbers_of(numbers):
            if by_uid:
                self.flags.pop(number, None)
            elif self.uids[number - 1] is None:
                self.flags.clear()
            else:
                self.flags.pop(self.uids[number - 1], None)

    def take(self, response):
        """True: its command is done."""
        name = response[0]
        if name == "+":
            check(self.said_idle, "a continuation that nobody asked for")
        elif name == "tagged":
            check(response[1] == self.tag, f"the answer to {response[1]} instead of {self.tag}")
            check(response[2] != "BAD", f"{response}")
            self.tag = None
            return True
        elif name == "EXISTS":
            check(response[1] >= len(self.uids), f"EXISTS {response[1]} after {len(self.uids)}")
            self.uids += [None] * (response[1] - len(self.uids))
        elif name == "EXPUNGE":
            check(not self.holds, "EXPUNGE where message numbers are in use")
            check(1 <= response[1] <= len(self.uids), f"EXPUNGE {response[1]} of {len(self.uids)}")
            self.flags.pop(self.uids.pop(response[1] - 1), None)
        elif name == "VANISHED":
            check(not self.holds, "VANISHED where message numbers are in use")
            for uid in response[2]:
                self.vanish(uid)
        elif name in ("FETCH", "UIDFETCH"):
            self.take_fetch(name, response[1], response[2])
        return False

    def vanish(self, uid):
        """Where its UID was not told it is one of those between its neighbours."""
        self.flags.pop(uid, None)
        if uid in self.uids:
            self.uids.remove(uid)
            return
        first = max((at + 1 for at, one in enumerate(self.uids) if one and one < uid), default=0)
        for at in range(first, len(self.uids)):
            if self.uids[at] is None:
                del self.uids[at]
                return
            if self.uids[at] > uid:
                break
        check(False, f"UID {uid} vanished, which cannot be any of {self.uids}")

    def take_fetch(self, name, number, items):
        uid = items.get("UID") if name == "FETCH" else number
        if name == "FETCH":
            check(1 <= number <= len(self.uids), f"FETCH {number} of {len(self.uids)}")
            known = self.uids[number - 1]
            check(known is None or uid in (None, known), f"number {number} was {known}, is {uid}")
            uid = known or uid
            self.uids[number - 1] = uid
            there = [one for one in self.uids if one is not None]
            check(there == sorted(set(there)), f"UIDs are not ascending: {there}")
        if "FLAGS" in items and uid is not None:
            flags = self.flags[uid] = items["FLAGS"] - {"\\Recent"}
            if "MODSEQ" in items:
                same = self.seen.setdefault((uid, items["MODSEQ"]), flags)
                check(same == flags, f"UID {uid} with MODSEQ {items['MODSEQ']} has the flags "
                      f"{sorted(flags)} and {sorted(same)}")

    def over(self):
        """The view of the model is what this client believes, if that is the truth."""
        there = list(self.view.mailbox.messages)
        check(len(self.uids) == len(there), f"{self.client.name} counts {len(self.uids)}: "
              f"{self.uids}, there are {there}")
        for known, uid in zip(self.uids, there):
            check(known in (None, uid), f"{self.client.name} knows {self.uids}, there are {there}")
        self.view.uids = there
        self.view.known = {uid: flags for uid, flags in self.flags.items() if uid in set(there)}
        self.view.check_complete()
        self.client.synced = self.view.mailbox.tick


def storm(world, random):
    """Everybody who has a mailbox selected, until all have said enough."""
    compare(world)
    seen = {one.name: {} for one in world.mailboxes}
    clients = [Weather(client, seen[client.view.mailbox.name])
               for client in world.clients if client.view and not client.idling]
    selector = selectors.DefaultSelector()
    for one in clients:
        selector.register(one.client.connection.socket, selectors.EVENT_READ, one)
        one.send(random)
    busy = len(clients)
    while busy:
        idlers = [one for one in clients if one.idles and one.tag]
        # Somebody must go on speaking; who idles is at times told to.
        for one in idlers if random.random() < 0.1 or len(idlers) == busy else ():
            one.idles = False
            one.client.connection.say(b"DONE")
        events = selector.select(timeout=PATIENCE)
        check(events, "nobody is answered: " + ", ".join(
            one.client.name for one in clients if one.tag))
        for key, _ in events:
            busy -= hear(key.data, random)
    selector.close()
    for one in clients:
        one.tag, one.holds, one.idles = one.client.connection.send("NOOP"), False, False
        while not one.take(one.client.connection.response()):
            pass
    learn(world)
    for one in clients:
        one.over()
    world.commands += len(clients) * ROUNDS


def hear(one, random):
    """All that is there for that client; 1 when it has said its last."""
    while True:
        if one.take(one.client.connection.response()):
            if one.left <= 0:
                return 1
            one.send(random)
        if one.client.connection.is_quiet:
            return 0


def survey(world, mailbox):
    """What the server says of the whole mailbox: its codes, and items by UID."""
    responses = world.control.command(f"EXAMINE {mailbox.name} (CONDSTORE)")
    codes = {one[1]: one[2] for one in responses if one[0] == "OK"}
    found = {one[2]["UID"]: one[2] for one in world.control.command(
        "UID FETCH 1:* (FLAGS RFC822.SIZE INTERNALDATE MODSEQ)") if one[0] == "FETCH"}
    world.control.command("UNSELECT")
    for items in found.values():
        items["FLAGS"] -= {"\\Recent"}
    return codes, found


def compare(world):
    """Before the storm: all that is known is known."""
    for mailbox in world.mailboxes:
        codes, found = survey(world, mailbox)
        check(list(found) == list(mailbox.messages), f"{list(found)} are in {mailbox.name}")
        for uid, items in found.items():
            mailbox.saw(mailbox.messages[uid], items)
        mailbox.saw_highest(int(codes["HIGHESTMODSEQ"]))


def learn(world):
    """The truth, after so much that the model could not follow."""
    for mailbox in world.mailboxes:
        codes, found = survey(world, mailbox)
        if mailbox.highest[mailbox.tick] == int(codes["HIGHESTMODSEQ"]):
            continue
        mailbox.begin()
        mailbox.uidnext = int(codes["UIDNEXT"])
        mailbox.expunge([uid for uid in mailbox.messages if uid not in found])
        for uid, items in sorted(found.items()):
            message = mailbox.messages.get(uid)
            if message is None:
                message = Message(uid, mailbox.tick)
                mailbox.messages[uid] = mailbox.every[uid] = message
            elif message.modseq != items["MODSEQ"]:
                message.tick, message.modseq = mailbox.tick, None
            message.flags = items["FLAGS"]
            mailbox.saw(message, items)
        mailbox.saw_highest(int(codes["HIGHESTMODSEQ"]))
