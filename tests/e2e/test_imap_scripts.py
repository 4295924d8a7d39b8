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
from imap_match import Different, Text, match
from imap_script import Script

FOLDER = pathlib.Path(__file__).parent / "imap"
PENDING = {line.split("#")[0].strip()
           for line in (FOLDER / "pending.txt").read_text().splitlines()} - {""}


class Matching(unittest.TestCase):
    """What the scripts' lines mean."""
    SAME = (
        ("* 1 FETCH (UID 2 FLAGS (\\Seen x))", "* 1 FETCH (FLAGS (x \\Seen) UID 2)"),
        ("* 1 FETCH (FLAGS ())", "* 1 FETCH (UID 7 FLAGS (\\Recent))"),
        ("* OK [UIDNEXT {n}] Predicted next UID", "* OK [UIDNEXT 4392] As you see"),
        ("a1 OK done", "a1 OK [HIGHESTMODSEQ 7] Expunged"),
        ("* LIST (\\A \\B) \"/\" foo", "* LIST (\\B \\A) \"/\" \"foo\""),
        ("* LIST (\\A {...}) \"/\" foo", "* LIST (\\B \\A) \"/\" foo"),
        ("* SEARCH 1 2", "* SEARCH 2 1"),
        ("* STATUS x (MESSAGES 1 UIDNEXT {u})", "* STATUS x (UIDNEXT 9 MESSAGES 1)"),
        ("* ESEARCH (TAG \"a\") MIN 1 MAX 2", "* ESEARCH (TAG \"a\") MAX 2 MIN 1"),
        ("+ Ready", "+ go ahead"),
    )
    DIFFERENT = (
        ("* 1 FETCH (FLAGS (\\Seen))", "* 2 FETCH (FLAGS (\\Seen))"),
        ("* 1 FETCH (FLAGS (\\Seen))", "* 1 FETCH (FLAGS (\\Seen \\Deleted))"),
        ("* 1 FETCH (FLAGS (\\Seen))", "* 1 FETCH (FLAGS (\\Seen) MODSEQ (3))"),
        ("* 1 FETCH (BODY[TEXT] \"NIL\")", "* 1 FETCH (BODY[TEXT] NIL)"),
        ("a1 OK [COPYUID 1 2 3] done", "a1 OK done"),
        ("a1 OK [COPYUID 1 2 3] done", "a1 OK [COPYUID 1 2 4] done"),
        ("a1 NO no", "a1 OK yes"),
        ("a1 OK yes", "a2 OK yes"),
        ("* SORT 1 2", "* SORT 2 1"),
        ("* SEARCH 1 2", "* SEARCH 1 2 3"),
        ("* LIST (\\A) \"/\" foo", "* LIST (\\A \\B) \"/\" foo"),
        ("* ESEARCH (TAG \"a\") UID ALL 1:2", "* ESEARCH (TAG \"a\") ALL 1:2"),
        ("* THREAD (1 2)(3)", "* THREAD (1)(2 3)"),
    )

    def test_what_the_grammar_leaves_open_is_left_open_and_nothing_else(self):
        for expected, got in self.SAME:
            match([expected], [got], {})
        for expected, got in self.DIFFERENT:
            with self.subTest(expected=expected), self.assertRaises(Different):
                match([expected], [got], {})

    def test_placeholders(self):
        known = match(["* 1 FETCH (UID {uid} MODSEQ ({m>5}))"], ["* 1 FETCH (UID 3 MODSEQ (6))"], {})
        self.assertEqual(known, {"uid": "3", "m": "6"})
        match(["* {uid} EXISTS"], ["* 3 EXISTS"], known)
        match(["* {uid+1} EXISTS"], ["* 4 EXISTS"], known)
        for line in ("* 4 EXISTS", "* 33 EXISTS"):
            with self.assertRaises(Different):
                match(["* {uid} EXISTS"], [line], known)
        with self.assertRaises(Different):
            match(["* OK [HIGHESTMODSEQ {new>m}] x"], ["* OK [HIGHESTMODSEQ 6] x"], known)

    def test_a_string_is_a_string_as_a_literal_too(self):
        match(["* 1 FETCH (BODY[] ", Text("a"), ")"], ['* 1 FETCH (BODY[] "a")'], {})
        with self.assertRaises(Different):
            match(["* 1 FETCH (BODY[] ", Text("a"), ")"], ['* 1 FETCH (BODY[] "b")'], {})


class Scripts(unittest.TestCase):
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
