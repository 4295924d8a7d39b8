#!/usr/bin/env python3
"""The operator at the queue: look, hold, release, retry, remove; `daybook status`; suppressed
addresses; the end of a message's life; a smart host."""

import json
import time
import unittest

from peer import EXTENSIONS, greylist, reply
from sending import (BODY, Scenario, actions, facts, parsed, reason, relay, remote, reports,
                     status, submit, suppressed, waiting)

BUSY = b"451 4.3.0 Not now"
UNKNOWN = b"550 5.1.1 No such recipient"


class Operator(Scenario):
    """Here nothing is tried twice by itself."""

    outbound = {"retry": ["1h"], "report_interval": "1s"}

    def deferred(self, address="carol@b.test", **options):
        """A message that waits for an hour, and its peer, which would take it now."""
        peer = self.world.peer(address.partition("@")[2])
        peer.answers.append(reply("RCPT", BUSY))
        message = submit(self.server, address, **options)
        self.wait_for(message, "Deferred")
        peer.answers.clear()
        return message, peer

    def test_list_and_show_say_what_waits_and_why(self):
        message, _ = self.deferred()
        self.assertEqual(waiting(self.server), {message})
        for words in (self.server.tool("queue", "list").stdout,
                      self.server.tool("queue", "show", message).stdout):
            for word in (message, "alice@a.test", "carol@b.test"):
                self.assertIn(word, words)
        self.assertIn("Not now", self.server.tool("queue", "show", message).stdout)
        self.assertEqual(self.server.tool("queue", "show", "0123456789abcdef",
                                          check=False).returncode, 1)
        self.assertEqual(self.server.tool("queue", "frobnicate", check=False).returncode, 2)

    def test_retry_tries_now(self):
        message, peer = self.deferred()
        self.server.tool("queue", "retry", message)
        self.assertTrue(peer.wait(1)[0].content.endswith(BODY))
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")

    def test_hold_stops_retry_and_release_goes_on(self):
        message, peer = self.deferred()
        self.server.tool("queue", "hold", message)
        self.assertEqual(status(self.server, message)["carol@b.test"]["state"], "held")
        # The next one goes to the same host; had the held one been due, it would be there too.
        other = submit(self.server, "dana@b.test")
        self.wait_final(other)
        self.assertEqual([mail.addresses for mail in peer.mails], [["dana@b.test"]])
        self.server.stop()
        self.server.start()
        self.assertEqual(status(self.server, message)["carol@b.test"]["state"], "held")
        self.server.tool("queue", "release", message)
        peer.wait(2)
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "relayed")
        ops = [facts(event).get("op", "hold") for event in self.outcomes(message, "QueueAction")]
        self.assertEqual(ops, ["hold", "release"])

    def test_remove_ends_it_and_its_sender_is_told(self):
        message, peer = self.deferred()
        self.server.tool("queue", "remove", message)
        self.assertEqual(status(self.server, message)["carol@b.test"]["state"], "removed")
        self.assertEqual(actions(reports(self.server)[0]), {"carol@b.test": "failed"})
        self.assertEqual(peer.mails, [])
        self.assertEqual(waiting(self.server), set())
        self.assertEqual(self.server.tool("queue", "retry", message, check=False).returncode, 1)

    def test_commands_without_a_server_hold_at_its_start(self):
        message, peer = self.deferred()
        self.server.stop()
        self.assertEqual(waiting(self.server), {message})
        self.server.tool("queue", "retry", message)
        self.assertEqual(peer.mails, [])
        self.server.start()
        peer.wait(1)
        self.wait_final(message)

    def test_what_waits_is_kept_over_a_kill(self):
        message, peer = self.deferred()
        self.server.kill()
        self.server.start()
        row = status(self.server, message)["carol@b.test"]
        self.assertEqual((row["state"], row["text"]), ("waiting", BUSY.decode()))
        self.server.tool("queue", "retry", message)
        peer.wait(1)
        self.wait_final(message)


class Appointments(Scenario):
    """When it is to go out, and when it is to be there: RFC 4865 and RFC 2852."""

    outbound = {"report_interval": "1s"}

    def until(self, message):
        """The time that the record holds it to, as the tool writes times."""
        nanoseconds = self.outcomes(message, "Received")[0]["received"]["holdUntilNs"]
        seconds, rest = divmod(int(nanoseconds), 1_000_000_000)
        day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
        return f"{day}.{rest // 1_000_000:03}Z"

    def test_held_mail_waits_for_its_time_and_shows_it(self):
        peer = self.world.peer("b.test")
        message = submit(self.server, "carol@b.test", options=["HOLDFOR=86400"])
        # The next one goes to the same host; had the held one been due, it would be there too.
        self.wait_final(submit(self.server, "dana@b.test"))
        self.assertEqual([mail.addresses for mail in peer.mails], [["dana@b.test"]])
        self.assertEqual(waiting(self.server), {message})
        row = json.loads(self.server.tool("queue", "list", "--json").stdout)[0]
        self.assertEqual((row["state"], row["tries"]), ("waiting", 0))
        self.assertEqual(row["next"], self.until(message))
        self.server.stop()
        self.server.start()
        self.assertEqual(status(self.server, message)["carol@b.test"]["next"], row["next"])
        self.server.tool("queue", "retry", message)
        self.assertEqual(peer.wait(2)[1].addresses, ["carol@b.test"])
        self.wait_final(message)

    def test_held_mail_goes_out_by_itself_after_its_time(self):
        peer = self.world.peer("b.test")
        message = submit(self.server, "carol@b.test", options=["HOLDFOR=2"])
        self.assertEqual(peer.wait(1)[0].addresses, ["carol@b.test"])
        self.wait_final(message)
        tries = self.outcomes(message, "AttemptStarted")
        self.assertEqual(len(tries), 1)
        # By the server's own clock, both.
        self.assertGreaterEqual(tries[0]["time"], self.until(message))

    def test_a_deadline_is_passed_on_to_who_keeps_deadlines(self):
        keeps = self.world.peer("b.test", extensions=(*EXTENSIONS, "DELIVERBY"))
        keeps_not = self.world.peer("c.test")
        returned = submit(self.server, ["carol@b.test", "carol@c.test"], options=["BY=86400;R"])
        told = submit(self.server, ["dana@b.test", "dana@c.test"], options=["BY=86400;N"])
        rows = self.wait_final(returned)
        # RFC 2852 4.1.4.1: by mode R nobody has it who does not promise the deadline.
        self.assertEqual((rows["carol@b.test"]["state"], rows["carol@c.test"]["state"]),
                         ("relayed", "failed"))
        self.assertEqual({row["state"] for row in self.wait_final(told).values()}, {"relayed"})
        by = {mail.addresses[0]: mail.parameters["BY"].partition(";") for mail in keeps.mails}
        self.assertEqual({address: mode for address, (_, _, mode) in by.items()},
                         {"carol@b.test": "R", "dana@b.test": "N"})
        # What is left of the time.
        for seconds, _, _ in by.values():
            self.assertIn(int(seconds), range(1, 86400 + 1))
        self.assertEqual([(mail.addresses, "BY" in mail.parameters) for mail in keeps_not.mails],
                         [(["dana@c.test"], False)])
        told = {}
        for report in reports(self.server, 2):
            told |= actions(report)
        # RFC 2852 4.1.4.2: by mode N its sender hears where the promise ends.
        self.assertEqual(told, {"carol@c.test": "failed", "dana@c.test": "relayed"})


class Status(Scenario):
    outbound = {"report_interval": "1s"}

    def test_where_is_my_message(self):
        peer = self.world.peer("b.test")
        peer.answers += [greylist(1), reply("RCPT", UNKNOWN, to="nobody@")]
        message = submit(self.server, ["carol@b.test", "nobody@b.test"],
                         options=["ENVID=x1"])
        rows = self.wait_final(message)
        row = rows["carol@b.test"]
        self.assertEqual((row["state"], row["host"], row["ip"], row["tries"]),
                         ("relayed", "mx.b.test", peer.address, 2))
        self.assertIn("kept as 1", row["text"])
        self.assertEqual((rows["nobody@b.test"]["state"], rows["nobody@b.test"]["text"]),
                         ("failed", UNKNOWN.decode()))
        table = self.server.tool("status", message).stdout
        for word in ("carol@b.test", "relayed", "mx.b.test", "TLS", "nobody@b.test", "5.1.1"):
            self.assertIn(word, table)
        by_address = self.server.tool("status", "carol@b.test").stdout
        self.assertIn(message, by_address)
        report = parsed(self.server.tool("status", message, "--rfc3464").stdout.encode())
        self.assertEqual(actions(report), {"carol@b.test": "relayed", "nobody@b.test": "failed"})
        self.assertEqual(report.fields["original-envelope-id"], "x1")
        self.assertEqual(
            self.server.tool("status", "0123456789abcdef", check=False).returncode, 1)

    def test_the_story_of_a_message_tells_its_sending(self):
        peer = self.world.peer("b.test")
        peer.answers.append(greylist(1))
        message = submit(self.server, "carol@b.test")
        self.wait_final(message)
        told = self.server.tool("journal", "history", message).stdout
        for word in ("queued", "carol@b.test", "mx.b.test", "Greylisted", "relayed", "kept as 1"):
            self.assertIn(word, told)


class Suppression(Scenario):
    outbound = {"report_interval": "1s"}

    def test_an_address_that_is_unknown_is_not_tried_again_until_the_operator_says_so(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", UNKNOWN, to="nobody@"))
        self.wait_final(submit(self.server, "nobody@b.test"))
        self.assertEqual(suppressed(self.server), {"nobody@b.test"})
        connections = len(peer.sessions)
        with self.server.submission() as smtp:
            smtp.ehlo()
            smtp.mail("alice@a.test")
            code, text = smtp.rcpt("Nobody@b.test")
            self.assertEqual(smtp.rcpt("carol@b.test")[0], 250)
        self.assertEqual((code, text[:5]), (550, b"5.1.1"))
        self.assertEqual(len(peer.sessions), connections)
        # It is this account's: another may try.
        self.assertEqual(self.wait_final(submit(self.server, "nobody@b.test", account="bob"))[
            "nobody@b.test"]["state"], "failed")
        peer.answers.clear()
        self.server.tool("suppression", "remove", "nobody@b.test")
        self.assertEqual(suppressed(self.server), set())
        submit(self.server, "nobody@b.test")
        peer.wait(1)
        self.assertEqual(
            self.server.tool("suppression", "remove", "nobody@b.test", check=False).returncode, 1)

    def test_other_refusals_suppress_nothing(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", b"550 5.7.1 Not from you"))
        self.wait_final(submit(self.server, "carol@b.test"))
        self.assertEqual(suppressed(self.server), set())


class Expiry(Scenario):
    outbound = {"lifetime": "3s", "report_interval": "1s"}

    def test_a_message_is_given_up_in_the_end(self):
        peer = self.world.peer("b.test")
        peer.answers.append(reply("RCPT", BUSY))
        message = submit(self.server, "carol@b.test")
        self.assertEqual(self.wait_final(message)["carol@b.test"]["state"], "expired")
        expired = self.outcomes(message, "Expired")
        self.assertEqual(len(expired), 1)
        self.assertGreaterEqual(facts(expired[0])["tries"], 2)
        self.assertIn("Not now", remote(expired[0])["text"])
        report = reports(self.server)[0]
        self.assertEqual(actions(report), {"carol@b.test": "failed"})


class SmartHost(Scenario):
    """All mail for others goes to one server, with a password."""

    def setUp(self):
        super().setUp()
        self.hub = self.world.peer("hub.test", "hub.test", preference=None,
                                   logins={"a.test": "a long password"})
        self.secret = self.server.folder / "relay-password"
        self.secret.write_text("a long password\n")
        self.secret.chmod(0o600)
        self.configure(relay_host=f"hub.test:{self.world.port}", relay_user="a.test",
                       relay_password_file=self.secret, relay_tls="required")

    def configure(self, **settings):
        file = self.server.directory / "daybook.toml"
        rows = "".join(f'{key} = "{value}"\n' for key, value in settings.items())
        text = file.read_text()
        assert "[outbound]\n" in text
        file.write_text(text.replace("[outbound]\n", "[outbound]\n" + rows))
        self.server.stop()
        self.server.start()

    def test_mail_for_everybody_goes_there_with_the_password(self):
        direct = self.world.peer("b.test")
        message = submit(self.server, ["carol@b.test", "dana@nosuch.test"])
        mail = self.hub.wait(1)[0]
        self.assertEqual((mail.user, mail.addresses), (
            "a.test", ["carol@b.test", "dana@nosuch.test"]))
        self.assertNotEqual(mail.tls, "")
        self.assertEqual(direct.sessions, [])
        self.wait_final(message)

    def test_a_wrong_password_defers(self):
        self.secret.write_text("another\n")
        self.server.stop()
        self.server.start()
        message = submit(self.server, "carol@b.test")
        deferred = self.wait_for(message, "Deferred")[0]
        self.assertEqual(reason(deferred), "login")
        self.assertEqual(self.hub.said("MAIL"), [])

    def test_the_password_is_not_said_in_the_clear(self):
        self.hub.starttls = "stripped"
        message = submit(self.server, "carol@b.test")
        self.assertEqual(reason(self.wait_for(message, "Deferred")[0]), "tls")
        self.assertEqual(self.hub.said("AUTH"), [])


class Restraint(Scenario):
    outbound = {"connections_per_host": 1}

    def test_a_busy_host_gets_no_more_connections_than_allowed(self):
        peer = self.world.peer("b.test")
        messages = [relay(self.server, "a@machine.test", f"user{number}@b.test")
                    for number in range(30)]
        for message in messages:
            self.assertEqual(
                {row["state"] for row in self.wait_final(message).values()}, {"relayed"})
        self.assertEqual(len({mail.addresses[0] for mail in peer.mails}), 30)
        self.assertEqual(peer.most_at_once, 1)


if __name__ == "__main__":
    unittest.main()
