#!/usr/bin/env python3
"""The first mail: received, journalled, stored, fetched, replayed, audited."""

import re
import unittest

from daybook import DOMAIN, Daybook

MESSAGE = (b"From: Carol <carol@elsewhere.test>\r\n"
           b"To: Alice <alice@example.test>\r\n"
           b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
           b"Message-ID: <first@elsewhere.test>\r\n"
           b"Date: Tue, 24 Nov 2026 01:37:58 +0000\r\n"
           b"\r\n"
           b"The first mail.\r\n"
           b".a line that begins with a dot\r\n")


def deliver(server, message=MESSAGE, recipients=(f"alice@{DOMAIN}",), sender="carol@elsewhere.test"):
    """Returns the journal id that the 250 names."""
    with server.smtp() as smtp:
        smtp.ehlo("client.elsewhere.test")
        smtp.mail(sender)
        for recipient in recipients:
            code, text = smtp.rcpt(recipient)
            assert code == 250, text
        code, text = smtp.data(message)
    assert code == 250, text
    return re.search(r"recorded as ([0-9a-f]{16})", text.decode()).group(1)


class Spine(unittest.TestCase):
    def test_a_message_is_received_stored_fetched_replayed_and_audited(self):
        with Daybook() as server:
            message_id = deliver(server)

            imap = server.imap()
            self.assertEqual(imap.select("INBOX")[1], [b"1"])
            _, answer = imap.fetch("1", "(UID FLAGS BODY.PEEK[] ENVELOPE)")
            body = answer[0][1]
            self.assertTrue(body.endswith(MESSAGE), body)
            trace = body[:-len(MESSAGE)]
            self.assertTrue(trace.startswith(b"Return-Path: <carol@elsewhere.test>\r\n"), trace)
            self.assertIn(b"\r\nDelivered-To: alice@example.test\r\n", trace)
            self.assertIn(message_id.encode(), trace)
            self.assertIn(b'"=?utf-8?q?Gr=C3=BC=C3=9Fe?="', b" ".join(
                part if isinstance(part, bytes) else b" ".join(part) for part in answer))
            imap.store("1", "+FLAGS", "(\\Flagged $Important)")
            imap.copy("1", "Archive")
            imap.store("1", "+FLAGS", "(\\Deleted)")
            imap.expunge()
            self.assertEqual(imap.select("Archive")[1], [b"1"])
            imap.logout()

            second = deliver(server)
            pop3 = server.pop3()
            self.assertEqual(pop3.stat()[0], 1)
            lines = pop3.retr(1)[1]
            self.assertTrue((b"\r\n".join(lines) + b"\r\n").endswith(MESSAGE))
            pop3.dele(1)
            pop3.quit()

            story = server.tool("journal", "history", message_id).stdout
            for words in ("received over SMTP", "from <carol@elsewhere.test>",
                          "accepted for <alice@example.test>", "stored in INBOX", "with UID 1",
                          "read in INBOX", "over IMAP from 127.0.0.1", "\\Flagged",
                          "copied from INBOX to Archive", "deleted for good from INBOX"):
                self.assertIn(words, story)
            self.assertIn("over POP3", server.tool("journal", "history", second).stdout)
            self.assertIn(message_id, server.tool("journal", "history", "<first@elsewhere.test>").stdout)

            digests = server.digests()
            self.assertEqual(server.digests()["messages"], digests["messages"])
            verified = server.tool_json("journal", "verify")
            self.assertEqual(verified["result"], "whole")
            self.assertGreater(verified["annexes"]["present"], 5)

    def test_views_are_rebuilt_while_the_server_serves(self):
        with Daybook() as server:
            deliver(server)
            imap = server.imap()
            imap.select("INBOX")
            imap.select("INBOX")
            before = imap.response("UIDVALIDITY"), imap.fetch("1", "(UID FLAGS RFC822.SIZE)")
            rebuilt = server.tool_json("replay")
            self.assertTrue(rebuilt["equal"])
            deliver(server)
            imap.noop()
            imap.select("INBOX")
            after = imap.response("UIDVALIDITY"), imap.fetch("1", "(UID FLAGS RFC822.SIZE)")
            self.assertEqual(before[0], after[0])
            self.assertEqual(before[1][1], after[1][1])
            self.assertEqual(imap.select("INBOX")[1], [b"2"])
            imap.logout()
            server.digests()

    def test_a_restart_changes_nothing(self):
        with Daybook() as server:
            deliver(server)
            imap = server.imap()
            imap.select("INBOX")  # the first to see it as \\Recent
            imap.select("INBOX", readonly=True)
            before = imap.fetch("1", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)")
            imap.logout()
            server.stop()
            server.start()
            imap = server.imap()
            imap.select("INBOX", readonly=True)
            after = imap.fetch("1", "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)")
            self.assertEqual(before, after)
            imap.logout()
            server.digests()


    def test_what_a_250_promised_is_seen_by_whoever_looks_next(self):
        with Daybook() as server, server.smtp() as smtp:
            imap = server.imap(tls=False)
            imap.select("INBOX")
            smtp.ehlo()
            for number in range(1, 101):
                smtp.sendmail("x@elsewhere.test", [f"alice@{DOMAIN}"], MESSAGE)
                if number % 4 == 0:
                    answer = imap.select("INBOX")[1]
                elif number % 4 == 1:
                    imap.noop()
                    answer = imap.response("EXISTS")[1]
                elif number % 4 == 2:
                    imap.status("INBOX", "(MESSAGES)")
                    continue
                else:
                    pop3 = server.pop3()
                    answer = [str(pop3.stat()[0]).encode()]
                    pop3.quit()
                self.assertEqual(answer[-1], str(number).encode())
            imap.logout()


class Operators(unittest.TestCase):
    def test_accounts_aliases_and_domains_with_and_without_a_server(self):
        server = Daybook()
        with server:
            added = server.tool(
                "account", "add", f"dora@{DOMAIN}", text="a long password\n")
            self.assertIn("is there", added.stdout)
            self.assertEqual(server.tool("account", "add", f"dora@{DOMAIN}", check=False,
                                         text="a long password\n").returncode, 1)
            server.tool("alias", "add", f"info@{DOMAIN}", f"dora@{DOMAIN}")
            server.tool("alias", "add", f"info@{DOMAIN}", f"bob@{DOMAIN}")
            deliver(server, recipients=(f"info@{DOMAIN}",))
            server.passwords[f"dora@{DOMAIN}"] = "a long password"
            for account in ("dora", "bob"):
                imap = server.imap(account)
                self.assertEqual(imap.select("INBOX")[1], [b"1"])
                imap.logout()
            server.tool("account", "passwd", f"dora@{DOMAIN}", text="another password\n")
            with self.assertRaises(Exception):
                server.imap("dora")
            server.passwords[f"dora@{DOMAIN}"] = "another password"
            server.imap("dora").logout()
            server.tool("account", "disable", f"dora@{DOMAIN}")
            with self.assertRaises(Exception):
                server.imap("dora")
            server.tool("account", "enable", f"dora@{DOMAIN}")
            self.assertEqual(server.tool("domain", "remove", DOMAIN, check=False).returncode, 1)
            server.stop()

            # The lock is free: the tool runs the scribe itself.
            server.tool("domain", "add", "second.test")
            server.tool("account", "add", "erik@second.test", text="a third password\n")
            server.tool("account", "remove", f"dora@{DOMAIN}")
            logins = [row["login"] for row in server.tool_json("account", "list")]
            self.assertEqual(logins, [f"alice@{DOMAIN}", f"bob@{DOMAIN}", "erik@second.test"])
            server.start()
            deliver(server, recipients=("erik@second.test",))
            with server.smtp() as smtp:
                smtp.ehlo()
                smtp.mail("x@elsewhere.test")
                self.assertEqual(smtp.rcpt(f"dora@{DOMAIN}")[0], 550)
            server.digests()

    def test_wrong_usage_is_two_and_not_found_is_one(self):
        with Daybook() as server:
            self.assertEqual(server.tool("account", "frobnicate", check=False).returncode, 2)
            self.assertEqual(server.tool("account", "show", "nobody@x.test", check=False).returncode, 1)
            self.assertEqual(server.tool("journal", "show", "999999", check=False).returncode, 1)
            self.assertEqual(
                server.tool("journal", "history", "0123456789abcdef", check=False).returncode, 1)
            self.assertEqual(server.tool("journal", "verify", "--what", check=False).returncode, 64)
            self.assertEqual(server.tool("config", "check").returncode, 0)
            self.assertEqual(server.tool("reload").returncode, 0)

    def test_a_look_into_the_journal_is_on_record_before_its_first_row(self):
        with Daybook() as server:
            first = server.tool_json("journal", "stats")["kinds"].get("JournalRead", 0)
            self.assertGreaterEqual(first, 1)
            rows = server.tool("journal", "log", "--kind", "JournalRead").stdout
            self.assertIn("journal stats", rows)
            self.assertIn("journal log --kind JournalRead", rows)


if __name__ == "__main__":
    unittest.main()
