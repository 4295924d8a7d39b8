#!/usr/bin/env python3
"""kill -9 while the queue runs: a thousand messages into Postfix's smtp-sink, the server killed at
moments of the dice's choice until the queue is empty. All arrive; what arrives twice is on record as
AttemptOutcomeUnknown for that message and recipient; the record is whole.

    queue_kill_test.py [--messages 1000] [--seed N]
"""

import argparse
import collections
import contextlib
import pathlib
import random
import re
import shutil
import smtplib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from sending import PATIENCE, envelope, facts, send, until, waiting  # noqa: E402
from world import World  # noqa: E402

KILLS_AT_LEAST = 20     # were it not for what arrives between a look and the kill
KILLS_MIN = 5
KILLS_MAX = 200
HEAD = re.compile(rb"^Subject: (token-\d+)\r?$", re.M)
RECIPIENT = re.compile(rb"^X-Rcpt-Args: <([^>]*)>", re.M)


@contextlib.contextmanager
def sink(world, address):
    """smtp-sink writes each message that it answers into a file of its own, and takes away what
    broke off. A third of the messages are answered late, so that kills fall between."""
    folder = world.folder / "sink"
    folder.mkdir()
    shutil.chown(folder, "nobody")
    process = subprocess.Popen(
        [shutil.which("smtp-sink") or "/usr/sbin/smtp-sink", "-u", "nobody", "-d",
         f"{folder}/mail.", "-W", ".:1:33", f"{address}:{world.port}", "512"])
    try:
        yield folder
    finally:
        process.terminate()
        process.wait()


def inject(server, count):
    """Every tenth message has three recipients. token -> (message id, addresses)"""
    sent = {}
    with smtplib.SMTP("127.0.0.1", server.port("relay"), timeout=PATIENCE) as smtp:
        smtp.ehlo()
        for number in range(count):
            token = f"token-{number}"
            addresses = [f"user{number}.{one}@b.test" for one in range(1 if number % 10 else 3)]
            sent[token] = (send(smtp, "sender@machine.test", addresses, (
                f"Subject: {token}\r\n\r\n".encode() + b"0123456789abcdef\r\n" * 200)), addresses)
    return sent


def arrived(folder):
    """(token, address) -> how often."""
    found = collections.Counter()
    for file in folder.iterdir():
        octets = file.read_bytes()
        token = HEAD.search(octets).group(1).decode()
        for address in RECIPIENT.findall(octets):
            found[token, address.decode()] += 1
    return found


def kill_until_done(server, folder, messages, rng):
    """By what has arrived, not by the clock: a slow machine sees as many kills as a fast one."""
    kills = 0
    while left := len(waiting(server)):
        if kills == KILLS_MAX:
            raise AssertionError(f"{left} messages are left after {kills} kills")
        goal = len(list(folder.iterdir())) + min(left, rng.randint(1, max(1, messages // KILLS_AT_LEAST)))
        server.start()
        until(lambda: len(list(folder.iterdir())) >= goal or not waiting(server),
              lambda: f"{goal} messages in {folder}")
        time.sleep(rng.uniform(0, 0.1))     # Within the next one's life, anywhere.
        server.kill()
        kills += 1
        print(f"kill {kills}: {left} messages were waiting", flush=True)
    return kills


def compare(server, sent, found):
    queued = collections.defaultdict(list)
    for event in server.events("Queued"):
        queued[event["message"]].append(event)
    unknown = collections.Counter()
    for event in server.events("AttemptOutcomeUnknown"):
        addresses = envelope(queued[event["message"]])
        for number in facts(event)["recipients"]:
            unknown[event["message"], addresses[number]] += 1
    twice = 0
    for token, (message, addresses) in sent.items():
        for address in addresses:
            count = found.pop((token, address), 0)
            assert count >= 1, f"{message} never arrived for {address}"
            twice += count - 1
            assert count - 1 <= unknown[message, address], (
                f"{message} arrived {count} times for {address}, and "
                f"{unknown[message, address]} lost answers are on record")
    assert not found, f"nobody sent {list(found)[:5]}"
    return twice, sum(unknown.values())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    rng = random.Random(arguments.seed)
    with World() as world:
        server = world.daybook("a.test")
        address = world.host("b.test")      # Nobody listens there yet.
        sent = inject(server, arguments.messages)
        server.kill()
        with sink(world, address) as folder:
            kills = kill_until_done(server, folder, arguments.messages, rng)
            server.start()
            found = arrived(folder)
        assert kills >= KILLS_MIN, f"only {kills} kills: too little was tested"
        twice, unknown = compare(server, sent, found)
        server.assert_whole()
    print(f"{arguments.messages} messages, {kills} kills: all arrived, {twice} of their copies "
          f"twice, {unknown} lost answers on record")


if __name__ == "__main__":
    main()
