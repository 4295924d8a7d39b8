#!/usr/bin/env python3
"""A disk without room while mail waits or is on its way: when there is room again, it goes on.

The data directory is a file system in memory, in a mount namespace of the test's own.
"""

import errno
import os
import shutil
import subprocess
import sys
import threading
import unittest

from peer import greylist
from sending import Scenario, submit, until

INSIDE = "DAYBOOK_TEST_NAMESPACE"
DISK_SIZE = "400m"
SKIPPED = 77     # as ctest has it


class Full(Scenario):
    outbound = {"retry": ["8s"]}

    def setUp(self):
        self.addCleanup(self.unmount)  # the last thing that is done
        super().setUp()
        self.mount()
        self.imap = self.server.imap()
        self.addCleanup(self.imap.shutdown)
        self.imap.append("INBOX", None, None, b"Subject: flagged\r\n\r\nx\r\n")
        self.imap.select()

    def mount(self):
        """The server goes on from a copy of its data on the small disk."""
        self.server.stop()
        disk = self.server.folder / "disk"
        disk.mkdir()
        call("mount", "-t", "tmpfs", "-o", f"size={DISK_SIZE}", "daybook", disk)
        call("cp", "-a", f"{self.server.directory}/.", disk)
        call("mount", "--move", disk, self.server.directory)
        self.ballast = self.server.directory / "ballast"
        self.server.start()

    def unmount(self):
        call("umount", self.server.directory)
        shutil.rmtree(self.server.folder)

    def fill(self):
        """What is free becomes one file; what LMDB has for itself is used up by commits."""
        piece = bytes(1 << 16)
        with open(self.ballast, "wb", buffering=0) as file:
            while piece:
                try:
                    file.write(piece)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    piece = piece[:len(piece) // 2]
        for number in range(100_000):
            sign = "+-"[number % 2]
            if self.imap.store("1", f"{sign}FLAGS", r"(\Flagged)")[0] != "OK":
                return
        raise AssertionError("the disk is not full")

    def relieve(self):
        self.ballast.unlink()

    def log_says(self, words):
        until(lambda: words in self.server.log.read_text(errors="replace"), lambda: words)

    def test_what_was_due_meanwhile_is_sent(self):
        peer = self.world.peer("b.test")
        peer.answers.append(greylist(1))
        message = submit(self.server, "carol@b.test")
        self.wait_for(message, "Deferred")
        self.fill()
        self.log_says("outbound.attempt-refused")
        self.relieve()
        peer.wait(1)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")

    def test_the_outcome_of_what_was_on_its_way_is_recorded(self):
        full = threading.Event()

        def held(said, session, _):
            if said == ".":
                full.wait()
            return None
        peer = self.world.peer("b.test")
        peer.answers.append(held)
        message = submit(self.server, "carol@b.test")
        self.wait_for(message, "AttemptStarted")
        self.fill()
        full.set()
        peer.wait(1)
        self.log_says("outbound.outcome-not-recorded")
        self.relieve()
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")
        self.assertEqual(len(self.outcomes(message, "Relayed")), 1)
        self.assertEqual(len(peer.mails), 1)


def call(*command):
    subprocess.run([str(part) for part in command], check=True)


def enter_namespace():
    """Goes on in a mount namespace; where that is not permitted there is nothing to be tested."""
    unshare = ["unshare", "--map-root-user", "--mount"]
    trial = ["mount", "-t", "tmpfs", "daybook", "/mnt"]
    tried = subprocess.run(unshare + trial, capture_output=True, text=True)
    if tried.returncode != 0:
        print("skipped: no file systems may be mounted here, not even in a namespace:",
              tried.stderr.strip(), file=sys.stderr)
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


if __name__ == "__main__":
    if INSIDE not in os.environ:
        enter_namespace()
    unittest.main()
