"""A mail server of our own that behaves as it is told, well or badly, and keeps what it took.

    with Peer("127.9.9.1", 2525, certificate=ca.certificate("mx.b.test")) as peer:
        peer.answers.append(greylist(2)); peer.wait(1)[0].content

An entry of `answers` is asked before each reply: entry(verb, session, line) gives the reply's
octets (a CRLF is added where no line end is), CLOSE, or None for what a good server says. Verbs are
those of SMTP, "CONNECT" for the greeting and "." for the end of the data.
"""

import base64
import dataclasses
import re
import socket
import threading
import time

CLOSE = object()
LINE_MAX = 10_000_000
PATIENCE = 120
EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "DSN", "SIZE 52428800", "ENHANCEDSTATUSCODES",
              "CHUNKING", "REQUIRETLS")
PATH = re.compile(r"(?i)(?:FROM|TO):\s*<([^>]*)>\s*(.*)")


@dataclasses.dataclass
class Mail:
    """One message as it came, with its envelope."""

    sender: str
    parameters: dict                # of MAIL: {"SIZE": "100", "REQUIRETLS": ""}
    recipients: list = dataclasses.field(default_factory=list)      # (address, parameters of RCPT)
    content: bytes = b""
    helo: str = ""
    ip: str = ""
    user: str = ""                  # who logged in
    tls: str = ""                   # "TLSv1.3"; empty: in the clear
    server_name: str = ""           # SNI
    connection: int = 0             # 1, 2 ...: which one it came by
    bdat: bool = False
    when: float = 0                 # time.monotonic()

    @property
    def addresses(self):
        return [address for address, _ in self.recipients]


class Peer:
    """A server in threads. `starttls`: "offered", "stripped" (a middleman took the line out),
    "refused" (454) or "broken" (220, then no TLS). `drip`: seconds before each octet of a reply.
    `logins`: user to password; then mail is taken only after AUTH."""

    def __init__(self, address, port, name="peer.test", certificate=None, starttls="offered",
                 extensions=EXTENSIONS, drip=0, logins=None):
        self.address, self.port, self.name = address, port, name
        self.context = certificate.server_context() if certificate else None
        self.starttls = starttls
        self.extensions = extensions
        self.drip = drip
        self.logins = logins or {}
        self.answers = []
        self.mails = []             # taken
        self.unanswered = []        # wholly received, when the answer was CLOSE
        self.sessions = []
        self.open = set()
        self.most_at_once = 0       # connections
        self.changed = threading.Condition()
        self.listener = None
        self.threads = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.listener = socket.create_server((self.address, self.port), backlog=512)
        thread = threading.Thread(target=self.accept, args=(self.listener,), daemon=True)
        thread.start()
        self.threads = [thread]
        return self

    def stop(self):
        """Dead: connections end, new ones are refused. It may be started again."""
        if not self.listener:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.listener = None
        for session in self.sessions:
            session.end()
        for thread in self.threads:
            thread.join(PATIENCE)

    def accept(self, listener):
        while True:
            try:
                sock, (ip, _) = listener.accept()
            except OSError:
                return
            with self.changed:
                session = Session(self, sock, ip, len(self.sessions) + 1)
                self.sessions.append(session)
                self.open.add(session)
                self.open = {one for one in self.open if one.running}
                self.most_at_once = max(self.most_at_once, len(self.open))
                self.changed.notify_all()
            thread = threading.Thread(target=session.run, daemon=True)
            self.threads.append(thread)
            thread.start()

    def keep(self, mail, answered=True):
        with self.changed:
            mail.when = time.monotonic()
            (self.mails if answered else self.unanswered).append(mail)
            self.changed.notify_all()

    # --- what tests ask

    def wait(self, count=1, seconds=PATIENCE):
        """The mails, once there are so many."""
        self.wait_until(lambda: len(self.mails) >= count, seconds)
        return self.mails

    def wait_until(self, reached, seconds=PATIENCE):
        with self.changed:
            if not self.changed.wait_for(reached, seconds):
                raise AssertionError(f"{self.name}: not reached in {seconds} s; "
                                     f"{len(self.mails)} mails, commands {self.commands[-20:]}")

    @property
    def commands(self):
        """Every line of every connection, in the order of the connections."""
        return [line for session in self.sessions for line in session.commands]

    def said(self, verb):
        return [line for line in self.commands if line.upper().startswith(verb.upper())]


class Session:
    """One connection."""

    def __init__(self, peer, sock, ip, number):
        self.peer, self.socket, self.ip, self.number = peer, sock, ip, number
        self.file = None
        self.commands = []
        self.helo = self.user = self.tls = self.server_name = ""
        self.mail = None
        self.taken = 0              # messages
        self.running = True
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def end(self):
        self.running = False
        try:
            # Below TLS: its thread may be within it.
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        except OSError:
            pass                    # It has ended already.

    def run(self):
        try:
            self.file = self.socket.makefile("rb")
            self.answer("CONNECT", "", f"220 {self.peer.name} ESMTP")
            while self.running:
                line = self.file.readline(LINE_MAX)
                if not line.endswith(b"\n"):
                    break
                self.command(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
        except (OSError, ValueError):
            pass                    # The client went away, or the peer was stopped.
        finally:
            self.running = False
            if self.file:
                self.file.close()
            self.socket.close()
            with self.peer.changed:
                self.peer.changed.notify_all()

    def command(self, line):
        with self.peer.changed:
            self.commands.append(line)
            self.peer.changed.notify_all()
        verb = line.partition(" ")[0].upper()
        handler = getattr(self, f"on_{verb.lower()}", None)
        if handler:
            handler(line)
        else:
            self.answer(verb, line, "502 5.5.1 No such command")

    def wanted(self, verb, line):
        """What the test wants to be said, or None."""
        for entry in self.peer.answers:
            reply = entry(verb, self, line)
            if reply is not None:
                return reply
        return None

    def say(self, reply):
        if reply is CLOSE:
            self.running = False
            return
        octets = reply if isinstance(reply, bytes) else reply.encode()
        self.send(octets)
        if octets.startswith(b"421"):
            self.running = False

    def answer(self, verb, line, usual):
        """Says what the test wants, or `usual`; True if it was `usual`, and so the good way."""
        reply = self.wanted(verb, line)
        self.say(usual if reply is None else reply)
        return reply is None

    def send(self, octets):
        if octets and not octets.endswith(b"\n"):
            octets += b"\r\n"
        if not self.peer.drip:
            self.socket.sendall(octets)
            return
        for octet in octets:
            time.sleep(self.peer.drip)      # It is slow: that is what is tested.
            self.socket.sendall(bytes([octet]))

    # --- commands

    def on_ehlo(self, line):
        self.helo = line.partition(" ")[2]
        self.mail = None
        offered = list(self.peer.extensions)
        if self.peer.context and not self.tls and self.peer.starttls != "stripped":
            offered.append("STARTTLS")
        if not self.tls and "REQUIRETLS" in offered:
            offered.remove("REQUIRETLS")    # RFC 8689 2: only over TLS.
        if self.peer.logins:
            offered.append("AUTH PLAIN LOGIN")
        rows = [self.peer.name, *offered]
        self.answer("EHLO", line, "\r\n".join(
            f"250{' ' if row is rows[-1] else '-'}{row}" for row in rows))

    def on_helo(self, line):
        self.helo = line.partition(" ")[2]
        self.answer("HELO", line, f"250 {self.peer.name}")

    def on_starttls(self, line):
        if self.peer.starttls == "refused" or not self.peer.context or self.tls:
            self.answer("STARTTLS", line, "454 4.7.0 TLS not available")
            return
        if not self.answer("STARTTLS", line, "220 2.0.0 Go ahead"):
            return
        if self.peer.starttls == "broken":
            self.socket.sendall(b"this is no TLS record at all\r\n")
            self.running = False
            return
        context = self.peer.context
        context.sni_callback = lambda sock, name, _: setattr(sock, "asked_for", name or "")
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.file = self.socket.makefile("rb")
        self.tls = self.socket.version()
        self.server_name = getattr(self.socket, "asked_for", "")
        self.helo = self.user = ""
        self.mail = None

    def on_auth(self, line):
        words = line.split(" ")
        if words[1].upper() == "PLAIN":
            given = words[2] if len(words) > 2 else self.challenge("")
            _, user, password = base64.b64decode(given).decode().split("\0")
        else:
            user = base64.b64decode(words[2] if len(words) > 2 else self.challenge("Username:"))
            password = base64.b64decode(self.challenge("Password:")).decode()
            user = user.decode()
        if self.peer.logins.get(user) != password:
            self.answer("AUTH", line, "535 5.7.8 Wrong user or password")
        elif self.answer("AUTH", line, "235 2.7.0 Welcome"):
            self.user = user

    def challenge(self, text):
        self.send(b"334 " + base64.b64encode(text.encode()))
        return self.file.readline(LINE_MAX).strip().decode()

    def on_mail(self, line):
        if self.peer.logins and not self.user:
            self.answer("MAIL", line, "530 5.7.0 Authentication required")
            return
        path = PATH.search(line)
        size = [int(one[5:]) for one in self.peer.extensions if one.startswith("SIZE ")]
        parameters = parsed(path.group(2))
        if size and int(parameters.get("SIZE", 0)) > size[0]:
            self.answer("MAIL", line, "552 5.3.4 Too large")
        elif self.answer("MAIL", line, "250 2.1.0 Ok"):
            self.mail = Mail(path.group(1), parameters, helo=self.helo, ip=self.ip,
                             user=self.user, tls=self.tls, server_name=self.server_name,
                             connection=self.number)

    def on_rcpt(self, line):
        if not self.mail:
            self.answer("RCPT", line, "503 5.5.1 MAIL first")
            return
        path = PATH.search(line)
        if self.answer("RCPT", line, "250 2.1.5 Ok"):
            self.mail.recipients.append((path.group(1), parsed(path.group(2))))

    def on_data(self, line):
        if not self.mail or not self.mail.recipients:
            self.answer("DATA", line, "554 5.5.1 No valid recipients")
            return
        if not self.answer("DATA", line, "354 End with <CRLF>.<CRLF>"):
            return
        lines = []
        while (octets := self.file.readline(LINE_MAX)) != b".\r\n":
            if not octets:
                raise OSError("ended within the data")
            lines.append(octets[1:] if octets.startswith(b".") else octets)
        self.mail.content = b"".join(lines)
        self.end_of_data()

    def on_bdat(self, line):
        words = line.split(" ")
        octets = self.file.read(int(words[1]))
        if len(octets) < int(words[1]):
            raise OSError("ended within the chunk")
        if not self.mail or not self.mail.recipients:
            self.answer("BDAT", line, "503 5.5.1 No valid recipients")
            return
        reply = self.wanted("BDAT", line)
        if reply is not None:
            self.mail = None
            self.say(reply)
            return
        self.mail.bdat = True
        self.mail.content += octets
        if words[-1].upper() == "LAST":
            self.end_of_data()
        else:
            self.answer("BDAT", line, "250 2.0.0 Ok")

    def end_of_data(self):
        """What the test says first; kept before the usual answer, as a server that is to be
        trusted does."""
        mail, self.mail = self.mail, None
        reply = self.wanted(".", mail)
        if reply is None:
            self.taken += 1
            self.peer.keep(mail)
        elif reply is CLOSE:
            self.peer.keep(mail, answered=False)
        self.say(f"250 2.0.0 Ok: kept as {len(self.peer.mails)}" if reply is None else reply)

    def on_rset(self, line):
        self.mail = None
        self.answer("RSET", line, "250 2.0.0 Ok")

    def on_noop(self, line):
        self.answer("NOOP", line, "250 2.0.0 Ok")

    def on_quit(self, line):
        self.running = False        # Before the client hears it, and comes again.
        self.answer("QUIT", line, "221 2.0.0 Bye")


def parsed(text):
    """{"SIZE": "100", "SMTPUTF8": ""}"""
    return {name.upper(): value for name, _, value in
            (word.partition("=") for word in text.split())}


# --- entries for `answers`

def reply(verb, octets, times=None, to=""):
    """That reply, or CLOSE, to lines of that verb that hold `to`; at most so many times."""
    left = [times]
    lock = threading.Lock()

    def entry(said, _, line):
        text = line if isinstance(line, str) else " ".join(line.addresses)
        if said != verb or to not in text:
            return None
        with lock:
            if left[0] is not None:
                if left[0] == 0:
                    return None
                left[0] -= 1
        return octets
    return entry


def greylist(tries):
    """RFC 6647: the first tries of each (client, sender, recipient) are put off."""
    seen = {}
    lock = threading.Lock()

    def entry(said, session, line):
        if said != "RCPT" or not session.mail:
            return None
        triplet = session.ip, session.mail.sender, PATH.search(line).group(1)
        with lock:
            seen[triplet] = seen.get(triplet, 0) + 1
            if seen[triplet] <= tries:
                return b"451 4.7.1 Greylisted, try again later"
        return None
    return entry


def closing_after(messages):
    """421 to the MAIL after so many messages of a connection."""
    def entry(said, session, _):
        if said == "MAIL" and session.taken >= messages:
            return b"421 4.3.2 Enough for one connection"
        return None
    return entry


def silent(said, session, _):
    """Never greets: holds the connection until the client gives up."""
    if said != "CONNECT":
        return None
    while session.running and session.file.readline(LINE_MAX):
        pass
    return CLOSE
