#!/usr/bin/env python3
"""The daemon's own life: starting, stopping, reloading, one process a directory; and who gets what:
plus addresses, aliases, postmaster, own senders only."""

import imaplib
import pathlib
import re
import signal
import smtplib
import socket
import ssl
import subprocess
import unittest

from daybook import BIN, DOMAIN, Daybook, trusting

TEXT = b"Subject: who gets it\r\n\r\nText.\r\n"


def count(server, account, mailbox="INBOX"):
    imap = server.imap(account)
    _, answer = imap.select(mailbox, readonly=True)
    imap.logout()
    return int(answer[0])


def line(sock):
    """One line, without its end."""
    octets = b""
    while not octets.endswith(b"\n"):
        piece = sock.recv(1)
        if not piece:
            break
        octets += piece
    return octets.rstrip(b"\r\n")


def connect(server, name):
    sock = socket.create_connection(("127.0.0.1", server.port(name)), timeout=60)
    return sock, line(sock)


class Recipients(unittest.TestCase):
    def test_plus_addresses_aliases_and_postmaster_arrive(self):
        with Daybook() as server:
            server.tool("alias", "add", f"info@{DOMAIN}", f"alice@{DOMAIN}")
            server.tool("alias", "add", f"info@{DOMAIN}", f"bob@{DOMAIN}")
            imap = server.imap("bob")
            imap.create("lists")
            imap.logout()
            with server.smtp() as smtp:
                smtp.ehlo()
                for recipient in (f"alice+shop@{DOMAIN}", f"ALICE@{DOMAIN.upper()}",
                                  f"info@{DOMAIN}", "postmaster", f"postmaster@{DOMAIN}",
                                  f"bob+lists@{DOMAIN}"):
                    smtp.mail("x@elsewhere.test")
                    self.assertEqual(smtp.rcpt(recipient)[0], 250, recipient)
                    self.assertEqual(smtp.data(TEXT)[0], 250)
                smtp.mail("")
                self.assertEqual(smtp.rcpt(f"nobody@{DOMAIN}")[0], 550)
                self.assertEqual(smtp.rcpt("someone@elsewhere.test")[0], 550)
            self.assertEqual(count(server, "alice"), 5)
            self.assertEqual(count(server, "bob"), 1)
            self.assertEqual(count(server, "bob", "lists"), 1)
            server.digests()

    def test_one_message_to_many_is_one_blob_and_one_copy_each(self):
        with Daybook() as server:
            server.tool("alias", "add", f"all@{DOMAIN}", f"alice@{DOMAIN}")
            with server.smtp() as smtp:
                smtp.sendmail("x@elsewhere.test",
                              [f"alice@{DOMAIN}", f"bob@{DOMAIN}", f"all@{DOMAIN}"], TEXT)
            self.assertEqual((count(server, "alice"), count(server, "bob")), (1, 1))
            received = server.tool("journal", "log", "--kind", "Received").stdout
            self.assertEqual(len(received.splitlines()), 1)
            self.assertEqual(server.tool_json("journal", "verify")["blobs"]["bad"], 0)

    def test_submission_takes_own_senders_and_strangers_do_not_relay(self):
        with Daybook() as server:
            with server.submission() as smtp:
                self.assertEqual(smtp.mail(f"bob@{DOMAIN}")[0], 553)
                smtp.rset()
                smtp.mail(f"alice+shop@{DOMAIN}")
                self.assertEqual(smtp.rcpt(f"bob@{DOMAIN}")[0], 250)
                self.assertEqual(smtp.data(b"Subject: hi\r\n\r\nho\r\n")[0], 250)
            with server.smtp() as smtp:
                smtp.ehlo()
                smtp.mail(f"alice@{DOMAIN}")
                code, text = smtp.rcpt("friend@elsewhere.test")
                self.assertEqual((code, text[:5]), (550, b"5.7.1"))
            imap = server.imap("bob")
            imap.select("INBOX")
            header = imap.fetch("1", "(BODY.PEEK[HEADER])")[1][0][1]
            imap.logout()
            self.assertIn(b"\r\nDate: ", header)
            self.assertIn(b"\r\nMessage-ID: <", header)
            with smtplib.SMTP("127.0.0.1", server.port("submission"), timeout=30) as smtp:
                smtp.ehlo()
                self.assertEqual(smtp.mail(f"alice@{DOMAIN}")[0], 530)


class Life(unittest.TestCase):
    def test_a_server_for_the_world_listens_in_every_family_that_there_is(self):
        with Daybook(dev=False) as server:
            for name in ("smtp", "submission", "imap", "pop3"):
                sock, greeting = connect(server, name)  # 127.0.0.1
                self.assertTrue(greeting, name)
                sock.close()
            server.imap().logout()
            with self.assertRaises(imaplib.IMAP4.error):
                server.imap(tls=False)  # no password in the clear, from loopback neither
            log = server.log.read_text()
            if pathlib.Path("/proc/net/if_inet6").exists() and \
                    pathlib.Path("/proc/net/if_inet6").read_text():
                port = int(re.search(r"listening name=imap address=:: port=(\d+)", log).group(1))
                with socket.create_connection(("::1", port), timeout=60) as sock:
                    self.assertTrue(line(sock).startswith(b"* OK"))

    def test_a_stop_says_goodbye_and_keeps_what_was_promised(self):
        with Daybook() as server:
            sessions = {name: connect(server, name) for name in ("smtp", "imap", "pop3", "lmtp")}
            self.assertTrue(sessions["imap"][1].startswith(b"* OK"))
            self.assertTrue(sessions["smtp"][1].startswith(b"220 "))
            server.stop()
            self.assertTrue(line(sessions["smtp"][0]).startswith(b"421 "))
            self.assertTrue(line(sessions["lmtp"][0]).startswith(b"421 "))
            self.assertTrue(line(sessions["imap"][0]).startswith(b"* BYE"))
            for sock, _ in sessions.values():
                sock.close()
            self.assertFalse((server.directory / "run" / "ports.json").exists())
            kinds = [row.split()[2] for row in
                     server.tool("journal", "tail", "-n", "3").stdout.splitlines()]
            self.assertIn("ServerStopped", kinds)
            server.start()

    def test_one_process_serves_a_directory(self):
        with Daybook() as server:
            second = subprocess.run(
                [BIN / "daybookd", "--config", server.directory / "daybook.toml"],
                capture_output=True, text=True, timeout=60)
            self.assertEqual(second.returncode, 1)
            self.assertIn(f"pid {server.process.pid}", second.stderr)

    def test_views_that_are_gone_are_rebuilt_at_the_start(self):
        with Daybook() as server:
            with server.smtp() as smtp:
                smtp.sendmail("x@elsewhere.test", [f"alice@{DOMAIN}"], TEXT)
            before = server.digests()
            server.stop()
            subprocess.run(["rm", "-r", server.directory / "views"], check=True)
            server.start()
            self.assertEqual(count(server, "alice"), 1)
            after = server.digests()
            self.assertEqual(before["mailboxes"], after["mailboxes"])

    def test_a_new_certificate_is_used_after_sighup_and_sessions_go_on(self):
        with Daybook() as server, Daybook() as other:
            imap = server.imap()
            old = certificate(server)
            for name in ("server.crt", "server.key"):
                (server.directory / "tls" / name).write_bytes(
                    (other.directory / "tls" / name).read_bytes())
            server.tool("reload")
            self.assertNotEqual(certificate(server), old)
            self.assertEqual(certificate(server), certificate(other))
            self.assertEqual(imap.noop()[0], "OK")
            imap.logout()
            # A key that does not fit is refused, and what was in use stays.
            (server.directory / "tls" / "server.key").write_text("no key")
            self.assertEqual(server.tool("reload", check=False).returncode, 1)
            server.process.send_signal(signal.SIGHUP)
            self.assertEqual(certificate(server), certificate(other))

    def test_a_new_limit_holds_for_new_sessions_after_a_reload(self):
        with Daybook() as server:
            file = server.directory / "daybook.toml"
            old, banner = connect(server, "smtp")
            sender = server.submission()
            text = file.read_text()
            self.assertIn('message_size = "50MiB"', text)
            file.write_text(text.replace('message_size = "50MiB"', 'message_size = "1MiB"')
                            .replace("plaintext_login_on_loopback = true",
                                     "plaintext_login_on_loopback = false"))
            server.change_setting("account_messages_per_hour", 1)
            self.assertEqual(server.tool("reload").returncode, 0)
            with server.smtp() as smtp:
                smtp.ehlo()
                self.assertEqual(smtp.esmtp_features["size"], str(1 << 20))
            with self.assertRaises(imaplib.IMAP4.error):
                server.imap(tls=False)
            old.sendall(b"EHLO client\r\n")
            answer = b""
            while b"250 " not in answer:
                answer += line(old) + b"\n"
            self.assertIn(b"SIZE %d" % (50 << 20), answer)
            old.close()
            # The rates hold at once.
            self.assertEqual(sender.mail(server.login)[0], 250)
            sender.rset()
            self.assertEqual(sender.mail(server.login)[0], 450)
            sender.quit()
            # What is wrong is refused, and what was in use stays.
            file.write_text(text + "\n[nonsense]\n")
            self.assertEqual(server.tool("reload", "--config", file, check=False).returncode, 1)
            server.process.send_signal(signal.SIGHUP)
            with server.smtp() as smtp:
                smtp.ehlo()
                self.assertEqual(smtp.esmtp_features["size"], str(1 << 20))

    def test_a_wrong_configuration_is_refused_with_every_problem(self):
        server = Daybook(settings='\n[limitz]\nx = 1\n')
        done = subprocess.run(
            [BIN / "daybook", "config", "check", "--config", server.directory / "daybook.toml"],
            capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("limitz", done.stderr)
        self.assertRegex(done.stderr, r"daybook\.toml:\d+:\d+")
        with self.assertRaises(RuntimeError):
            server.start()


def certificate(server):
    with socket.create_connection(("127.0.0.1", server.port("imaps")), timeout=60) as sock:
        with trusting().wrap_socket(sock) as tls:
            return ssl.DER_cert_to_PEM_cert(tls.getpeercert(binary_form=True))


if __name__ == "__main__":
    unittest.main()
