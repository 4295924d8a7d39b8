#!/usr/bin/env python3
"""IMAP clients that people use and test_clients.py does not have: ImapFlow, interimap, OfflineIMAP,
imapfilter, fetchmail, and mutt with its caches. Each test checks what arrived on both sides.

What a client needs and this server does not announce is said by the test that it skips.
"""

import hashlib
import imaplib
import json
import mailbox
import re
import shutil
import ssl
import subprocess
import threading
import unittest
from pathlib import Path

from daybook import DOMAIN, Daybook
from test_clients import (ALICE, BOB, DIFFICULT, PATIENCE, Clients, Mbsync, message, needs,
                          on_terminal, run)

IMAPFLOW = Path(__file__).resolve().parent / "imapflow"
FLAGS = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Draft": "D", "\\Deleted": "T"}


def content(server, account="alice"):
    """{mailbox: {subject: (octets, flags without \\Recent)}} of all of an account's mailboxes."""
    server.settle()
    imap = server.imap(account)
    seen = {}
    for line in imap.list()[1]:
        attributes, name = re.match(r'\((.*?)\) "/" (.*)', line.decode()).groups()
        if "\\Noselect" in attributes or "\\NonExistent" in attributes:
            continue
        count = int(imap.select(name, readonly=True)[1][0])
        seen[name.strip('"')] = {}
        for number in range(1, count + 1):
            answer = imap.fetch(str(number), "(FLAGS BODY.PEEK[])")[1]
            octets = answer[0][1]
            flags = {flag.decode() for flag in imaplib.ParseFlags(answer[0][0] + answer[1])}
            subject = re.search(rb"(?m)^Subject: (.*)\r$", octets).group(1).decode()
            assert subject not in seen[name.strip('"')], f"{subject} twice in {name}"
            seen[name.strip('"')][subject] = octets, frozenset(flags - {"\\Recent"})
    imap.logout()
    return seen


def flags_of(content_of_mailbox):
    return {subject: set(flags) for subject, (_, flags) in content_of_mailbox.items()}


def announced(server):
    imap = server.imap()
    names = set(imap.capability()[1][0].decode().split())
    imap.logout()
    return names


class ImapClients(Clients):
    def setUp(self):
        super().setUp()
        self.empty("bob")

    def require(self, *capabilities):
        missing = sorted(set(capabilities) - announced(self.server))
        if missing:
            self.skipTest(f"the server does not announce {' '.join(missing)}")

    def fill(self, *subjects, account="alice", box="INBOX", flags=None):
        imap = self.server.imap(account)
        for subject in subjects:
            done = imap.append(box, flags, None, message(subject, DIFFICULT))
            assert done[0] == "OK", done
        imap.logout()


@unittest.skipUnless(shutil.which("node"), "node is not installed")
@unittest.skipUnless((IMAPFLOW / "node_modules").exists(),
                     "ImapFlow is not installed: `npm ci` in tests/e2e/imapflow (tools/test does)")
class ImapFlow(ImapClients):
    def command(self, scenario, **more):
        settings = {"port": self.server.port("imaps"), "user": ALICE, "pass": self.password, **more}
        return ["node", str(IMAPFLOW / "drive.mjs"), scenario, json.dumps(settings)]

    def drive(self, scenario, **more):
        rows = [json.loads(line) for line in run(*self.command(scenario, **more)).stdout.splitlines()]
        return rows

    def test_folders(self):
        rows = self.drive("folders")
        told = {key: value for row in rows for key, value in row.items()}
        self.assertIn("IDLE", told["capabilities"])
        use = {row["path"]: row.get("specialUse") for row in told["folders"]}
        self.assertEqual(use["INBOX"], "\\Inbox")
        for name in ("Drafts", "Sent", "Junk", "Trash", "Archive"):
            self.assertEqual(use[name], f"\\{name}")
        self.assertEqual(told["created"]["path"], "Büro/Entwürfe")
        self.assertTrue(told["created"]["created"])
        self.assertIn("Büro/Akten", told["status"]["path"])
        self.assertEqual(told["status"]["messages"], 0)
        self.assertEqual(told["status"]["uidNext"], 1)
        self.assertNotIn("B&APw-ro/Akten", content(self.server))

    def test_messages(self):
        rows = self.drive("messages")
        told = {key: value for row in rows for key, value in row.items()}
        uids = told["appended"]
        self.assertEqual(uids, list(range(uids[0], uids[0] + 6)))
        self.assertEqual(told["exists"], 6)
        fetched = [row["fetched"] for row in rows if "fetched" in row]
        self.assertEqual([row["uid"] for row in fetched], uids)
        for number, row in enumerate(fetched, 1):
            self.assertEqual(row["subject"], f"flow {number}")
            self.assertEqual(row["type"], "multipart/mixed")
            self.assertEqual(row["size"], len(row["source"]))
            self.assertEqual(row["date"], f"2026-01-0{number}T00:00:00.000Z")
            self.assertIn(f"Subject: flow {number}\r\n", row["headers"])
            self.assertEqual(row["part"].strip(), "AAECAwQ=")
            self.assertEqual(set(row["flags"]) - {"\\Recent"},
                             {"\\Seen", "$Label1"} if number % 2 else set())
        self.assertEqual(told["downloaded"], "Grüße, flow 1")
        self.assertEqual(told["found"], [uids[1], uids[3], uids[5]])
        self.assertEqual(told["byText"], [uids[2]])
        self.assertEqual(told["byOr"], [uids[0], uids[2], uids[4], uids[5]])
        self.assertEqual(told["left"], [uids[0], uids[1], uids[5]])
        # The other side: two were copied, two moved, one deleted.
        far = content(self.server)
        self.assertEqual(flags_of(far["INBOX"]), {
            "flow 1": {"$Label1"}, "flow 2": {"\\Flagged", "Work"}, "flow 6": set()})
        self.assertEqual(flags_of(far["Archive"]), {
            "flow 1": {"$Label1"}, "flow 2": {"\\Flagged", "Work"},
            "flow 3": {"$Label1"}, "flow 4": {"\\Answered"}})
        # COPYUID and MOVE's name what is really there.
        self.assertEqual(sorted(map(int, told["copied"]["uidMap"])), uids[:2])
        self.assertEqual(sorted(map(int, told["moved"]["uidMap"])), uids[2:4])
        imap = self.server.imap()
        imap.select("Archive", readonly=True)
        archived = imap.uid("SEARCH", "ALL")[1][0].split()
        self.assertEqual([int(uid) for uid in archived],
                         [*told["copied"]["uidMap"].values(), *told["moved"]["uidMap"].values()])
        imap.logout()

    def watch(self, **more):
        """Events of a session in IDLE, while others deliver, flag and expunge."""
        self.fill("there before", "to be flagged", "to be expunged")
        process = subprocess.Popen(self.command("events", **more), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        deadline = threading.Timer(PATIENCE, process.kill)
        deadline.start()
        try:
            ready = json.loads(process.stdout.readline())
            self.assertTrue(ready["ready"])
            imap = self.server.imap()
            imap.select("INBOX")
            with self.server.smtp() as smtp:
                smtp.sendmail("carol@elsewhere.test", [ALICE], message("new"))
            imap.store("2", "+FLAGS", "(\\Flagged)")
            uid = int(imap.fetch("3", "(UID)")[1][0].split()[2].rstrip(b")"))
            imap.store("3", "+FLAGS.SILENT", "(\\Deleted)")
            imap.expunge()
            imap.logout()
            told, errors = process.communicate()
        finally:
            deadline.cancel()
            process.kill()
            process.wait()
        self.assertEqual(process.returncode, 0, errors)
        events = [json.loads(line) for line in told.splitlines()]
        return ready, uid, events

    def assert_events(self, events):
        self.assertIn({"event": "exists", "path": "INBOX", "count": 4, "prevCount": 3}, events)
        flagged = [set(event["flags"]) for event in events
                   if event["event"] == "flags" and event["seq"] == 2]
        self.assertIn("\\Flagged", flagged[-1])

    def test_events_in_idle(self):
        _, _, events = self.watch()
        self.assert_events(events)
        gone = [event for event in events if event["event"] == "expunge"]
        self.assertEqual([(event["seq"], event["vanished"]) for event in gone], [(3, False)])

    def test_events_in_idle_with_qresync(self):
        self.require("QRESYNC")
        ready, uid, events = self.watch(qresync=True)
        self.assertIn("QRESYNC", ready["enabled"])
        self.assert_events(events)
        gone = [event for event in events if event["event"] == "expunge"]
        self.assertEqual([(event["uid"], event["vanished"]) for event in gone], [(uid, True)])

    def test_changes_since_a_modseq(self):
        self.fill("one", "two", "three")
        changed = self.drive("changes")
        self.assertEqual(len(changed), 1)
        self.assertIn("\\Flagged", changed[0]["flags"])
        self.assertEqual(flags_of(content(self.server)["INBOX"]),
                         {"one": {"\\Flagged"}, "two": set(), "three": set()})


@needs("interimap")
class Interimap(ImapClients):
    """Two accounts, kept equal by QRESYNC, over TLS; COMPRESS on one side."""

    def setUp(self):
        super().setUp()
        self.require("QRESYNC", "LIST-EXTENDED", "LIST-STATUS", "UIDPLUS")
        self.config = self.file("interimap", "".join((
            f"database = {self.folder}/state.db\n",
            *(f"[{side}]\ntype = imaps\nhost = 127.0.0.1\nport = {self.server.port('imaps')}\n"
              f"username = {login}\npassword = {self.server.passwords[login]}\n"
              f"SSL_verify = NO\ncompress = {compress}\n"
              for side, login, compress in (("local", ALICE, "NO"), ("remote", BOB, "YES"))))))

    def sync(self):
        return run("interimap", f"--config={self.config}",
                   environment={"HOME": str(self.folder)})

    def assert_equal_sides(self, total):
        near, far = content(self.server), content(self.server, "bob")
        self.assertEqual(near, far)
        self.assertEqual(sum(len(messages) for messages in near.values()), total)
        return near

    def test_both_ways_until_nothing_changes(self):
        self.fill(*(f"near {number}" for number in range(8)), flags="(\\Seen $Label1)")
        self.fill("far 0", "far 1", account="bob")
        self.fill("filed", account="bob", box="Archive")
        bob = self.server.imap("bob")
        bob.create("Projects/Daybook")
        self.fill("in a project", account="bob", box="Projects/Daybook", flags="(\\Answered)")
        self.sync()
        self.assert_equal_sides(12)

        # Both sides change: flags, expunges, new mail, mailboxes.
        alice = self.server.imap()
        alice.select("INBOX")
        alice.store("1", "+FLAGS", "(\\Flagged)")
        alice.store("2", "-FLAGS", "(\\Seen)")
        alice.store("3", "+FLAGS", "(\\Deleted)")
        alice.expunge()
        bob.select("INBOX")
        found = bob.search(None, "SUBJECT", '"near 5"')[1][0].decode()
        bob.store(found, "+FLAGS", "(\\Answered Work)")
        found = bob.search(None, "SUBJECT", '"near 6"')[1][0].decode()
        bob.store(found, "+FLAGS", "(\\Deleted)")
        bob.expunge()
        bob.append("INBOX", None, None, message("far and late", DIFFICULT))
        alice.append("Archive", None, None, message("near and late", DIFFICULT))
        alice.create("Near")
        self.sync()
        equal = self.assert_equal_sides(12)
        inbox = flags_of(equal["INBOX"])
        self.assertEqual(inbox["near 0"], {"\\Seen", "$Label1", "\\Flagged"})
        # What interimap believes to have changed on both sides it unites, so only what both have
        # is sure of "near 1", which lost a flag.
        self.assertIn("$Label1", inbox["near 1"])
        self.assertEqual(inbox["near 5"], {"\\Seen", "$Label1", "\\Answered", "Work"})
        self.assertNotIn("near 2", inbox)
        self.assertNotIn("near 6", inbox)
        self.assertIn("far and late", inbox)
        self.assertIn("near and late", equal["Archive"])
        self.assertIn("Near", equal)

        # Nothing changes any more, on either side.
        before = len(self.server.events("FlagsChanged")), len(self.server.events("Expunged"))
        self.sync()
        self.assertEqual(self.assert_equal_sides(12), equal)
        self.assertEqual(before, (
            len(self.server.events("FlagsChanged")), len(self.server.events("Expunged"))))
        for client in (alice, bob):
            for name in ("Near", "Projects/Daybook", "Projects"):
                client.delete(name)
            client.logout()


@needs("offlineimap")
class OfflineImap(Mbsync):
    """What test_clients.py checks of mbsync, with OfflineIMAP."""

    def setUp(self):
        Clients.setUp(self)
        self.mail = self.folder / "mail"
        self.mail.mkdir()
        certificate = ssl.PEM_cert_to_DER_cert(
            (self.server.directory / "tls" / "server.crt").read_text())
        self.config = self.file("offlineimaprc", f"""
[general]
accounts = all
metadata = {self.folder}/state
ui = basic
socktimeout = {PATIENCE}
fsync = no

[Account all]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {self.mail}
sep = /

[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {self.server.port("imaps")}
remoteuser = {ALICE}
remotepass = {self.password}
ssl = yes
cert_fingerprint = {hashlib.sha1(certificate).hexdigest()}
""")

    def sync(self):
        return run("offlineimap", "-c", self.config, "-o", "-1",
                   environment={"HOME": str(self.folder)}).stdout.decode()

    @staticmethod
    def plain(octets):
        return re.sub(rb"(?m)^X-OfflineIMAP: .*\n", b"", octets.replace(b"\r\n", b"\n"))


# The tests of the base class are run by test_clients.py.
del Mbsync


@needs("imapfilter")
class Imapfilter(ImapClients):
    def test_finds_flags_copies_moves_and_deletes(self):
        self.fill("keep", "to move", "to copy", "to delete", "to flag")
        self.fill("already seen", flags="(\\Seen)")
        config = self.file("imapfilter.lua", f"""
options.certificates = false
options.timeout = {PATIENCE}
account = IMAP {{ server = 'localhost', port = {self.server.port("imaps")}, ssl = 'auto',
                 username = '{ALICE}', password = '{self.password}' }}
account.INBOX:contain_subject('to move'):move_messages(account['Archive'])
account.INBOX:contain_subject('to copy'):copy_messages(account['Archive'])
account.INBOX:match_subject('^to delete$'):delete_messages()
both = account.INBOX:contain_subject('to flag') * account.INBOX:is_unseen()
both:mark_flagged()
account.INBOX:is_seen():add_flags({{ '$Label2' }})
exist, unread, unseen, next = account.INBOX:check_status()
print('exist', exist)
account:create_mailbox('Büro')
account:subscribe_mailbox('Büro')
for _, name in ipairs(account:list_all()) do print(name) end
account:delete_mailbox('Büro')
""")
        trust = self.server.directory / "tls" / "server.crt"
        done = run("imapfilter", "-c", config, "-t", trust,
                   environment={"HOME": str(self.folder)})
        lines = done.stdout.decode().splitlines()
        self.assertIn("exist\t4", lines)
        self.assertIn("Büro", lines)
        far = content(self.server)
        self.assertEqual(flags_of(far["INBOX"]), {
            "keep": set(), "to copy": set(), "to flag": {"\\Flagged"},
            "already seen": {"\\Seen", "$Label2"}})
        self.assertEqual(flags_of(far["Archive"]), {"to copy": set(), "to move": set()})
        self.assertTrue(far["Archive"]["to move"][0].endswith(DIFFICULT))


@needs("fetchmail")
class Fetchmail(ImapClients):
    def fetch(self, *options):
        retrieved = self.folder / "retrieved"
        retrieved.mkdir(exist_ok=True)
        config = self.file("fetchmailrc", f"""
set no bouncemail
poll 127.0.0.1 protocol IMAP service {self.server.port("imaps")} timeout {PATIENCE}
    username "{ALICE}" password "{self.password}" ssl no sslcertck
    mda "/bin/sh -c 'cat > $(mktemp {retrieved}/XXXXXXXX)'"
    {" ".join(options)}
""")
        # 1: there was nothing.
        done = run("fetchmail", "--fetchmailrc", config, "--nodetach", "--invisible",
                   environment={"HOME": str(self.folder), "FETCHMAILHOME": str(self.folder)},
                   check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        bodies = sorted(file.read_bytes() for file in retrieved.iterdir())
        shutil.rmtree(retrieved)
        return bodies

    def test_keeps_and_takes(self):
        subjects = [f"to fetch {number}" for number in range(5)]
        self.fill(*subjects)
        wanted = sorted(message(subject, DIFFICULT).replace(b"\r\n", b"\n") for subject in subjects)
        self.assertEqual(self.fetch("keep"), wanted)
        self.assertEqual(flags_of(content(self.server)["INBOX"]),
                         {subject: {"\\Seen"} for subject in subjects})
        # Those it has seen stay where they are.
        self.fill("the sixth")
        self.assertEqual(self.fetch("keep"),
                         [message("the sixth", DIFFICULT).replace(b"\r\n", b"\n")])
        self.assertEqual(len(self.fetch("fetchall", "nokeep")), 6)
        self.assertEqual(content(self.server)["INBOX"], {})
        self.assertEqual(self.fetch("fetchall", "nokeep"), [])


@needs("mutt")
class MuttWithCaches(ImapClients):
    def setUp(self):
        super().setUp()
        for name in ("headers", "bodies"):
            (self.folder / name).mkdir()

    def mutt(self, keys):
        config = self.file("muttrc", f"""
set imap_user = "{ALICE}"
set imap_pass = "{self.password}"
set certificate_file = {self.server.directory}/tls/server.crt
set ssl_verify_host = no
set header_cache = {self.folder}/headers/
set message_cachedir = {self.folder}/bodies/
set imap_qresync = yes
set imap_condstore = yes
set imap_deflate = yes
set confirmappend = no
set confirmcreate = no
set delete = yes
set move = no
set quit = yes
set wait_key = no
set sleep_time = 0
set mbox_type = Maildir
set timeout = 1
set folder = "{self.folder}"
""")
        status, seen = on_terminal(
            ["mutt", "-F", config, "-n", "-e", f'push "{keys}"',
             "-f", f"imaps://localhost:{self.server.port('imaps')}/INBOX"],
            {"HOME": str(self.folder), "LANG": "C.UTF-8", "TERM": "xterm"})
        self.assertEqual(status, 0, seen[-2000:])

    def copies(self, name):
        """What mutt shows: it copies all of it into a Maildir."""
        saved = self.folder / name
        self.mutt("<tag-pattern>~A<enter>"
                  f"<tag-prefix><copy-message><kill-line>{saved}<enter><quit>")
        return {letter["Subject"]: letter.as_bytes()
                for letter in mailbox.Maildir(saved, create=False)}

    def test_the_second_visit_sees_what_changed_in_between(self):
        subjects = [f"cached {number}" for number in range(10)]
        self.fill(*subjects)
        first = self.copies("first")
        self.assertEqual(sorted(first), subjects)
        imap = self.server.imap()
        imap.select("INBOX")
        imap.store("2,5", "+FLAGS.SILENT", "(\\Deleted)")
        imap.expunge()
        imap.store("1", "+FLAGS", "(\\Flagged)")
        imap.logout()
        self.fill("new")
        second = self.copies("second")
        wanted = [subject for subject in subjects if subject[-1] not in "14"] + ["new"]
        self.assertEqual(sorted(second), wanted)
        for octets in second.values():
            self.assertTrue(octets.endswith(DIFFICULT.replace(b"\r\n", b"\n")))
        # The flag that changed in between is mutt's, too: it deletes by it.
        self.mutt("<delete-pattern>~F<enter><sync-mailbox><quit>")
        self.assertEqual(sorted(content(self.server)["INBOX"]), wanted[1:])


if __name__ == "__main__":
    unittest.main()
