"""What the scenarios of sending share: how a message gets in, what the record says of it, and the
reports that its sender finds.

The output of `daybook status`, `queue` and `suppression` is read here and nowhere else.
"""

import contextlib
import dataclasses
import email
import email.policy
import json
import re
import smtplib
import sys
import time
import unittest

from world import World

PATIENCE = 120
TEXT = (b"From: Alice <alice@a.test>\r\nSubject: hello\r\n"
        b"Message-ID: <hello@a.test>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n"
        b"\r\nText.\r\n.a line with a dot\r\n")
BODY = b"Text.\r\n.a line with a dot\r\n"
FINAL = ("relayed", "failed", "expired", "removed", "delivered")


class Scenario(unittest.TestCase):
    """A world and a Daybook for a.test in it; at the end its record is whole, its views are what a
    replay gives."""

    outbound = {}
    broken = ()

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.world = stack.enter_context(World(broken=self.broken))
        self.server = self.world.daybook("a.test", **self.outbound)
        stack.callback(self.end)

    def end(self):
        self.log = self.server.log.read_text(errors="replace")[-4000:]
        self.server.assert_whole()

    def run(self, result=None):
        """With the server's log, if it failed."""
        self.log = ""
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            print(f"--- daybookd of {self.id()}\n{self.log}", file=sys.stderr)

    def outcomes(self, message, *kinds):
        """The events of these kinds about a message, oldest first."""
        return [event for event in story(self.server, message) if event["kind"] in kinds]

    def wait_for(self, message, kind, count=1):
        return until(lambda: found if len(found := self.outcomes(message, kind)) >= count else None,
                     lambda: f"{count} {kind} of {message}: {self.kinds(message)}")

    def wait_final(self, message):
        """The recipients by address, when nothing waits any more."""
        def look():
            rows = status(self.server, message)
            return rows if all(row["state"] in FINAL for row in rows.values()) else None
        return until(look, lambda: f"the end of {message}: {self.kinds(message)}")

    def recipients(self, event):
        """The addresses that an event speaks of."""
        names = envelope(story(self.server, event["message"]))
        return sorted(names[number] for number in facts(event)["recipients"])

    def kinds(self, message):
        return [event["kind"] for event in story(self.server, message)]


def until(look, what):
    """What `look` gives, once that is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain for {PATIENCE} s: {what()}")
        time.sleep(0.05)
    return found


# --- in

def recorded(text):
    """The id that the 250 names."""
    found = re.search(rb"recorded as ([0-9a-f]{16})", text)
    assert found, text
    return found.group(1).decode()


def send(smtp, sender, recipients, content=TEXT, options=(), each=()):
    """One transaction. `recipients`: addresses, or a dictionary of their RCPT parameters; `each`:
    parameters of every RCPT. The message's id."""
    code, text = smtp.mail(sender, list(options))
    assert code == 250, text
    for recipient in [recipients] if isinstance(recipients, str) else recipients:
        own = recipients[recipient] if isinstance(recipients, dict) else each
        code, text = smtp.rcpt(recipient, list(own))
        assert code == 250, (recipient, text)
    code, text = smtp.data(content)
    assert code == 250, text
    return recorded(text)


def submit(server, recipients, content=TEXT, account="alice", options=(), each=()):
    """As a user, with a password; what is written From alice is From that user."""
    content = content.replace(
        b"<alice@a.test>\r\nSubject", f"<{account}@{server.domain}>\r\nSubject".encode(), 1)
    with server.submission(account) as smtp:
        smtp.ehlo()
        return send(smtp, f"{account}@{server.domain}", recipients, content, options, each)


def relay(server, sender, recipients, content=TEXT, options=(), each=()):
    """As a machine that may relay by its address."""
    with smtplib.SMTP("127.0.0.1", server.port("relay"), timeout=PATIENCE) as smtp:
        smtp.ehlo("machine.test")
        return send(smtp, sender, recipients, content, options, each)


# --- what is on record

def story(server, message):
    done = server.tool("journal", "history", message, "--json", check=False)
    return json.loads(done.stdout) if done.returncode == 0 else []


def facts(event):
    """The part of an event that is its kind's own."""
    return event[event["kind"][0].lower() + event["kind"][1:]]


def reason(event):
    return facts(event).get("reason", "refused")


def envelope(events):
    """number -> address of one message's recipients that were queued."""
    return {facts(event).get("recipient", 0): event["details"][0]["recipient"]["forwardPath"]
            for event in events if event["kind"] == "Queued"}


def remote(event):
    """{"host": ..., "ip": ..., "text": ...}"""
    return event["details"][0]["remote"]


def enhanced(event):
    """"5.1.1" of class << 16 | subject << 8 | detail."""
    code = facts(event).get("reply", {}).get("enhancedCode", 0)
    return f"{code >> 16}.{code >> 8 & 255}.{code & 255}"


def status(server, message):
    """The recipients' rows by address: {"state": "waiting", ...}."""
    done = server.tool("status", message, "--json", check=False)
    if done.returncode != 0:
        return {}
    rows = json.loads(done.stdout)
    if isinstance(rows, dict):
        rows = rows["recipients"]
    return {row["recipient"].lower(): row for row in rows}


def waiting(server):
    """The ids of messages in the queue."""
    done = server.tool("queue", "list", "--json", check=False)
    assert done.returncode in (0, 1), done.stderr       # 1: there are none.
    return {row["message"] for row in json.loads(done.stdout or "[]")}


def suppressed(server):
    done = server.tool("suppression", "list", "--json", check=False)
    assert done.returncode in (0, 1), done.stderr
    return {row["address"] for row in json.loads(done.stdout or "[]")}


# --- reports

@dataclasses.dataclass
class Report:
    """RFC 3464, as Python's email reads it."""

    mail: email.message.EmailMessage
    words: str              # for people
    fields: dict            # of the message
    recipients: dict        # address -> fields, in lower case
    returned: email.message.EmailMessage


def parsed(octets):
    mail = email.message_from_bytes(octets, policy=email.policy.default)
    assert mail.get_content_type() == "multipart/report", mail.get_content_type()
    assert mail.get_param("report-type") == "delivery-status", mail["content-type"]
    words, fields, returned = mail.get_payload()
    assert fields.get_content_type() == "message/delivery-status", fields.get_content_type()
    blocks = [{name.lower(): str(value) for name, value in block.items()}
              for block in fields.get_payload() if block.items()]
    recipients = {block["final-recipient"].partition(";")[2].strip().lower(): block
                  for block in blocks[1:]}
    assert len(recipients) == len(blocks) - 1, blocks
    if words.is_multipart():        # In several languages.
        words = words.get_payload()[0]
    return Report(mail, words.get_content(), blocks[0], recipients, returned)


def inbox(server, account="alice"):
    """The octets of all messages in INBOX."""
    imap = server.imap(account, tls=False)
    count = int(imap.select("INBOX", readonly=True)[1][0])
    # RFC 3501: of an empty mailbox 1:* is no message.
    answer = imap.fetch("1:*", "(BODY.PEEK[])")[1] if count else []
    imap.logout()
    return [part[1] for part in answer if isinstance(part, tuple)]


def wait_inbox(server, count=1, account="alice"):
    imap = server.imap(account, tls=False)
    until(lambda: int(imap.select("INBOX", readonly=True)[1][0]) >= count,
          lambda: f"{count} messages for {account}")
    imap.logout()
    return inbox(server, account)


def reports(server, count=1, account="alice"):
    return [parsed(octets) for octets in wait_inbox(server, count, account)]


def actions(report):
    return {address: fields["action"] for address, fields in report.recipients.items()}
