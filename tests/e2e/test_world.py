#!/usr/bin/env python3
"""The test's own world, without Daybook: what it says is signed validates, what it says is wrong
does not, and its mail servers talk to each other."""

import smtplib
import socket
import ssl
import unittest
import urllib.request

from peer import CLOSE, closing_after, greylist, reply, silent
from policy_host import policy
from postfix import missing
from sending import actions, parsed
from validator import MX, TLSA, A, Validator
from world import Loopback, World

TEXT = b"Subject: hello\r\n\r\nText.\r\n.with a dot\r\n"


def client(world, peer, tls=True):
    smtp = smtplib.SMTP(peer.address, peer.port, local_hostname="client.test", timeout=30)
    if tls:
        smtp.starttls(context=trusting(world, peer.name))
    return smtp


def trusting(world, name):
    """As a strict client sees the host: by its name, which smtplib does not connect by."""
    context = ssl.create_default_context(cafile=str(world.ca.roots))
    wrap = context.wrap_socket
    context.wrap_socket = lambda sock, **rest: wrap(sock, **rest | {"server_hostname": name})
    return context


class Names(unittest.TestCase):
    def test_signed_zones_validate_unsigned_ones_do_not_and_broken_ones_are_bogus(self):
        with World() as world:
            address = world.host("b.test")
            world.host("c.plain.test")
            world.host("d.bogus.test")
            world.tlsa("mx.b.test", "3 1 1 " + "ab" * 32)
            with Validator(world.dns) as ask:
                found = ask("b.test", MX)
                self.assertEqual((found.state, found.records),
                                 ("secure", [b"\0\x0a\2mx\1b\4test\0"]))
                self.assertEqual(ask("mx.b.test", A).records, [socket.inet_aton(address)])
                found = ask(f"_{world.port}._tcp.mx.b.test", TLSA)
                self.assertEqual((found.state, found.records),
                                 ("secure", [b"\3\1\1" + b"\xab" * 32]))
                found = ask("nosuch.test", MX)
                self.assertEqual((found.state, found.rcode, found.records), ("secure", 3, []))
                found = ask("mx.b.test", MX)
                self.assertEqual((found.state, found.rcode, found.records), ("secure", 0, []))
                found = ask("c.plain.test", MX)
                self.assertEqual((found.state, len(found.records)), ("insecure", 1))
                self.assertEqual(ask("d.bogus.test", MX).state, "bogus")

    def test_records_and_signatures_change_while_it_runs(self):
        with World() as world:
            world.host("b.test")
            world.dns.replace("b.test", "MX", "0 .")
            with Validator(world.dns) as ask:
                self.assertEqual(ask("b.test", MX).records, [b"\0\0\0"])
            world.dns.remove("b.test")
            world.dns.break_signatures("bogus.test", False)
            world.dns.break_signatures("test")
            with Validator(world.dns) as ask:
                found = ask("b.test", MX)
                self.assertEqual((found.state, found.records), ("bogus", []))
                self.assertNotEqual(found.why, "")
            world.dns.break_signatures("test", False)
            with Validator(world.dns) as ask:
                found = ask("b.test", MX)
                self.assertEqual((found.state, found.records), ("secure", []))
                self.assertEqual(ask("bogus.test", MX).state, "secure")
            self.assertTrue(world.dns.answers())
            world.dns.pause()
            self.assertFalse(world.dns.answers())
            world.dns.resume()
            self.assertTrue(world.dns.answers())

    def test_two_worlds_have_no_address_in_common(self):
        with World() as world:
            other = Loopback()
            self.assertNotEqual(world.loopback.block, other.block)
            other.close()


class Peers(unittest.TestCase):
    def test_a_good_peer_keeps_what_it_takes(self):
        with World() as world:
            peer = world.peer("b.test")
            with client(world, peer) as smtp:
                smtp.sendmail("alice@a.test", ["bob@b.test", "carol@b.test"], TEXT,
                              mail_options=["BODY=8BITMIME", "RET=HDRS"],
                              rcpt_options=["NOTIFY=NEVER"])
            mail = peer.wait(1)[0]
            self.assertEqual((mail.sender, mail.addresses, mail.content),
                             ("alice@a.test", ["bob@b.test", "carol@b.test"], TEXT))
            self.assertEqual((mail.parameters["RET"], mail.recipients[0][1]),
                             ("HDRS", {"NOTIFY": "NEVER"}))
            self.assertEqual((mail.tls, mail.server_name, mail.ip, mail.helo),
                             ("TLSv1.3", "mx.b.test", "127.0.0.1", "client.test"))
            peer.stop()
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection((peer.address, peer.port), timeout=30)
            peer.start()
            with client(world, peer, tls=False) as smtp:
                smtp.ehlo()
                smtp.mail("alice@a.test")
                smtp.rcpt("bob@b.test")
                smtp.send("BDAT 5\r\nhelloBDAT 7 LAST\r\n world\n")
                self.assertEqual([smtp.getreply()[0] for _ in range(2)], [250, 250])
            self.assertEqual((peer.mails[1].content, peer.mails[1].bdat, peer.mails[1].tls),
                             (b"hello world\n", True, ""))

    def test_bad_manners(self):
        with World() as world:
            peer = world.peer("b.test", logins={"a": "secret"})
            with client(world, peer) as smtp:
                smtp.ehlo()
                self.assertEqual(smtp.mail("alice@a.test")[0], 530)
                with self.assertRaises(smtplib.SMTPAuthenticationError):
                    smtp.login("a", "wrong")
                smtp.login("a", "secret")
                peer.answers = [greylist(1), closing_after(1),
                                reply("RCPT", b"550 5.1.1 Who?", to="nobody@"),
                                reply(".", CLOSE, times=1)]
                smtp.mail("alice@a.test")
                self.assertEqual(smtp.rcpt("bob@b.test")[0], 451)
                self.assertEqual(smtp.rcpt("bob@b.test")[0], 250)
                smtp.rcpt("nobody@b.test")
                self.assertEqual(smtp.rcpt("nobody@b.test"), (550, b"5.1.1 Who?"))
                with self.assertRaises(smtplib.SMTPServerDisconnected):
                    smtp.data(TEXT)
            self.assertEqual((peer.mails, len(peer.unanswered)), ([], 1))
            with client(world, peer) as smtp:
                smtp.ehlo()
                smtp.login("a", "secret")
                smtp.sendmail("alice@a.test", ["bob@b.test"], TEXT)
                self.assertEqual(smtp.mail("alice@a.test")[0], 421)
            self.assertEqual(peer.wait(1)[0].user, "a")
            peer.logins, peer.answers = {}, [reply("BDAT", b"554 5.7.1 No", times=1)]
            with client(world, peer) as smtp:
                smtp.ehlo()
                for code in (554, 250):
                    smtp.mail("alice@a.test")
                    smtp.rcpt("bob@b.test")
                    smtp.send("BDAT 5 LAST\r\nhello")
                    self.assertEqual(smtp.getreply()[0], code)
            self.assertEqual(len(peer.mails), 2)

    def test_bad_tls_and_no_words(self):
        with World() as world:
            stripped = world.peer("b.test", starttls="stripped")
            with client(world, stripped, tls=False) as smtp:
                smtp.ehlo()
                self.assertNotIn("starttls", smtp.esmtp_features)
                self.assertNotIn("requiretls", smtp.esmtp_features)
            with self.assertRaises(ssl.SSLError):
                client(world, world.peer("c.test", starttls="broken"))
            with self.assertRaises(smtplib.SMTPResponseException):
                client(world, world.peer("d.test", starttls="refused"))
            with self.assertRaises(ssl.SSLCertVerificationError):
                client(world, world.peer("e.test", certificate=world.ca.certificate("f.test")))
            with self.assertRaises(ssl.SSLCertVerificationError):
                client(world, world.peer(
                    "f.test", certificate=world.ca.certificate("mx.f.test", expired=True)))
            quiet = world.peer("g.test", drip=0.001)
            with client(world, quiet, tls=False) as smtp:
                self.assertEqual(smtp.ehlo()[0], 250)
            quiet.answers.append(silent)
            with socket.create_connection((quiet.address, quiet.port), timeout=30) as sock:
                sock.shutdown(socket.SHUT_WR)
                self.assertEqual(sock.recv(100), b"")

    def test_a_policy_is_served_under_its_name(self):
        with World() as world:
            host = world.policy_host("b.test")
            host.policies["mta-sts.b.test"] = policy("enforce", "mx.b.test")
            request = urllib.request.Request(
                f"https://{host.server.server_address[0]}:{world.policy_port}"
                "/.well-known/mta-sts.txt", headers={"Host": "mta-sts.b.test"})
            context = ssl.create_default_context(cafile=str(world.ca.roots))
            context.check_hostname = False      # It is asked by its address.
            with urllib.request.urlopen(request, context=context, timeout=30) as answer:
                self.assertEqual(answer.read().decode(), (
                    "version: STSv1\r\nmode: enforce\r\nmx: mx.b.test\r\nmax_age: 86400\r\n"))
            self.assertEqual(host.requests, [("mta-sts.b.test", "/.well-known/mta-sts.txt")])


@unittest.skipIf(missing(), missing())
class RealPostfix(unittest.TestCase):
    def test_it_takes_mail_for_its_domain_and_relays_the_rest(self):
        with World() as world:
            peer = world.peer("b.test")
            postfix = world.postfix("c.test", accounts=("carol",), routes=world.routes)
            with smtplib.SMTP(postfix.address, postfix.port, timeout=30) as smtp:
                smtp.starttls(context=trusting(world, "mx.c.test"))
                smtp.sendmail("alice@a.test", ["carol@c.test", "bob@b.test"], TEXT)
                smtp.mail("alice@a.test")
                self.assertEqual(smtp.rcpt("nobody@c.test")[0], 550)
            mail = peer.wait(1)[0]
            self.assertEqual((mail.addresses, mail.ip, mail.helo),
                             (["bob@b.test"], postfix.address, "mx.c.test"))
            self.assertTrue(mail.content.endswith(TEXT.partition(b"\r\n\r\n")[2]))
            self.assertNotEqual(mail.tls, "")
            self.assertEqual(postfix.wait("carol")[0]["Subject"], "hello")

    def test_its_reports_are_read(self):
        with World() as world:
            peer = world.peer("b.test")
            peer.answers.append(reply("RCPT", b"550 5.1.1 Who?"))
            postfix = world.postfix("c.test", accounts=("carol",), routes=world.routes)
            with smtplib.SMTP(postfix.address, postfix.port, timeout=30) as smtp:
                smtp.ehlo()
                smtp.mail("carol@c.test", ["RET=HDRS", "ENVID=x1"])
                for name in ("bob", "Dana"):
                    smtp.rcpt(f"{name}@b.test", ["NOTIFY=FAILURE", f"ORCPT=rfc822;{name}@b.test"])
                self.assertEqual(smtp.data(TEXT)[0], 250)
            report = parsed(postfix.wait("carol")[0].as_bytes())
            self.assertEqual(actions(report), {"bob@b.test": "failed", "dana@b.test": "failed"})
            self.assertEqual(report.fields["original-envelope-id"], "x1")
            fields = report.recipients["dana@b.test"]
            self.assertEqual((fields["status"], fields["original-recipient"].replace(" ", "")),
                             ("5.1.1", "rfc822;Dana@b.test"))
            self.assertIn("550 5.1.1 Who?", fields["diagnostic-code"])
            self.assertIn("Dana@b.test", report.words)
            self.assertEqual(report.returned.get_content_type(), "text/rfc822-headers")


if __name__ == "__main__":
    unittest.main()
