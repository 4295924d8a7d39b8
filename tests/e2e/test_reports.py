#!/usr/bin/env python3
"""What a sender is told: RFC 3461's NOTIFY, RET, ENVID and ORCPT, and the reports of RFC 3464 as
Python's own parser reads them."""

import itertools
import smtplib
import unittest

from peer import EXTENSIONS, reply
from sending import (BODY, Scenario, actions, inbox, parsed, relay, remote, reports, status, submit,
                     until, wait_inbox, waiting)

NO_DSN = tuple(one for one in EXTENSIONS if one != "DSN")
REFUSED = b"550 5.1.1 No such recipient"
ENVELOPE = "QQ314159"


class Example(Scenario):
    """RFC 3461 section 10, its domains below `test`."""

    outbound = {"report_interval": "1s"}

    def test_the_appendix(self):
        com, ivory, tax = (self.world.peer(domain) for domain in
                           ("example.com.test", "ivory.edu.test", "tax-me.gov.test"))
        bombs = self.world.peer("bombs.af.mil.test", certificate=None)
        ivory.answers.append(reply("RCPT", b"550 error - no such recipient", to="Carol"))
        bombs.answers.append(reply("EHLO", b"502 command not implemented"))
        wanted = {
            "Bob@example.com.test": "SUCCESS", "Carol@ivory.edu.test": "FAILURE",
            "Dana@ivory.edu.test": "SUCCESS,FAILURE", "Eric@bombs.af.mil.test": "FAILURE",
            "Fred@bombs.af.mil.test": "NEVER", "George@tax-me.gov.test": "FAILURE"}
        message = submit(
            self.server, {
                address: [f"NOTIFY={notify}"]
                + ([f"ORCPT=rfc822;{address}"] if notify != "NEVER" else [])
                for address, notify in wanted.items()},
            options=["RET=HDRS", f"ENVID={ENVELOPE}"])
        rows = self.wait_final(message)
        self.assertEqual({row["state"] for address, row in rows.items()
                          if not address.startswith("carol")}, {"relayed"})
        self.assertEqual(rows["carol@ivory.edu.test"]["state"], "failed")

        # 10.2, 10.3, 10.5: who speaks DSN gets all of it.
        for peer, address in ((com, "Bob@example.com.test"), (ivory, "Dana@ivory.edu.test"),
                              (tax, "George@tax-me.gov.test")):
            mail = peer.mails[0]
            self.assertEqual((mail.parameters["RET"], mail.parameters["ENVID"]),
                             ("HDRS", ENVELOPE))
            self.assertEqual(mail.recipients, [(
                address, {"NOTIFY": wanted[address], "ORCPT": f"rfc822;{address}"})])
        # 10.4: who does not, nothing; for NEVER the reverse-path may be null (5.2.2 d).
        self.assertEqual({address: mail.parameters for mail in bombs.mails
                          for address in mail.addresses},
                         {"Eric@bombs.af.mil.test": {}, "Fred@bombs.af.mil.test": {}})
        self.assertEqual({mail.sender for mail in bombs.mails
                          if "Eric@bombs.af.mil.test" in mail.addresses}, {"alice@a.test"})

        # 10.7: the one report that is ours.
        report = reports(self.server)[0]
        self.assertEqual(report.fields["reporting-mta"].replace(" ", ""), "dns;mx.a.test")
        self.assertEqual(report.fields["original-envelope-id"], ENVELOPE)
        self.assertEqual(list(report.recipients), ["carol@ivory.edu.test"])
        fields = report.recipients["carol@ivory.edu.test"]
        self.assertEqual(
            fields["original-recipient"].replace(" ", ""), "rfc822;Carol@ivory.edu.test")
        self.assertEqual((fields["action"], fields["status"][0]), ("failed", "5"))
        self.assertIn("550 error - no such recipient", fields["diagnostic-code"])
        self.assertIn("mx.ivory.edu.test", fields["remote-mta"])
        self.assertEqual(report.mail["to"], "alice@a.test")
        self.assertNotEqual(report.mail["auto-submitted"], None)
        self.assertIn("Carol@ivory.edu.test", report.words)
        self.assertEqual(report.returned.get_content_type(), "text/rfc822-headers")
        self.assertEqual(len(inbox(self.server)), 1)


class Combinations(Scenario):
    # The same addresses fail again and again.
    outbound = {"report_interval": "1s", "suppression": "0s"}

    def test_every_notify_with_every_end_and_every_ret(self):
        peer = self.world.peer("b.test", extensions=NO_DSN)
        peer.answers.append(reply("RCPT", REFUSED, to="fails-"))
        words = ("SUCCESS", "FAILURE", "DELAY")
        notifies = ["", "NEVER"] + [",".join(chosen) for count in (1, 2, 3)
                                    for chosen in itertools.combinations(words, count)]
        due, sent = {}, {}
        for ret in ("", "FULL", "HDRS"):
            recipients, expected = {}, {}
            for number, notify in enumerate(notifies):
                parameters = [f"NOTIFY={notify}"] if notify else []
                recipients[f"works-{number}@b.test"] = parameters
                recipients[f"fails-{number}@b.test"] = parameters
                if "SUCCESS" in notify:
                    expected[f"works-{number}@b.test"] = "relayed"
                if not notify or "FAILURE" in notify:
                    expected[f"fails-{number}@b.test"] = "failed"
            name = f"ret+{ret or 'none'}".replace("+", "-")
            due[name] = expected
            sent[name] = submit(self.server, recipients, options=[
                f"ENVID={name}", *([f"RET={ret}"] if ret else [])])
        for message in sent.values():
            self.wait_final(message)
        told = until(lambda: self.told(due), lambda: f"the reports {due}")
        for name, found in told.items():
            seen = [pair for report in found for pair in actions(report).items()]
            self.assertEqual(sorted(seen), sorted(due[name].items()), name)
        # RET speaks of failures: RFC 3461 4.3.
        for name, kinds in (("ret-FULL", {"message/rfc822"}),
                            ("ret-HDRS", {"text/rfc822-headers"})):
            failed = [report for report in told[name] if "failed" in actions(report).values()]
            self.assertEqual({report.returned.get_content_type() for report in failed}, kinds)
        full = told["ret-FULL"][0].returned.get_payload()[0].as_bytes()
        # The last line end belongs to the boundary (RFC 2046 5.1.1).
        self.assertIn(BODY.rstrip().replace(b"\r\n", b"\n"), full.replace(b"\r\n", b"\n"))

    def told(self, due):
        """The reports by ENVID, when as many recipients were reported as are due."""
        found = {name: [] for name in due}
        for octets in inbox(self.server):
            report = parsed(octets)
            found[report.fields["original-envelope-id"]].append(report)
        counts = {name: sum(len(report.recipients) for report in some)
                  for name, some in found.items()}
        return found if all(counts[name] >= len(due[name]) for name in due) else None

    def test_local_delivery_is_reported_when_asked_for(self):
        message = submit(self.server, {"bob@a.test": ["NOTIFY=SUCCESS", "ORCPT=rfc822;b@c.test"]})
        report = reports(self.server)[0]
        self.assertEqual(actions(report), {"bob@a.test": "delivered"})
        fields = report.recipients["bob@a.test"]
        self.assertEqual((fields["status"][0], fields["original-recipient"].replace(" ", "")),
                         ("2", "rfc822;b@c.test"))
        self.assertEqual(self.outcomes(message, "Queued"), [])

    def test_an_envelope_id_and_an_address_in_xtext_are_decoded_in_the_report(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", REFUSED))
        submit(self.server, {"carol@b.test": ["ORCPT=rfc822;c+2Bx@b.test"]},
               options=["ENVID=a+2Bb+3Dc"])
        report = reports(self.server)[0]
        self.assertEqual(report.fields["original-envelope-id"], "a+b=c")
        self.assertEqual(report.recipients["carol@b.test"]["original-recipient"].replace(" ", ""),
                         "rfc822;c+x@b.test")


class ReportScenario(Scenario):
    outbound = {"report_interval": "1s"}
    sentinels = 0

    def settle_reports(self, before):
        """Reports of earlier messages would be there: one of a later message is."""
        self.sentinels += 1
        submit(self.server, f"nobody{self.sentinels}@nosuch.test", account="bob")
        wait_inbox(self.server, self.sentinels, "bob")
        until(lambda: not waiting(self.server), lambda: "an empty queue")
        self.assertEqual(len(inbox(self.server)), before)


class German(Scenario):
    outbound = {"report_interval": "1s", "report_language": "de"}

    def test_people_are_told_in_their_language_and_programs_in_theirs(self):
        self.world.peer("b.test").answers.append(reply("RCPT", REFUSED))
        submit(self.server, "carol@b.test")
        report = reports(self.server)[0]
        self.assertEqual(report.mail.get_payload()[0]["content-language"], "de")
        self.assertIn("NICHT ZUGESTELLT", report.words)
        self.assertIn("Die Adresse gibt es nicht.", report.words)
        self.assertTrue(report.mail["subject"].startswith("Nicht zugestellt"),
                        report.mail["subject"])
        fields = report.recipients["carol@b.test"]
        self.assertEqual((fields["action"], fields["status"]), ("failed", "5.1.1"))
        self.assertIn("No such recipient", fields["diagnostic-code"])


class Restraint(ReportScenario):
    def test_one_report_tells_of_all_recipients(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", REFUSED))
        message = submit(self.server, [f"user{number}@b.test" for number in range(20)])
        self.assertEqual(len(reports(self.server)[0].recipients), 20)
        self.settle_reports(1)
        self.assertEqual(len(self.outcomes(message, "DsnIssued")), 1)

    def test_nobody_is_told_of_a_message_from_nobody(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", REFUSED))
        message = relay(self.server, "", "carol@b.test", each=["NOTIFY=SUCCESS,FAILURE,DELAY"])
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "failed")
        self.settle_reports(0)
        self.assertEqual(peer.mails, [])
        self.assertEqual([event for event in self.outcomes(message, "DsnIssued")
                          if "report" in event["dsnIssued"]], [])

    def test_a_report_that_cannot_be_delivered_is_the_last_word(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", REFUSED))
        message = relay(self.server, "carol@b.test", "dana@b.test")
        issued = self.wait_for(message, "DsnIssued")
        report = issued[0]["dsnIssued"]["report"]
        self.assertEqual(self.wait_final(report)["carol@b.test"]["state"], "failed")
        self.settle_reports(0)
        self.assertEqual(self.outcomes(report, "DsnIssued"), [])
        self.assertEqual([line.upper().split(" ")[1] for line in peer.said("MAIL")],
                         ["FROM:<CAROL@B.TEST>", "FROM:<>"])

    def test_a_sender_elsewhere_gets_the_report_there(self):
        peer, other = self.world.peer("b.test"), self.world.peer("c.test")
        peer.answers.append(reply("RCPT", REFUSED))
        relay(self.server, "carol@c.test", "dana@b.test", options=["ENVID=x1"])
        mail = other.wait(1)[0]
        self.assertEqual((mail.sender, mail.addresses), ("", ["carol@c.test"]))
        report = parsed(mail.content)
        self.assertEqual((report.fields["original-envelope-id"], actions(report)),
                         ("x1", {"dana@b.test": "failed"}))

class Late(ReportScenario):
    outbound = {"report_interval": "1s", "delay_warning": "2s", "lifetime": "12s"}

    def test_a_delay_is_told_once_then_the_end(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", b"451 4.3.0 Not today"))
        message = submit(self.server, {
            "told@b.test": [], "delay@b.test": ["NOTIFY=DELAY"], "failure@b.test":
            ["NOTIFY=FAILURE"], "never@b.test": ["NOTIFY=NEVER"]})
        rows = self.wait_final(message)
        self.assertEqual({row["state"] for row in rows.values()}, {"expired"})
        reports(self.server, 2)
        self.settle_reports(2)
        told = [(address, action) for report in reports(self.server, 2)
                for address, action in actions(report).items()]
        self.assertEqual(sorted(told), [
            ("delay@b.test", "delayed"), ("failure@b.test", "failed"), ("told@b.test", "delayed"),
            ("told@b.test", "failed")])
        for report in reports(self.server):
            for fields in report.recipients.values():
                self.assertEqual("will-retry-until" in fields, fields["action"] == "delayed")
                self.assertIn("Not today", fields["diagnostic-code"])
                # RFC 3464 2.3.4: a delay is 4.x; what was given up is what was last said, or 5.4.7.
                self.assertIn(fields["status"][0], "45")

    def test_a_delayed_message_that_arrives_is_no_failure(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", b"451 4.3.0 Not now"))
        message = submit(self.server, "carol@b.test")
        self.assertEqual(actions(reports(self.server)[0]), {"carol@b.test": "delayed"})
        peer.answers.clear()
        peer.wait(1)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")
        self.settle_reports(1)


class Incoming(Scenario):
    def sent(self, **options):
        """A message of alice's that arrived: its id, and the mail as the peer has it."""
        peer = self.world.peer("b.test")
        message = submit(self.server, {"carol@b.test": ["ORCPT=rfc822;c@old.test"]}, **options)
        mail = peer.wait(1)[0]
        self.wait_final(message)
        return message, mail

    def receives(self, kind, fields, mail, returned="text/rfc822-headers", to="alice"):
        """From the MX host of a stranger: a report with these fields, and what it is about."""
        header = mail.content.partition(b"\r\n\r\n")[0].decode()
        text = (
            f"From: postmaster@b.test\r\nTo: {to}@a.test\r\nSubject: report\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n"
            f" report-type={kind}; boundary=x\r\n\r\n--x\r\n\r\nSorry.\r\n--x\r\n"
            f"Content-Type: message/{kind}\r\n\r\n{fields}"
            f"\r\n--x\r\nContent-Type: {returned}\r\n\r\n{header}\r\n\r\n--x--\r\n")
        with smtplib.SMTP(self.server.address, self.world.port, timeout=60) as smtp:
            smtp.sendmail("", [f"{to}@a.test"], text)

    def test_a_report_from_elsewhere_is_matched_to_the_message_that_it_speaks_of(self):
        message, mail = self.sent(options=[f"ENVID={ENVELOPE}"])
        self.receives(
            "delivery-status",
            "Reporting-MTA: dns; mx.b.test\r\n"
            f"Original-Envelope-Id: {mail.parameters['ENVID']}\r\n\r\n"
            "Final-Recipient: rfc822; carol@b.test\r\nAction: failed\r\nStatus: 5.2.2\r\n", mail)
        event = self.wait_for(message, "DsnReceived")[0]
        self.assertEqual((self.recipients(event), event["dsnReceived"]["enhancedCode"]),
                         (["carol@b.test"], 5 << 16 | 2 << 8 | 2))
        self.assertEqual(len(inbox(self.server)), 1)
        self.assertEqual(status(self.server, message)["carol@b.test"]["state"], "relayed")

    def test_a_disposition_is_matched_to_the_message_that_was_read(self):
        message, mail = self.sent()
        fields = ("Reporting-UA: pc.b.test; Reader 1.0\r\nOriginal-Recipient: rfc822;c@old.test\r\n"
                  "Final-Recipient: rfc822;carol@b.test\r\nOriginal-Message-ID: <hello@a.test>\r\n"
                  "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n")
        # Of alice's mail bob's is no proof.
        self.receives("disposition-notification", fields, mail, to="bob")
        self.receives("disposition-notification", fields, mail)
        event = self.wait_for(message, "MdnReceived")[0]
        self.assertEqual(self.recipients(event), ["carol@b.test"])
        said = event["mdnReceived"]
        self.assertEqual((said["disposition"], said["automatic"], said["matchedBy"]),
                         ("deleted", True, "messageId"))
        self.assertEqual(remote(event)["host"], "carol@b.test")
        self.assertEqual(self.kinds(message).count("MdnReceived"), 1)
        self.assertEqual((len(inbox(self.server)), len(inbox(self.server, "bob"))), (1, 1))

    def test_a_complaint_is_matched_to_the_message_that_it_is_about(self):
        message, mail = self.sent()
        self.receives(
            "feedback-report",
            "Feedback-Type: fraud\r\nUser-Agent: Button/1.0\r\nVersion: 1\r\n"
            "Reporting-MTA: dns; mx.b.test\r\nOriginal-Mail-From: <alice@a.test>\r\n"
            "Original-Rcpt-To: <carol@b.test>\r\n", mail, "message/rfc822")
        event = self.wait_for(message, "FeedbackReceived")[0]
        self.assertEqual(self.recipients(event), ["carol@b.test"])
        said = event["feedbackReceived"]
        self.assertEqual((said["type"], said["matchedBy"]), ("fraud", "messageId"))
        self.assertEqual(remote(event)["host"], "mx.b.test")
        self.assertEqual(len(inbox(self.server)), 1)


if __name__ == "__main__":
    unittest.main()
