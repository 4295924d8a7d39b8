#!/usr/bin/env python3
"""Where mail goes: exchange with another Daybook and a Postfix by MX records, preference,
fall-over, and the domains that take none."""

import smtplib
import unittest

from peer import reply
from postfix import missing
from sending import (BODY, TEXT, Scenario, enhanced, facts, inbox, reason, relay, remote, status,
                     submit, wait_inbox, waiting)


class Exchange(Scenario):
    def test_two_daybooks_send_to_each_other_by_mx(self):
        other = self.world.daybook("b.test")
        there = submit(self.server, ["alice@b.test", "bob@b.test"])
        octets = wait_inbox(other)[0]
        self.assertTrue(octets.endswith(BODY), octets)
        self.assertIn(there.encode(), octets)       # Our Received field names it.
        wait_inbox(other, account="bob")
        back = submit(other, "alice@a.test")
        self.assertTrue(wait_inbox(self.server)[0].endswith(BODY))
        self.assertEqual(self.wait_final(there)["alice@b.test"]["state"], "relayed")
        relayed = self.outcomes(there, "Relayed")
        # One transaction for both, encrypted, on record with what the other said.
        self.assertEqual(len(relayed), 1)
        self.assertEqual(self.recipients(relayed[0]), ["alice@b.test", "bob@b.test"])
        self.assertIn("recorded as", remote(relayed[0])["text"])
        self.assertEqual((remote(relayed[0])["host"], remote(relayed[0])["ip"]),
                         ("mx.b.test", other.address))
        self.assertNotEqual(facts(relayed[0])["tls"]["tls"], {})
        received = [event for event in other.events("Received") if event["actor"] == "remoteMta"]
        self.assertEqual(received[0]["details"][0]["received"]["ip"], self.server.address)
        self.assertEqual(received[0]["details"][0]["received"]["helo"], "mx.a.test")
        self.assertNotEqual(there, back)
        other.assert_whole()

    @unittest.skipIf(missing(), missing())
    def test_a_postfix_takes_our_mail_and_we_take_its(self):
        postfix = self.world.postfix("c.test", accounts=("carol",), routes=self.world.routes)
        submit(self.server, "carol@c.test")
        mail = postfix.wait("carol")[0]
        self.assertEqual(mail["Subject"], "hello")
        self.assertIn("with ESMTPS", " ".join(mail.get_all("Received")))
        with smtplib.SMTP(postfix.address, postfix.port, timeout=30) as smtp:
            smtp.sendmail("carol@c.test", ["alice@a.test"], TEXT)
        self.assertTrue(wait_inbox(self.server)[0].endswith(BODY))

    def test_local_and_foreign_recipients_of_one_message(self):
        peer = self.world.peer("b.test")
        message = submit(self.server, ["bob@a.test", "carol@b.test"])
        mail = peer.wait(1)[0]
        self.assertEqual((mail.sender, mail.addresses), ("alice@a.test", ["carol@b.test"]))
        self.assertTrue(mail.content.endswith(BODY))
        self.assertTrue(inbox(self.server, "bob")[0].endswith(BODY))
        self.wait_final(message)
        self.assertEqual(waiting(self.server), set())

    def test_one_transaction_a_destination(self):
        peer, other = self.world.peer("b.test"), self.world.peer("c.test")
        submit(self.server, [f"user{number}@{domain}" for number in range(5)
                             for domain in ("b.test", "c.test")])
        for one in (peer, other):
            self.assertEqual(len(one.wait(1)[0].recipients), 5)


class Routes(Scenario):
    def test_the_preferred_host_gets_it(self):
        second = self.world.peer("b.test", "mx2.b.test", preference=20)
        first = self.world.peer("b.test", "mx1.b.test", preference=10)
        for _ in range(5):
            submit(self.server, "carol@b.test")
        first.wait(5)
        self.assertEqual(second.sessions, [])

    def test_the_next_host_gets_it_when_the_first_is_dead_or_busy(self):
        first = self.world.peer("b.test", "mx1.b.test", preference=10)
        busy = self.world.peer("b.test", "mx2.b.test", preference=20)
        third = self.world.peer("b.test", "mx3.b.test", preference=30)
        first.stop()
        busy.answers.append(reply("CONNECT", b"421 4.3.2 Too busy"))
        message = submit(self.server, "carol@b.test")
        self.assertEqual(len(third.wait(1)), 1)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["host"], "mx3.b.test")
        # No delay: nothing was deferred.
        self.assertEqual(self.outcomes(message, "Deferred"), [])

    def test_all_hosts_dead_defers_until_one_is_back(self):
        peer = self.world.peer("b.test")
        peer.stop()
        message = submit(self.server, "carol@b.test")
        deferred = self.wait_for(message, "Deferred")[0]
        self.assertEqual(reason(deferred), "connect")
        row = status(self.server, message)["carol@b.test"]
        self.assertIn(row["state"], ("waiting", "attempting"))
        peer.start()
        peer.wait(1)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")

    def test_equal_preferences_share(self):
        hosts = [self.world.peer("hosts.test", f"mx{number}.hosts.test") for number in range(2)]
        # Each domain's first host is drawn anew: 40 times the same one happens once in 10^11 runs.
        domains = [f"d{number}.test" for number in range(40)]
        self.world.dns.add_all([(domain, "MX", f"10 {host.name}.")
                                for domain in domains for host in hosts])
        messages = [relay(self.server, "a@machine.test", f"user@{domain}") for domain in domains]
        for message in messages:
            self.wait_final(message)
        counts = [len(host.mails) for host in hosts]
        self.assertEqual(sum(counts), 40)
        self.assertNotIn(0, counts)

    def test_a_domain_without_mx_is_its_own_host(self):
        peer = self.world.peer("b.test", "b.test", preference=None)
        submit(self.server, "carol@b.test")
        peer.wait(1)

    def test_a_host_without_an_address_is_passed_over(self):
        self.world.dns.add("b.test", "MX", "5 nowhere.b.test.")
        peer = self.world.peer("b.test")
        submit(self.server, "carol@b.test")
        peer.wait(1)

    def test_a_null_mx_takes_no_mail(self):
        host = self.world.peer("b.test", "b.test", preference=None)
        self.world.dns.add("b.test", "MX", "0 .")
        self.assert_bounced("carol@b.test", "5.1.10")
        self.assertEqual(host.sessions, [])

    def test_no_such_domain(self):
        self.assert_bounced("carol@nosuch.test", "5.1.2")

    def test_no_host_with_an_address(self):
        self.world.dns.add("b.test", "MX", "10 mx.b.test.")
        self.assert_bounced("carol@b.test", "5.4.4")

    def test_mx_that_points_at_us_is_a_loop(self):
        self.world.dns.add("b.test", "MX", "10 mx.a.test.")
        self.assert_bounced("carol@b.test", "5.4.6")

    def test_no_answer_from_the_dns_defers(self):
        peer = self.world.peer("b.test")
        self.world.dns.pause()
        self.addCleanup(self.world.dns.resume)
        message = submit(self.server, "carol@b.test")
        deferred = self.wait_for(message, "Deferred")[0]
        self.assertEqual((reason(deferred), enhanced(deferred)[:2]), ("dns", "4."))
        self.assertEqual(peer.sessions, [])
        self.world.dns.resume()
        peer.wait(1)

    def assert_bounced(self, address, code):
        message = submit(self.server, address)
        self.assertEqual(self.wait_final(message)[address]["state"], "failed")
        bounced = self.outcomes(message, "Bounced")
        self.assertEqual([enhanced(event) for event in bounced], [code])
        self.assertEqual(reason(bounced[0]), "noRoute")
        self.assertEqual(self.outcomes(message, "AttemptStarted"), [])


if __name__ == "__main__":
    unittest.main()
