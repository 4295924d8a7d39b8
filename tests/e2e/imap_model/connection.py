"""A plain IMAP connection: commands out, parsed responses in. Quick rather than strict: what is
strict is in wire.py.

An untagged response is a tuple that begins with its name:
    ("FETCH", number, items)   ("UIDFETCH", uid, items)   ("EXISTS", n)   ("EXPUNGE", n)
    ("VANISHED", earlier, uids)   ("SEARCH", numbers, modseq)   ("ESEARCH", by_uid, {name: value})
    ("STATUS", mailbox, {name: value})   ("OK", code, arguments)   (name, text)
"""

import re
import socket

from .model import Difference, numbers_of

PATIENCE = 30
LITERAL = re.compile(rb"~?\{(\d+)\}$")
TOKEN = re.compile(rb'[()]|"(?:[^"\\]|\\.)*"|\x00\d+\x00|[^ ()"\x00\[]+(?:\[[^\]]*\](?:<\d+>)?)?')
STATUS = re.compile(rb"(OK|NO|BAD|BYE)(?: \[([A-Z-]+)(?: ([^\]]*))?\])?(?: .*)?", re.S)
NUMBERED = re.compile(rb"(\d+) ([A-Z]+)(?: (.*))?$", re.S)


class Connection:
    def __init__(self, port, name="", log=None):
        self.name = name
        self.log = log if log is not None else []       # what was said last, for people
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.position = 0
        self.tags = 0

    def close(self):
        self.socket.close()

    def send(self, text, literals=()):
        """A command with its literals, of which none waits for "+". Returns the tag."""
        self.tags += 1
        tag = b"%d" % self.tags
        octets = tag + b" " + (text if isinstance(text, bytes) else text.encode())
        for literal, rest in literals:
            octets += b"{%d+}\r\n%s%s" % (len(literal), literal, rest)
        self.say(octets)
        return tag

    def say(self, octets):
        self.note("C", octets)
        self.socket.sendall(octets + b"\r\n")

    def note(self, who, octets):
        self.log.append((self.name, who, octets))
        if len(self.log) > 4000:
            del self.log[:2000]

    def fill(self):
        octets = self.socket.recv(1 << 18)
        if not octets:
            raise Difference("the server has ended the connection")
        self.buffer = self.buffer[self.position:] + octets
        self.position = 0

    def line(self):
        """One response with its literals: bytes, and what stood in them."""
        whole, literals = b"", []
        while True:
            end = self.buffer.find(b"\r\n", self.position)
            while end < 0:
                self.fill()
                end = self.buffer.find(b"\r\n", self.position)
            part = self.buffer[self.position:end]
            self.position = end + 2
            found = LITERAL.search(part) if part.endswith(b"}") else None
            if not found:
                return whole + part, literals
            count = int(found.group(1))
            while len(self.buffer) - self.position < count:
                self.fill()
            whole += part[:found.start()] + b"\x00%d\x00" % len(literals)
            literals.append(self.buffer[self.position:self.position + count])
            self.position += count

    def response(self):
        """("+",), ("tagged", tag, status, code, arguments), or an untagged one."""
        line, literals = self.line()
        self.note("S", line)
        if line.startswith(b"* "):
            return untagged(line[2:], literals)
        if line.startswith(b"+"):
            return ("+",)
        tag, _, rest = line.partition(b" ")
        status = STATUS.fullmatch(rest)
        if not status:
            raise Difference(f"no response: {line!r}")
        return ("tagged", tag, status.group(1).decode(), text_of(status.group(2)),
                text_of(status.group(3)))

    def command(self, text, literals=()):
        """For what needs no model: untagged responses; anything but OK is an error."""
        tag = self.send(text, literals)
        responses = []
        while True:
            one = self.response()
            if one[0] == "tagged":
                if one[1] != tag or one[2] != "OK":
                    raise Difference(f"{text}: {one}")
                return responses
            responses.append(one)

    @property
    def is_quiet(self):
        return self.position == len(self.buffer)


def text_of(octets):
    return octets.decode() if octets is not None else None


def untagged(rest, literals):
    found = NUMBERED.match(rest)
    if found:
        number, name, arguments = int(found.group(1)), found.group(2).decode(), found.group(3)
        if arguments is None:
            return name, number
        return name, number, items_of(values_of(arguments, literals)[0])
    name, _, arguments = rest.partition(b" ")
    name = name.decode()
    if name in ("OK", "NO", "BAD", "BYE"):
        status = STATUS.fullmatch(rest)
        return name, text_of(status.group(2)), text_of(status.group(3))
    if name == "VANISHED":
        earlier = arguments.startswith(b"(EARLIER) ")
        return name, earlier, numbers_of(arguments.split()[-1].decode())
    if name == "SEARCH":
        values = values_of(arguments, literals)
        modseq = int(values.pop()[1]) if values and isinstance(values[-1], list) else None
        return name, [int(one) for one in values], modseq
    if name == "ESEARCH":
        values = values_of(arguments, literals)
        if values and isinstance(values[0], list):
            values.pop(0)
        by_uid = bool(values) and values[0] == b"UID"
        if by_uid:
            values.pop(0)
        return name, by_uid, {one.decode(): other for one, other in zip(values[::2], values[1::2])}
    if name == "STATUS":
        mailbox, values = values_of(arguments, literals)
        return name, mailbox.decode(), {
            one.decode(): int(other) for one, other in zip(values[::2], values[1::2])}
    return name, arguments


def values_of(octets, literals):
    stack = [[]]
    for token in TOKEN.findall(octets):
        if token == b"(":
            stack.append([])
        elif token == b")":
            done = stack.pop()
            stack[-1].append(done)
        elif token[:1] == b'"':
            stack[-1].append(token[1:-1])
        elif token[:1] == b"\x00":
            stack[-1].append(literals[int(token[1:-1])])
        else:
            stack[-1].append(token)
    return stack[0]


def items_of(values):
    items = {}
    for name, value in zip(values[::2], values[1::2]):
        name = name.decode()
        if name == "FLAGS":
            value = frozenset(one.decode() for one in value)
        elif name == "MODSEQ":
            value = int(value[0])
        elif name in ("UID", "RFC822.SIZE"):
            value = int(value)
        elif name == "INTERNALDATE":
            value = value.decode()
        items[name] = value
    return items
