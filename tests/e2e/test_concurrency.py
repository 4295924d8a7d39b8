#!/usr/bin/env python3
"""Several clients at one mailbox: what one does the others are told, and message numbers are never
out of step. The extensions of IMAP whose point is other clients: IDLE, CONDSTORE, UIDPLUS, MOVE."""

import contextlib
import imaplib
import poplib
import random
import sys
import threading
import unittest

from daybook import DOMAIN, Daybook
from wire import ImapWire, Picture, Wire

SEED = random.SystemRandom().randrange(1 << 32)
CLIENTS = 4
COMMANDS = 300


def message(number, size=0):
    return (f"From: <carol@elsewhere.test>\r\nSubject: message {number}\r\n\r\n"
            + "x" * size + "\r\n").encode()


class Scenario(unittest.TestCase):
    def setUp(self):
        self.server = Daybook()
        self.server.start()
        self.addCleanup(lambda: self.server.__exit__(*sys.exc_info()))

    def client(self, account="alice", mailbox="INBOX"):
        client = ImapWire(self.server, account)
        self.addCleanup(client.close)
        if mailbox:
            client.ok(f"SELECT {mailbox}")
        return client

    def fill(self, count, mailbox="INBOX"):
        client = self.client(mailbox=None)
        for number in range(count):
            self.assertEqual(client.append(mailbox, message(number)).status, "OK")
        client.ok("LOGOUT")

    def flags(self, client):
        return {number: set(items["FLAGS"]) - {"\\Recent"}
                for number, items in client.fetch("1:*", "FLAGS").items()}


class OneToldTheOther(Scenario):
    def test_flags_expunges_and_new_messages_are_seen_at_the_next_command(self):
        self.fill(3)
        here, there = self.client(), self.client()
        here.ok("STORE 2 +FLAGS (\\Flagged $Later)")
        told = there.ok("NOOP").named("FETCH")
        self.assertEqual([one.number for one in told], [2])
        self.assertLessEqual({"\\Flagged", "$Later"}, set(told[0].items["FLAGS"]))
        here.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
        here.ok("EXPUNGE")
        # RFC 3501 7.4.1: not while FETCH, STORE or SEARCH use numbers.
        self.assertEqual(there.ok("FETCH 3 (FLAGS)").named("EXPUNGE"), [])
        self.assertEqual(there.ok("SEARCH ALL").named("EXPUNGE"), [])
        self.assertEqual([one.number for one in there.ok("NOOP").named("EXPUNGE")], [1])
        self.assertEqual([one.number for one in there.ok("NOOP").named("EXPUNGE")], [])
        here.append("INBOX", message(4))
        self.assertEqual([one.number for one in there.ok("NOOP").named("EXISTS")], [3])

    def test_idle_tells_what_happens_while_it_happens(self):
        self.fill(2)
        here, there = self.client(), self.client()
        there.idle()
        here.append("INBOX", message(3))
        one = there.response()
        self.assertEqual((one.name, one.number), ("EXISTS", 3))
        here.ok("STORE 1 +FLAGS (\\Answered)")
        one = there.response()
        while one.name != "FETCH":
            one = there.response()      # RECENT
        self.assertEqual(one.number, 1)
        self.assertIn("\\Answered", one.items["FLAGS"])
        here.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
        here.ok("EXPUNGE")
        one = there.response()
        while one.name != "EXPUNGE":
            self.assertEqual(one.name, "FETCH")
            one = there.response()
        self.assertEqual(one.number, 2)
        with self.server.smtp() as smtp:
            smtp.sendmail("carol@elsewhere.test", [f"alice@{DOMAIN}"], message(4))
        one = there.response()
        self.assertEqual((one.name, one.number), ("EXISTS", 3))
        self.assertEqual(there.done().status, "OK")
        # DONE may come in the same packet as IDLE.
        tag = there.send_command(b"IDLE\r\nDONE")
        self.assertIsInstance(there.response(), bytes)
        self.assertEqual(there.wait_for(tag).status, "OK")
        self.server.assert_whole()

    def test_a_message_that_is_gone_here_can_still_not_be_mistaken_there(self):
        self.fill(4)
        here, there = self.client(), self.client()
        here.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
        here.ok("EXPUNGE")
        # There, number 3 is still the third of four.
        fetched = there.ok("FETCH 3 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])").named("FETCH")
        self.assertEqual(fetched[0].items["UID"], 3)
        self.assertIn(b"message 2", fetched[0].items["BODY[HEADER.FIELDS (SUBJECT)]"])
        stored = there.ok("STORE 4 +FLAGS (\\Seen)").named("FETCH")
        self.assertEqual([one.number for one in stored], [4])
        told = [one.number for one in there.ok("NOOP").named("EXPUNGE")]
        self.assertIn(told, ([1, 1], [2, 1]))
        self.assertEqual(self.flags(there), {1: set(), 2: {"\\Seen"}})
        self.assertEqual(self.flags(here), {1: set(), 2: {"\\Seen"}})

    def test_recent_is_shown_once(self):
        self.fill(2)
        first = self.client(mailbox=None)
        answer = first.ok("SELECT INBOX")
        self.assertEqual([one.number for one in answer.named("RECENT")], [2])
        self.assertIn("\\Recent", first.fetch("1", "FLAGS")[1]["FLAGS"])
        second = self.client(mailbox=None)
        answer = second.ok("SELECT INBOX")
        self.assertEqual([one.number for one in answer.named("RECENT")], [0])
        self.assertNotIn("\\Recent", second.fetch("1", "FLAGS")[1]["FLAGS"])
        # EXAMINE takes nothing away.
        second.ok("UNSELECT")
        first.ok("UNSELECT")
        self.fill(1)
        answer = first.ok("EXAMINE INBOX")
        self.assertEqual([one.number for one in answer.named("RECENT")], [1])
        answer = second.ok("SELECT INBOX")
        self.assertEqual([one.number for one in answer.named("RECENT")], [1])

    def test_a_deleted_mailbox_ends_who_has_it_selected(self):
        here, there = self.client(mailbox=None), self.client(mailbox=None)
        here.ok("CREATE Gone")
        here.append("Gone", message(1))
        there.ok("SELECT Gone")
        here.ok("DELETE Gone")
        # RFC 2180 3.3 leaves the choice; ours is a goodbye.
        there.send_command("FETCH 1 (FLAGS)")
        self.assertIn(b"* BYE ", there.rest())
        self.assertEqual(here.command("SELECT Gone").status, "NO")
        self.server.assert_whole()


class Extensions(Scenario):
    def test_condstore(self):
        self.fill(3)
        here, there = self.client(mailbox=None), self.client()
        answer = here.ok("SELECT INBOX (CONDSTORE)")
        before = int(answer.code("HIGHESTMODSEQ"))
        there.ok("STORE 2 +FLAGS (\\Flagged)")
        changed = here.ok(f"FETCH 1:* (UID FLAGS) (CHANGEDSINCE {before})").named("FETCH")
        self.assertEqual({one.number for one in changed}, {2})
        self.assertGreater(int(changed[0].items["MODSEQ"][0]), before)
        # 2 was changed behind this client's back, 1 was not.
        answer = here.command(f"STORE 1:2 (UNCHANGEDSINCE {before}) +FLAGS (\\Seen)")
        self.assertEqual(answer.status, "OK")
        self.assertEqual(answer.code("MODIFIED"), "2")
        self.assertEqual(self.flags(here), {1: {"\\Seen"}, 2: {"\\Flagged"}, 3: set()})
        answer = here.command(f"UID STORE 2 (UNCHANGEDSINCE {before}) +FLAGS.SILENT (\\Seen)")
        self.assertEqual(answer.code("MODIFIED"), "2")
        found = here.ok(f"SEARCH MODSEQ {before + 1}").named("SEARCH")[0]
        self.assertEqual(found.values[:2], [1, 2])
        self.assertEqual(found.values[2][0], "MODSEQ")
        status = here.ok("STATUS INBOX (HIGHESTMODSEQ MESSAGES)").named("STATUS")[0]
        self.assertGreater(status.values[1][1], before)
        # Nothing changes when nothing changes.
        highest = status.values[1][1]
        here.ok("STORE 1 +FLAGS (\\Seen)")
        status = here.ok("STATUS INBOX (HIGHESTMODSEQ)").named("STATUS")[0]
        self.assertEqual(status.values[1][1], highest)
        self.server.assert_whole()

    def test_uidplus_and_move(self):
        client = self.client()
        answer = client.append("INBOX", message(1))
        validity, uid = answer.code("APPENDUID").split()
        self.assertEqual(client.fetch("1", "UID")[1]["UID"], int(uid))
        self.assertEqual(client.ok("STATUS INBOX (UIDVALIDITY)").named("STATUS")[0].values[1][1],
                         int(validity))
        client.append("INBOX", message(2))
        client.append("INBOX", message(3))
        answer = client.ok("COPY 1,3 Archive")
        validity, source, target = answer.code("COPYUID").split()
        self.assertEqual((source, target), ("1,3", "1:2"))
        answer = client.ok("UID MOVE 2:3 Archive")
        # RFC 6851 4.3: COPYUID comes in an untagged OK, before the EXPUNGEs.
        names = [one.name for one in answer.untagged if one.name in ("OK", "EXPUNGE")]
        self.assertEqual(names, ["OK", "EXPUNGE", "EXPUNGE"])
        self.assertEqual(answer.code("COPYUID"), f"{validity} 2:3 3:4")
        self.assertEqual(client.command("COPY 1 Nowhere").code("TRYCREATE"), "")
        self.assertEqual(client.command("MOVE 1 Nowhere").code("TRYCREATE"), "")
        self.assertEqual(client.append("Nowhere", message(9)).code("TRYCREATE"), "")
        # UID EXPUNGE leaves the others.
        client.append("INBOX", message(4))
        client.ok("STORE 1:2 +FLAGS.SILENT (\\Deleted)")
        self.assertEqual(
            [one.number for one in client.ok("UID EXPUNGE 4").named("EXPUNGE")], [2])
        self.assertEqual(client.fetch("1:*", "UID"), {1: {"UID": 1}})
        client.ok("SELECT Archive")
        subjects = [items["BODY[HEADER.FIELDS (SUBJECT)]"] for items in
                    client.fetch("1:*", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]").values()]
        self.assertEqual(
            subjects, [b"Subject: message %d\r\n\r\n" % number for number in (1, 3, 2, 3)])
        self.server.assert_whole()

    def test_names_beyond_ascii(self):
        client = self.client(mailbox=None)
        for name, text in (("Entw&APw-rfe", "Entwürfe"), ("&U,BTFw-", "台北"),
                           ("&2D3eAA-", "😀"), ("Q&-A", "Q&A")):
            client.ok(f'CREATE "{name}"')
            client.append(f'"{name}"', message(1))
            listed = [one.values[2] for one in client.ok('LIST "" "*"').named("LIST")]
            self.assertIn(name.encode(), [bytes(one) if isinstance(one, bytes) else one.encode()
                                          for one in listed])
            status = client.ok(f'STATUS "{name}" (MESSAGES)').named("STATUS")[0]
            self.assertEqual(status.values[1], ["MESSAGES", 1])
            mailboxes = self.server.tool("mailbox", "list", f"alice@{DOMAIN}").stdout
            self.assertIn(text, mailboxes)
            client.ok(f'RENAME "{name}" "&AOk-t&AOk-/{name}"')
            self.assertEqual(client.command(f'SELECT "{name}"').status, "NO")
            client.ok(f'SELECT "&AOk-t&AOk-/{name}"')
            client.ok("UNSELECT")
            client.ok(f'DELETE "&AOk-t&AOk-/{name}"')
        # Not modified UTF-7: not canonical, ASCII in base64, a surrogate alone, eight-bit.
        for name in ("&AGEAYg-", "&AOk", "&2D0-", "a&AOk", "&&&", "&AOk-&AOk-"):
            self.assertIn(client.command(f'CREATE "{name}"').status, ("BAD", "NO"), name)
        self.assertIn(client.command('CREATE "gr\xfcn"'.encode("latin-1")).status, ("BAD", "NO"))
        self.server.assert_whole()

    def test_special_use_is_listed(self):
        client = self.client(mailbox=None)
        uses = {}
        for one in client.ok('LIST "" "*"').named("LIST"):
            name = one.values[2]
            uses[name if isinstance(name, str) else name.decode()] = set(one.values[0])
        for name in ("Drafts", "Sent", "Junk", "Trash", "Archive"):
            self.assertIn("\\" + name, uses[name])


class Pop3(Scenario):
    def test_one_session_at_a_time_has_the_maildrop(self):
        self.fill(2)
        first = self.server.pop3()
        with self.assertRaisesRegex(poplib.error_proto, r"\[IN-USE\]"):
            self.server.pop3()
        self.server.pop3("bob").quit()
        first.quit()
        self.server.pop3().quit()

    def test_nothing_is_deleted_without_quit(self):
        self.fill(3)
        pop3 = self.server.pop3()
        pop3.dele(1)
        pop3.dele(3)
        pop3.close()
        # The maildrop is free as soon as the server has seen the end. A session that asks too often
        # is sent away, so each asks once.
        with contextlib.ExitStack() as stack:
            for _ in range(1000):
                wire = stack.enter_context(Wire(self.server.port("pop3")))
                self.assertTrue(wire.pop3()[0])
                wire.pop3(f"USER alice@{DOMAIN}".encode())
                done, line = wire.pop3(f"PASS {self.server.password}".encode())
                if done or b"[IN-USE]" not in line:
                    break
                stack.close()
            self.assertTrue(done, line)
            self.assertTrue(wire.pop3(b"STAT")[1].startswith(b"+OK 3 "))
            wire.pop3(b"DELE 2")
            wire.pop3(b"RSET")
            wire.pop3(b"DELE 1")
            self.assertFalse(wire.pop3(b"RETR 1")[0])
            self.assertTrue(wire.pop3(b"QUIT")[0])
        client = self.client()
        self.assertEqual([items["UID"] for items in client.fetch("1:*", "UID").values()], [2, 3])
        self.server.assert_whole()

    def test_imap_sees_what_pop3_deletes_and_pop3_does_not_see_what_comes(self):
        self.fill(2)
        imap = self.client()
        pop3 = self.server.pop3()
        imap.append("INBOX", message(3))
        self.assertEqual(pop3.stat()[0], 2)
        imap.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
        imap.ok("EXPUNGE")
        # Frozen: it stays listed, and its octets are either still there or refused; no other's.
        try:
            self.assertIn(b"Subject: message 1", pop3.retr(2)[1])
        except poplib.error_proto as error:
            self.assertIn("-ERR", str(error))
        pop3.dele(1)
        pop3.quit()
        self.assertEqual([one.number for one in imap.ok("NOOP").named("EXPUNGE")], [1])
        self.assertEqual(imap.fetch("1:*", "UID"), {1: {"UID": 3}})
        self.server.assert_whole()


class Wanderer(threading.Thread):
    """A client that does things at random and keeps its picture of the mailbox."""

    def __init__(self, server, seed, subjects):
        super().__init__()
        self.random = random.Random(seed)
        self.picture = Picture()
        self.wire = ImapWire(server)
        self.server = server
        self.subjects = subjects        # UID -> subject; shared, and the same for everybody
        self.trouble = None
        self.learn(self.wire.ok("SELECT INBOX"))

    def learn(self, answer, numbers_in_use=False):
        self.picture.learn(answer.untagged, expunges_allowed=not numbers_in_use)
        return answer

    def run(self):
        try:
            for _ in range(COMMANDS):
                self.random.choice(self.DEEDS)(self)
        except BaseException as error:
            self.trouble = error

    def unless_gone(self, command):
        answer = self.wire.command(command)
        assert answer.status == "OK" or answer.code("EXPUNGEISSUED") == "", answer
        return answer

    def some(self):
        """A set of message numbers; empty if there are none."""
        count = len(self.picture.messages)
        if count == 0:
            return ""
        wanted = self.random.randint(1, min(4, count))
        numbers = sorted(self.random.sample(range(1, count + 1), wanted))
        if self.random.random() < 0.2:
            return f"{numbers[0]}:{numbers[-1]}"
        return ",".join(map(str, numbers))

    def some_uids(self):
        uids = [uid for uid, _ in self.picture.messages if uid]
        if not uids:
            return ""
        wanted = self.random.randint(1, min(4, len(uids)))
        return ",".join(map(str, self.random.sample(uids, wanted)))

    def append(self):
        number = self.random.randrange(1 << 30)
        answer = self.wire.append("INBOX", message(number, self.random.randrange(200)))
        assert answer.status == "OK", answer
        self.learn(answer)
        self.remember(int(answer.code("APPENDUID").split()[1]), b"message %d" % number)

    def remember(self, uid, subject):
        known = self.subjects.setdefault(uid, subject)
        assert known == subject, f"UID {uid}: {known} and {subject}"

    def store(self):
        numbers = self.some()
        if not numbers:
            return
        flags = self.random.choice(("\\Seen", "\\Flagged", "\\Answered", "$One", "\\Draft"))
        sign = self.random.choice("+-")
        answer = self.wire.command(f"STORE {numbers} {sign}FLAGS ({flags})")
        assert answer.status in ("OK", "NO"), answer
        self.learn(answer, numbers_in_use=True)

    def uid_store(self):
        uids = self.some_uids()
        if uids:
            silent = self.random.choice(("", ".SILENT"))
            answer = self.learn(self.wire.ok(f"UID STORE {uids} +FLAGS{silent} (\\Deleted)"))
            if silent:
                self.refresh(uids)

    def refresh(self, uids):
        self.learn(self.wire.ok(f"UID FETCH {uids} (FLAGS)"))

    def fetch(self):
        numbers = self.some()
        if not numbers:
            return
        answer = self.wire.command(
            f"FETCH {numbers} (UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        assert answer.status in ("OK", "NO"), answer
        self.learn(answer, numbers_in_use=True)
        for one in answer.named("FETCH"):
            subject = one.items.get("BODY[HEADER.FIELDS (SUBJECT)]")
            if subject:
                self.remember(one.items["UID"], bytes(subject)[len(b"Subject: "):].strip())

    def search(self):
        answer = self.learn(self.wire.ok("SEARCH SEEN"), numbers_in_use=True)
        for one in answer.named("SEARCH"):
            assert all(number <= len(self.picture.messages) for number in one.values), answer

    def expunge(self):
        self.learn(self.wire.ok("EXPUNGE"))

    def move_away_and_back(self):
        uids = self.some_uids()
        if uids:
            self.learn(self.unless_gone(f"UID MOVE {uids} Trash"))

    def copy(self):
        uids = self.some_uids()
        if uids:
            answer = self.learn(self.unless_gone(f"UID COPY {uids} INBOX"))
            if answer.code("COPYUID"):
                self.remember_copies(*answer.code("COPYUID").split()[1:])

    def remember_copies(self, sources, targets):
        pairs = list(zip(uids_of(sources), uids_of(targets), strict=True))
        for source, target in pairs:
            if source in self.subjects:
                self.remember(target, self.subjects[source])

    def idle(self):
        self.picture.learn(self.wire.idle())
        self.learn(self.wire.done())

    def noop(self):
        self.learn(self.wire.ok("NOOP"))

    def reselect(self):
        self.picture = Picture()
        self.learn(self.wire.ok("SELECT INBOX"))

    def settle(self):
        """Learns all that it was not told yet, as a client does."""
        self.noop()
        first = self.picture.unknown()
        if first:
            self.learn(self.wire.ok(f"FETCH {first}:* (UID FLAGS)"))
        self.noop()

    DEEDS = (append, append, append, store, store, store, uid_store, fetch, fetch, search,
             expunge, move_away_and_back, copy, idle, noop, noop, reselect, settle)


def uids_of(text):
    uids = []
    for piece in text.split(","):
        first, _, last = piece.partition(":")
        step = 1 if int(last or first) >= int(first) else -1
        uids += range(int(first), int(last or first) + step, step)
    return uids


class Pictures(Scenario):
    def test_random_clients_agree_in_the_end(self):
        print(f"seed {SEED}", file=sys.stderr, flush=True)
        self.fill(5)
        subjects = {}
        clients = [Wanderer(self.server, SEED + index, subjects) for index in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        for client in clients:
            if client.trouble:
                raise AssertionError(f"seed {SEED}") from client.trouble
        for client in clients:
            client.settle()
        fresh = self.client()
        answer = fresh.ok("UID FETCH 1:* (UID FLAGS)")
        truth = [(one.items["UID"], frozenset(set(one.items["FLAGS"]) - {"\\Recent"}))
                 for one in answer.named("FETCH")]
        for client in clients:
            self.assertEqual(client.picture.known(), truth, f"seed {SEED}")
        self.assertEqual([uid for uid, _ in truth], sorted({uid for uid, _ in truth}))
        for client in clients:
            client.wire.ok("LOGOUT")
            client.wire.close()
        self.server.assert_whole()


if __name__ == "__main__":
    unittest.main()
