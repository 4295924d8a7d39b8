#!/usr/bin/env python3
"""Peers that put off, refuse, break off, drip, babble, or know less than the message asks for."""

import email
import email.policy
import smtplib
import unittest

from peer import CLOSE, EXTENSIONS, closing_after, greylist, reply, silent
from sending import (BODY, TEXT, Scenario, enhanced, facts, reason, recorded, relay, remote,
                     submit, waiting)

EIGHT_BIT = ("From: Alice <alice@a.test>\r\nSubject: eight\r\nMIME-Version: 1.0\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
             "\r\nGr\u00fc\u00dfe aus K\u00f6ln.\r\n.Punkt\r\n").encode()


def without(*names):
    return tuple(one for one in EXTENSIONS if one.split()[0] not in names)


class PutOff(Scenario):
    def test_a_greylisting_host_gets_it_at_the_third_try(self):
        peer = self.world.peer("b.test")
        peer.answers.append(greylist(2))
        message = submit(self.server, ["carol@b.test", "dana@b.test"])
        peer.wait(1)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")
        self.assertEqual(sorted(address for mail in peer.mails for address in mail.addresses),
                         ["carol@b.test", "dana@b.test"])
        deferred = self.outcomes(message, "Deferred")
        self.assertEqual({(enhanced(event), reason(event))
                          for event in deferred}, {("4.7.1", "refused")})
        self.assertIn("Greylisted", remote(deferred[0])["text"])
        numbers = [facts(event)["number"] for event in self.outcomes(message, "AttemptStarted")]
        self.assertEqual(numbers[-1], 3)

    def test_what_one_recipient_is_told_is_not_the_others_fate(self):
        peer = self.world.peer("b.test")
        peer.answers += [reply("RCPT", b"550 5.1.1 Who is that?", to="nobody@"),
                         reply("RCPT", b"452 4.2.2 Full", times=1, to="full@")]
        message = submit(self.server, ["carol@b.test", "nobody@b.test", "full@b.test"])
        rows = self.wait_final(message)
        self.assertEqual({address: row["state"] for address, row in rows.items()},
                         {"carol@b.test": "relayed", "nobody@b.test": "failed",
                          "full@b.test": "relayed"})
        self.assertEqual([mail.addresses for mail in peer.mails],
                         [["carol@b.test"], ["full@b.test"]])
        self.assertIn("Who is that?", rows["nobody@b.test"]["text"])

    def test_a_refusal_at_any_stage_is_the_end_with_the_hosts_words(self):
        for number, verb in enumerate(("MAIL", "RCPT", "DATA", "BDAT", ".")):
            with self.subTest(verb):
                domain = f"d{number}.test"
                extensions = EXTENSIONS if verb in ("BDAT", ".") else without("CHUNKING")
                peer = self.world.peer(domain, extensions=extensions)
                peer.answers.append(reply(verb, b"554-5.7.1 Not from you\r\n554 5.7.1 and never"))
                message = submit(self.server, f"carol@{domain}")
                self.assertEqual(self.wait_final(message)[f"carol@{domain}"]["state"], "failed")
                bounced = self.outcomes(message, "Bounced")
                self.assertEqual([enhanced(event) for event in bounced], ["5.7.1"])
                self.assertIn("Not from you", remote(bounced[0])["text"])
                self.assertIn("and never", remote(bounced[0])["text"])
                self.assertEqual(peer.mails, [])

    def test_a_host_that_closes_after_some_messages_gets_them_all(self):
        peer = self.world.peer("b.test")
        peer.answers.append(closing_after(2))
        messages = [relay(self.server, "a@machine.test", f"user{number}@b.test")
                    for number in range(10)]
        for message in messages:
            self.wait_final(message)
        self.assertEqual(sorted(mail.addresses[0] for mail in peer.mails),
                         [f"user{number}@b.test" for number in range(10)])


class Broken(Scenario):
    def test_a_host_that_dies_after_the_data_may_get_it_twice_and_that_is_on_record(self):
        for number, extensions in enumerate((EXTENSIONS, without("CHUNKING"))):
            domain = f"d{number}.test"
            peer = self.world.peer(domain, extensions=extensions)
            peer.answers.append(reply(".", CLOSE, times=1))
            message = submit(self.server, f"carol@{domain}")
            self.assertEqual(self.wait_final(message)[f"carol@{domain}"]["state"], "relayed")
            self.assertEqual((len(peer.unanswered), len(peer.mails)), (1, 1))
            self.assertEqual(peer.unanswered[0].content, peer.mails[0].content)
            unknown = self.outcomes(message, "AttemptOutcomeUnknown")
            started = self.outcomes(message, "AttemptStarted")
            self.assertEqual([self.recipients(event) for event in unknown],
                             [[f"carol@{domain}"]])
            self.assertEqual(facts(unknown[0])["attempt"], facts(started[0])["attempt"])

    def test_a_host_that_dies_before_has_not_got_it(self):
        for number, verb in enumerate(("CONNECT", "EHLO", "MAIL", "RCPT", "DATA")):
            with self.subTest(verb):
                domain = f"d{number}.test"
                peer = self.world.peer(domain, extensions=without("CHUNKING", "PIPELINING"))
                peer.answers.append(reply(verb, CLOSE, times=2))
                message = submit(self.server, f"carol@{domain}")
                self.assertEqual(self.wait_final(message)[f"carol@{domain}"]["state"], "relayed")
                self.assertEqual((len(peer.unanswered), len(peer.mails)), (0, 1))
                self.assertNotEqual(self.outcomes(message, "Deferred"), [])
                self.assertEqual(self.outcomes(message, "AttemptOutcomeUnknown"), [])

    def test_dripping_replies_are_waited_for(self):
        peer = self.world.peer("b.test", drip=0.02)
        message = submit(self.server, "carol@b.test")
        peer.wait(1)
        self.wait_final(message)
        self.assertEqual(self.outcomes(message, "Deferred"), [])

    def test_a_host_that_never_greets_holds_up_nobody_else(self):
        quiet, peer = self.world.peer("b.test"), self.world.peer("c.test")
        quiet.answers.append(silent)
        held = submit(self.server, "carol@b.test")
        quiet.wait_until(lambda: quiet.sessions)
        for _ in range(5):
            submit(self.server, "carol@c.test")
        peer.wait(5)
        self.assertIn(held, waiting(self.server))
        quiet.stop()
        quiet.answers.clear()
        quiet.start()
        quiet.wait(1)

    def test_nonsense_is_put_off_and_tried_again(self):
        for number, (verb, octets) in enumerate((
                ("CONNECT", b"\x00\xff\xfewho is there?\r\n"),
                ("CONNECT", b"2" * 200_000 + b"\r\n"),
                ("CONNECT", b"220-no end\r\n" * 20_000),
                ("EHLO", b"250 \xff\xff\r\n999 what\r\n"),
                ("MAIL", b"\r\n\r\n\r\n"),
                ("RCPT", b"25\r\n"),
                ("DATA", b"354354354\r\n"),
                (".", b"HTTP/1.1 200 OK\r\n\r\n"))):
            with self.subTest(f"{verb} {octets[:20]}"):
                domain = f"d{number}.test"
                peer = self.world.peer(domain, extensions=without("CHUNKING"))
                peer.answers.append(reply(verb, octets, times=1))
                message = submit(self.server, f"carol@{domain}")
                self.assertEqual(self.wait_final(message)[f"carol@{domain}"]["state"], "relayed")
                self.assertEqual(len(peer.mails), 1)


class KnowsLess(Scenario):
    def test_a_host_without_ehlo_is_greeted_with_helo(self):
        peer = self.world.peer("b.test", certificate=None)
        peer.answers.append(reply("EHLO", b"502 5.5.1 What is that?"))
        submit(self.server, "carol@b.test")
        self.assertEqual(peer.wait(1)[0].parameters, {})
        self.assertEqual(len(peer.said("HELO")), 1)

    def test_eight_bits_become_seven_for_a_host_that_knows_no_more(self):
        full, seven = self.world.peer("b.test"), self.world.peer(
            "c.test", extensions=without("8BITMIME", "SMTPUTF8", "CHUNKING"))
        submit(self.server, ["carol@b.test", "carol@c.test"], EIGHT_BIT, options=["BODY=8BITMIME"])
        mail = full.wait(1)[0]
        self.assertEqual(mail.parameters["BODY"], "8BITMIME")
        self.assertTrue(mail.content.endswith(EIGHT_BIT.partition(b"\r\n\r\n")[2]))
        mail = seven.wait(1)[0]
        self.assertNotIn("BODY", mail.parameters)
        self.assertTrue(mail.content.isascii())
        text = email.message_from_bytes(mail.content, policy=email.policy.default)
        self.assertEqual(text.get_content().replace("\r\n", "\n").encode(),
                         EIGHT_BIT.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n"))

    def test_an_address_in_utf8_needs_a_host_that_knows_it(self):
        full = self.world.peer("b.test")
        less = self.world.peer("c.test", extensions=without("SMTPUTF8"))
        with self.server.submission() as smtp:
            smtp.ehlo()
            for domain in ("b.test", "c.test"):
                smtp.mail("alice@a.test", ["SMTPUTF8", "BODY=8BITMIME"])
                # smtplib's rcpt() would turn it to ASCII.
                smtp.command_encoding = "utf-8"
                self.assertEqual(smtp.docmd(f"RCPT TO:<j\u00f6rg@{domain}>")[0], 250)
                code, text = smtp.data(EIGHT_BIT)
                self.assertEqual(code, 250, text)
                message = recorded(text)
        self.assertIn("SMTPUTF8", full.wait(1)[0].parameters)
        self.assertEqual(full.mails[0].addresses, ["j\u00f6rg@b.test"])
        self.wait_for(message, "Bounced")
        self.assertEqual(enhanced(self.outcomes(message, "Bounced")[0]), "5.6.7")
        self.assertEqual(less.said("MAIL"), [])

    def test_a_message_that_is_too_large_is_not_offered(self):
        peer = self.world.peer("b.test", extensions=(*without("SIZE"), "SIZE 6000"))
        message = submit(self.server, "carol@b.test", TEXT + (b"x" * 70 + b"\r\n") * 100)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "failed")
        self.assertEqual(enhanced(self.outcomes(message, "Bounced")[0]), "5.3.4")
        self.assertEqual(peer.said("DATA") + peer.said("BDAT"), [])
        submit(self.server, "carol@b.test", TEXT)
        self.assertTrue(peer.wait(1)[0].content.endswith(BODY))

    def test_a_message_that_went_round_too_often_is_not_taken(self):
        hops = b"".join(b"Received: from a by b; Wed, 25 Nov 2026 12:00:00 +0000\r\n"
                        for _ in range(200))
        with smtplib.SMTP("127.0.0.1", self.server.port("relay"), timeout=60) as smtp:
            smtp.ehlo()
            smtp.mail("a@machine.test")
            smtp.rcpt("carol@b.test")
            code, text = smtp.data(hops + TEXT)
        self.assertEqual((code, text[:5]), (554, b"5.4.6"))


if __name__ == "__main__":
    unittest.main()
