#!/usr/bin/env python3
"""How safely mail goes: TLS where it is offered, DANE, MTA-STS, REQUIRETLS. What a policy forbids
is deferred, and nothing of it is said in the clear."""

import unittest

from peer import EXTENSIONS
from policy_host import policy
from sending import BODY, Scenario, enhanced, facts, reason, status, submit, until

STS = '"v=STSv1; id=20261125;"'


class TlsScenario(Scenario):
    def assert_relayed(self, peer, address, verified=False, policy_kind="none", tls=True):
        """One message arrives; what it came by is on record."""
        message = submit(self.server, address)
        mail = peer.wait(1)[0]
        self.assertTrue(mail.content.endswith(BODY))
        self.assertEqual(bool(mail.tls), tls)
        self.wait_final(message)
        relayed = self.outcomes(message, "Relayed")
        self.assertEqual(len(relayed), 1)
        result = facts(relayed[0]).get("tls", {})
        self.assertEqual(result.get("policy", "none"), policy_kind)
        self.assertEqual(result.get("verified", False), verified)
        return mail, result

    def assert_deferred(self, peer, address, why="tls"):
        """Put off, and the host was told nothing of the message. Returns its id."""
        message = submit(self.server, address)
        deferred = self.wait_for(message, "Deferred", 2)
        # "busy": not even tried, because of the time before.
        self.assertEqual({reason(event) for event in deferred} - {"busy"}, {why})
        self.assertEqual(enhanced(deferred[0])[0], "4")
        self.assert_untold(peer)
        self.assertIn(status(self.server, message)[address]["state"], ("waiting", "attempting"))
        return message

    def assert_untold(self, peer):
        self.assertEqual((peer.mails, peer.said("MAIL"), peer.said("RCPT")), ([], [], []))


class Opportunistic(TlsScenario):
    def test_tls_is_used_where_it_is_offered_whoever_signed_the_certificate(self):
        peer = self.world.peer("b.test", certificate=self.world.ca.self_signed("other.test"))
        mail, _ = self.assert_relayed(peer, "carol@b.test")
        self.assertEqual((mail.tls, mail.server_name), ("TLSv1.3", "mx.b.test"))
        # RFC 3207 4.2: EHLO again, in TLS.
        self.assertEqual(len(peer.said("EHLO")), 2)

    def test_without_an_offer_it_goes_in_the_clear(self):
        for domain, starttls in (("b.test", "stripped"), ("c.test", "refused"),
                                 ("d.test", "broken")):
            with self.subTest(starttls):
                peer = self.world.peer(domain, starttls=starttls)
                self.assert_relayed(peer, f"carol@{domain}", tls=False)


class Dane(TlsScenario):
    broken = ("_tcp.mx.e.test",)

    def test_a_tlsa_record_that_fits_is_verified(self):
        # RFC 7672 3.1.1: with DANE-EE neither the name nor the date counts, nor who signed.
        old = self.world.ca.certificate("other.test", expired=True)
        peer = self.world.peer("b.test", certificate=old)
        self.world.tlsa("mx.b.test", "3 1 1 " + "00" * 32, old.tlsa())
        mail, _ = self.assert_relayed(peer, "carol@b.test", verified=True, policy_kind="dane")
        self.assertEqual(mail.server_name, "mx.b.test")

    def test_whole_certificates_and_sha512_fit_too(self):
        for domain, selector, matching in (("b.test", 0, 1), ("c.test", 1, 2), ("d.test", 1, 0)):
            with self.subTest(f"3 {selector} {matching}"):
                peer = self.world.peer(domain)
                self.world.tlsa(f"mx.{domain}", self.world.certificate(f"mx.{domain}").tlsa(
                    3, selector, matching))
                self.assert_relayed(peer, f"carol@{domain}", verified=True, policy_kind="dane")

    def test_a_tlsa_record_that_does_not_fit_stops_the_mail_until_it_does(self):
        peer = self.world.peer("b.test")
        self.world.tlsa("mx.b.test", self.world.ca.certificate("other.test").tlsa())
        message = self.assert_deferred(peer, "carol@b.test")
        self.world.tlsa("mx.b.test", self.world.certificate("mx.b.test").tlsa())
        peer.wait(1)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")
        self.assertNotEqual(peer.mails[0].tls, "")

    def test_tlsa_records_and_no_starttls_stops_the_mail(self):
        peer = self.world.peer("b.test", starttls="stripped")
        self.world.tlsa("mx.b.test", self.world.certificate("mx.b.test").tlsa())
        self.assert_deferred(peer, "carol@b.test")

    def test_the_next_host_may_fit(self):
        first = self.world.peer("b.test", "mx1.b.test", preference=10)
        second = self.world.peer("b.test", "mx2.b.test", preference=20)
        self.world.tlsa("mx1.b.test", self.world.ca.certificate("other.test").tlsa())
        self.world.tlsa("mx2.b.test", self.world.certificate("mx2.b.test").tlsa())
        self.assert_relayed(second, "carol@b.test", verified=True, policy_kind="dane")
        self.assert_untold(first)

    def test_records_of_an_unsigned_zone_count_for_nothing(self):
        peer = self.world.peer("b.plain.test")
        self.world.tlsa("mx.b.plain.test", self.world.ca.certificate("other.test").tlsa())
        self.assert_relayed(peer, "carol@b.plain.test")

    def test_a_bogus_answer_for_the_route_stops_the_mail(self):
        peer = self.world.peer("b.bogus.test")
        self.assert_deferred(peer, "carol@b.bogus.test", why="dns")
        self.assertEqual(peer.sessions, [])
        self.world.dns.break_signatures("bogus.test", False)
        peer.wait(1)

    def test_a_bogus_answer_for_the_tlsa_records_stops_the_mail(self):
        peer = self.world.peer("e.test")
        self.world.tlsa("mx.e.test", self.world.certificate("mx.e.test").tlsa())
        self.assert_deferred(peer, "carol@e.test")


class MtaSts(TlsScenario):
    def domain(self, name, mode="enforce", hosts=None, policy_certificate=None, **peer):
        made = self.world.peer(name, **peer)
        policies = self.world.policy_host(name, policy_certificate)
        policies.policies[f"mta-sts.{name}"] = policy(mode, *(hosts or (f"mx.{name}",)))
        self.world.dns.add(f"_mta-sts.{name}", "TXT", STS)
        return made, policies

    def test_enforce_with_the_right_certificate(self):
        peer, policies = self.domain("b.test")
        self.assert_relayed(peer, "carol@b.test", verified=True, policy_kind="mtaSts")
        self.assertEqual(len(policies.requests), 1)
        # RFC 8461 3.1: the same id is the same policy.
        submit(self.server, "carol@b.test")
        peer.wait(2)
        self.assertEqual(len(policies.requests), 1)

    def test_enforce_with_a_pattern(self):
        peer, _ = self.domain("b.test", hosts=("*.b.test",))
        self.assert_relayed(peer, "carol@b.test", verified=True, policy_kind="mtaSts")

    def test_enforce_with_a_wrong_certificate(self):
        ca = self.world.ca
        for domain, certificate in (
                ("b.test", ca.certificate("other.test")),
                ("c.test", ca.certificate("mx.c.test", expired=True)),
                ("d.test", ca.self_signed("mx.d.test"))):
            with self.subTest(domain):
                peer, _ = self.domain(domain, certificate=certificate)
                self.assert_deferred(peer, f"carol@{domain}")

    def test_enforce_with_starttls_stripped_or_broken(self):
        for domain, starttls in (("b.test", "stripped"), ("c.test", "refused"),
                                 ("d.test", "broken")):
            with self.subTest(starttls):
                peer, _ = self.domain(domain, starttls=starttls)
                self.assert_deferred(peer, f"carol@{domain}")

    def test_enforce_for_other_hosts(self):
        peer, _ = self.domain("b.test", hosts=("mx.elsewhere.test",))
        self.assert_deferred(peer, "carol@b.test")
        self.assertEqual(peer.sessions, [])

    def test_testing_reports_and_sends(self):
        peer, _ = self.domain(
            "b.test", "testing", certificate=self.world.ca.certificate("other.test"))
        _, result = self.assert_relayed(peer, "carol@b.test", policy_kind="mtaSts")
        self.assertEqual(result.get("fault"), "certificateHostMismatch")

    def test_a_policy_that_cannot_be_had_is_none(self):
        peer, policies = self.domain(
            "b.test", policy_certificate=self.world.ca.certificate("other.test"),
            certificate=self.world.ca.certificate("other.test"))
        _, result = self.assert_relayed(peer, "carol@b.test", policy_kind="mtaSts")
        self.assertEqual(policies.requests, [])
        # RFC 8460 4.3.2.2: its domain is to hear of it.
        self.assertEqual(result["fault"], "stsWebpkiInvalid")

    def test_a_policy_is_kept_when_its_host_is_gone_and_over_a_restart(self):
        peer, policies = self.domain("b.test")
        self.assert_relayed(peer, "carol@b.test", verified=True, policy_kind="mtaSts")
        policies.stop()
        self.world.dns.remove("_mta-sts.b.test")
        self.server.stop()
        self.server.start()
        peer.starttls = "stripped"
        message = submit(self.server, "carol@b.test")
        self.assertEqual(reason(self.wait_for(message, "Deferred")[0]), "tls")
        self.assertEqual(len(peer.mails), 1)


class RequireTls(TlsScenario):
    """RFC 8689 4.2.1"""

    def test_it_is_passed_on_to_a_verified_host_that_knows_it(self):
        peer = self.world.peer("b.test")
        self.world.tlsa("mx.b.test", self.world.certificate("mx.b.test").tlsa())
        submit(self.server, "carol@b.test", options=["REQUIRETLS"])
        mail = peer.wait(1)[0]
        self.assertIn("REQUIRETLS", mail.parameters)
        self.assertNotEqual(mail.tls, "")

    def test_a_host_that_does_not_know_it_gets_nothing(self):
        peer = self.world.peer("b.test", extensions=tuple(
            one for one in EXTENSIONS if one != "REQUIRETLS"))
        self.world.tlsa("mx.b.test", self.world.certificate("mx.b.test").tlsa())
        message = submit(self.server, "carol@b.test", options=["REQUIRETLS"])
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "failed")
        self.assertEqual(enhanced(self.outcomes(message, "Bounced")[0]), "5.7.30")
        self.assert_untold(peer)

    def test_a_host_without_tls_gets_nothing(self):
        peer = self.world.peer("b.test", starttls="stripped")
        message = submit(self.server, "carol@b.test", options=["REQUIRETLS"])
        until(lambda: self.outcomes(message, "Deferred", "Bounced"), lambda: self.kinds(message))
        self.assert_untold(peer)


if __name__ == "__main__":
    unittest.main()
