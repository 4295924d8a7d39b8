"""What a mailbox is, by the model. Its clock counts the changes: a tick is one command's worth. What
numbers the server gives as MODSEQ is its own affair; that they grow with the ticks is the model's."""

import bisect

SYSTEM = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")
KEYWORDS = ("$Work", "$Junk", "Later")


class Difference(AssertionError):
    """The server and the model disagree."""


def check(condition, *why):
    if not condition:
        raise Difference(" ".join(str(one) for one in why))


class Order:
    """MODSEQs that were seen, by tick: whatever is of a later tick is greater."""

    def __init__(self):
        self.ticks = []
        self.ranges = {}

    def saw(self, tick, value):
        if tick not in self.ranges:
            at = bisect.bisect_left(self.ticks, tick)
            self.ticks.insert(at, tick)
            self.ranges[tick] = [value, value]
        else:
            at = bisect.bisect_left(self.ticks, tick)
            one = self.ranges[tick]
            one[0], one[1] = min(one[0], value), max(one[1], value)
        if at > 0:
            before = self.ranges[self.ticks[at - 1]]
            check(before[1] < value, f"MODSEQ {value} of change {tick} is not above {before[1]} of "
                  f"change {self.ticks[at - 1]}")
        if at + 1 < len(self.ticks):
            after = self.ranges[self.ticks[at + 1]]
            check(value < after[0], f"MODSEQ {value} of change {tick} is not below {after[0]} of "
                  f"change {self.ticks[at + 1]}")


class Message:
    """`modseq`, `size` and `date`: None until the server has said them."""

    def __init__(self, uid, tick, flags=frozenset(), body=None, date=None):
        self.uid = uid
        self.tick = tick
        self.modseq = None
        self.flags = frozenset(flags)
        self.body = body
        self.size = len(body) if body is not None else None
        self.date = date
        self.gone = None        # the tick of its expunge


class Mailbox:
    def __init__(self, name):
        self.name = name
        self.uidvalidity = None
        self.uidnext = 1
        self.tick = 0
        self.messages = {}      # those that are there, by UID, ascending
        self.every = {}         # and those that were
        self.order = Order()
        self.highest = {}       # tick: HIGHESTMODSEQ

    # --- changes; each begins with a tick of its own

    def begin(self):
        self.tick += 1

    def add(self, flags=frozenset(), body=None, date=None):
        message = Message(self.uidnext, self.tick, flags, body, date)
        self.uidnext += 1
        self.messages[message.uid] = self.every[message.uid] = message
        return message

    def set_flags(self, message, flags):
        message.flags = frozenset(flags)
        message.tick = self.tick
        message.modseq = None

    def expunge(self, uids):
        for uid in uids:
            self.messages.pop(uid).gone = self.tick

    # --- what the server says of it

    def saw_modseq(self, message, value):
        if message.modseq is None:
            self.order.saw(message.tick, value)
            message.modseq = value
        check(message.modseq == value,
              f"UID {message.uid} has MODSEQ {value} after {message.modseq}, unchanged")

    def saw_highest(self, value, tick=None):
        """HIGHESTMODSEQ as of now."""
        tick = self.tick if tick is None else tick
        known = self.highest.setdefault(tick, value)
        check(known == value, f"HIGHESTMODSEQ {value} after {known}, and nothing has changed")
        if tick == 0:
            return
        self.order.saw(tick, value)
        check(self.order.ranges[tick][1] == value,
              f"HIGHESTMODSEQ {value} is below a message's {self.order.ranges[tick][1]}")

    def saw_uidvalidity(self, value):
        self.uidvalidity = self.uidvalidity or value
        check(self.uidvalidity == value, f"UIDVALIDITY {value} after {self.uidvalidity}")

    def saw(self, message, items, flags_may_be_old=False):
        """Items of a FETCH response about that message."""
        for name, value in items.items():
            if name == "FLAGS":
                wrong = value != message.flags
                check(not wrong or flags_may_be_old,
                      f"UID {message.uid} has the flags {sorted(value)}, "
                      f"not {sorted(message.flags)}")
            elif name == "MODSEQ":
                self.saw_modseq(message, value)
            elif name == "RFC822.SIZE":
                message.size = message.size or value
                check(message.size == value, f"UID {message.uid} has {value} octets, "
                      f"not {message.size}")
            elif name == "INTERNALDATE":
                message.date = message.date or value
                check(message.date == value, f"UID {message.uid} is of {value}, not {message.date}")
            elif name == "BODY[]":
                message.body = message.body if message.body is not None else value
                check(message.body == value, f"UID {message.uid} is another message: {value!r}")

    def changed_since(self, tick):
        return [one for one in self.messages.values() if one.tick > tick]

    def gone_since(self, tick):
        return [one.uid for one in self.every.values() if one.gone is not None and one.gone > tick]


class View:
    """What a client that has the mailbox selected was told of it."""

    def __init__(self, mailbox, read_only=False):
        self.mailbox = mailbox
        self.read_only = read_only
        self.uids = list(mailbox.messages)      # by message number
        self.known = {}                         # UID: flags
        self.told = {}                          # UID: the tick of the last flags
        self.highest = None                     # (HIGHESTMODSEQ, tick) that the server has named

    def number(self, uid):
        at = bisect.bisect_left(self.uids, uid)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else None

    def remove(self, uid):
        number = self.number(uid)
        check(number, f"UID {uid} vanished, of which the client never knew")
        message = self.mailbox.every[uid]
        check(message.gone is not None, f"UID {uid} is said to be gone and is not")
        del self.uids[number - 1]
        self.known.pop(uid, None)

    def grow(self, count):
        """EXISTS."""
        last = self.uids[-1] if self.uids else 0
        new = [uid for uid in self.mailbox.messages if uid > last]
        check(count >= len(self.uids), f"EXISTS {count} where the client knows {len(self.uids)}")
        check(count == len(self.uids) + len(new) or count == len(self.uids),
              f"EXISTS {count}: {len(self.uids)} are known and {len(new)} are new")
        if count > len(self.uids):
            self.uids += new
            for uid in new:
                self.told[uid] = self.mailbox.tick      # EXISTS is all that is said of it

    def learn(self, uid, flags):
        self.known[uid] = flags
        self.told[uid] = self.mailbox.tick

    def is_complete(self, since):
        """Was everything told that has happened, flags after the tick `since`?"""
        return self.uids == list(self.mailbox.messages) and all(
            self.told.get(one.uid, 0) >= one.tick for one in self.mailbox.changed_since(since))

    def check_complete(self):
        there = list(self.mailbox.messages)
        check(self.uids == there, f"the client knows the UIDs {self.uids}, there are {there}")
        for uid, flags in self.known.items():
            check(flags == self.mailbox.messages[uid].flags,
                  f"the client believes that UID {uid} has {sorted(flags)}, "
                  f"it has {sorted(self.mailbox.messages[uid].flags)}")


def edited(flags, edit, change):
    if edit == "+":
        return flags | change
    return flags - change if edit == "-" else frozenset(change)


def ranges(numbers):
    """7,9:11 from 7 9 10 11."""
    text = []
    numbers = sorted(numbers)
    at = 0
    while at < len(numbers):
        end = at
        while end + 1 < len(numbers) and numbers[end + 1] == numbers[end] + 1:
            end += 1
        text.append(f"{numbers[at]}" if end == at else f"{numbers[at]}:{numbers[end]}")
        at = end + 1
    return ",".join(text)


def numbers_of(text):
    found = []
    for part in text.split(","):
        first, _, last = part.partition(":")
        first, last = int(first), int(last or first)
        found += range(min(first, last), max(first, last) + 1)
    return found
