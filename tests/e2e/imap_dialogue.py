"""Plays a script (imap_script.py) against a server."""

import base64
import re
import zlib

from daybook import CORPUS, DOMAIN, crlf
from imap_match import PLACEHOLDER, Different, Text, match
from wire import Gone, Parser, Wire
from wire import Text as Octets

LITERAL = re.compile(rb"(~?)\{(\d+)\}\Z")
PATIENCE = 20


class Connection:
    """One socket, and what was said on it."""

    def __init__(self, port, dialogue, name):
        self.wire = Wire(port)
        self.wire.socket.settimeout(PATIENCE)
        self.dialogue = dialogue
        self.name = name
        self.waiting = []       # responses that were looked at too early
        self.tags = 0

    def send(self, octets):
        self.note("C", octets.decode("utf-8", "surrogateescape").rstrip("\r\n"))
        self.wire.send(octets)

    def note(self, kind, text):
        at = f"/{self.name}" if self.name else ""
        self.dialogue += [f"    {kind}{at}: {line}" for line in text.split("\r\n")]

    def response(self):
        """Pieces: str, Text, str ..."""
        if self.waiting:
            return self.waiting.pop(0)
        pieces, octets, shown = [], [], ""
        while True:
            line = self.wire.line()
            literal = LITERAL.search(line)
            text = line.decode("utf-8", "surrogateescape")
            shown += text
            if not literal:
                self.note("S", shown)
                check_grammar([*octets, line])
                return [*pieces, text]
            content = self.wire.octets(int(literal.group(2)))
            octets += [line[:literal.start()], Octets(content)]
            content = Text(content.decode("utf-8", "surrogateescape"))
            shown += "\r\n" + content
            pieces += [line[:literal.start()].decode("utf-8", "surrogateescape"), content]

    def ok(self, command, literal=None):
        """A command of the fixtures."""
        self.tags += 1
        tag = f"fixture{self.tags}"
        text = f"{tag} {command}" + (f" {{{len(literal)}}}" if literal is not None else "")
        self.send(text.encode() + b"\r\n")
        while True:
            pieces = self.response()
            if pieces[0].startswith("+"):
                self.wire.send(literal + b"\r\n")
            elif pieces[0].startswith(tag + " "):
                if not pieces[0].startswith(f"{tag} OK"):
                    raise Different(f"{command}: {pieces[0]}")
                break

    def deflate(self):
        self.wire.socket = Deflated(self.wire.socket)


class Deflated:
    """RFC 4978: both directions compressed from here on."""

    def __init__(self, socket):
        self.socket = socket
        self.sender = zlib.compressobj(wbits=-15)
        self.receiver = zlib.decompressobj(wbits=-15)

    def sendall(self, octets):
        self.socket.sendall(self.sender.compress(octets) + self.sender.flush(zlib.Z_SYNC_FLUSH))

    def recv(self, count):
        while True:
            octets = self.socket.recv(count)
            plain = self.receiver.decompress(octets)
            if plain or not octets:
                return plain

    def settimeout(self, seconds):
        self.socket.settimeout(seconds)

    def close(self):
        self.socket.close()


def check_grammar(pieces):
    """One space where the grammar has one. Not where it has lists side by side, or UTF-8."""
    if re.match(rb"\* (?!OK |NO |BAD |BYE |PREAUTH |THREAD)", pieces[0]) and not any(
            re.search(rb"[\x80-\xff]", one) for one in pieces if not isinstance(one, Octets)):
        parser = Parser([pieces[0][2:], *pieces[1:]])
        parser.value()
        while parser.peek() != -1:
            parser.expect(0x20)
            parser.value()


def is_noise(pieces):
    return re.match(r"\* (\d+ RECENT\Z|FLAGS |OK \[(PERMANENTFLAGS|MAILBOXID) )", pieces[0]) is not None


class Run:
    """One script against one server, in accounts of its own."""

    def __init__(self, script, server, accounts):
        self.script, self.server = script, server
        self.dialogue = []
        self.variables = {}
        self.connections = {}
        self.logins = dict(zip(["", *script.accounts], accounts))
        for name, account in self.logins.items():
            login = f"{account}@{DOMAIN}"
            self.variables |= {name or "user": login,
                               f"{name or 'user'}password".replace("userp", "p"):
                               server.passwords[login]}
        plain = f"\0{self.variables['user']}\0{self.variables['password']}"
        self.variables["plain"] = base64.b64encode(plain.encode()).decode()

    def connect(self, name="", account="", login=True):
        connection = Connection(self.server.port("imap"), self.dialogue, name)
        self.connections[name] = connection
        if login:
            connection.response()
            user = f"{self.logins[account]}@{DOMAIN}"
            connection.ok(f"LOGIN {user} {self.server.passwords[user]}")
        return connection

    def close(self):
        for connection in self.connections.values():
            connection.wire.close()

    def capabilities(self):
        """Before the login and after it."""
        connection = Connection(self.server.port("imap"), [], "")
        words = set()
        for command in ("CAPABILITY", f"LOGIN {self.variables['user']} {self.variables['password']}",
                        "CAPABILITY"):
            connection.ok(command)
            words |= {word.strip("[]") for line in connection.dialogue
                      if "CAPABILITY" in line for word in line.split()}
        connection.wire.close()
        return words

    def run(self):
        """Raises Different with everything that a reader wants to know."""
        announced = self.capabilities()
        # "X=" is any value.
        missing = [one for one in self.script.requires if one not in announced and not (
            one.endswith("=") and any(word.startswith(one) for word in announced))]
        if missing:
            raise Different(f"{self.script.path}: the server does not announce {' '.join(sorted(missing))}")
        try:
            self.prepare()
            self.dialogue.clear()
            if not self.script.login:
                self.connect(login=False)
            else:
                self.connect()
            for name, account in self.script.connections.items():
                self.connect(name, account, self.script.login)
            self.dialogue.clear()
            self.play()
        except (Different, Gone, TimeoutError, AssertionError) as error:
            if isinstance(error, TimeoutError):
                error = "nothing came"
            raise Different(f"{error}\nThe dialogue before it:\n" + "\n".join(self.dialogue[-60:])) \
                from None
        finally:
            self.close()

    def prepare(self):
        if not self.script.fixtures:
            return
        connection = self.connect("fixture")
        for name, rest, block in self.script.fixtures:
            if name == "Mailbox":
                connection.ok(f"CREATE {rest}")
            elif name == "Message":
                connection.ok(f"APPEND {rest}", "".join(
                    f"{line}\r\n" for line in block).encode("utf-8", "surrogateescape"))
            elif name == "Messages":
                mailbox, count = rest.rsplit(" ", 1)
                for number in range(1, int(count) + 1):
                    connection.ok(f"APPEND {mailbox}", short_message(number))
            elif name == "Corpus":
                mailbox, file = rest.rsplit(" ", 1)
                connection.ok(f"APPEND {mailbox}", crlf((CORPUS / file).read_bytes()))
            else:
                connection.ok(self.fill(rest))
        connection.ok("LOGOUT")
        connection.wire.close()
        del self.connections["fixture"]

    def fill(self, text):
        """The variables' values for their names."""
        def value(found):
            name, relation, _, more = found.groups()
            if name not in self.variables or relation:
                raise Different(f"nothing is known of {found.group()}")
            return str(int(self.variables[name]) + int(more)) if more else self.variables[name]
        return PLACEHOLDER.sub(value, text)

    def play(self):
        steps = self.script.steps
        at = 0
        while at < len(steps):
            step = steps[at]
            if step.kind == "C":
                at = self.send(at)
            elif step.kind == "!":
                self.direct(step)
                at += 1
            else:
                at = self.expect(at)
        for connection in self.connections.values():
            if connection.waiting or connection.wire.buffer:
                raise Different(f"{self.script.path}: the end was expected\n"
                                f"  got: {connection.waiting or connection.wire.buffer}")

    def send(self, at):
        step = self.script.steps[at]
        text = step.text
        found = re.search(r"\{(\+?)\}\Z", text)
        ends = b"\r\n"
        if step.mark in ">-":
            ends = b"\r\n" if step.mark == ">" else b""
        elif found:
            count = self.literal_octets(at)
            text = text[:found.start()] + f"{{{count}{found.group(1)}}}"
        self.connections[step.connection].send(self.octets(text) + ends)
        return at + 1

    def octets(self, text):
        return b"".join(
            bytes([ord(c)]) if 0x80 <= ord(c) < 0x100 and "\\x" in text else c.encode()
            for c in self.fill(text))

    def literal_octets(self, at):
        """How long the literal is that follows step `at`."""
        connection = self.script.steps[at].connection
        count, begun = 0, False
        for step in self.script.steps[at + 1:]:
            if step.kind == "C" and step.connection == connection:
                if step.mark not in ">-":
                    break
                begun = True
                count += len(self.octets(step.text)) + 2 * (step.mark == ">")
                if step.mark == "-":
                    break
            elif begun:
                break
        return count

    def direct(self, step):
        if step.mark == "deliver":
            account = self.logins["" if step.text in ("", "user") else step.text]
            with self.server.smtp() as smtp:
                smtp.sendmail("outside@elsewhere.test", [f"{account}@{DOMAIN}"],
                              "".join(f"{line}\r\n" for line in step.parts).encode())
            return
        connection = self.connections[step.connection]
        if step.mark == "tls":
            connection.wire.start_tls()
        elif step.mark == "deflate":
            connection.deflate()
        elif step.mark == "close":
            # The server has ended it, and says no more.
            rest = connection.wire.rest()
            if rest:
                raise Different(f"{self.place(step)}: the end was expected\n  got: {rest!r}")
        else:
            raise Different(f"{self.place(step)}: what is !{step.mark}?")

    def place(self, step):
        return f"{self.script.path}:{step.line}"

    def expect(self, at):
        """One line, or a group of lines in any order."""
        step = self.script.steps[at]
        group = [step]
        if step.mark == "*":
            for one in self.script.steps[at + 1:]:
                if (one.kind, one.mark, one.connection) != ("S", "*", step.connection):
                    break
                group.append(one)
        at += len(group)
        while group:
            pieces = self.response(group)
            fitting = self.fitting(group, pieces)
            if fitting:
                group.remove(fitting)
            elif group[0].mark == "?":
                self.connections[step.connection].waiting.insert(0, pieces)
                group.pop()
            elif step.mark != "~" and not is_noise(pieces):
                wanted = "\n         or: ".join(self.shown(one) for one in group)
                raise Different(f"{self.place(group[0])}:\n  expected: {wanted}\n"
                                f"       got: {''.join(pieces)}")
        return at

    def response(self, group):
        try:
            return self.connections[group[0].connection].response()
        except (Gone, TimeoutError) as error:
            why = "the connection ended" if isinstance(error, Gone) else "nothing"
            raise Different(f"{self.place(group[0])}:\n  expected: {self.shown(group[0])}\n"
                            f"       got: {why}") from None

    def shown(self, step):
        known = PLACEHOLDER.sub(
            lambda found: self.variables.get(found.group(1), found.group())
            if not found.group(2) and not found.group(4) else found.group(), step.text)
        return known + "".join(step.parts)

    def fitting(self, group, pieces):
        for step in group:
            expected = [re.sub(r"~?\{\d*\}\Z", "", step.text), *[
                part if isinstance(part, Text) else re.sub(r"~?\{\d*\}\Z", "", part)
                for part in step.parts]]
            try:
                self.variables = match(expected, pieces, self.variables)
            except Different:
                continue
            return step
        return None


def short_message(number):
    return (f"From: Fred Foobar <foobar@blurdybloop.example>\r\nTo: mooch@owatagu.siam.example\r\n"
            f"Subject: Message {number}\r\nDate: Mon, {number % 28 + 1:02} Feb 1994 21:52:25 -0800\r\n"
            f"Message-ID: <{number}@blurdybloop.example>\r\n\r\nThis is message {number}.\r\n"
            ).encode()
