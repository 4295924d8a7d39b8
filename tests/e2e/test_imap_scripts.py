#!/usr/bin/env python3
"""The dialogues of the RFCs: every script of tests/e2e/imap against a real server, each in an account
of its own. How a script reads: imap_script.py.

One alone: test_imap_scripts.py Scripts.test_rfc3501_store. A script that is named in imap/pending.txt
is expected to fail, and fails the run when it passes.
"""

import pathlib
import unittest

from daybook import Daybook
from imap_dialogue import Run
from imap_match import Different
from imap_script import Script

FOLDER = pathlib.Path(__file__).parent / "imap"
PENDING = {line.split("#")[0].strip()
           for line in (FOLDER / "pending.txt").read_text().splitlines()} - {""}


class Scripts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        names = [f"u{index}-{number}" for index, script in enumerate(SCRIPTS)
                 for number in range(1 + len(script.accounts))]
        cls.server = Daybook(accounts=names)
        cls.server.start()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def test_pending_scripts_exist(self):
        self.assertEqual(PENDING - {script.name for script in SCRIPTS}, set())


def scenario(index, script):
    accounts = [f"u{index}-{number}" for number in range(1 + len(script.accounts))]

    def test(self):
        difference = None
        try:
            Run(script, self.server, accounts).run()
        except Different as error:
            difference = str(error)
        if script.name in PENDING:
            self.assertIsNotNone(difference, f"{script.name} passes: take it out of pending.txt")
        elif difference:
            self.fail(difference)
    return test


SCRIPTS = [Script(path) for path in sorted(FOLDER.glob("*.imap"))]
for position, one in enumerate(SCRIPTS):
    setattr(Scripts, "test_" + one.name.replace("-", "_").replace(".", "_"),
            scenario(position, one))


if __name__ == "__main__":
    unittest.main()
