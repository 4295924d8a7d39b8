#!/usr/bin/env python3
"""Random legal commands of several clients, each answer compared with a simple model of IMAP.

    test_imap_model.py                              20 seconds: fixed seeds and a random one
    test_imap_model.py --minutes 10                 random seeds for that long
    test_imap_model.py --seed 7 --clients 3 --steps 1000
"""

import argparse
import random
import sys
import time
import unittest

from daybook import Daybook
from imap_model.driver import Tester

SEEDS = (1, 2, 3)
SECONDS = 5         # for each seed
CLIENTS = 7         # one of each dialect


def tester(accounts=20):
    return Tester(lambda names: Daybook(accounts=names), [f"m{one}" for one in range(accounts)])


class Model(unittest.TestCase):
    def test_every_answer_is_what_the_model_says(self):
        seeds = [*SEEDS, random.SystemRandom().randrange(1 << 32)]
        runs = tester(12)
        self.addCleanup(runs.close)
        for seed in seeds:
            print(f"seed {seed}", file=sys.stderr)
            runs.episode(seed, CLIENTS, 100_000, time.monotonic() + SECONDS)
        runs.server.assert_whole()
        self.assertGreater(runs.commands, 0)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float)
    options.add_argument("--seed", type=int)
    options.add_argument("--clients", type=int, default=CLIENTS)
    options.add_argument("--steps", type=int, default=5000)
    chosen, rest = options.parse_known_args()
    if chosen.minutes is None and chosen.seed is None:
        unittest.main(argv=[sys.argv[0], *rest])
    runs = tester()
    begun = time.monotonic()
    deadline = begun + 60 * chosen.minutes if chosen.minutes else None
    try:
        seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(1 << 32)
        while True:
            runs.episode(seed, chosen.clients, chosen.steps, deadline)
            seconds = time.monotonic() - begun
            print(f"seed {seed}: no difference; in all {runs.commands} commands in {seconds:.0f} s",
                  flush=True)
            if not deadline or time.monotonic() > deadline:
                break
            seed = random.SystemRandom().randrange(1 << 32)
        runs.server.assert_whole()
    finally:
        runs.close()


if __name__ == "__main__":
    main()
