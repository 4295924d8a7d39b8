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

Unexpected * n RECENT, * FLAGS, PERMANENTFLAGS and MAILBOXID are passed over: any server may say them.
"""

import dataclasses
import pathlib
import re

from imap_match import Text

LINE = re.compile(r"([CS])(?:/(\w+))?([:>*?~+-])(?: (.*))?\Z", re.S)


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
