#!/usr/bin/env python3
"""Two accounts that share mailboxes, over real sockets: rights, names, copies, quotas, notes."""

import sys
import unittest

from daybook import DOMAIN, Daybook
from wire import Gone, ImapWire, Wire

ALICE = f"alice@{DOMAIN}"
BOB = f"bob@{DOMAIN}"
WORK = f'"Other Users/{ALICE}/Work"'


def message(number, octets=0):
    return (f"From: <carol@elsewhere.test>\r\nTo: <{ALICE}>\r\nSubject: letter {number}\r\n"
            f"\r\nText {number}.\r\n").encode() + b"x" * octets


class Sharing(unittest.TestCase):
    settings = ""

    def setUp(self):
        self.server = Daybook(settings=self.settings)
        self.server.start()
        self.addCleanup(lambda: self.server.__exit__(*sys.exc_info()))
        self.alice = self.client("alice")
        self.bob = self.client("bob")
        self.alice.ok("CREATE Work")

    def client(self, account):
        client = ImapWire(self.server, account)
        self.addCleanup(client.close)
        return client

    def grant(self, rights):
        self.alice.ok(f"SETACL Work {BOB} {rights or chr(34) * 2}")

    def refused(self, client, command, code):
        answer = client.command(command)
        self.assertEqual((answer.status, answer.code(code)), ("NO", ""), command)

    def names(self, client, command='LIST "" *'):
        return [one.values[2] if isinstance(one.values[2], str) else one.values[2].decode()
                for one in client.ok(command).named("LIST")]


class Rights(Sharing):
    def test_the_name_space_tells_where_they_are_and_list_hides_what_is_not_granted(self):
        answer = self.bob.ok("NAMESPACE")
        self.assertEqual(answer.named("NAMESPACE")[0].values[1], [[b"Other Users/", b"/"]])
        self.assertFalse([name for name in self.names(self.bob) if name.startswith("Other")])
        self.refused(self.bob, f"SELECT {WORK}", "NONEXISTENT")
        self.refused(self.bob, f"MYRIGHTS {WORK}", "NONEXISTENT")
        self.grant("l")
        self.assertIn(WORK.strip('"'), self.names(self.bob))
        self.refused(self.bob, f"SELECT {WORK}", "NOPERM")
        self.refused(self.bob, f"STATUS {WORK} (MESSAGES)", "NOPERM")
        self.refused(self.bob, f"GETACL {WORK}", "NOPERM")
        answer = self.bob.ok(f"MYRIGHTS {WORK}")
        self.assertEqual(answer.named("MYRIGHTS")[0].values[1], "l")
        # The alias of one's own mailboxes is none.
        self.refused(self.alice, f"SELECT {WORK}", "NONEXISTENT")

    def test_who_may_only_read_changes_nothing(self):
        self.alice.append("Work", message(1))
        self.grant("lr")
        answer = self.bob.ok(f"SELECT {WORK}")
        self.assertEqual(answer.code("READ-ONLY"), "")
        self.assertEqual(answer.code("PERMANENTFLAGS"), "()")
        self.bob.ok("FETCH 1 BODY[]")
        self.refused(self.bob, r"STORE 1 +FLAGS (\Seen)", "READ-ONLY")
        self.alice.ok("SELECT Work")
        self.assertNotIn("\\Seen", self.alice.fetch(1, "FLAGS")[1]["FLAGS"])
        # Whoever reads in somebody else's mailbox is on record as that.
        opened = self.server.events("AccessOpened")
        self.assertEqual(opened[0]["actor"], "delegate")
        self.assertNotEqual(opened[0]["actorId"], opened[0]["account"])

    def test_flags_change_as_far_as_the_rights_go(self):
        self.alice.append("Work", message(1))
        self.grant("lrs")
        answer = self.bob.ok(f"SELECT {WORK}")
        self.assertEqual(answer.code("READ-WRITE"), "")
        self.assertEqual(answer.code("PERMANENTFLAGS"), r"(\Seen)")
        self.bob.ok(r"STORE 1 +FLAGS (\Seen \Deleted $Forwarded)")
        self.assertEqual(
            set(self.bob.fetch(1, "FLAGS")[1]["FLAGS"]) - {"\\Recent"}, {"\\Seen"})
        self.refused(self.bob, r"STORE 1 +FLAGS (\Deleted)", "NOPERM")
        self.refused(self.bob, "EXPUNGE", "NOPERM")
        self.alice.ok("SELECT Work")
        self.alice.ok(r"STORE 1 +FLAGS (\Deleted)")
        self.bob.ok("CLOSE")
        self.assertEqual(self.alice.ok("STATUS Work (MESSAGES)").named("STATUS")[0].values[1],
                         ["MESSAGES", 1])

    def test_rights_that_change_hold_at_once(self):
        self.alice.append("Work", message(1))
        self.grant("lr")
        self.bob.ok(f"SELECT {WORK}")
        self.grant("+w")
        answer = self.bob.ok("NOOP")
        self.assertEqual(len(answer.named("FLAGS")), 1)
        self.grant("l")
        with self.assertRaises(Gone):
            self.bob.ok("NOOP")
            self.bob.ok("NOOP")

    def test_mailboxes_below_are_made_and_inherit(self):
        self.grant("lrk")
        self.bob.ok(f'CREATE "Other Users/{ALICE}/Work/Plans"')
        self.assertIn("Work/Plans", self.names(self.alice))
        answer = self.alice.ok("GETACL Work/Plans")
        self.assertEqual(answer.named("ACL")[0].values[1:],
                         [ALICE, "lrswipkxtecda", BOB, "lrkc"])
        self.refused(self.bob, f'CREATE "Other Users/{ALICE}/Top"', "NOPERM")
        self.refused(self.bob, f'DELETE "Other Users/{ALICE}/Work/Plans"', "NOPERM")
        self.refused(self.bob, f"RENAME {WORK} Mine", "CANNOT")
        self.refused(self.alice, 'CREATE "Other Users/x"', "CANNOT")
        self.alice.ok("DELETE Work/Plans")
        self.alice.ok("CREATE Elsewhere")
        self.assertEqual(len(self.alice.ok("GETACL Elsewhere").named("ACL")[0].values), 3)

    def test_the_commands_about_rights(self):
        for wrong in ("SETACL Work", f"SETACL Work {BOB} lQ", f"SETACL Work {BOB} lq"):
            self.assertEqual(self.alice.command(wrong).status, "BAD", wrong)
        self.refused(self.alice, "SETACL Work nobody@example.test lr", "NONEXISTENT")
        self.refused(self.alice, f"SETACL Work {ALICE} lr", "CANNOT")
        self.alice.ok("SETACL Work anyone l")
        self.grant("rd")
        answer = self.alice.ok("GETACL Work").named("ACL")[0].values
        self.assertEqual(dict(zip(answer[1::2], answer[2::2])),
                         {ALICE: "lrswipkxtecda", "anyone": "l", BOB: "rted"})
        self.assertEqual(self.bob.ok(f"MYRIGHTS {WORK}").named("MYRIGHTS")[0].values[1], "lrted")
        rights = self.alice.ok(f"LISTRIGHTS Work {BOB}").named("LISTRIGHTS")[0].values
        self.assertEqual(rights[2], b"")
        self.assertEqual("".join(rights[3:]), "lrswipkxtecda")
        self.alice.ok("DELETEACL Work anyone")
        self.alice.ok(f"DELETEACL Work {BOB}")
        self.refused(self.bob, f"MYRIGHTS {WORK}", "NONEXISTENT")
        capabilities = self.alice.ok("CAPABILITY").named("CAPABILITY")[0].values
        self.assertLessEqual({"ACL", "RIGHTS=kxte"}, set(capabilities))


class Copies(Sharing):
    def test_a_copy_out_of_a_shared_mailbox_is_a_message_of_ones_own(self):
        self.alice.append("Work", message(1), r"\Flagged $Label1")
        self.grant("lr")
        self.bob.ok(f"SELECT {WORK}")
        answer = self.bob.ok("COPY 1 Archive")
        self.assertEqual(answer.code("COPYUID").split()[1:], ["1", "1"])
        self.assertEqual(self.server.events("AccessOpened")[-1]["accessOpened"]["access"],
                         "copyOut")
        self.alice.ok("DELETE Work")
        self.bob.ok("SELECT Archive")
        items = self.bob.fetch(1, "(FLAGS BODY.PEEK[] ENVELOPE)")[1]
        self.assertEqual(items["BODY[]"], message(1))
        self.assertLessEqual({"\\Flagged", "$Label1"}, set(items["FLAGS"]))
        self.server.assert_whole()

    def test_a_move_takes_more_rights_and_leaves_nothing(self):
        self.alice.append("Work", message(1))
        self.grant("lr")
        self.bob.ok(f"SELECT {WORK}")
        self.refused(self.bob, "MOVE 1 Archive", "READ-ONLY")
        self.grant("lrte")
        self.bob.ok(f"SELECT {WORK}")
        answer = self.bob.ok("MOVE 1 Archive")
        self.assertEqual(len(answer.named("EXPUNGE")), 1)
        self.bob.ok("SELECT Archive")
        self.assertEqual(self.bob.fetch(1, "BODY.PEEK[]")[1]["BODY[]"], message(1))
        self.server.assert_whole()

    def test_what_is_put_into_a_shared_mailbox_needs_the_right_to_insert(self):
        self.bob.append("INBOX", message(2), r"\Seen \Flagged")
        self.bob.ok("SELECT INBOX")
        self.refused(self.bob, f"COPY 1 {WORK}", "TRYCREATE")
        self.grant("lr")
        self.refused(self.bob, f"COPY 1 {WORK}", "NOPERM")
        self.grant("lris")
        self.bob.ok(f"COPY 1 {WORK}")
        self.bob.append(WORK, message(3), r"\Draft")
        self.alice.ok("SELECT Work")
        flags = [set(items["FLAGS"]) - {"\\Recent"}
                 for items in self.alice.fetch("1:2", "FLAGS").values()]
        self.assertEqual(flags, [{"\\Seen"}, set()])
        self.server.assert_whole()


class Listing(Sharing):
    def test_extended_list(self):
        self.alice.ok("CREATE Work/Plans/2026")
        self.alice.ok("SUBSCRIBE Work/Plans/2026")
        for wrong in ('LIST (RECURSIVEMATCH) "" *', 'LIST (NEW) "" *', 'LIST "" * RETURN (NEW)'):
            self.assertEqual(self.alice.command(wrong).status, "BAD", wrong)
        self.assertEqual(self.names(self.alice, 'LIST "" (INBOX "Work/%" "")'),
                         ["INBOX", "Work/Plans"])
        self.assertEqual(self.names(self.alice, 'LIST (SUBSCRIBED) "" "Work*"'),
                         ["Work/Plans/2026"])
        line = self.alice.ok('LIST (SUBSCRIBED RECURSIVEMATCH) "" "W%"').named("LIST")[0]
        self.assertEqual(line.values[3], [b"CHILDINFO", [b"SUBSCRIBED"]])
        line = self.alice.ok('LIST (SPECIAL-USE) "" *').named("LIST")
        self.assertEqual(len(line), 5)
        answer = self.alice.ok(
            'LIST "" Work RETURN (CHILDREN SUBSCRIBED MYRIGHTS STATUS (MESSAGES SIZE)'
            ' METADATA (/shared/comment))')
        self.assertEqual([one.name for one in answer.untagged],
                         ["LIST", "MYRIGHTS", "STATUS", "METADATA"])
        self.assertEqual(answer.untagged[0].values[0], ["\\HasChildren"])

    def test_special_uses_move(self):
        self.assertEqual(
            self.alice.command(r"CREATE All (USE (\All))").code("USEATTR"), "")
        self.alice.ok(r"CREATE Papierkorb (USE (\Trash))")
        uses = {one.values[2]: one.values[0]
                for one in self.alice.ok('LIST "" "*" RETURN (SPECIAL-USE)').named("LIST")}
        self.assertEqual((uses["Papierkorb"], uses["Trash"]), (["\\Trash"], []))
        self.alice.ok(r'SETMETADATA Trash (/private/specialuse "\\Trash")')
        answer = self.alice.ok("GETMETADATA Papierkorb /private/specialuse")
        self.assertEqual(answer.named("METADATA")[0].values[1], ["/private/specialuse", None])


class Notes(Sharing):
    def test_annotations(self):
        self.alice.ok('SETMETADATA Work (/private/comment "mine" /shared/comment {3+}\r\nall)')
        self.refused(self.bob, f"GETMETADATA {WORK} /shared/comment", "NONEXISTENT")
        self.grant("lr")
        answer = self.bob.ok(f"GETMETADATA {WORK} (/shared/comment /private/comment)")
        self.assertEqual(answer.named("METADATA")[0].values[1],
                         ["/shared/comment", b"all", "/private/comment", None])
        self.refused(self.bob, f'SETMETADATA {WORK} (/shared/comment "no")', "NOPERM")
        self.refused(self.bob, 'SETMETADATA "" (/shared/comment "no")', "NOPERM")
        self.bob.ok('SETMETADATA "" (/private/vendor/x/y "deep")')
        answer = self.bob.ok('GETMETADATA (DEPTH infinity) "" /private/vendor')
        self.assertEqual(answer.named("METADATA")[0].values[1], ["/private/vendor/x/y", b"deep"])
        answer = self.alice.ok("GETMETADATA Work (MAXSIZE 3) (/private/comment /shared/comment)")
        self.assertEqual(answer.code("METADATA"), "LONGENTRIES 4")
        for wrong in ("GETMETADATA Work /comment", 'SETMETADATA Work (/shared/a//b "x")',
                      "GETMETADATA Work (DEPTH 2) /shared"):
            self.assertEqual(self.alice.command(wrong).status, "BAD", wrong)
        self.server.assert_whole()


class Quotas(Sharing):
    settings = '[quota]\nstorage = "1MiB"\n'

    def quota(self, client, root):
        return client.ok(f"GETQUOTA {root}").named("QUOTA")[0].values[1]

    def test_what_does_not_fit_is_refused_everywhere(self):
        self.assertEqual(self.quota(self.alice, ALICE), ["STORAGE", 0, 1024])
        self.assertEqual(self.alice.append("Work", message(1, 900_000)).status, "OK")
        answer = self.alice.append("Work", message(2, 900_000))
        self.assertEqual((answer.status, answer.code("OVERQUOTA")), ("NO", ""))
        self.alice.ok("SELECT Work")
        self.refused(self.alice, "COPY 1 Archive", "OVERQUOTA")
        with Wire(self.server.port("smtp")) as smtp:
            smtp.reply()
            smtp.ask(b"EHLO x")
            smtp.ask(b"MAIL FROM:<x@elsewhere.test> SIZE=900000")
            code, text = smtp.ask(b"RCPT TO:<" + ALICE.encode() + b">")
            self.assertEqual((code, text[:5]), (452, b"4.2.2"))
            self.assertEqual(smtp.ask(b"RCPT TO:<" + BOB.encode() + b">")[0], 250)
        self.assertEqual(len(self.server.events("QuotaExceeded")), 2)
        self.server.tool("quota", "set", ALICE, "--storage", "3MiB", "--messages", "2")
        self.assertEqual(self.quota(self.alice, ALICE),
                         ["STORAGE", 879, 3072, "MESSAGE", 1, 2])
        self.alice.ok("COPY 1 Archive")
        self.refused(self.alice, "COPY 1 Archive", "OVERQUOTA")
        self.refused(self.alice, f"SETQUOTA {ALICE} (STORAGE 5)", "NOPERM")
        row = self.server.tool_json("quota", "show", ALICE)[0]
        self.assertEqual((row["account"], row["messages"], row["limit_from"]), (ALICE, "2", "own"))
        self.server.assert_whole()

    def test_whose_quota_may_be_seen(self):
        self.refused(self.bob, f"GETQUOTA {ALICE}", "NONEXISTENT")
        self.grant("lr")
        answer = self.bob.ok(f"GETQUOTAROOT {WORK}")
        self.assertEqual(answer.named("QUOTAROOT")[0].values[1], ALICE)
        answer = self.bob.ok("GETQUOTAROOT not/there")
        self.assertEqual(answer.named("QUOTA")[0].values[0], BOB)


class Tool(Sharing):
    def test_the_operator_makes_and_shares(self):
        self.server.tool("mailbox", "create", ALICE, "Gesendet/2026", "--special-use", "sent")
        self.assertIn("Gesendet/2026", self.names(self.alice, r'LIST (SPECIAL-USE SUBSCRIBED) "" *'))
        self.server.tool("mailbox", "acl", ALICE, "Work", BOB, "lrs")
        rows = self.server.tool_json("mailbox", "acl", ALICE, "Work")
        self.assertIn({"who": BOB, "rights": "lrs"}, rows)
        self.bob.ok(f"SELECT {WORK}")
        self.server.tool("mailbox", "acl", ALICE, "Work", BOB, "none")
        self.assertNotIn(BOB, self.server.tool("mailbox", "acl", ALICE, "Work").stdout)
        self.server.assert_whole()


if __name__ == "__main__":
    unittest.main()
