#!/usr/bin/env python3
"""kill -9 in the middle of load, restart, compare: what was acknowledged is there once, the views
are what a replay gives, the journal is whole.

    kill_test.py [--cycles 50] [--seed N]

Several SMTP clients deliver and several IMAP clients append, flag and expunge while the server is
killed at a random moment. After each restart every acknowledged message is looked for; every fifth
cycle, and at the end, the whole record is verified and the views compared with a replay.
"""

import argparse
import imaplib
import pathlib
import random
import smtplib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from daybook import DOMAIN, Daybook  # noqa: E402

SENDERS = 3
GONE = (OSError, smtplib.SMTPException, imaplib.IMAP4.error, EOFError)


def message(token, size):
    filler = (b"0123456789abcdef" * 4 + b"\r\n") * (size // 66)
    return (f"From: load@elsewhere.test\r\nSubject: {token}\r\nX-Token: {token}\r\n\r\n".encode()
            + filler)


class Load:
    """Sends until the server dies; remembers what was promised."""

    def __init__(self, server, seed):
        self.server = server
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.acknowledged = {}  # token -> mailbox
        self.unsure = set()     # sent, but no answer came: once or not at all
        self.expunged = set()
        self.maybe_expunged = set()
        self.count = 0
        self.running = False

    def token(self):
        with self.lock:
            self.count += 1
            return f"token-{self.count:08d}"

    def deliver(self, rng):
        with self.server.smtp() as smtp:
            smtp.ehlo("load.elsewhere.test")
            while self.running:
                token = self.token()
                smtp.mail("load@elsewhere.test")
                smtp.rcpt(f"alice@{DOMAIN}")
                size = rng.choice((200, 2_000, 20_000, 200_000))
                with self.lock:
                    self.unsure.add(token)
                code, _ = smtp.data(message(token, size))
                if code == 250:
                    with self.lock:
                        self.unsure.discard(token)
                        self.acknowledged[token] = "INBOX"

    def append(self, rng):
        imap = self.server.imap(tls=False)
        while self.running:
            token = self.token()
            with self.lock:
                self.unsure.add(token)
            status, _ = imap.append("Archive", "(\\Seen)", None, message(token, 500))
            if status == "OK":
                with self.lock:
                    self.unsure.discard(token)
                    self.acknowledged[token] = "Archive"
            if rng.random() < 0.2:
                imap.select("Archive")
                self.expunge_one(imap)

    def expunge_one(self, imap):
        _, found = imap.uid("SEARCH", "UNDELETED")
        uids = found[0].split()
        if len(uids) < 3:
            return
        uid = uids[0]
        _, answer = imap.uid("FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (X-TOKEN)])")
        token = answer[0][1].split(b":")[1].strip().decode()
        # Before the STORE: if its answer is lost with the server, a later EXPUNGE may take it.
        with self.lock:
            self.maybe_expunged.add(token)
        imap.uid("STORE", uid, "+FLAGS", "(\\Deleted)")
        status, _ = imap.expunge()
        if status == "OK":
            with self.lock:
                self.maybe_expunged.discard(token)
                self.expunged.add(token)

    def run(self, work, seed):
        rng = random.Random(seed)
        while self.running:
            try:
                work(rng)
            except GONE:
                return

    def until_killed(self, seconds):
        self.running = True
        works = [self.deliver] * SENDERS + [self.append]
        threads = [
            threading.Thread(target=self.run, args=(work, self.random.random())) for work in works]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.server.kill()
        self.running = False
        for thread in threads:
            thread.join()


def tokens_in(imap, mailbox):
    count = int(imap.select(mailbox, readonly=True)[1][0])
    # Of an empty mailbox 1:* is no message: a kill may come before the first one.
    answer = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (X-TOKEN)])")[1] if count else []
    return [part[1].split(b":")[1].strip().decode() for part in answer if isinstance(part, tuple)]


def compare(server, load):
    imap = server.imap(tls=False)
    found = {box: tokens_in(imap, box) for box in ("INBOX", "Archive")}
    imap.logout()
    for box, tokens in found.items():
        assert len(tokens) == len(set(tokens)), f"{box}: a message is there twice"
        unknown = set(tokens) - set(load.acknowledged) - load.unsure
        assert not unknown, f"{box}: nobody sent {sorted(unknown)[:5]}"
    for token, box in load.acknowledged.items():
        if token in load.expunged:
            assert token not in found[box], f"{token} was expunged and is there"
        elif token not in load.maybe_expunged:
            assert token in found[box], f"{token} was acknowledged and is not in {box}"
    return sum(map(len, found.values()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cycles", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    rng = random.Random(arguments.seed)
    with Daybook() as server:
        load = Load(server, arguments.seed)
        present = 0
        for cycle in range(1, arguments.cycles + 1):
            load.until_killed(rng.uniform(0.05, 0.6))
            server.start()
            present = compare(server, load)
            if cycle % 5 == 0 or cycle == arguments.cycles:
                server.digests()
                report = server.tool_json("journal", "verify")
                assert report["result"] == "whole", report
                print(f"cycle {cycle}: {len(load.acknowledged)} acknowledged, {present} present, "
                      f"{len(load.unsure)} unanswered", flush=True)
    assert load.acknowledged, "the load never got an answer: nothing was tested"
    print(f"{arguments.cycles} cycles: every acknowledged message once")


if __name__ == "__main__":
    main()
