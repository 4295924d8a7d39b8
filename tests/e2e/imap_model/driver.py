"""Many clients at one account, one command after the other, each compared with the model. On a
difference: the seed, the last words, and the shortest history that is found to lead there."""

import poplib
import random
import socket
import time

from .client import DIALECTS, Client
from .connection import Connection
from .mailbox_commands import COMMANDS, MESSAGES_MAX, Noop
from .model import Difference, Mailbox, check
from .storm import storm

KINDS = {
    "Fetch": 20, "FetchChanges": 6, "Store": 24, "Search": 8, "SearchReturn": 6, "Expunge": 8,
    "Copy": 5, "Move": 5, "Append": 9, "Noop": 8, "Status": 4, "Select": 5, "Leave": 2, "idle": 4,
    "drop": 1,
}
UNSELECTED = {"Select": 12, "Append": 2, "Noop": 1, "Status": 2}
BATCH = 4


class World:
    """An account with two mailboxes, its clients, and those who deliver and take away."""

    def __init__(self, server, account, clients, dialects=None):
        self.server, self.account = server, account
        self.port = server.port("imap")
        self.login = f"{account}@{server.domain}"
        self.password = server.passwords[self.login]
        self.log = []
        self.mailboxes = [Mailbox("INBOX"), Mailbox("Other")]
        self.control = Connection(self.port, "control", [])
        self.control.response()
        self.control.command(f"LOGIN {self.login} {self.password}")
        self.capabilities = set(self.control.command("CAPABILITY")[0][1].decode().split())
        self.control.command("CREATE Other")
        spoken = [one for one in dialects or DIALECTS if set(one.needs) <= self.capabilities]
        self.clients = [Client(self, f"{number}/{spoken[number % len(spoken)].name}",
                               spoken[number % len(spoken)]) for number in range(clients)]
        self.log.clear()
        self.lmtp = None
        self.commands = 0

    def close(self):
        for client in self.clients:
            client.connection.close()
        self.control.close()
        if self.lmtp:
            self.lmtp.close()

    # --- what happens; a step is (client or None, kind, seed)

    def draw(self, source):
        """A step that is legal now."""
        seed = source.randrange(1 << 48)
        if source.random() < 0.004:
            return None, "storm", seed
        if source.random() < 0.03:
            return None, source.choice(("deliver", "deliver", "deliver", "pop3")), seed
        number = source.randrange(len(self.clients))
        client = self.clients[number]
        if client.idling:
            return number, "done", seed
        kinds = KINDS if client.view else UNSELECTED
        kind = source.choices(list(kinds), list(kinds.values()))[0]
        if kind != "idle" and client.view and not self.idlers() and source.random() < 0.3:
            kind = "batch"
        return number, kind, seed

    def idlers(self):
        return [one for one in self.clients if one.idling]

    def step(self, number, kind, seed):
        """Nothing happens where the step is not legal, which is so in shortened histories only."""
        source = random.Random(seed)
        if number is None:
            {"deliver": self.deliver, "pop3": self.pop3, "storm": self.storm}[kind](source)
        else:
            client = self.clients[number]
            if client.idling and kind == "done":
                client.done(Noop(client, source))
            elif kind == "drop":
                client.drop()
            elif not client.idling and (client.view or kind in UNSELECTED):
                self.act(client, kind, source)
        for idler in self.idlers():
            idler.converge(Noop(idler, source))

    def act(self, client, kind, source):
        if kind == "idle":
            client.idle(Noop(client, source))
            return
        batch = []
        if kind == "batch":
            batch = self.batch(client, source)
        elif self.can(client, kind):
            batch = [COMMANDS[kind](client, source)]
        batch = [one for one in batch if getattr(one, "is_legal", lambda: True)()]
        tags = [client.connection.send(one.text, one.literals) for one in batch]
        for one, tag in zip(batch, tags):
            client.finish(one, tag)
        self.commands += len(batch)

    def can(self, client, kind):
        if kind == "FetchChanges":
            return client.view and client.condstore and client.view.mailbox.highest
        if kind == "SearchReturn":
            return client.view and client.has("ESEARCH")
        return client.view or kind in UNSELECTED

    def batch(self, client, source):
        """Commands that are sent at once: numbers must hold until the last of them."""
        batch = []
        while len(batch) < BATCH and (not batch or batch[-1].holds):
            kind = source.choice(("Fetch", "Fetch", "Store", "Search", "Noop", "Expunge"))
            batch.append(COMMANDS[kind](client, source))
        return batch

    def settle(self):
        """What was acknowledged elsewhere is shown from here on."""
        self.control.command("STATUS INBOX (MESSAGES)")

    def storm(self, source):
        for client in self.idlers():
            client.done(Noop(client, source))
        storm(self, source)

    def deliver(self, source):
        if len(self.mailboxes[0].messages) >= MESSAGES_MAX:
            return
        if not self.lmtp:
            self.lmtp = socket.create_connection(
                ("127.0.0.1", self.server.port("lmtp")), timeout=30)
            self.lmtp_file = self.lmtp.makefile("rb")
            self.lmtp_file.readline()
            self.ask_lmtp(b"LHLO client.test")
        self.ask_lmtp(b"MAIL FROM:<outside@elsewhere.test>")
        self.ask_lmtp(b"RCPT TO:<%s>" % self.login.encode())
        self.ask_lmtp(b"DATA")
        self.ask_lmtp(b"Subject: delivered %d\r\n\r\nIt came from outside.\r\n."
                      % source.randrange(1000))
        self.mailboxes[0].begin()
        self.mailboxes[0].add()
        self.settle()

    def ask_lmtp(self, line):
        self.lmtp.sendall(line + b"\r\n")
        answer = self.lmtp_file.readline()
        while answer[3:4] == b"-":
            answer = self.lmtp_file.readline()
        check(answer[:1] in b"23", f"{line}: {answer}")

    def pop3(self, source):
        """Another client takes messages out of INBOX."""
        inbox = self.mailboxes[0]
        client = poplib.POP3("127.0.0.1", self.server.port("pop3"), timeout=30)
        client.user(self.login)
        client.pass_(self.password)
        count, _ = client.stat()
        uids = list(inbox.messages)
        check(count == len(uids), f"POP3 has {count} messages, there are {len(uids)}")
        chosen = [uid for uid in uids if source.random() < 0.2]
        for uid in chosen:
            client.dele(uids.index(uid) + 1)
        client.quit()
        if chosen:
            inbox.begin()
            inbox.expunge(chosen)
        self.settle()

    def last_words(self, count=60):
        return "\n".join(f"  {name:>16} {who}: {shown(octets)}"
                         for name, who, octets in self.log[-count:])


class Tester:
    """Episodes with the accounts of a server; a new server when they are used up."""

    def __init__(self, make_server, accounts):
        self.make_server, self.accounts = make_server, accounts
        self.server, self.free = None, []
        self.steps = self.commands = 0

    def close(self):
        if self.server:
            self.server.__exit__(None, None, None)
            self.server = None

    def world(self, clients):
        if not self.free:
            self.close()
            self.free = list(self.accounts)
            self.server = self.make_server(self.free)
            self.server.start()
        return World(self.server, self.free.pop(), clients)

    def play(self, clients, history):
        """None, or the difference that a given history leads to."""
        world = self.world(clients)
        try:
            for step in history:
                world.step(*step)
        except (Difference, OSError) as error:
            return error, world
        finally:
            world.close()
        return None

    def episode(self, seed, clients, steps, deadline=None):
        """Raises Difference with all that is known of it."""
        source = random.Random(seed)
        world = self.world(clients)
        history = []
        try:
            while len(history) < steps and not (deadline and time.monotonic() > deadline):
                history.append(world.draw(source))
                world.step(*history[-1])
        except (Difference, OSError) as error:
            words = world.last_words()
            world.close()
            raise Difference(self.report(seed, clients, history, error, words)) from error
        finally:
            self.steps += len(history)
            self.commands += world.commands
            world.close()

    def report(self, seed, clients, history, error, words):
        text = (f"seed {seed}, {clients} clients, step {len(history)}: {error}\n"
                f"The last words:\n{words}\n")
        shorter, error, world = self.shorten(clients, history)
        if shorter is None:
            return text + "It does not happen again with the same commands."
        return (f"{text}{len(shorter)} of {len(history)} steps are enough: {error}\n{shorter}\n"
                + world.last_words(200))

    def shorten(self, clients, history, seconds=40):
        """The shortest history that is found in that time."""
        end = time.monotonic() + seconds
        found = self.play(clients, history)
        if not found:
            return None, None, None
        size = len(history) // 2
        while size and time.monotonic() < end:
            at, shrunk = 0, False
            while at < len(history) and time.monotonic() < end:
                shorter = history[:at] + history[at + size:]
                again = self.play(clients, shorter)
                if again:
                    history, found, shrunk = shorter, again, True
                else:
                    at += size
            size = size // 2 if not shrunk or size > len(history) else size
        return history, *found


def shown(octets):
    text = octets.decode(errors="replace").replace("\0", "^@")
    return text if len(text) < 300 else text[:200] + " ... " + text[-80:]
