#!/usr/bin/env python3
"""Peers that mean harm or know no better. After each: the same process serves another client, and
the views equal a replay."""

import base64
import socket
import ssl
import sys
import unittest

from daybook import DOMAIN, Daybook
from wire import Gone, ImapWire, Wire

ALICE = f"alice@{DOMAIN}".encode()
SIZE_MAX = 65536
RECIPIENTS_MAX = 10
TEXT = b"From: <c@elsewhere.test>\r\nSubject: text\r\n\r\nText.\r\n"


def plain(name, password):
    return base64.b64encode(b"\0" + name.encode() + b"\0" + password.encode())


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Daybook(changed={
            "message_size": SIZE_MAX, "recipients": RECIPIENTS_MAX,
            "connections_per_address": 1000})
        cls.server.start()
        cls.process = cls.server.process

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.assert_whole()
        finally:
            cls.server.__exit__(*sys.exc_info())

    def setUp(self):
        self.before = self.count()

    def tearDown(self):
        self.assertIsNone(self.process.poll(), self.server.log.read_text(errors="replace")[-2000:])
        before = self.count()
        with self.smtp() as wire:
            self.assertEqual(self.deliver(wire, TEXT)[0], 250)
        self.assertEqual(self.count(), before + 1)
        self.server.digests()

    def count(self):
        with ImapWire(self.server) as imap:
            imap.ok("SUBSCRIBE INBOX")      # As Daybook.settle().
            return imap.ok("STATUS INBOX (MESSAGES)").named("STATUS")[0].values[1][1]

    def assert_nothing_came(self):
        self.assertEqual(self.count(), self.before)

    def wire(self, name, tls=False):
        wire = Wire(self.server.port(name), tls)
        self.addCleanup(wire.close)
        return wire

    def smtp(self, hello=b"EHLO client.test", name="smtp"):
        wire = self.wire(name)
        self.assertEqual(wire.reply()[0], 220)
        if hello:
            self.assertEqual(wire.ask(hello)[0], 250)
        return wire

    def envelope(self, wire):
        self.assertEqual(wire.ask(b"MAIL FROM:<c@elsewhere.test>")[0], 250)
        self.assertEqual(wire.ask(b"RCPT TO:<" + ALICE + b">")[0], 250)

    def deliver(self, wire, octets):
        """`octets` and the end of data, as they are."""
        self.envelope(wire)
        self.assertEqual(wire.ask(b"DATA")[0], 354)
        wire.send(octets + b".\r\n")
        return wire.reply()

    def imap(self, login=True):
        client = ImapWire(self.server, login=login)
        self.addCleanup(client.close)
        return client

    def pop3(self, login=True):
        wire = self.wire("pop3")
        self.assertTrue(wire.pop3()[0])
        if login:
            self.assertTrue(wire.pop3(b"USER " + ALICE)[0])
            self.assertTrue(wire.pop3(b"PASS " + self.server.password.encode())[0])
        return wire


class Smtp(Hostile):
    def test_lines_that_are_no_commands(self):
        for line in (b"NOOP " + b"x" * 20000, b"MAIL FROM:<\0@x.test>", b"NO\0OP", b"NOOP\nNOOP",
                     b"NOOP\rNOOP", b"\0", b"", b" ", b"\xff\xfe", b"MAIL FROM:<a@b",
                     b"MAIL FROM:" + b"<" * 5000, b"MAIL FROM:<a@b.test> SIZE=-1",
                     b"MAIL FROM:<a@b.test> SIZE=99999999999999999999999", b"RCPT TO:<>",
                     b"MAIL FROM:<a@b.test> X=\r", b"MAIL FROM:<a\r@b.test>"):
            with self.subTest(line[:40]), self.smtp() as wire:
                code, text = wire.ask(line)
                self.assertIn(code // 100, (5,) if not line.startswith(b"NOOP ") else (2, 5), text)
                self.assertEqual(wire.ask(b"NOOP")[0], 250)
                self.assertEqual(wire.ask(b"QUIT")[0], 221)
                self.assertEqual(wire.rest(), b"")

    def test_a_line_without_end(self):
        wire = self.smtp()
        with self.assertRaises((Gone, ConnectionError)):
            for _ in range(1000):
                wire.send(b"x" * 65536)
            wire.reply()

    def test_data_with_octets_that_no_message_has(self):
        for octets in (b"nul \0\r\n", b"bare \r cr\r\n", b"bare \n lf\r\n", b"\r\r\n", b"\n\r\n",
                       b"x\r\n\r", b"\n.\r\nx\r\n", b"\r.\r\nx\r\n"):
            with self.subTest(octets), self.smtp() as wire:
                code, text = self.deliver(wire, TEXT + octets + b"\r\n")
                self.assertEqual(code, 554, text)
                self.assertEqual(wire.ask(b"QUIT")[0], 221)
                self.assertEqual(wire.rest(), b"")
        self.assert_nothing_came()

    def test_smuggling(self):
        second = (b"MAIL FROM:<evil@elsewhere.test>\r\nRCPT TO:<" + ALICE + b">\r\nDATA\r\n"
                  b"Subject: smuggled\r\n\r\nsmuggled\r\n.\r\n")
        for end in (b"\n.\r\n", b"\n.\n", b"\r.\r\n", b"\r.\r", b"\r\n.\n", b"\r\n.\r", b"\n.\r",
                    b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\n\n.\r\n"):
            with self.subTest(end), self.smtp() as wire:
                self.envelope(wire)
                self.assertEqual(wire.ask(b"DATA")[0], 354)
                wire.send(TEXT + b"end" + end + second + b"QUIT\r\n")
                self.assertEqual(wire.reply()[0], 554)
                self.assertEqual(wire.reply()[0], 221)
                self.assertEqual(wire.rest(), b"")
        self.assert_nothing_came()

    def test_ends_at_every_stage(self):
        stages = [b"EH", b"EHLO x\r\n", b"MAIL FROM:<c@elsewhere.test>\r\n",
                  b"RCPT TO:<" + ALICE + b">\r\n", b"DATA\r\n", b"From: x\r\n\r\ntext\r\n",
                  b".", b"\r"]
        for count in range(len(stages)):
            for reset in (False, True):
                with self.subTest(count=count, reset=reset), self.smtp(hello=None) as wire:
                    wire.send(b"".join(stages[:count + 1]).replace(b"EHEHLO", b"EHLO"))
                    if reset:
                        wire.socket.setsockopt(
                            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                        continue
                    wire.half_close()
                    wire.rest()
        with self.smtp() as wire:
            self.envelope(wire)
            wire.send(b"BDAT 1000 LAST\r\nhalf of it")
            wire.half_close()
            wire.rest()
        self.assert_nothing_came()

    def test_a_client_that_says_all_and_ends_gets_every_reply(self):
        with self.smtp(hello=None) as wire:
            wire.send(b"EHLO x\r\nMAIL FROM:<c@elsewhere.test>\r\nRCPT TO:<" + ALICE +
                      b">\r\nBDAT %d LAST\r\n" % len(TEXT) + TEXT + b"QUIT\r\n")
            wire.half_close()
            codes = [wire.reply()[0] for _ in range(5)]
            self.assertEqual(codes, [250, 250, 250, 250, 221])
        self.assertEqual(self.count(), self.before + 1)

    def test_one_octet_at_a_time(self):
        for tls in (False, True):
            with self.subTest(tls=tls), self.wire("smtp") as wire:
                wire.reply()
                if tls:
                    wire.ask(b"EHLO x")
                    self.assertEqual(wire.ask(b"STARTTLS")[0], 220)
                    wire.start_tls()
                commands = (b"EHLO x", b"MAIL FROM:<c@elsewhere.test>", b"RCPT TO:<" + ALICE + b">",
                            b"DATA", TEXT + b"..\r\n.", b"QUIT")
                codes = []
                for command in commands:
                    for octet in command + b"\r\n":
                        wire.send(bytes((octet,)))
                    codes.append(wire.reply()[0])
                self.assertEqual(codes, [250, 250, 250, 354, 250, 221])
        self.assertEqual(self.count(), self.before + 2)

    def test_a_flood_of_unknown_commands_ends(self):
        for name in ("smtp", "lmtp", "submission"):
            with self.subTest(name), self.smtp(hello=None, name=name) as wire:
                codes = []
                while not codes or codes[-1] != 421:
                    self.assertLess(len(codes), 100)
                    codes.append(wire.ask(b"XYZZY")[0])
                self.assertEqual(wire.rest(), b"")
        with self.smtp(hello=None) as wire:
            self.assertEqual(wire.ask(b"GET / HTTP/1.1")[0], 421)

    def test_bdat_with_wrong_sizes_and_in_wrong_places(self):
        for command in (b"BDAT", b"BDAT x", b"BDAT -1", b"BDAT 1 2", b"BDAT 99999999999999999999",
                        b"BDAT 18446744073709551615 LAST", b"BDAT 18446744073709551616",
                        b"BDAT 4294967296", b"BDAT 0x10", b"BDAT 10 LAST LAST"):
            for ready in (False, True):
                with self.subTest(command, ready=ready), self.smtp() as wire:
                    if ready:
                        self.envelope(wire)
                    code, text = wire.ask(command)
                    self.assertIn(code, (501, 552), text)
                    # What follows could be taken for commands: the connection ends.
                    self.assertEqual(wire.rest(), b"")
        with self.smtp() as wire:
            wire.send(b"BDAT 6\r\nNOOP\r\n")
            self.assertEqual(wire.reply()[0], 503)
            self.envelope(wire)
            wire.send(b"BDAT 6\r\n" + TEXT[:6])
            self.assertEqual(wire.reply()[0], 250)
            self.assertEqual(wire.ask(b"DATA")[0], 503)
            wire.send(b"BDAT %d LAST\r\n" % (len(TEXT) - 6) + TEXT[6:])
            self.assertEqual(wire.reply()[0], 250)
            # The transaction is over.
            wire.send(b"BDAT 6 LAST\r\nNOOP\r\n")
            self.assertEqual(wire.reply()[0], 503)
            self.assertEqual(wire.ask(b"NOOP")[0], 250)
        self.assertEqual(self.count(), self.before + 1)

    def test_messages_over_the_limit(self):
        with self.smtp() as wire:
            self.assertEqual(
                wire.ask(b"MAIL FROM:<c@elsewhere.test> SIZE=%d" % (SIZE_MAX + 1))[0], 552)
            line = b"x" * 98 + b"\r\n"
            self.assertEqual(self.deliver(wire, TEXT + line * 700)[0], 552)
            self.envelope(wire)
            wire.send(b"BDAT 60000\r\n" + line * 600)
            self.assertEqual(wire.reply()[0], 250)
            wire.send(b"BDAT 60000 LAST\r\n" + line * 600)
            self.assertEqual(wire.reply()[0], 552)
            self.assertEqual(wire.ask(b"RSET")[0], 250)
            self.assertEqual(self.deliver(wire, TEXT + line * 600)[0], 250)
        with self.smtp() as wire:
            self.envelope(wire)
            self.assertEqual(wire.ask(b"DATA")[0], 354)
            with self.assertRaises((Gone, ConnectionError)):
                for _ in range(1000):
                    wire.send(line * 1000)
        self.assertEqual(self.count(), self.before + 1)

    def test_recipients_over_the_limit(self):
        with self.smtp() as wire:
            wire.ask(b"MAIL FROM:<c@elsewhere.test>")
            for number in range(RECIPIENTS_MAX):
                self.assertEqual(wire.ask(b"RCPT TO:<alice+%d@example.test>" % number)[0], 250)
            self.assertEqual(wire.ask(b"RCPT TO:<bob@example.test>")[0], 452)
            self.assertEqual(wire.ask(b"DATA")[0], 354)
            wire.send(TEXT + b".\r\n")
            self.assertEqual(wire.reply()[0], 250)
        self.assertGreater(self.count(), self.before)

    def test_authentication_garbage(self):
        garbage = (b"AUTH", b"AUTH ", b"AUTH PLAIN !!!!", b"AUTH NONE",
                   b"AUTH PLAIN " + b"A" * 12001, b"AUTH PLAIN =", b"AUTH PLAIN AAAA",
                   b"AUTH PLAIN " + base64.b64encode(b"\xff\0\xfe"),
                   b"AUTH LOGIN \0", b"AUTH SCRAM-SHA-256 " + base64.b64encode(b"n,,n=,r=,,,,"),
                   b"AUTH SCRAM-SHA-256 " + base64.b64encode(b"y,,n=a,r=" + b"r" * 5000))
        for command in garbage:
            with self.subTest(command[:40]), self.smtp(name="submission") as wire:
                code, text = wire.ask(command)
                if code == 334:
                    code, text = wire.ask(b"*")
                self.assertIn(code, (500, 501, 504, 535), text)
                self.assertEqual(wire.ask(b"MAIL FROM:<" + ALICE + b">")[0], 530)
        with self.smtp(name="submission") as wire:
            self.assertEqual(wire.ask(b"AUTH LOGIN")[0], 334)
            self.assertEqual(wire.ask(b"*")[0], 501)
            self.assertEqual(wire.ask(b"AUTH PLAIN")[0], 334)
            self.assertEqual(wire.ask(b"\0\r\r")[0], 501)
            self.assertEqual(
                wire.ask(b"AUTH PLAIN " + plain(f"alice@{DOMAIN}", self.server.password))[0], 235)


class Tls(Hostile):
    def test_what_came_before_starttls_is_forgotten(self):
        with self.smtp() as wire:
            wire.send(b"STARTTLS\r\nMAIL FROM:<evil@elsewhere.test>\r\n")
            self.assertEqual(wire.reply()[0], 220)
            try:
                wire.start_tls()
            except (ssl.SSLError, ConnectionError):
                pass
            else:
                self.assertEqual(wire.ask(b"RCPT TO:<" + ALICE + b">")[0], 503)
                self.assertEqual(wire.ask(b"QUIT")[0], 221)
                self.assertEqual(wire.rest(), b"")
        with self.imap(login=False) as imap:
            login = f"LOGIN alice@{DOMAIN} {self.server.password}"
            tag = imap.send_command(f"STARTTLS\r\nevil {login}")
            self.assertEqual(imap.wait_for(tag).status, "OK")
            try:
                imap.start_tls()
            except (ssl.SSLError, ConnectionError):
                pass
            else:
                self.assertEqual(imap.command("SELECT INBOX").status, "BAD")
                self.assertEqual(imap.ok(login).status, "OK")
        with self.pop3(login=False) as wire:
            wire.send(b"STLS\r\nUSER " + ALICE + b"\r\n")
            self.assertTrue(wire.pop3()[0])
            try:
                wire.start_tls()
            except (ssl.SSLError, ConnectionError):
                pass
            else:
                self.assertFalse(wire.pop3(b"PASS " + self.server.password.encode())[0])
                self.assertTrue(wire.pop3(b"QUIT")[0])
                self.assertEqual(wire.rest(), b"")

    def test_plain_text_on_tls_ports_and_tls_on_plain_ports(self):
        for name in ("submissions", "imaps", "pop3s"):
            with self.subTest(name), self.wire(name) as wire:
                wire.send(b"EHLO x\r\na LOGIN b c\r\nUSER x\r\n" * 3)
                answer = wire.rest()
                self.assertNotIn(b"250", answer)    # At the most a TLS alert.
                self.assertLess(len(answer), 16)
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2
        for name in ("smtp", "submission", "lmtp", "imap", "pop3"):
            with self.subTest(name), self.wire(name) as wire:
                wire.line()
                wire.send(hello + b"\r\n\r\n")
                wire.half_close()
                wire.rest()
        for name in ("submissions", "imaps", "pop3s"):
            for count in (0, 1, 5, 100, len(hello)):
                with self.subTest(name, count=count), self.wire(name) as wire:
                    wire.send(hello[:count])
                    wire.half_close()
                    wire.rest()

    def test_garbage_instead_of_the_handshake(self):
        with self.smtp() as wire:
            self.assertEqual(wire.ask(b"STARTTLS")[0], 220)
            wire.send(b"MAIL FROM:<c@elsewhere.test>\r\n" * 20)
            self.assertNotIn(b"250", wire.rest())
        with self.imap(login=False) as imap:
            imap.ok("STARTTLS")
            imap.half_close()
            self.assertLess(len(imap.rest()), 16)


class Imap(Hostile):
    def test_lines_that_are_no_commands(self):
        client = self.imap()
        for line in (b"", b" ", b"x", b"x ", b"* NOOP", b"+ NOOP", b"x NOOP ", b"x  NOOP",
                     b"x NOOP\0", b"x NOOP\ny NOOP", b"x NOOP\ry NOOP", b"x XYZZY",
                     b"x UID", b"x UID NOOP",
                     b"x SELECT", b"x SELECT \xff\xfe", b"x SELECT \"un", b"x SELECT {1",
                     b"x FETCH",
                     b"x NOOP " + b"y" * 70000, b"x" * 70000, b"x SELECT \"a\rb\"",
                     b"x SELECT {-1}", b"x SELECT {99999999999999999999}", b"x SELECT {+}",
                     b"x SELECT {1 }", b"x LOGIN a b"):
            with self.subTest(line[:40]):
                client.send(line + b"\r\n")
                response = client.response()
                self.assertEqual(getattr(response, "status", None) or response.name, "BAD")
                self.assertEqual(client.ok("NOOP").untagged, [])

    def test_a_flood_of_unknown_commands_ends(self):
        for login, most in ((False, 20), (True, 100)):
            with self.subTest(login=login), self.imap(login) as client:
                client.send(b"x XYZZY\r\n" * most)
                answer = client.rest()
                self.assertIn(b"* BYE ", answer)
                self.assertLess(answer.count(b"x BAD"), most)

    def test_literals_over_the_limit(self):
        client = self.imap()
        # The client that waits is refused before it sends.
        answer = client.append("INBOX", b"x" * (SIZE_MAX + 1))
        self.assertEqual((answer.status, answer.untagged), ("NO", []))
        answer = client.command(f"APPEND INBOX {{{SIZE_MAX + 9}+}}\r\n" + "x" * (SIZE_MAX + 9))
        self.assertEqual(answer.status, "NO")
        answer = client.command(f"APPEND Nowhere {{{len(TEXT)}+}}\r\n" + TEXT.decode())
        self.assertEqual(answer.code("TRYCREATE"), "")
        self.assertEqual(client.command(b"SELECT {70000}").status, "BAD")
        self.assertEqual(client.command(b"SELECT {70000+}\r\n" + b"x" * 70000).status, "BAD")
        self.assertEqual(client.command(b"NOOP {3+}\r\nabc").status, "BAD")
        many = b"SEARCH" + b" SUBJECT {1+}\r\nx" * 70
        self.assertEqual(client.command(many).status, "BAD")
        self.assertEqual(client.ok("NOOP").untagged, [])
        client.send(b"x APPEND INBOX {4294967295+}\r\n")
        client.half_close()
        client.rest()
        client = self.imap()
        client.send(b"x SELECT {4294967295+}\r\n")
        self.assertIn(b"* BYE ", client.rest())
        # A stranger gets less.
        stranger = self.imap(login=False)
        self.assertEqual(stranger.command(b"LOGIN {9000000}").status, "BAD")
        self.assertEqual(stranger.command(b"APPEND INBOX {9000000}").status, "BAD")
        self.assert_nothing_came()

    def test_append_of_octets_that_no_message_has(self):
        client = self.imap()
        self.assertEqual(client.append("INBOX", b"Subject: a\0b\r\n\r\n").status, "BAD")
        self.assertEqual(client.append("INBOX", b"").status, "NO")
        self.assertEqual(client.ok("NOOP").untagged, [])
        # Bare CR and LF are the client's own; they come out as they went in.
        octets = b"Subject: x\n\nbare\rcr\n\r\n"
        client.append("INBOX", octets)
        client.ok("SELECT INBOX")
        self.assertEqual(client.fetch("*", "BODY.PEEK[]")[self.before + 1]["BODY[]"], octets)

    def test_nonsense_that_nests_or_multiplies(self):
        client = self.imap()
        client.append("INBOX", TEXT)
        client.ok("SELECT INBOX")
        for command in (b"SEARCH " + b"(" * 30000, b"SEARCH " + b"NOT " * 15000 + b"ALL",
                        b"SEARCH " + b"OR " * 9000 + b"ALL " * 9000,
                        b"SEARCH " + b"(" * 30000 + b"ALL" + b")" * 30000,
                        b"FETCH 1 (" + b"BODY.PEEK[] " * 5000 + b"FLAGS",
                        b"FETCH 1 BODY[" + b"1." * 30000 + b"1]",
                        b"FETCH 1 BODY[0]", b"FETCH 1 BODY[1.0]", b"FETCH 1 BODY[HEADER.FIELDS ()]",
                        b"FETCH 1 BODY[]<4294967296.1>", b"FETCH 1 BODY[]<0.0>", b"FETCH 0 FLAGS",
                        b"FETCH 4294967296 FLAGS", b"FETCH 1: FLAGS", b"FETCH :1 FLAGS",
                        b"FETCH 1,,1 FLAGS", b"STORE 1 FLAGS (\\Recent)", b"STORE 1 FLAGS ((a))",
                        b"STORE 1 FLAGS (\\Nonsense)", b"SEARCH CHARSET X-NONE SUBJECT a",
                        b"SEARCH CHARSET UTF-8 SUBJECT {2+}\r\n\xff\xfe",
                        b"SEARCH BEFORE 99-Foo-2020",
                        b"CREATE " + b"a" * 5000, b"CREATE " + b"a/" * 200 + b"b", b"CREATE \"\"",
                        b"CREATE INBOX", b"CREATE a//b", b"CREATE \"a\x01b\"", b"RENAME a b",
                        b"DELETE INBOX", b"LIST", b"LIST a", b"STATUS INBOX (NONSENSE)",
                        b"ENABLE", b"IDLE x", b"AUTHENTICATE PLAIN"):
            with self.subTest(command[:50]):
                answer = client.command(command)
                self.assertIn(answer.status, ("BAD", "NO"), answer)
        for command in (b"FETCH 1 BODY.PEEK[" + b"1." * 20 + b"1]",
                        b"FETCH 1 BODY.PEEK[]<4294967295.4294967295>",
                        b"UID FETCH 4294967295 FLAGS", b"UID FETCH 1:4294967295 UID",
                        b"SEARCH UID 1:4294967295", b"SEARCH LARGER 4294967295",
                        b"FETCH " + b"1," * 20000 + b"1 FLAGS"):
            with self.subTest(command[:50]):
                self.assertEqual(client.command(command).status, "OK")
        client.close()

    def test_list_patterns_that_explode_elsewhere(self):
        client = self.imap()
        name = "a" * 200
        client.ok(f"CREATE {name}")
        for pattern in ("*a" * 100 + "b", "%a" * 100 + "b", "*%" * 400 + "b", "*" * 4000 + "b"):
            self.assertEqual(client.ok(f'LIST "" "{pattern}"').named("LIST"), [])
        client.ok(f"DELETE {name}")

    def test_authentication_garbage(self):
        with self.imap(login=False) as client:
            for line in (b"!!!!", b"", b"*", b"\xff", b"A" * 20000, base64.b64encode(b"\0\0\0\0")):
                tag = client.send_command("AUTHENTICATE PLAIN")
                self.assertIsInstance(client.response(), bytes)
                client.send(line + b"\r\n")
                self.assertIn(client.wait_for(tag).status, ("BAD", "NO"))
            self.assertEqual(client.command("AUTHENTICATE XYZZY").status, "NO")
            self.assertEqual(client.command("SELECT INBOX").status, "BAD")
        with self.imap(login=False) as client:
            for command in ("LOGIN", "LOGIN x", 'LOGIN "" ""', "LOGIN {3+}\r\n\xff\xfe\xff x"):
                self.assertIn(client.command(command.encode("latin-1")).status, ("BAD", "NO"))
            self.assertEqual(client.ok("AUTHENTICATE PLAIN " + plain(
                f"alice@{DOMAIN}", self.server.password).decode()).status, "OK")

    def test_ends_at_every_stage_and_one_octet_at_a_time(self):
        login = f"a LOGIN alice@{DOMAIN} {self.server.password}\r\n".encode()
        for octets in (b"", b"a", b"a LOGIN {5}\r\n", b"a LOGIN {5}\r\nab",
                       b"a AUTHENTICATE PLAIN\r\n", login, login + b"b SELECT INBOX\r\n",
                       login + b"b IDLE\r\n",
                       login + b"b SELECT INBOX\r\nc IDLE\r\n",
                       login + b"b SELECT INBOX\r\nc FETCH 1:* BODY[]\r\n",
                       login + b"b APPEND INBOX {100+}\r\nabc",
                       login + b"b APPEND INBOX {100}\r\n"):
            with self.subTest(octets[-30:]), self.imap(login=False) as client:
                client.send(octets)
                client.half_close()
                client.rest()
        self.assert_nothing_came()
        with self.imap(login=False) as client:
            append = b"b APPEND INBOX {%d+}\r\n" % len(TEXT) + TEXT
            for octet in login + append + b"\r\nc LOGOUT\r\n":
                client.send(bytes((octet,)))
            self.assertIn(b"\r\nc OK ", client.rest())
        self.assertEqual(self.count(), self.before + 1)


class Pop3(Hostile):
    def test_lines_that_are_no_commands(self):
        with self.imap() as client:
            client.append("INBOX", TEXT)
        for login in (False, True):
            for line in (b"", b" ", b"XYZZY", b"\0", b"STAT\nSTAT", b"STAT\rSTAT", b"LIST x",
                         b"LIST 0", b"LIST -1", b"RETR", b"RETR 99999999999999999999",
                         b"RETR 18446744073709551617", b"RETR 4294967297", b"TOP 1",
                         b"TOP 1 -1", b"TOP 1 99999999999999999999 1",
                         b"DELE 1 1", b"UIDL x", b"LIST 1 2", b"STAT x", b"STAT" + b" " * 5000,
                         b"USER " + b"x" * 20000, b"\xff\xfe"):
                with self.subTest(line[:40], login=login), self.pop3(login) as wire:
                    self.assertFalse(wire.pop3(line)[0])
                    self.assertTrue(wire.pop3(b"QUIT")[0])
                    self.assertEqual(wire.rest(), b"")

    def test_floods_ends_and_garbage(self):
        with self.pop3(login=False) as wire:
            wire.send(b"XYZZY\r\n" * 100)
            self.assertLess(wire.rest().count(b"-ERR"), 100)
        with self.pop3(login=False) as wire:
            for line in (b"AUTH PLAIN !!!", b"AUTH XYZZY", b"AUTH PLAIN AAAA", b"PASS x",
                         b"USER x y"):
                wire.pop3(line)
            self.assertTrue(wire.pop3(b"AUTH PLAIN " + plain(
                f"alice@{DOMAIN}", self.server.password))[0])
            wire.send(b"RETR 1\r\nDELE 1\r\nST")
            wire.half_close()
            wire.rest()
        with self.pop3(login=False) as wire:
            for octet in b"USER " + ALICE + b"\r\n":
                wire.send(bytes((octet,)))
            self.assertTrue(wire.pop3()[0])
        self.assertEqual(self.count(), self.before)


class Crowd(Hostile):
    def test_three_hundred_who_say_nothing(self):
        silent = []
        for index in range(300):
            name = ("smtp", "imap", "pop3", "imaps", "lmtp", "submissions")[index % 6]
            silent.append(self.wire(name))
        with self.smtp() as wire:
            self.assertEqual(self.deliver(wire, TEXT)[0], 250)
        self.assertEqual(self.count(), self.before + 1)
        with ImapWire(self.server, tls=True) as client:
            client.ok("SELECT INBOX")
            self.assertTrue(client.fetch("*", "BODY[]"))
        for index, wire in enumerate(silent):
            if index % 6 in (0, 1, 2, 4):
                self.assertRegex(wire.line(), rb"\A(220 |\* OK |\+OK )")

    def test_who_does_not_read_holds_up_nobody(self):
        with self.imap() as client:
            client.append("INBOX", TEXT + b"x" * 60000)
            client.ok("SELECT INBOX")
            # Some 60 MB that nobody takes.
            client.send(b"x FETCH * BODY.PEEK[]\r\n" * 1000)
            with self.smtp() as wire:
                self.assertEqual(self.deliver(wire, TEXT)[0], 250)
            with ImapWire(self.server) as other:
                other.ok("SELECT INBOX")
                self.assertTrue(other.fetch("*", "BODY[]"))


if __name__ == "__main__":
    del Hostile  # The base class has no tests of its own.
    unittest.main()
