#!/usr/bin/env python3
"""10 000 messages to 500 domains: each arrives once, and the record is whole.

DAYBOOK_MESSAGES and DAYBOOK_DOMAINS change the numbers.
"""

import collections
import os
import smtplib
import sys
import threading
import time
import unittest

from sending import PATIENCE, waiting
from world import World

MESSAGES = int(os.environ.get("DAYBOOK_MESSAGES", 10_000))
DOMAINS = int(os.environ.get("DAYBOOK_DOMAINS", 500))
HOSTS = 8
SENDERS = 8
LINES = b"0123456789abcdef0123456789abcdef0123456789abcdef\r\n" * 20


class Many(unittest.TestCase):
    def test_each_message_arrives_once(self):
        with World(time_to_live=300) as world:
            peers = [world.peer("hosts.test", f"mx{number}.hosts.test")
                     for number in range(HOSTS)]
            # Each domain has two hosts, of which the first is preferred.
            world.dns.add_all([
                (f"d{number}.test", "MX",
                 f"{10 + 10 * turn} {peers[(number + turn) % HOSTS].name}.")
                for number in range(DOMAINS) for turn in range(2)])
            server = world.daybook("a.test")
            started = time.monotonic()
            self.inject(server)
            say(f"{MESSAGES} recorded after {time.monotonic() - started:.1f} s")
            self.arrive(server, peers, started)

            found = collections.Counter(
                (mail.addresses[0], subject(mail)) for peer in peers for mail in peer.mails)
            self.assertEqual(found, collections.Counter(map(expected, range(MESSAGES))))
            for number, peer in enumerate(peers):
                strange = [mail.addresses[0] for mail in peer.mails
                           if domain_number(mail.addresses[0]) % HOSTS != number]
                self.assertEqual(strange, [], f"not the preferred host of these: {peer.name}")
            say(f"{sum(len(peer.sessions) for peer in peers)} connections")
            server.assert_whole()

    def inject(self, server):
        failures = []

        def run(first):
            try:
                with smtplib.SMTP("127.0.0.1", server.port("relay"), timeout=PATIENCE) as smtp:
                    for number in range(first, MESSAGES, SENDERS):
                        address, token = expected(number)
                        smtp.sendmail("sender@machine.test", [address], (
                            f"Subject: {token}\r\n\r\n".encode() + LINES))
            except (OSError, smtplib.SMTPException) as error:
                failures.append(error)
        threads = [threading.Thread(target=run, args=(first,)) for first in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def arrive(self, server, peers, started):
        """Waits for the end of the queue, as long as it gets shorter."""
        def count():
            return sum(len(peer.mails) for peer in peers)
        arrived, since = -1, time.monotonic()
        while count() < MESSAGES or waiting(server):
            if count() != arrived:
                arrived, since = count(), time.monotonic()
                say(f"{arrived} arrived after {since - started:.1f} s")
            self.assertLess(time.monotonic() - since, PATIENCE, f"stuck at {arrived}")
            with peers[0].changed:
                peers[0].changed.wait_for(lambda: count() >= MESSAGES, 1)
        say(f"{MESSAGES} arrived after {time.monotonic() - started:.1f} s")


def expected(number):
    return f"user{number}@d{number % DOMAINS}.test", f"token-{number}"


def subject(mail):
    return mail.content.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()


def domain_number(address):
    return int(address.partition("@d")[2].partition(".")[0])


def say(words):
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    unittest.main()
