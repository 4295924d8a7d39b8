#!/usr/bin/env python3
"""What mail programs send that cannot run here, as their public sources and logs show it: command by
command through a real TLS socket, each answer parsed strictly and checked.

They choose by what the server announces, as the programs do; WANTED says what it has to announce, so
that nothing is left out in silence.
"""

import base64
import re
import unittest
import zlib

from daybook import DOMAIN, Daybook
from test_clients import message
from wire import Answer, Gone, ImapWire, Untagged

LOGIN = f"alice@{DOMAIN}"
SPECIAL = {"Drafts", "Sent", "Junk", "Trash", "Archive"}
WANTED = {"IMAP4rev1", "ID", "IDLE", "NAMESPACE", "UIDPLUS", "MOVE", "CONDSTORE", "SPECIAL-USE",
          "LITERAL+", "ENABLE"}


class Client(ImapWire):
    """Over TLS, from the greeting on; with COMPRESS once it is asked for."""

    def __init__(self, server):
        self.inflater = None
        super().__init__(server, tls=True, login=False)
        self.password = server.passwords[LOGIN]
        self.capabilities = set()

    def send(self, octets):
        if self.inflater:
            octets = self.deflater.compress(octets) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        super().send(octets)

    def fill(self):
        if not self.inflater:
            return super().fill()
        octets = b""
        while not octets:
            came = self.socket.recv(65536)
            if not came:
                raise Gone(f"ended after {self.buffer[-200:]!r}")
            octets = self.inflater.decompress(came)
        self.buffer += octets

    def compress(self):
        """RFC 4978: raw deflate, from the octet after the OK's line end."""
        if "COMPRESS=DEFLATE" not in self.capabilities:
            return
        self.ok("COMPRESS DEFLATE")
        self.deflater = zlib.compressobj(wbits=-15)
        self.inflater = zlib.decompressobj(wbits=-15)

    def learn_capabilities(self, answer):
        told = answer.code("CAPABILITY")
        if told is None:
            one = self.ok("CAPABILITY").named("CAPABILITY")[0]
            told = " ".join(one.values)
        self.capabilities = set(told.split())

    def authenticate_plain(self):
        secret = base64.b64encode(f"\0{LOGIN}\0{self.password}".encode()).decode()
        self.learn_capabilities(self.ok(f"AUTHENTICATE PLAIN {secret}"))

    def login(self):
        self.learn_capabilities(self.ok(f'LOGIN "{LOGIN}" "{self.password}"'))

    def pipelined(self, *commands):
        """All in one segment, as Apple's do; answers in their order."""
        tags = []
        octets = b""
        for command in commands:
            self.tags += 1
            tags.append(b"t%d" % self.tags)
            octets += tags[-1] + b" " + command.encode() + b"\r\n"
        self.send(octets)
        answers = [self.wait_for(tag) for tag in tags]
        for command, answer in zip(commands, answers):
            if answer.status != "OK":
                raise AssertionError(f"{command}: {answer}")
        return answers

    def idle_until(self, name):
        """The first response of that name that comes in IDLE."""
        while True:
            response = self.response()
            if not isinstance(response, Untagged):
                raise AssertionError(f"in IDLE: {response}")
            if response.name == name:
                return response


def folders(answer):
    """{name: attributes} of LIST or LSUB."""
    return {one.values[2].decode() if isinstance(one.values[2], bytes) else one.values[2]:
            set(one.values[0]) for one in answer.untagged if one.name in ("LIST", "LSUB")}


class Habits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Daybook()
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        try:
            cls.server.assert_whole()
        finally:
            cls.server.__exit__(None, None, None)

    def setUp(self):
        imap = self.server.imap()
        for name in ("INBOX", "Trash", "Archive", "Sent", "Drafts"):
            imap.select(name)
            imap.uid("STORE", "1:*", "+FLAGS.SILENT", "(\\Deleted)")
            imap.expunge()
        for number in range(3):
            imap.append("INBOX", None, None, message(f"habit {number}"))
        imap.select("INBOX")
        self.uids = [int(uid) for uid in imap.uid("SEARCH", "ALL")[1][0].split()]
        imap.logout()
        self.client = Client(self.server)
        self.addCleanup(self.client.close)

    def deliver(self, subject):
        with self.server.smtp() as smtp:
            smtp.sendmail("carol@elsewhere.test", [LOGIN], message(subject))

    def assert_special(self, found):
        for name in SPECIAL:
            self.assertIn(f"\\{name}", found[name])

    def subjects(self, box):
        imap = self.server.imap()
        imap.select(box, readonly=True)
        answer = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        imap.logout()
        return [re.match(rb"Subject: (.*)\r\n", one[1]).group(1).decode()
                for one in answer if isinstance(one, tuple)]

    def test_what_they_need_is_announced(self):
        self.client.login()
        self.assertLessEqual(WANTED, self.client.capabilities)
        # One of the two, RFC 7888 section 5.
        self.assertNotIn("LITERAL-", self.client.capabilities)
        self.assertNotIn("XLIST", self.client.capabilities)

    def test_thunderbird(self):
        client, first, last = self.client, self.uids[0], self.uids[-1]
        client.authenticate_plain()
        client.ok('ID ("name" "Thunderbird" "version" "115.2.2")')
        if "UTF8=ACCEPT" in client.capabilities:
            client.ok("ENABLE UTF8=ACCEPT")
        if "LIST-EXTENDED" in client.capabilities:
            self.assert_special(folders(client.ok('list (subscribed) "" "*" return (special-use)')))
        self.assert_special(folders(client.ok('list "" "*"')))
        client.ok('lsub "" "*"')
        client.ok("namespace")
        self.assertIn("INBOX", folders(client.ok('list "" "INBOX"')))
        selected = client.ok('select "INBOX" (CONDSTORE)')
        modseq = int(selected.code("HIGHESTMODSEQ"))
        if "QUOTA" in client.capabilities:
            client.ok('getquotaroot "INBOX"')
        told = client.ok("UID fetch 1:* (FLAGS)").named("FETCH")
        self.assertEqual([one.items["UID"] for one in told], self.uids)
        headers = client.ok(
            f"UID fetch {first}:{last} (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc "
            "Bcc Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To "
            "Content-Type Reply-To Received)])").named("FETCH")
        for one, number in zip(headers, range(3)):
            text = next(value for name, value in one.items.items() if name.startswith("BODY["))
            self.assertIn(b"Subject: habit %d\r\n" % number, text)
            self.assertTrue(text.endswith(b"\r\n\r\n"))
        client.idle()
        self.deliver("arrives in IDLE")
        self.assertEqual(client.idle_until("EXISTS").number, 4)
        client.done()
        self.assertEqual(len(client.ok(f"UID fetch {last + 1}:* (FLAGS)").named("FETCH")), 1)
        body = client.ok(f"UID fetch {first} (UID RFC822.SIZE BODY.PEEK[])").named("FETCH")[0].items
        self.assertEqual(body["BODY[]"], message("habit 0"))
        self.assertEqual(body["RFC822.SIZE"], len(body["BODY[]"]))
        client.ok(f"uid store {first} +Flags (\\Seen)")
        client.ok(f"uid store {first} +Flags (NonJunk $Forwarded)")
        changed = client.ok(f"UID fetch 1:* (FLAGS) (CHANGEDSINCE {modseq})").named("FETCH")
        self.assertEqual([one.items["UID"] for one in changed], [first, last + 1])
        self.assertLessEqual({"\\Seen", "NonJunk", "$Forwarded"}, set(changed[0].items["FLAGS"]))
        moved = client.ok(f'uid move {first} "Trash"')
        self.assertEqual([one.number for one in moved.named("EXPUNGE")], [1])
        client.ok(f'uid copy {self.uids[1]} "Archive"')
        client.ok(f"uid store {last} +Flags (\\Deleted \\Seen)")
        client.ok("expunge")
        client.ok("noop")
        client.ok("close")
        client.ok("logout")
        self.assertEqual(self.subjects("INBOX"), ["habit 1", "arrives in IDLE"])
        self.assertEqual(self.subjects("Trash"), ["habit 0"])
        self.assertEqual(self.subjects("Archive"), ["habit 1"])

    def test_thunderbird_saves_a_draft_and_what_it_sent(self):
        client = self.client
        client.authenticate_plain()
        for box, flags in (("Drafts", "\\Seen \\Draft"), ("Sent", "\\Seen")):
            octets = message(f"for {box}")
            answer = client.append(f'"{box}"', octets, flags)
            self.assertEqual(answer.status, "OK")
            self.assertIsNotNone(answer.code("APPENDUID"))
            client.ok(f'select "{box}"')
            found = client.ok(f'uid SEARCH UNDELETED HEADER Message-ID for.{box}@elsewhere.test')
            self.assertEqual(len(found.named("SEARCH")[0].values), 1)
        self.assertEqual(self.subjects("Sent"), ["for Sent"])
        self.assertEqual(self.subjects("Drafts"), ["for Drafts"])

    def test_outlook(self):
        client, first, last = self.client, self.uids[0], self.uids[-1]
        client.ok("CAPABILITY")
        client.login()
        client.ok('ID ("name" "Microsoft Outlook" "version" "16.0.17126.20126")')
        client.ok("NAMESPACE")
        self.assertEqual(client.ok('LIST "" ""').named("LIST")[0].values[1], b"/")
        # XLIST was Gmail's before RFC 6154: refused, and nothing else happens.
        self.assertEqual(client.command('XLIST "" "*"').status, "BAD")
        found = folders(client.ok('LIST "" "*"'))
        self.assertLessEqual(SPECIAL | {"INBOX"}, set(found))
        client.ok('LSUB "" "*"')
        client.ok('STATUS "Sent" (UIDNEXT MESSAGES UNSEEN RECENT UIDVALIDITY)')
        client.ok('SELECT "INBOX"')
        told = client.ok("UID FETCH 1:* (UID FLAGS)").named("FETCH")
        self.assertEqual([one.items["UID"] for one in told], self.uids)
        headers = client.ok(
            f"UID FETCH {first},{last} (UID FLAGS RFC822.SIZE INTERNALDATE BODYSTRUCTURE "
            "BODY.PEEK[HEADER])").named("FETCH")
        self.assertEqual(len(headers), 2)
        self.assertIn(b"Subject: habit 0\r\n", headers[0].items["BODY[HEADER]"])
        whole = client.ok(f"UID FETCH {first} (UID FLAGS RFC822.SIZE BODY.PEEK[] INTERNALDATE)")
        self.assertEqual(whole.named("FETCH")[0].items["BODY[]"], message("habit 0"))
        client.ok(f"UID STORE {first} +FLAGS.SILENT (\\Seen)")
        client.ok("CHECK")
        client.idle()
        self.deliver("for Outlook")
        self.assertEqual(client.idle_until("EXISTS").number, 4)
        client.done()
        # It copies, then deletes.
        copied = client.ok(f'UID COPY {last} "Trash"')
        self.assertIsNotNone(copied.code("COPYUID"))
        client.ok(f"UID STORE {last} +FLAGS (\\Deleted)")
        client.ok(f"UID EXPUNGE {last}")
        client.ok("UNSELECT" if "UNSELECT" in client.capabilities else "CLOSE")
        client.ok("LOGOUT")
        self.assertEqual(self.subjects("INBOX"), ["habit 0", "habit 1", "for Outlook"])
        self.assertEqual(self.subjects("Trash"), ["habit 2"])

    def test_apple_mail_and_ios(self):
        client, first, last = self.client, self.uids[0], self.uids[-1]
        # The user name and the password as literals that do not wait.
        client.learn_capabilities(client.ok(
            f"LOGIN {{{len(LOGIN)}+}}\r\n{LOGIN} {{{len(client.password)}+}}\r\n{client.password}"))
        identity = client.ok(
            'ID ("name" "com.apple.email.maild" "version" "3818.100.11.2.3" "os" "iOS" '
            '"os-version" "18.0 (22A3354)" "vendor" "Apple Inc")')
        self.assertEqual(len(identity.named("ID")), 1)
        client.compress()
        if "QRESYNC" in client.capabilities:
            client.ok("ENABLE QRESYNC")
        space, listed = client.pipelined("NAMESPACE", 'LIST "" "*" RETURN (SPECIAL-USE)') \
            if "LIST-EXTENDED" in client.capabilities else \
            client.pipelined("NAMESPACE", 'LIST "" "*"')
        self.assertEqual(len(space.named("NAMESPACE")), 1)
        self.assert_special(folders(listed))
        client.pipelined(*(f"STATUS {name} (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)"
                           for name in ("INBOX", *sorted(SPECIAL))))
        selected = client.ok("SELECT INBOX (CONDSTORE)")
        self.assertEqual(selected.named("EXISTS")[0].number, 3)
        found = client.ok(f"UID SEARCH UID {first}:* NOT DELETED")
        self.assertTrue(found.named("SEARCH") or found.named("ESEARCH"))
        rows = client.ok(
            "FETCH 1:3 (INTERNALDATE UID RFC822.SIZE FLAGS BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS "
            "(date subject from to cc message-id in-reply-to references content-type x-priority "
            "x-uniform-type-identifier x-universally-unique-identifier list-id "
            "list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash "
            "authentication-results dkim-signature)])").named("FETCH")
        self.assertEqual([one.items["UID"] for one in rows], self.uids)
        pieces = client.pipelined(f"UID FETCH {first} (BODY.PEEK[HEADER] BODY.PEEK[TEXT])",
                                  f"UID FETCH {first} BODY.PEEK[1]<0.3>")
        self.assertEqual(pieces[0].named("FETCH")[0].items["BODY[TEXT]"], b"Hello.\r\n")
        self.assertEqual(pieces[1].named("FETCH")[0].items["BODY[1]<0>"], b"Hel")
        client.idle()
        self.deliver("for the phone")
        self.assertEqual(client.idle_until("EXISTS").number, 4)
        client.done()
        client.ok(f"UID STORE {first} +FLAGS.SILENT (\\Seen $NotJunk)")
        client.ok(f"UID MOVE {first} Archive")
        octets = message("sent from my phone")
        answer = client.ok(f"APPEND Sent (\\Seen) {{{len(octets)}+}}\r\n".encode() + octets)
        self.assertIsNotNone(answer.code("APPENDUID"))
        client.ok("LOGOUT")
        self.assertEqual(self.subjects("INBOX"), ["habit 1", "habit 2", "for the phone"])
        self.assertEqual(self.subjects("Archive"), ["habit 0"])
        self.assertEqual(self.subjects("Sent"), ["sent from my phone"])

    def test_k9(self):
        client, first, last = self.client, self.uids[0], self.uids[-1]
        client.authenticate_plain()
        client.compress()
        client.ok('ID ("name" "K-9 Mail" "version" "6.804")')
        client.ok("NAMESPACE")
        if "LIST-EXTENDED" in client.capabilities:
            self.assert_special(folders(client.ok('LIST "" "*" RETURN (SPECIAL-USE)')))
        client.ok('LIST "" "*"')
        client.ok('LSUB "" "*"')
        client.ok('SELECT "INBOX"')
        found = client.ok("UID SEARCH 1:3 NOT DELETED").named("SEARCH")
        self.assertEqual(found[0].values, self.uids)
        rows = client.ok(
            f"UID FETCH {','.join(map(str, self.uids))} (UID FLAGS INTERNALDATE RFC822.SIZE "
            "BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc reply-to message-id "
            "references in-reply-to list-unsubscribe sender X-K9mail-Identity Chat-Version)])")
        self.assertEqual([one.items["UID"] for one in rows.named("FETCH")], self.uids)
        self.assertEqual(
            client.ok(f"UID FETCH {first} (UID BODYSTRUCTURE)").named("FETCH")[0]
            .items["BODYSTRUCTURE"][:2], [b"TEXT", b"PLAIN"])
        self.assertEqual(
            client.ok(f"UID FETCH {first} (UID BODY.PEEK[TEXT]<0.32768>)").named("FETCH")[0]
            .items["BODY[TEXT]<0>"], b"Hello.\r\n")
        client.ok(f"UID STORE {first} +FLAGS.SILENT (\\Seen)")
        client.ok(f'UID MOVE {first},{last} "Trash"')
        client.idle()
        self.deliver("pushed")
        self.assertEqual(client.idle_until("EXISTS").number, 2)
        client.done()
        found = client.ok("UID SEARCH HEADER MESSAGE-ID <pushed@elsewhere.test>").named("SEARCH")
        self.assertEqual(len(found[0].values), 1)
        client.ok("CLOSE")
        client.ok("LOGOUT")
        self.assertEqual(self.subjects("INBOX"), ["habit 1", "pushed"])
        self.assertEqual(self.subjects("Trash"), ["habit 0", "habit 2"])

    def test_delta_chat(self):
        client, first, last = self.client, self.uids[0], self.uids[-1]
        client.ok("CAPABILITY")
        client.login()
        client.ok('ID ("name" "Delta Chat")')
        client.compress()
        if "METADATA" in client.capabilities:
            answer = client.ok('GETMETADATA "" (/shared/comment /shared/admin '
                               "/shared/vendor/deltachat/irohrelay /shared/vendor/deltachat/turn)")
            self.assertLessEqual(len(answer.named("METADATA")), 1)
            client.ok('SETMETADATA INBOX (/private/devicetoken "fcm:a-token")')
            told = client.ok("GETMETADATA INBOX /private/devicetoken").named("METADATA")[0]
            self.assertEqual(told.values[1][0].lower(), "/private/devicetoken")
            self.assertEqual(told.values[1][1], b"fcm:a-token")
            client.ok("SETMETADATA INBOX (/private/devicetoken NIL)")
        if client.command('SELECT "DeltaChat"').status == "NO":
            client.ok('CREATE "DeltaChat"')
            client.ok('SUBSCRIBE "DeltaChat"')
        self.assertIn("DeltaChat", folders(client.ok('LIST "" "*"')))
        selected = client.ok('SELECT "INBOX" (CONDSTORE)')
        modseq = int(selected.code("HIGHESTMODSEQ"))
        rows = client.ok(
            f"UID FETCH {first}:* (UID INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS "
            "(MESSAGE-ID DATE X-MICROSOFT-ORIGINAL-MESSAGE-ID FROM IN-REPLY-TO REFERENCES "
            "CHAT-VERSION AUTO-SUBMITTED AUTOCRYPT-SETUP-MESSAGE)])").named("FETCH")
        self.assertEqual([one.items["UID"] for one in rows], self.uids)
        whole = client.ok(f"UID FETCH {first} (FLAGS BODY.PEEK[])").named("FETCH")[0].items
        self.assertEqual(whole["BODY[]"], message("habit 0"))
        client.ok(f"UID STORE {first} +FLAGS.SILENT (\\Seen)")
        client.ok(f"UID STORE {self.uids[1]} +FLAGS ($MDNSent)")
        client.ok(f'UID MOVE {first} "DeltaChat"')
        changed = client.ok(f"FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq})").named("FETCH")
        self.assertIn("$MDNSent", changed[0].items["FLAGS"])
        client.ok(f"UID STORE {last} +FLAGS (\\Deleted)")
        client.ok("CLOSE")
        client.ok('SELECT "INBOX" (CONDSTORE)')
        client.idle()
        self.deliver("a chat message")
        self.assertEqual(client.idle_until("EXISTS").number, 2)
        client.done()
        client.ok("LOGOUT")
        self.assertEqual(self.subjects("INBOX"), ["habit 1", "a chat message"])
        self.assertEqual(self.subjects("DeltaChat"), ["habit 0"])
        imap = self.server.imap()
        imap.delete("DeltaChat")
        imap.logout()

    def test_a_wrong_literal_and_an_old_command_do_no_harm(self):
        client = self.client
        client.login()
        self.assertEqual(client.command('XLIST "" "%"').status, "BAD")
        self.assertEqual(client.command('RLIST "" "%"').status, "BAD")
        client.ok("NOOP")
        self.assertIsInstance(client.command('STATUS "{3+}" (MESSAGES)'), Answer)
        client.ok('SELECT "INBOX"')


if __name__ == "__main__":
    unittest.main()
