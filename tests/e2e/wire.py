"""Clients of our own, one socket each: they send exactly these octets, and take nothing that the
grammar does not allow.

    Wire: lines.    ImapWire: tagged commands, parsed responses.    Picture: what a client believes.
"""

import re
import socket
import ssl

PATIENCE = 120
LITERAL = re.compile(rb"\{(\d+)\}\Z")
ATOM_END = frozenset(b' ()"{')


class Gone(Exception):
    """The server has ended the connection."""


class Wire:
    def __init__(self, port, tls=False):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        if tls:
            self.start_tls()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)

    def close(self):
        self.socket.close()

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, octets):
        self.socket.sendall(octets)

    def fill(self):
        try:
            octets = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError) as error:
            raise Gone(str(error)) from error
        if not octets:
            raise Gone(f"ended after {self.buffer[-200:]!r}")
        self.buffer += octets

    def octets(self, count):
        while len(self.buffer) < count:
            self.fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def line(self):
        while b"\r\n" not in self.buffer:
            self.fill()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        if b"\n" in line or b"\r" in line or b"\0" in line:
            raise AssertionError(f"a bare CR, LF or a NUL in {line!r}")
        return line

    def rest(self):
        """All that still comes, up to the end of the connection."""
        try:
            while True:
                self.fill()
        except Gone:
            taken, self.buffer = self.buffer, b""
            return taken

    # --- SMTP and LMTP

    def reply(self):
        """One reply, maybe of several lines: its code and text."""
        text = []
        while True:
            line = self.line()
            if not re.match(rb"[2-5][0-9][0-9][ -]", line):
                raise AssertionError(f"no SMTP reply: {line!r}")
            text.append(line[4:])
            if line[3:4] == b" ":
                return int(line[:3]), b"\n".join(text)

    def ask(self, command):
        self.send(command + b"\r\n")
        return self.reply()

    # --- POP3

    def pop3(self, command=None):
        """One status line: True or False, and its text."""
        if command is not None:
            self.send(command + b"\r\n")
        line = self.line()
        if not line.startswith((b"+OK", b"-ERR")):
            raise AssertionError(f"no POP3 reply: {line!r}")
        return line.startswith(b"+OK"), line


class Text(bytes):
    """What came as a quoted string or a literal; atoms are str, numbers int, NIL None."""


class Parser:
    """A response, read strictly: one space where the grammar has one, and nowhere else."""

    def __init__(self, pieces):
        self.pieces = pieces        # bytes and, between them, Text for literals
        self.index = 0
        self.position = 0

    def peek(self):
        if self.position < len(self.pieces[self.index]):
            return self.pieces[self.index][self.position]
        return -1 if self.index + 1 == len(self.pieces) else 0x7b

    def fail(self, why):
        raise AssertionError(f"{why} at {self.position} of {self.pieces[self.index]!r}")

    def expect(self, octet):
        if self.peek() != octet:
            self.fail(f"{chr(octet)!r} was expected")
        self.position += 1

    def end(self):
        if self.peek() != -1:
            self.fail("the end was expected")

    def value(self):
        octet = self.peek()
        if octet == 0x28:
            return self.list()
        if octet == 0x22:
            return self.quoted()
        if octet == 0x7b:
            return self.literal()
        return self.atom()

    def list(self):
        self.expect(0x28)
        values = []
        while self.peek() != 0x29:
            if values and not (isinstance(values[-1], list) and self.peek() == 0x28):
                self.expect(0x20)
            values.append(self.value())
        self.position += 1
        return values

    def quoted(self):
        self.expect(0x22)
        octets = bytearray()
        while self.peek() != 0x22:
            if self.peek() < 0 or self.peek() > 0x7f:
                self.fail("an octet that a quoted string may not hold")
            if self.peek() == 0x5c:
                self.position += 1
                if self.peek() not in b'"\\':
                    self.fail("a wrong escape")
            octets.append(self.peek())
            self.position += 1
        self.position += 1
        return Text(octets)

    def literal(self):
        # The line was cut before the "{".
        if self.index + 2 >= len(self.pieces) or self.position != len(self.pieces[self.index]):
            self.fail("a literal was expected")
        value = self.pieces[self.index + 1]
        self.index += 2
        self.position = 0
        return value

    def atom(self):
        line = self.pieces[self.index]
        start = self.position
        depth = 0
        while self.position < len(line):
            octet = line[self.position]
            if octet == 0x5b:
                depth += 1
            if octet == 0x5d:
                depth -= 1
            if depth == 0 and octet in ATOM_END:
                break
            if octet < 0x20 or octet > 0x7e:
                self.fail("an octet that an atom may not hold")
            self.position += 1
        if self.position == start:
            self.fail("a value was expected")
        atom = line[start:self.position].decode("ascii")
        if atom.isdigit():
            return int(atom)
        return None if atom == "NIL" else atom


class Untagged:
    """name: "EXISTS", "FETCH", "LIST", "OK" ...; number: of EXISTS, FETCH ...; values: the rest."""

    def __init__(self, name, number=None, values=(), text=b""):
        self.name = name
        self.number = number
        self.values = list(values)
        self.text = text

    @property
    def items(self):
        """FETCH's list as a dictionary."""
        names = self.values[0][0::2]
        if len(set(names)) != len(names) or len(self.values[0]) % 2:
            raise AssertionError(f"not pairs: {self.values[0]}")
        return dict(zip(names, self.values[0][1::2]))

    def __repr__(self):
        return f"{self.number or ''} {self.name} {self.values} {self.text!r}"


class Answer:
    def __init__(self, status, text, untagged):
        self.status = status
        self.text = text
        self.untagged = untagged

    def named(self, name):
        return [one for one in self.untagged if one.name == name]

    def code(self, name):
        """The arguments of a response code, of the tagged line or of an untagged OK, or None."""
        for text in [self.text] + [one.text for one in self.untagged]:
            found = re.match(rb"\[" + name.encode() + rb"(?: ([^\]]*))?\]", text)
            if found:
                return (found.group(1) or b"").decode()
        return None

    def __repr__(self):
        return f"{self.status} {self.text!r} {self.untagged}"


class ImapWire(Wire):
    def __init__(self, server, account="alice", tls=False, login=True):
        super().__init__(server.port("imaps" if tls else "imap"), tls)
        self.tags = 0
        self.greeting = self.response()
        if login:
            name = f"{account}@example.test"
            self.ok(f"LOGIN {name} {server.passwords[name]}")

    def pieces(self):
        pieces = []
        while True:
            line = self.line()
            literal = LITERAL.search(line)
            if not literal:
                return pieces + [line]
            pieces += [line[:literal.start()], Text(self.octets(int(literal.group(1))))]

    def response(self):
        """One response: Untagged, or Answer with a tag, or bytes after "+ "."""
        pieces = self.pieces()
        if pieces[0].startswith(b"+ "):
            return pieces[0][2:]
        tag, _, line = pieces[0].partition(b" ")
        word, _, text = line.partition(b" ")
        status = word.decode("ascii")
        if status in ("OK", "NO", "BAD", "BYE", "PREAUTH"):
            if len(pieces) != 1 or not text:
                raise AssertionError(f"not a status response: {pieces}")
            if tag == b"*":
                return Untagged(status, text=text)
            answer = Answer(status, text, [])
            answer.tag = tag
            return answer
        if tag != b"*":
            raise AssertionError(f"not a response: {pieces}")
        parser = Parser([line] + pieces[1:])
        values = [parser.value()]
        while parser.peek() != -1:
            parser.expect(0x20)
            if parser.peek() == -1:
                parser.fail("a space at the end")
            values.append(parser.value())
        if isinstance(values[0], int):
            return Untagged(values[1], values[0], values[2:])
        return Untagged(values[0], None, values[1:])

    def send_command(self, text):
        self.tags += 1
        tag = b"t%d" % self.tags
        octets = text if isinstance(text, bytes) else text.encode()
        self.send(tag + b" " + octets + b"\r\n")
        return tag

    def wait_for(self, tag):
        untagged = []
        while True:
            response = self.response()
            if isinstance(response, Untagged):
                untagged.append(response)
                continue
            if isinstance(response, bytes):
                raise AssertionError(f"an unasked-for continuation: {response!r}")
            if response.tag != tag:
                raise AssertionError(f"the answer to {response.tag!r} instead of {tag!r}")
            response.untagged = untagged
            return response

    def command(self, text):
        return self.wait_for(self.send_command(text))

    def ok(self, text):
        answer = self.command(text)
        if answer.status != "OK":
            raise AssertionError(f"{text}: {answer}")
        return answer

    def append(self, mailbox, octets, flags=""):
        """With a literal that waits for "+" (RFC 3501 6.3.11)."""
        arguments = f"{mailbox} ({flags}) " if flags else f"{mailbox} "
        tag = self.send_command(f"APPEND {arguments}{{{len(octets)}}}")
        untagged = []
        response = self.response()
        while isinstance(response, Untagged):
            untagged.append(response)
            response = self.response()
        if not isinstance(response, bytes):
            response.untagged = untagged
            return response
        self.send(octets + b"\r\n")
        answer = self.wait_for(tag)
        answer.untagged = untagged + answer.untagged
        return answer

    def idle(self):
        """Returns once the server says that it idles; what it told before that comes first."""
        self.idling = self.send_command("IDLE")
        untagged = []
        while True:
            response = self.response()
            if isinstance(response, bytes):
                return untagged
            if not isinstance(response, Untagged):
                raise AssertionError(f"no IDLE: {response}")
            untagged.append(response)

    def done(self):
        self.send(b"DONE\r\n")
        return self.wait_for(self.idling)

    def fetch(self, numbers, items):
        """{message number: {item: value}} of what was asked for."""
        answer = self.ok(f"FETCH {numbers} {items}")
        return {one.number: one.items for one in answer.named("FETCH")}


class Picture:
    """What a client believes about the mailbox that it has selected, from untagged responses alone.
    Any response that contradicts it is an error of the server."""

    def __init__(self):
        self.messages = []      # [UID or None, set of flags or None]

    def learn(self, untagged, expunges_allowed=True):
        for one in untagged:
            if one.name == "EXISTS":
                if one.number < len(self.messages):
                    raise AssertionError(f"EXISTS {one.number} after {len(self.messages)}")
                self.messages += [[None, None] for _ in range(one.number - len(self.messages))]
            if one.name == "EXPUNGE":
                if not expunges_allowed:
                    raise AssertionError("EXPUNGE where message numbers are in use")
                if not 1 <= one.number <= len(self.messages):
                    raise AssertionError(f"EXPUNGE {one.number} of {len(self.messages)}")
                del self.messages[one.number - 1]
            if one.name == "FETCH":
                self.learn_fetch(one)

    def learn_fetch(self, one):
        if not 1 <= one.number <= len(self.messages):
            raise AssertionError(f"FETCH {one.number} of {len(self.messages)}")
        message = self.messages[one.number - 1]
        items = one.items
        if "UID" in items:
            if message[0] not in (None, items["UID"]):
                raise AssertionError(f"number {one.number} was UID {message[0]}, now {items}")
            message[0] = items["UID"]
        if "FLAGS" in items:
            message[1] = set(items["FLAGS"])

    def unknown(self):
        """The first number of which something is not known, or 0."""
        for number, (uid, flags) in enumerate(self.messages, 1):
            if uid is None or flags is None:
                return number
        return 0

    def known(self):
        return [(uid, frozenset(flags - {"\\Recent"})) for uid, flags in self.messages]
