#!/usr/bin/env python3
"""What the journal says about reading and logging in, and what no file may ever hold."""

import base64
import re
import sys
import unittest

from daybook import DOMAIN, Daybook
from wire import ImapWire, Wire

ALICE = f"alice@{DOMAIN}"
HEADERS, TEXT, FULL, SECTION = 4, 16, 32, 64


def message(number):
    return (f"From: <carol@elsewhere.test>\r\nTo: <{ALICE}>\r\nSubject: letter {number}\r\n"
            f"Message-ID: <letter.{number}@elsewhere.test>\r\n\r\nText {number}.\r\n").encode()


class Audit(unittest.TestCase):
    def setUp(self):
        self.server = Daybook()
        self.server.start()
        self.addCleanup(lambda: self.server.__exit__(*sys.exc_info()))

    def client(self, account="alice", login=True):
        client = ImapWire(self.server, account, login=login)
        self.addCleanup(client.close)
        return client

    def fill(self, count):
        client = self.client()
        for number in range(1, count + 1):
            client.append("INBOX", message(number))
        self.leave(client)

    @staticmethod
    def leave(client):
        """Returns when the session has ended, and with it what it had to write down."""
        client.send_command("LOGOUT")
        client.rest()

    def bodies(self, kind):
        name = kind[0].lower() + kind[1:]
        return [(event["seq"], event[name]) for event in self.server.events(kind)]

    def items(self):
        """[(UIDs, parts, sections)] of all Fetched."""
        return [([uid for run in item["uids"] for uid in range(run["first"], run["last"] + 1)],
                 item["parts"], item.get("sections", []))
                for _, fetched in self.bodies("Fetched") for item in fetched["items"]]


class Reading(Audit):
    def test_it_is_on_record_before_the_first_octet_leaves(self):
        self.fill(2)
        client = self.client()
        client.ok("SELECT INBOX")
        client.ok("FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)")
        client.ok("SEARCH SEEN")
        self.assertEqual(self.server.events("AccessOpened"), [])
        client.send_command("FETCH 1 BODY.PEEK[]")
        client.octets(1)
        self.assertEqual(len(self.server.events("AccessOpened")), 1)
        self.assertEqual(self.server.events("Fetched"), [])
        self.server.assert_whole()

    def test_fetched_names_the_exact_uids_and_parts(self):
        self.fill(5)
        client = self.client()
        client.ok("SELECT INBOX")
        client.ok("STORE 3 +FLAGS.SILENT (\\Deleted)")
        client.ok("EXPUNGE")
        client.ok("FETCH 1:* BODY.PEEK[]")
        client.ok("FETCH 1:2 BODY.PEEK[HEADER]")
        client.ok("FETCH 4 BODY.PEEK[TEXT]")
        client.ok("FETCH 2 BODY.PEEK[1]")
        self.leave(client)
        opened = self.server.events("AccessOpened")
        self.assertEqual(len(opened), 1)
        fetched = self.bodies("Fetched")
        self.assertEqual([body["opened"] for _, body in fetched], [opened[0]["seq"]])
        self.assertTrue(fetched[0][1]["last"])
        self.assertEqual(fetched[0][1]["operations"], 4 + 2 + 1 + 1)
        items = self.items()
        self.assertIn(([1, 2, 4, 5], FULL, []), items)
        read = {(uid, parts) for uids, parts, _ in items for uid in uids}
        self.assertEqual({uid for uid, parts in read if parts & HEADERS}, {1, 2})
        self.assertEqual({uid for uid, parts in read if parts & TEXT}, {5})
        self.assertEqual({uid for uid, parts in read if parts & SECTION}, {2})
        self.assertEqual([sections for _, parts, sections in items if parts & SECTION],
                         [["1"]])

    def test_a_hundred_bodies_are_one_range(self):
        self.fill(100)
        client = self.client()
        client.ok("SELECT INBOX")
        self.assertEqual(len(client.fetch("1:*", "BODY.PEEK[]")), 100)
        self.leave(client)
        (_, fetched), = self.bodies("Fetched")
        self.assertEqual([item["uids"] for item in fetched["items"]], [[{"first": 1, "last": 100}]])
        self.assertEqual(fetched["items"][0]["octets"],
                         sum(len(message(number)) for number in range(1, 101)))

    def test_seen_comes_with_the_same_commit(self):
        self.fill(3)
        client = self.client()
        client.ok("SELECT INBOX")
        client.ok("FETCH 1:2 BODY[]")
        opened, = self.server.events("AccessOpened")
        flags, = self.server.events("FlagsChanged")
        self.assertEqual(flags["seq"], opened["seq"] + 1)
        self.assertEqual(flags["timeNs"], opened["timeNs"])
        self.assertEqual(flags["command"], opened["command"])
        # EXAMINE reads, and marks nothing.
        client.ok("EXAMINE INBOX")
        client.ok("FETCH 3 BODY[]")
        self.assertEqual(len(self.server.events("AccessOpened")), 2)
        self.assertEqual(len(self.server.events("FlagsChanged")), 1)

    def test_searching_bodies_and_pop3_are_reading(self):
        self.fill(3)
        client = self.client()
        client.ok("SELECT INBOX")
        client.ok('SEARCH TEXT "letter"')
        self.assertEqual(len(self.server.events("AccessOpened")), 1)
        self.leave(client)
        with Wire(self.server.port("pop3")) as wire:
            wire.pop3()
            wire.pop3(f"USER {ALICE}".encode())
            wire.pop3(f"PASS {self.server.password}".encode())
            wire.send(b"LIST\r\nUIDL\r\n")
            for _ in range(2):
                while wire.line() != b".":
                    pass
            self.assertEqual(len(self.server.events("AccessOpened")), 1)
            wire.send(b"RETR 2\r\n")
            wire.octets(10)
            self.assertEqual(len(self.server.events("AccessOpened")), 2)
            wire.send(b"QUIT\r\n")
            wire.rest()
        self.assertIn(([2], FULL, []), self.items())

    def test_a_window_that_was_open_when_the_server_died_is_lost_on_record(self):
        self.fill(2)
        closed = self.client()
        closed.ok("SELECT INBOX")
        closed.ok("FETCH 1 BODY[]")
        self.leave(closed)
        self.assertEqual(len(self.bodies("Fetched")), 1)    # Looking has put it on disk.
        lost = self.client()
        lost.ok("SELECT INBOX")
        lost.ok("FETCH 2 BODY[]")
        self.server.kill()
        self.server.start()
        opened = [event["seq"] for event in self.server.events("AccessOpened")]
        self.assertEqual(len(opened), 2)
        windows = self.bodies("AccessWindowLost")
        self.assertEqual([body["opened"] for _, body in windows], [opened[1]])
        self.server.stop()
        self.server.start()
        self.assertEqual(self.bodies("AccessWindowLost"), windows)
        self.server.assert_whole()


class Secrets(Audit):
    PASSWORD = "correct-horse-7141"
    UNKNOWN = "nobody-5023"

    def files(self):
        """{file: octets} of everything that the server has written."""
        files = [file for file in self.server.directory.rglob("*") if file.is_file()]
        return {file: file.read_bytes() for file in [*files, self.server.log]}

    def assert_nowhere(self, *texts):
        needles = [text.encode() for text in texts]
        needles += [base64.b64encode(needle)[:-4] for needle in needles]
        for file, octets in self.files().items():
            for needle in needles:
                self.assertNotIn(needle, octets, f"{needle!r} in {file}")

    def try_everything(self, name, password):
        """Every way to log in wrongly; returns how many there were."""
        plain = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        client = self.client(login=False)
        for command in (f"LOGIN {name} {password}", f"AUTHENTICATE PLAIN {plain}"):
            self.assertEqual(client.command(command).status, "NO")
        client.close()
        with Wire(self.server.port("pop3")) as wire:
            wire.pop3()
            wire.pop3(f"USER {name}".encode())
            self.assertFalse(wire.pop3(f"PASS {password}".encode())[0])
            wire.send(b"QUIT\r\n")
            wire.rest()
        with Wire(self.server.port("submission")) as wire:
            wire.reply()
            wire.ask(b"EHLO x")
            self.assertEqual(wire.ask(f"AUTH PLAIN {plain}".encode())[0], 535)
            self.assertEqual(wire.ask(b"AUTH LOGIN")[0], 334)
            self.assertEqual(wire.ask(base64.b64encode(name.encode()))[0], 334)
            self.assertEqual(wire.ask(base64.b64encode(password.encode()))[0], 535)
            wire.send(b"QUIT\r\n")
            wire.rest()
        return 5

    def test_failed_logins_are_counted_and_say_nothing(self):
        tries = sum(self.try_everything(f"{self.UNKNOWN}@{DOMAIN}", self.PASSWORD)
                    for _ in range(3))
        known = self.try_everything(ALICE, self.PASSWORD)
        # A password where the name belongs.
        client = self.client(login=False)
        client.command(f"LOGIN {self.PASSWORD} {self.PASSWORD}")
        client.command(f"LOGIN {ALICE} {self.PASSWORD} {self.PASSWORD}")
        client.command(f"{self.PASSWORD} {self.PASSWORD}")
        client.close()
        self.server.stop()
        failures = self.server.events("AuthFailed")
        self.assertEqual(
            sum(event["authFailed"]["count"] for event in failures), tries + known + 1)
        # Strangers cost a bounded number of events.
        self.assertLess(len(failures), tries + known)
        told = self.server.tool("journal", "log", "--kind", "AuthFailed").stdout
        self.assertIn(ALICE, told)
        self.assertIn("127.0.0.1", told)
        self.assertNotIn(self.UNKNOWN, told)
        self.assert_nowhere(self.PASSWORD, self.UNKNOWN)
        self.server.start()
        self.server.assert_whole()

    def test_passwords_are_in_no_file(self):
        self.server.tool("account", "add", f"dora@{DOMAIN}", text=self.PASSWORD + "\n")
        self.server.passwords[f"dora@{DOMAIN}"] = self.PASSWORD
        self.server.imap("dora").logout()
        self.server.pop3("dora").quit()
        with self.server.submission("dora") as smtp:
            letter = message(1).replace(b"carol@elsewhere.test", f"dora@{DOMAIN}".encode())
            smtp.sendmail(f"dora@{DOMAIN}", [ALICE], letter)
        self.server.tool("account", "passwd", f"dora@{DOMAIN}", text=self.PASSWORD + "-2\n")
        self.server.imap().logout()
        self.server.stop()
        self.assert_nowhere(self.PASSWORD, self.server.password)

    def test_what_can_be_erased_is_not_in_the_cores(self):
        with self.server.smtp() as smtp:
            smtp.sendmail("carol@elsewhere.test", [ALICE], message(4711))
        self.server.settle()
        client = self.client()
        client.ok("CREATE Divorce-8813")
        client.ok("SELECT INBOX")
        client.ok("FETCH 1 BODY[]")
        client.ok("COPY 1 Divorce-8813")
        self.leave(client)
        self.server.stop()
        # The core's files, with journal and Merkle log.
        for file, octets in self.files().items():
            if "journal" not in file.relative_to(self.server.folder).parts:
                continue
            for needle in (b"carol", b"alice", b"elsewhere", b"letter 4711", b"8813", b"127.0.0.1",
                           b"Text 4711"):
                self.assertNotIn(needle, octets, file)


class Telling(Audit):
    def test_what_strangers_wrote_is_text_whatever_it_looks_like(self):
        subjects = [b"99999999999999999999999", b"-5", b"42", b"\x1b[31mred", b"=?utf-8?q?=00=1b?=",
                    b"gr\xfcn", b"\xe2\x80\xaeright to left", b"\xc2\x9b31mred"]
        for subject in subjects:
            with self.server.smtp() as smtp:
                smtp.ehlo("123456789012345678901234567890")
                smtp.sendmail("123@elsewhere.test", [ALICE], b"Subject: " + subject + b"\r\n\r\n")
        client = self.client()
        client.ok("CREATE 99999999999999999999999")
        received = [event["details"][0]["received"] for event in self.server.events("Received")]
        self.assertEqual(len(received), len(subjects))
        self.assertEqual([one["subject"] for one in received[:3]],
                         [subject.decode() for subject in subjects[:3]])
        self.assertEqual({one["helo"] for one in received}, {"123456789012345678901234567890"})
        created = self.server.events("MailboxCreated")[-1]["details"][0]
        self.assertEqual(created["name"]["text"], "99999999999999999999999")
        told = self.server.tool("journal", "log", "--kind", "Received").stdout
        self.assertNotRegex(told, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")
        self.server.tool("mailbox", "list", ALICE)
        self.server.tool("mailbox", "show", ALICE, "INBOX", "--json")


class History(Audit):
    def test_a_message_has_one_story(self):
        with self.server.smtp() as smtp:
            smtp.ehlo("client.elsewhere.test")
            smtp.mail("carol@elsewhere.test")
            smtp.rcpt(ALICE)
            text = smtp.data(message(1))[1].decode()
        self.server.settle()
        with Wire(self.server.port("pop3")) as wire:
            wire.pop3()
            wire.pop3(f"USER {ALICE}".encode())
            wire.pop3(f"PASS {self.server.password}".encode())
            self.assertTrue(wire.pop3(b"RETR 1")[0])
            wire.send(b"QUIT\r\n")
            wire.rest()
        client = self.client()
        client.ok("SELECT INBOX")
        client.ok("FETCH 1 BODY[]")
        client.ok("STORE 1 +FLAGS (\\Flagged)")
        client.ok("MOVE 1 Archive")
        client.ok("SELECT Archive")
        client.ok("MOVE 1 INBOX")
        self.leave(client)
        pop3 = self.server.pop3()
        pop3.dele(1)
        pop3.quit()
        story = self.server.tool(
            "journal", "history", re.search("recorded as ([0-9a-f]+)", text).group(1)).stdout
        position = 0
        for words in ("received over SMTP", "accepted for", "stored in INBOX", "over POP3",
                      "\\Seen", "\\Flagged", "moved from INBOX to Archive",
                      "moved from Archive to INBOX", "deleted for good from INBOX"):
            found = story.find(words, position)
            self.assertNotEqual(found, -1, f"no {words!r} after {position} in\n{story}")
            position = found
        self.assertEqual(story, self.server.tool(
            "journal", "history", "<letter.1@elsewhere.test>").stdout)


if __name__ == "__main__":
    unittest.main()
