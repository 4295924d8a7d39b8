"""A dialogue with an IMAP server, as the RFCs write theirs, in a file. How it reads:

    # RFC 3501 §6.4.6 ...                   what it is from; a comment
    Requires: CONDSTORE QRESYNC             capabilities without which it cannot be
    Mailbox: blurdybloop                    is made before
    Message: INBOX (\\Seen) "17-Jul-1996 02:44:25 -0700"
    > Subject: hello                        ... its lines
    Messages: INBOX 5                       short ones: "Message 1" to "Message 5"
    Corpus: INBOX chatmail-core/x.eml       a file of tests/corpus
    Given: STORE 1 +FLAGS (\\Seen)           a command that is done before, with OK
    Account: bob                            one more, {bob} its login name, {bobpassword}
    Connection: other bob                   one more connection, of that account (default: the same)
    Login: no                               the connections start without

    C: A1 STORE 1 +FLAGS (\\Deleted)         sent, with CRLF; {name} is replaced
    C: A2 APPEND INBOX {}                   the literal below is counted; so {+}, ~{}, ~{+}
    C> a line of a literal, with CRLF       \\xNN is that octet
    C- the end of a literal, without
    S: * 1 FETCH (FLAGS (\\Deleted))         expected; see imap_match.py
    S* * 2 EXISTS                           a group of such lines: in any order
    S? * OK [X] maybe                       may be missing
    S~ A1 OK done                           expected, after whatever comes before it
    S: * 1 FETCH (BODY[] {}                 ... with a literal,
    S> a line of it
    S- the end of it without CRLF
    S+ )                                    ... and what follows it
    C/other: ...  S/other: ...              at the other connection
    !tls  !deflate  !close                  the connection goes on so; !tls/other
    !deliver bob                            mail from outside, its lines as "> ..." below

Unexpected * n RECENT, * FLAGS and PERMANENTFLAGS are passed over: any server may say them then.
"""

import base64
import dataclasses
import pathlib
import re
import zlib

from daybook import CORPUS, DOMAIN, crlf
from imap_match import PLACEHOLDER, Different, Text, match
from wire import Gone, Wire

LITERAL = re.compile(rb"(~?)\{(\d+)\}\Z")
LINE = re.compile(r"([CS])(?:/(\w+))?([:>*?~+-])(?: (.*))?\Z", re.S)
PATIENCE = 20


@dataclasses.dataclass
class Step:
    kind: str           # "C", "S" or "!"
    line: int
    connection: str
    mark: str           # ":", "*", "?", ">", "-", or the directive's name
    text: str
    parts: list = dataclasses.field(default_factory=list)   # literals and rest of an S line


class Script:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.name = self.path.stem
        self.requires, self.fixtures, self.accounts, self.connections = [], [], [], {}
        self.login = True
        self.steps = []
        self.block = None       # where "> " lines go
        for number, line in enumerate(self.path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                self.read(number, line)
            except ValueError as error:
                raise ValueError(f"{self.path.name}:{number}: {error}: {line!r}") from error

    def read(self, number, line):
        if line.startswith("#") or not line.strip():
            return
        if line.startswith(">"):
            if self.block is None:
                raise ValueError("no message begins here")
            self.block.append(line[2:])
        elif line.startswith("!"):
            name, _, argument = line[1:].partition(" ")
            name, _, connection = name.partition("/")
            self.steps.append(Step("!", number, connection, name, argument))
            self.block = self.steps[-1].parts
        elif LINE.match(line):
            self.read_step(number, *LINE.match(line).groups())
        else:
            self.read_header(line)

    def read_step(self, number, kind, connection, mark, text):
        text = re.sub(r"\\x([0-9a-f]{2})", lambda found: chr(int(found.group(1), 16)), text or "") \
            if mark in ">-" else text or ""
        if kind == "S" and mark in ">-+":
            last = self.steps[-1]
            if last.kind != "S":
                raise ValueError("no literal begins here")
            if mark == "+":
                last.parts.append(text)
            elif last.parts and isinstance(last.parts[-1], Text):
                last.parts[-1] = Text(last.parts[-1] + text + ("\r\n" if mark == ">" else ""))
            else:
                last.parts.append(Text(text + ("\r\n" if mark == ">" else "")))
            return
        self.steps.append(Step(kind, number, connection or "", mark, text))

    def read_header(self, line):
        name, colon, rest = line.partition(":")
        rest = rest.strip()
        if not colon or self.steps:
            raise ValueError("not a line of a script")
        if name == "Requires":
            self.requires += rest.split()
        elif name == "Account":
            self.accounts.append(rest)
        elif name == "Connection":
            connection, _, account = rest.partition(" ")
            self.connections[connection] = account
        elif name == "Login":
            self.login = rest != "no"
        elif name in ("Mailbox", "Message", "Messages", "Corpus", "Given"):
            self.block = []
            self.fixtures.append((name, rest, self.block))
        else:
            raise ValueError("an unknown header")


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
        pieces, shown = [], ""
        while True:
            line = self.wire.line()
            literal = LITERAL.search(line)
            text = line.decode("utf-8", "surrogateescape")
            shown += text
            if not literal:
                self.note("S", shown)
                return [*pieces, text]
            octets = self.wire.octets(int(literal.group(2))).decode("utf-8", "surrogateescape")
            shown += "\r\n" + octets
            pieces += [line[:literal.start()].decode("utf-8", "surrogateescape"), Text(octets)]

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


def is_noise(pieces):
    return re.match(r"\* (\d+ RECENT\Z|FLAGS |OK \[PERMANENTFLAGS )", pieces[0]) is not None


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
