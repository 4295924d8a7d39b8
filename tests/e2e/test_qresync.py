#!/usr/bin/env python3
"""Clients that go offline at random points and come back by QRESYNC: they know what a client knows
that fetches everything.

    test_qresync.py                             a few hundred random histories
    test_qresync.py --histories 10000
    test_qresync.py --seed 7
"""

import argparse
import random
import sys
import threading
import time
import unittest

from daybook import Daybook
from imap_model.connection import Connection
from imap_model.histories import Lives

ACCOUNTS = 4
HISTORIES = 300


class Runs:
    """Histories one after the other in each account, the accounts side by side. Each account has
    its own seeds, so the same ones lead to the same histories."""

    def __init__(self, seed, count):
        self.seeds = range(seed, seed + count)
        self.lock = threading.Lock()
        self.done, self.trouble = 0, []

    def live(self, server, number, has_qresync):
        lives = Lives(server, f"q{number}", has_qresync)
        try:
            for seed in self.seeds[number::ACCOUNTS]:
                if self.trouble:
                    return
                lives.history(seed)
                with self.lock:
                    self.done += 1
                    if self.done % 1000 == 0:
                        print(f"{self.done} histories", file=sys.stderr)
        except BaseException as error:      # shown by the main thread
            self.trouble.append(error)
        finally:
            lives.close()

    def run(self):
        with Daybook(accounts=[f"q{number}" for number in range(ACCOUNTS)]) as server:
            probe = Connection(server.port("imap"))
            probe.response()
            has_qresync = b"QRESYNC" in probe.command("CAPABILITY")[0][1]
            probe.close()
            threads = [threading.Thread(target=self.live, args=(server, number, has_qresync))
                       for number in range(ACCOUNTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if self.trouble:
                raise self.trouble[0]
            server.assert_whole()


class Qresync(unittest.TestCase):
    def test_who_comes_back_knows_what_there_is(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seeds from {seed}", file=sys.stderr)
        runs = Runs(seed, HISTORIES)
        runs.run()
        self.assertEqual(runs.done, HISTORIES)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--histories", type=int)
    options.add_argument("--seed", type=int)
    chosen, rest = options.parse_known_args()
    if chosen.histories is None and chosen.seed is None:
        unittest.main(argv=[sys.argv[0], *rest])
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(1 << 32)
    begun = time.monotonic()
    runs = Runs(seed, chosen.histories or 100)
    runs.run()
    print(f"{runs.done} histories from seed {seed}, no difference, {time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
