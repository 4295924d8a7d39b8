#!/usr/bin/env python3
"""The operator's tool: how it is called, what it prints, its exit status; with a server, without one,
and where it may not write."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import termios
import unittest

from daybook import BIN, DOMAIN, Daybook

ALICE = f"alice@{DOMAIN}"


def run(*arguments, text=None):
    return subprocess.run([BIN / "daybook", *map(str, arguments)],
                          capture_output=True, text=True, input=text, timeout=120)


def deliver(server, text):
    with server.smtp() as smtp:
        smtp.ehlo("12345.test")
        smtp.mail("x@elsewhere.test")
        smtp.rcpt(ALICE)
        code, answer = smtp.data(text)
        assert code == 250, answer
    server.settle()
    return answer.decode().split()[-1]


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Daybook()
        cls.directory = cls.server.directory

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.server.folder)

    def test_options_stand_before_and_after_the_command(self):
        for arguments in (
                ("--dir", self.directory, "account", "list", "--json"),
                ("account", "--dir", self.directory, "list", "--json"),
                ("--json", "account", "list", "--dir", self.directory),
                ("--json", "--config", self.directory / "daybook.toml", "account", "list")):
            done = run(*arguments)
            self.assertEqual(done.returncode, 0, (arguments, done.stderr))
            self.assertEqual(len(json.loads(done.stdout)), 2)

    def test_wrong_usage_is_2_and_what_is_not_there_is_1(self):
        for status, *arguments in (
                (2,), (2, "nonsense"), (2, "journal"), (2, "journal", "show"),
                (2, "journal", "show", "x"), (2, "account", "add"), (2, "journal", "log", "--bogus"),
                (2, "journal", "log", "--since", "yesterday"),
                (2, "journal", "log", "--kind", "Nonsense"),
                (2, "journal", "log", "--message", "12"),
                (1, "journal", "show", 0), (1, "journal", "show", 10**18),
                (1, "journal", "history", "<nobody@nowhere>"), (1, "journal", "log", "--ip", "::9"),
                (1, "account", "show", "nobody"), (1, "account", "remove", "nobody@" + DOMAIN),
                (1, "mailbox", "show", ALICE, "Nonsense"), (1, "domain", "remove", DOMAIN),
                (2, "queue"), (2, "queue", "retry"), (2, "queue", "show", "x"), (2, "status"),
                (2, "queue", "hold", "--all", "--bogus"), (2, "status", "nonsense"),
                (1, "queue", "show", "0123456789abcdef"), (1, "queue", "retry", "--all"),
                (1, "status", "0123456789abcdef"), (1, "status", "<nobody@nowhere>"),
                (1, "suppression", "remove", "nobody@elsewhere.test"),
                (1, "alias", "remove", "x@" + DOMAIN, ALICE), (1, "reload")):
            done = run("--dir", self.directory, *arguments)
            self.assertEqual(done.returncode, status, (arguments, done.stdout, done.stderr))
            self.assertTrue(done.stderr, arguments)
        self.assertEqual(run("init", "--domain", DOMAIN, "--hostname", "h.test").returncode, 2)
        self.assertEqual(run("--dir", "/nonexistent", "account", "list").returncode, 1)

    def test_verify_has_numbers_of_its_own(self):
        for status, *arguments in (
                (0,), (0, "--fast"), (64, "--bogus"), (64, "--fast", "--full")):
            done = run("--dir", self.directory, "journal", "verify", *arguments)
            self.assertEqual(done.returncode, status, (arguments, done.stdout, done.stderr))
        done = run("journal", "verify", "--dir", "/nonexistent")
        self.assertEqual(done.returncode, 3, "1 would mean: somebody tampered with it")

    def test_every_command_has_help(self):
        todo, seen = [()], 0
        while todo:
            command = todo.pop()
            done = run(*command, "--help")
            self.assertEqual(done.returncode, 0, command)
            self.assertIn("Usage", done.stdout)
            seen += 1
            listed = done.stdout.partition("Subcommands:")[2]
            todo += [(*command, word) for word in re.findall(r"^  (\w+) ", listed, re.MULTILINE)]
        self.assertGreater(seen, 25)

    def test_output_that_goes_nowhere_is_an_error_and_a_closed_pipe_is_not(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BIN / "daybook", "--dir", self.directory, "journal", "log"],
                                  stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stderr)
        done = subprocess.run(
            f"{BIN}/daybook --dir {self.directory} journal log --json | head -n 1",
            shell=True, capture_output=True, text=True, timeout=60)
        self.assertEqual(len(done.stdout.splitlines()), 1)
        self.assertEqual(done.stderr, "")

    def test_what_it_makes_is_for_its_user_alone(self):
        old = os.umask(0)
        try:
            with_habits = Daybook()
        finally:
            os.umask(old)
        try:
            for path in with_habits.directory.rglob("*"):
                if path.suffix != ".crt":
                    self.assertEqual(path.stat().st_mode & 0o077, 0, path)
        finally:
            shutil.rmtree(with_habits.folder)

    def test_times_bound_the_log(self):
        events = [json.loads(line) for line in
                  run("--dir", self.directory, "journal", "log", "--json").stdout.splitlines()]
        middle = events[len(events) // 2]["time"][:-5] + "Z"
        late = run("--dir", self.directory, "journal", "log", "--json", "--since", middle)
        kept = [json.loads(line) for line in late.stdout.splitlines()]
        self.assertEqual([e["seq"] for e in kept if e["seq"] <= events[-1]["seq"]],
                         [e["seq"] for e in events if e["time"] >= middle.replace("Z", ".000Z")])
        early = run("--dir", self.directory, "journal", "log", "--until", "2000-01-01")
        self.assertEqual(early.returncode, 1)
        self.assertIn("no event", early.stderr)


class Printing(unittest.TestCase):
    def test_what_strangers_wrote_is_text_in_json(self):
        with Daybook() as server:
            message = deliver(server, b"Subject: 99999999999999999999999\r\n\r\nx\r\n")
            deliver(server, b"Subject: 12345\r\n\r\nx\r\n")
            deliver(server, b"Subject: \xff\xfe raw \xc2\x9b2J\r\n\r\nx\r\n")
            events = [json.loads(line) for line in
                      server.tool("journal", "log", "--json").stdout.splitlines()]
            received = [e for e in events if e["kind"] == "Received"]
            subjects = [e["details"][0]["received"]["subject"] for e in received]
            self.assertEqual(subjects[:2], ["99999999999999999999999", "12345"])
            self.assertRegex(received[0]["details"][0]["received"]["contentHash"], "^[0-9a-f]{64}$")
            self.assertRegex(received[0]["received"]["blob"]["commitment"], "^[0-9a-f]{64}$")
            self.assertEqual(received[0]["message"], message)
            # A terminal's control characters, eight bits wide or not, reach no terminal.
            shown = server.tool("journal", "log", "--kind", "Received").stdout
            self.assertFalse([c for c in shown if c != "\n" and
                              (ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0)], shown)

    def test_uids_are_numbers_in_json_however_many(self):
        with Daybook() as server:
            imap = server.imap()
            for _ in range(32):
                imap.append("INBOX", None, None, b"Subject: x\r\n\r\nx\r\n")
            imap.select()
            imap.copy("1:*", "Archive")
            imap.fetch("1", "(BODY[1])")
            imap.logout()
            server.settle()
            line, = server.tool("journal", "log", "--json", "--kind", "Copied").stdout.splitlines()
            self.assertEqual(json.loads(line)["copied"]["sourceUids"], list(range(1, 33)))
            line, = server.tool("journal", "log", "--json", "--kind", "Fetched").stdout.splitlines()
            self.assertEqual(json.loads(line)["fetched"]["items"][0]["sections"], ["1"])

    def test_a_mailbox_longer_than_a_slice_is_shown_whole(self):
        with Daybook() as server:
            with server.smtp() as smtp:
                smtp.ehlo()
                for _ in range(3):
                    smtp.mail("x@elsewhere.test")
                    smtp.rcpt(ALICE)
                    smtp.data(b"Subject: x\r\n\r\nx\r\n")
            server.settle()
            imap = server.imap()
            imap.select()
            for _ in range(9):
                imap.copy("1:*", "INBOX")
            imap.logout()
            rows = server.tool_json("mailbox", "show", ALICE)
            self.assertEqual([int(row["uid"]) for row in rows], list(range(1, 1537)))
            lines = server.tool("mailbox", "show", ALICE).stdout.splitlines()
            self.assertEqual(len(lines), 1537)
            self.assertEqual(server.tool_json("mailbox", "show", ALICE, "Drafts"), [])

    def test_the_log_says_who_did_what_to_what(self):
        with Daybook() as server:
            imap = server.imap()
            imap.create("Work")
            imap.rename("Work", "Job")
            imap.delete("Job")
            imap.logout()
            server.tool("account", "disable", f"bob@{DOMAIN}")
            server.tool("journal", "verify")
            told = server.tool("journal", "log", "--from", 34).stdout
            for words in (f'mailbox "Work" of {ALICE} created by {ALICE}',
                          f'mailbox Work of {ALICE} renamed to "Job" by {ALICE}',
                          f"mailbox Job of {ALICE} deleted with 0 messages by {ALICE} over IMAP",
                          f"session of {ALICE} ended over IMAP from 127.0.0.1 after",
                          f"account bob@{DOMAIN} disabled by the operator",
                          "journal verified: whole"):
                self.assertIn(words, told)

    def test_history_ends_where_the_message_does(self):
        with Daybook() as server:
            message = deliver(server, b"Subject: moved\r\n\r\nx\r\n")
            imap = server.imap()
            imap.create("Old")
            imap.select()
            imap.copy("1", "Old")
            imap.select("Old")
            imap.uid("MOVE", "1", "Archive")
            imap.unselect()
            imap.delete("Old")
            imap.logout()
            server.settle()
            told = server.tool("journal", "history", message).stdout
            self.assertIn("moved from Old to Archive", told)
            self.assertNotIn("deleted with", told, "it was not in there any more")


class WithAndWithoutServer(unittest.TestCase):
    def test_tail_follows_across_a_restart_and_knows_the_sessions(self):
        with Daybook() as server:
            follower = subprocess.Popen(
                [BIN / "daybook", "--dir", server.directory, "journal", "tail", "-f", "-n", "1"],
                stdout=subprocess.PIPE, text=True)
            try:
                lines = iter(follower.stdout.readline, "")
                next(lines)
                server.stop()
                server.start()
                server.imap().logout()
                for line in lines:
                    if "AuthSucceeded" in line:
                        break
                self.assertRegex(line, rf"{ALICE} logged in over IMAP from 127\.0\.0\.1")
            finally:
                follower.send_signal(signal.SIGINT)
                follower.wait(timeout=60)
                follower.stdout.close()

    def test_a_killed_server_leaves_a_socket_and_the_tool_goes_on(self):
        with Daybook() as server:
            message = deliver(server, b"Subject: kept\r\n\r\nx\r\n")
            server.kill()
            self.assertTrue((server.directory / "run" / "control.sock").exists())
            self.assertIn("kept", server.tool("journal", "history", message).stdout)
            done = server.tool("account", "add", f"carol@{DOMAIN}", text="a password\n")
            self.assertIn("carol", done.stdout)
            server.start()

    def test_passwords_have_rules(self):
        with Daybook() as server:
            for text in ("", "\n", "short\n", "x" * 2000 + "\n"):
                done = server.tool("account", "add", f"dora@{DOMAIN}", check=False, text=text)
                self.assertEqual(done.returncode, 1, text)
                self.assertIn("password", done.stderr)
            self.assertEqual(len(server.tool_json("account", "list")), 2)

    def test_a_prompt_gives_the_terminal_back(self):
        server = Daybook()
        leader, follower = pty.openpty()
        try:
            before = termios.tcgetattr(follower)
            asking = subprocess.Popen(
                [BIN / "daybook", "--dir", server.directory, "account", "add", f"dora@{DOMAIN}"],
                stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertIn(b"new password", asking.stderr.read(12))
            self.assertFalse(termios.tcgetattr(follower)[3] & termios.ECHO)
            asking.send_signal(signal.SIGINT)
            self.assertEqual(asking.wait(timeout=60), -signal.SIGINT)
            self.assertEqual(termios.tcgetattr(follower), before)
            asking.stdout.close()
            asking.stderr.close()
        finally:
            os.close(leader)
            os.close(follower)
            shutil.rmtree(server.folder)

    def test_a_start_that_fails_is_followed_by_a_stop(self):
        server = Daybook()
        try:
            (server.directory / "run" / "control.sock").mkdir(parents=True)
            (server.directory / "run" / "control.sock" / "x").touch()
            with self.assertRaisesRegex(RuntimeError, "control.sock"):
                server.start()
            shutil.rmtree(server.directory / "run" / "control.sock")
            server.start()
            server.stop()
            starts = server.events("ServerStarted")
            self.assertEqual([event["serverStarted"].get("clean") for event in starts],
                             [True, True])
        finally:
            shutil.rmtree(server.folder)

    def test_a_copy_that_may_not_be_written_is_read_all_the_same(self):
        if os.getuid() != 0:
            self.skipTest("needs root, to become somebody who may not write")
        server = Daybook()
        server.start()
        message = deliver(server, b"Subject: backup\r\n\r\nx\r\n")
        server.stop()
        try:
            server.folder.chmod(0o755)
            for path in [server.directory, *server.directory.rglob("*")]:
                path.chmod(0o555 if path.is_dir() else 0o444)
            for arguments in (("journal", "history", message), ("mailbox", "show", ALICE),
                              ("journal", "verify"), ("account", "list")):
                done = subprocess.run(
                    [BIN / "daybook", "--dir", server.directory, *arguments], user=65534,
                    group=65534, extra_groups=[], capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, (arguments, done.stderr))
                if arguments[:2] == ("journal", "history"):
                    self.assertIn("not on record", done.stderr)
                    self.assertIn("backup", done.stdout)
        finally:
            shutil.rmtree(server.folder)


if __name__ == "__main__":
    unittest.main()
