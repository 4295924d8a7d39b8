#!/usr/bin/env python3
"""Clients that people use: swaks, curl, msmtp, mbsync, mutt, getmail, and Python's own library."""

import email
import email.policy
import imaplib
import mailbox
import os
import poplib
import pty
import re
import select
import shutil
import smtplib
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from daybook import DOMAIN, Daybook, trusting

ALICE = f"alice@{DOMAIN}"
BOB = f"bob@{DOMAIN}"
PATIENCE = 120


def message(subject, body=b"Hello.\r\n", sender="carol@elsewhere.test"):
    return (f"From: <{sender}>\r\nTo: <{ALICE}>\r\nSubject: {subject}\r\n"
            f"Message-ID: <{subject.replace(' ', '.')}@elsewhere.test>\r\n"
            "Date: Tue, 24 Nov 2026 01:37:58 +0000\r\n\r\n").encode() + body


# What a transport likes to spoil.
DIFFICULT = (b".\r\n..\r\n.a line that begins with a dot\r\n\r\n"
             b"a line of 998 octets: " + b"x" * 976 + b"\r\n"
             b"trailing blanks  \t \r\nFrom the beginning of a line\r\n"
             b"gr\xc3\xbc\xc3\x9fe in UTF-8, and \xe4\xf6\xfc not\r\n\r\n\r\n")


def run(*command, check=True, text=None, environment=None):
    """Runs a client to its end; its output is in the exception when it fails."""
    done = subprocess.run(
        [str(word) for word in command], input=text, capture_output=True, timeout=PATIENCE,
        env={**os.environ, **(environment or {})})
    if check and done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with {done.returncode}:\n"
                             f"{done.stdout.decode(errors='replace')}\n"
                             f"{done.stderr.decode(errors='replace')}")
    return done


def on_terminal(command, environment):
    """Runs a program that wants a terminal; returns its exit status."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [str(word) for word in command], stdin=slave, stdout=slave, stderr=slave, close_fds=True,
        env={**os.environ, **environment}, start_new_session=True)
    os.close(slave)
    seen = b""
    deadline = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 1)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                octets = os.read(master, 65536)
            except OSError:
                break
            if not octets:
                break
            seen += octets
        else:
            raise AssertionError(f"{command[0]} does not end: {seen[-2000:]!r}")
        return process.wait(timeout=PATIENCE), seen
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)


def needs(program):
    return unittest.skipUnless(shutil.which(program), f"{program} is not installed")


class Clients(unittest.TestCase):
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
        self.folder = Path(tempfile.mkdtemp(prefix="daybook-client-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.empty()

    @property
    def password(self):
        return self.server.passwords[ALICE]

    def file(self, name, octets):
        path = self.folder / name
        path.write_bytes(octets if isinstance(octets, bytes) else octets.encode())
        path.chmod(0o600)
        return path

    def empty(self, account="alice"):
        self.server.settle()
        imap = self.server.imap(account)
        for name in ("INBOX", "Archive"):
            imap.select(name)
            imap.uid("STORE", "1:*", "+FLAGS.SILENT", "(\\Deleted)")
            imap.expunge()
        imap.logout()

    def inbox(self, account="alice"):
        """The messages, as they came: without the trace fields that the server put before them."""
        self.server.settle()
        imap = self.server.imap(account)
        count = int(imap.select("INBOX", readonly=True)[1][0])
        bodies = [imap.fetch(str(number), "(BODY.PEEK[])")[1][0][1]
                  for number in range(1, count + 1)]
        imap.logout()
        return bodies

    def assert_arrived(self, octets, account="alice"):
        bodies = self.inbox(account)
        self.assertEqual(len(bodies), 1)
        self.assertTrue(bodies[0].endswith(octets), bodies[0])
        return bodies[0][:-len(octets)]


@needs("swaks")
class Swaks(Clients):
    ARRIVING = DIFFICULT + b"\r\n"     # swaks ends its data with one line end more.

    def swaks(self, *arguments, **options):
        return run("swaks", "--from", "carol@elsewhere.test", "--to", ALICE, "--data",
                   self.file("mail", message("from swaks", DIFFICULT, sender=ALICE)),
                   *arguments, **options)

    def test_smtp(self):
        self.swaks("--server", "127.0.0.1", "--port", self.server.port("smtp"))
        self.assertIn(b" with ESMTP", self.assert_arrived(self.ARRIVING))

    def test_helo(self):
        self.swaks("--server", "127.0.0.1", "--port", self.server.port("smtp"),
                   "--protocol", "SMTP")
        self.assertRegex(self.assert_arrived(self.ARRIVING), rb" with SMTP\b")

    def test_a_stranger_is_refused(self):
        done = self.swaks("--server", "127.0.0.1", "--port", self.server.port("smtp"),
                          "--to", f"nobody@{DOMAIN}", check=False)
        self.assertIn(b"550", done.stdout)
        done = self.swaks("--server", "127.0.0.1", "--port", self.server.port("smtp"),
                          "--to", "relay@elsewhere.test", check=False)
        self.assertRegex(done.stdout, rb"55[0-9]")
        self.assertEqual(self.inbox(), [])

    def test_submission(self):
        for mechanism in ("PLAIN", "LOGIN"):
            with self.subTest(mechanism):
                self.empty()
                self.swaks("--server", "127.0.0.1", "--port", self.server.port("submission"),
                           "--auth", mechanism, "--auth-user", ALICE, "--from", ALICE,
                           "--auth-password", self.password)
                self.assertIn(b" with ESMTPA", self.assert_arrived(self.ARRIVING))
        done = self.swaks("--server", "127.0.0.1", "--port", self.server.port("submission"),
                          "--auth", "PLAIN", "--auth-user", ALICE, "--from", ALICE,
                          "--auth-password", "wrong", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(b"535", done.stdout)

    def test_lmtp_over_tcp_and_over_the_unix_socket(self):
        self.swaks("--server", "127.0.0.1", "--port", self.server.port("lmtp"),
                   "--protocol", "LMTP")
        self.assertIn(b" with LMTP", self.assert_arrived(self.ARRIVING))
        self.empty()
        self.swaks("--socket", self.server.directory / "run" / "lmtp.sock", "--protocol", "LMTP",
                   "--to", f"{ALICE},{BOB}")
        self.assertIn(b" with LMTP", self.assert_arrived(self.ARRIVING))
        self.assert_arrived(self.ARRIVING, "bob")
        self.empty("bob")


@needs("curl")
class Curl(Clients):
    def curl(self, url, *arguments, **options):
        return run("curl", "--silent", "--show-error", "--insecure", "--max-time", PATIENCE,
                   *arguments, url, **options).stdout

    def url(self, protocol, path=""):
        return f"{protocol.rstrip('s')}{'s' * protocol.endswith('s')}://" \
               f"127.0.0.1:{self.server.port(self.PORTS[protocol])}/{path}"

    PORTS = {"smtp": "smtp", "smtps": "submissions", "imap": "imap", "imaps": "imaps",
             "pop3": "pop3", "pop3s": "pop3s"}

    def user(self):
        return "--user", f"{ALICE}:{self.password}"

    def test_smtp_and_starttls(self):
        mail = self.file("mail", message("from curl", DIFFICULT))
        letter = ("--mail-from", "carol@elsewhere.test", "--mail-rcpt", ALICE,
                  "--upload-file", mail)
        self.curl(self.url("smtp"), *letter)
        self.assertIn(b" with ESMTP ", self.assert_arrived(mail.read_bytes()))
        self.empty()
        self.curl(self.url("smtp"), *letter, "--ssl-reqd")
        self.assertIn(b" with ESMTPS ", self.assert_arrived(mail.read_bytes()))

    def test_submission_with_every_mechanism(self):
        mechanisms = ["PLAIN", "LOGIN"]
        if "gsasl" in run("curl", "--version").stdout.decode():
            mechanisms.append("SCRAM-SHA-256")
        mail = self.file("mail", message("from curl", DIFFICULT, sender=ALICE))
        letter = (*self.user(), "--mail-from", ALICE, "--mail-rcpt", BOB, "--upload-file", mail)
        for mechanism in mechanisms:
            with self.subTest(mechanism):
                self.empty("bob")
                self.curl(self.url("smtps"), *letter, "--login-options", f"AUTH={mechanism}")
                self.assertIn(b" with ESMTPSA ", self.assert_arrived(mail.read_bytes(), "bob"))
        submission = f"smtp://127.0.0.1:{self.server.port('submission')}/"
        self.empty("bob")
        self.curl(submission, *letter, "--ssl-reqd")
        self.assert_arrived(mail.read_bytes(), "bob")
        self.empty("bob")

    def test_imap(self):
        mail = self.file("mail", message("appended by curl", DIFFICULT))
        for protocol, more in (("imap", ()), ("imap", ("--ssl-reqd",)), ("imaps", ())):
            with self.subTest(protocol, more=more):
                self.empty()
                self.curl(self.url(protocol, "INBOX"), *self.user(), *more, "--upload-file", mail)
                uid = re.search(rb"SEARCH (\d+)", self.curl(
                    self.url(protocol, "INBOX"), *self.user(), *more,
                    "--request", 'UID SEARCH SUBJECT "appended BY"')).group(1).decode()
                fetched = self.curl(
                    self.url(protocol, f"INBOX;UID={uid}"), *self.user(), *more)
                self.assertEqual(fetched, mail.read_bytes())
                text = self.curl(
                    self.url(protocol, f"INBOX;UID={uid};SECTION=TEXT"), *self.user(), *more)
                self.assertEqual(text, DIFFICULT)
                self.assertIn(b"* SEARCH\r\n", self.curl(
                    self.url(protocol, "INBOX"), *self.user(), *more,
                    "--request", 'SEARCH SUBJECT "is not there"'))

    def test_pop3(self):
        mail = self.file("mail", message("read by curl", DIFFICULT))
        self.curl(self.url("smtp"), "--mail-from", "carol@elsewhere.test", "--mail-rcpt", ALICE,
                  "--upload-file", mail)
        for protocol, more in (("pop3", ()), ("pop3", ("--ssl-reqd",)), ("pop3s", ())):
            with self.subTest(protocol, more=more):
                body = self.curl(self.url(protocol, "1"), *self.user(), *more)
                self.assertTrue(body.endswith(mail.read_bytes()), body)
                self.assertEqual(self.inbox(), [body])
                listed = self.curl(self.url(protocol), *self.user(), *more)
                self.assertEqual(listed.split(), [b"1", str(len(body)).encode()])
                unique = self.curl(
                    self.url(protocol), *self.user(), *more, "--request", "UIDL")
                self.assertRegex(unique, rb"\A1 \d+\.\d+\r\n\Z")


@needs("msmtp")
class Msmtp(Clients):
    def send(self, port, *settings, **options):
        config = self.file("msmtprc", "\n".join((
            "account default", "host 127.0.0.1", f"port {self.server.port(port)}",
            f"from {ALICE}", *settings)) + "\n")
        # msmtp takes a mail with LF from a pipe, as sendmail does.
        return run("msmtp", "--file", config, "--read-envelope-from", BOB,
                   text=message("from msmtp", DIFFICULT, ALICE).replace(b"\r\n", b"\n"), **options)

    def login(self, method="on", password=None):
        return (f"auth {method}", f"user {ALICE}", f"password {password or self.password}")

    def test_submission(self):
        tls = ("tls on", "tls_certcheck off")
        for port, settings in (
                ("submission", (*tls, "tls_starttls on")),
                ("submissions", (*tls, "tls_starttls off"))):
            # "on" is msmtp's own choice.
            for method in ("on", "plain", "login", "scram-sha-256"):
                with self.subTest(port, method=method):
                    self.empty("bob")
                    self.send(port, *settings, *self.login(method))
                    trace = self.assert_arrived(DIFFICULT, "bob")
                    self.assertIn(b" with ESMTPSA ", trace)
        self.empty("bob")
        kinds = {event["authSucceeded"]["mechanism"] for event in
                 self.server.events("AuthSucceeded") if "authSucceeded" in event}
        self.assertIn("scramSha256", kinds)

    def test_wrong_passwords_are_refused(self):
        for method in ("plain", "login", "scram-sha-256"):
            with self.subTest(method):
                done = self.send("submissions", "tls on", "tls_certcheck off", "tls_starttls off",
                                 *self.login(method, "wrong"), check=False)
                self.assertEqual(done.returncode, 77, done.stderr)  # EX_NOPERM
        self.assertEqual(self.inbox("bob"), [])

    def test_smtp_with_starttls(self):
        self.send("smtp", "tls on", "tls_certcheck off", "tls_starttls on", "auth off")
        self.assertIn(b" with ESMTPS ", self.assert_arrived(DIFFICULT, "bob"))
        self.empty("bob")


class PythonLibrary(Clients):
    def test_starttls_everywhere(self):
        mail = message("over STARTTLS", DIFFICULT)
        with smtplib.SMTP("127.0.0.1", self.server.port("smtp"), timeout=60) as smtp:
            smtp.starttls(context=trusting())
            smtp.sendmail("carol@elsewhere.test", [ALICE], mail)
        trace = self.assert_arrived(mail)
        self.assertIn(b" with ESMTPS ", trace)

        imap = imaplib.IMAP4("127.0.0.1", self.server.port("imap"), timeout=60)
        imap.starttls(trusting())
        imap.login(ALICE, self.password)
        imap.select("INBOX")
        self.assertEqual(imap.fetch("1", "(BODY[])")[1][0][1], trace + mail)
        imap.logout()
        imap = imaplib.IMAP4("127.0.0.1", self.server.port("imap"), timeout=60)
        imap.starttls(trusting())
        imap.authenticate("PLAIN", lambda _: f"\0{ALICE}\0{self.password}".encode())
        self.assertEqual(imap.select("INBOX")[0], "OK")
        imap.logout()

        pop3 = poplib.POP3("127.0.0.1", self.server.port("pop3"), timeout=60)
        pop3.stls(context=trusting())
        pop3.user(ALICE)
        pop3.pass_(self.password)
        self.assertEqual(b"\r\n".join(pop3.retr(1)[1]) + b"\r\n", trace + mail)
        top = b"\r\n".join(pop3.top(1, 2)[1]) + b"\r\n"
        self.assertTrue(top.endswith(b"\r\n\r\n.\r\n..\r\n"), top)
        pop3.quit()

    def test_wrong_passwords_are_refused_everywhere(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.port("submissions"), timeout=60,
                              context=trusting()) as smtp:
            with self.assertRaises(smtplib.SMTPAuthenticationError):
                smtp.login(ALICE, "wrong")
            self.assertEqual(smtp.mail(ALICE)[0], 530)
        imap = imaplib.IMAP4_SSL(
            "127.0.0.1", self.server.port("imaps"), ssl_context=trusting(), timeout=60)
        with self.assertRaisesRegex(imaplib.IMAP4.error, "AUTHENTICATIONFAILED"):
            imap.login(ALICE, "wrong")
        imap.logout()
        pop3 = poplib.POP3_SSL(
            "127.0.0.1", self.server.port("pop3s"), context=trusting(), timeout=60)
        pop3.user(ALICE)
        with self.assertRaisesRegex(poplib.error_proto, "AUTH"):
            pop3.pass_("wrong")
        pop3.close()

    def test_a_letter_to_oneself_and_another_is_completed_and_delivered_once_each(self):
        with self.server.submission() as smtp:
            smtp.sendmail(ALICE, [ALICE, BOB, ALICE],
                          f"From: {ALICE}\r\nSubject: short\r\n\r\ntext\r\n".encode())
        for account in ("alice", "bob"):
            body = self.inbox(account)
            self.assertEqual(len(body), 1)
            self.assertRegex(body[0], rb"\r\nDate: ")
            self.assertRegex(body[0], rb"\r\nMessage-ID: <")
        self.empty("bob")


@needs("mbsync")
class Mbsync(Clients):
    def setUp(self):
        super().setUp()
        self.mail = self.folder / "mail"
        self.mail.mkdir()
        self.config = self.file("mbsyncrc", f"""
IMAPAccount daybook
Host localhost
Port {self.server.port("imaps")}
User {ALICE}
Pass {self.password}
SSLType IMAPS
SystemCertificates no
CertificateFile {self.server.directory}/tls/server.crt
Timeout {PATIENCE}

IMAPStore far
Account daybook

MaildirStore near
Path {self.mail}/
Inbox {self.mail}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Remove Both
Expunge Both
SyncState *
""")

    def sync(self):
        return run("mbsync", "--config", self.config, "--all", "--verbose").stdout.decode()

    def near(self):
        """{mailbox: {message: flags}}"""
        folders = [folder.parent for folder in self.mail.rglob("cur")]
        return {str(folder.relative_to(self.mail)): {
                    self.plain(message.as_bytes()): "".join(sorted(message.get_flags()))
                    for message in mailbox.Maildir(folder, create=False)}
                for folder in folders}

    @staticmethod
    def plain(octets):
        return re.sub(rb"(?m)^X-TUID: .*\n", b"", octets.replace(b"\r\n", b"\n"))

    FLAGS = {"\\Seen": "S", "\\Answered": "R", "\\Flagged": "F", "\\Draft": "D", "\\Deleted": "T"}

    def far(self):
        imap = self.server.imap()
        seen = {}
        for line in imap.list()[1]:
            name = line.decode().split(' "/" ')[1]
            count = int(imap.select(name, readonly=True)[1][0])
            seen[name] = {}
            for number in range(1, count + 1):
                answer = imap.fetch(str(number), "(FLAGS BODY.PEEK[])")[1]
                flags = imaplib.ParseFlags(answer[0][0] + answer[1])
                letters = (self.FLAGS.get(flag.decode(), "") for flag in flags)
                seen[name][self.plain(answer[0][1])] = "".join(sorted(letters))
        imap.logout()
        return seen

    def assert_equal_sides(self, total):
        near, far = self.near(), self.far()
        self.assertEqual(near, far)
        self.assertEqual(sum(len(messages) for messages in near.values()), total)

    def test_two_ways_until_nothing_changes(self):
        imap = self.server.imap()
        for number in range(12):
            imap.append("INBOX", "(\\Flagged)" if number % 3 == 0 else None, None,
                        message(f"far {number}", DIFFICULT))
        imap.create("Projects")
        imap.append("Projects", "(\\Seen \\Answered)", None, message("in a project"))
        self.sync()
        self.assert_equal_sides(13)

        # Both sides change.
        imap.select("INBOX")
        imap.store("2", "+FLAGS", "(\\Seen)")
        imap.store("1", "-FLAGS", "(\\Flagged)")
        imap.store("5", "+FLAGS", "(\\Deleted)")
        imap.expunge()
        imap.append("Archive", None, None, message("far and late"))
        imap.create("Far/Away")
        inbox = mailbox.Maildir(self.mail / "INBOX", create=False)
        by_subject = {letter["Subject"]: key for key, letter in inbox.items()}
        letter = inbox[by_subject["far 7"]]
        letter.set_flags("FS")
        letter.set_subdir("cur")
        inbox[by_subject["far 7"]] = letter
        inbox.remove(by_subject["far 8"])
        letter = mailbox.MaildirMessage(message("near 1").replace(b"\r\n", b"\n"))
        letter.set_flags("RS")
        letter.set_subdir("cur")
        inbox.add(letter)
        near = mailbox.Maildir(self.mail / "Near", create=True)
        near.add(mailbox.MaildirMessage(message("near 2").replace(b"\r\n", b"\n")))
        self.sync()
        self.assert_equal_sides(14)
        far = self.far()
        subjects = {re.search(rb"Subject: (.*)\n", octets).group(1).decode(): flags
                    for octets, flags in far["INBOX"].items()}
        self.assertEqual(subjects["far 0"], "")
        self.assertEqual(subjects["far 1"], "S")
        self.assertEqual(subjects["far 7"], "FS")
        self.assertEqual(subjects["near 1"], "RS")
        self.assertNotIn("far 4", subjects)
        self.assertNotIn("far 8", subjects)
        self.assertEqual(len(far["Near"]), 1)
        self.assertIn("Far/Away", far)

        # Nothing changes any more, on either side.
        before = self.server.events("FlagsChanged"), far
        self.sync()
        self.assert_equal_sides(14)
        self.assertEqual(before, (self.server.events("FlagsChanged"), self.far()))
        for name in ("Projects", "Far/Away", "Near"):
            imap.delete(name)
        imap.logout()


@needs("getmail")
class Getmail(Clients):
    def getmail(self, kind, port, **options):
        retrieved = self.folder / "retrieved"
        retrieved.mkdir(exist_ok=True)
        lines = ["[retriever]", f"type = {kind}", "server = 127.0.0.1",
                 f"port = {self.server.port(port)}", f"username = {ALICE}",
                 f"password = {self.password}"]
        lines += [f"{key} = {value}" for key, value in options.items()]
        # Its own Maildir driver does not work for root.
        lines += ["[destination]", "type = MDA_external", "path = /bin/sh",
                  f"""arguments = ("-c", "cat > $(mktemp {retrieved}/XXXXXXXX)")""",
                  "allow_root_commands = true",
                  "[options]", "delete = true", "received = false", "delivered_to = false",
                  "verbose = 1"]
        self.file("getmailrc", "\n".join(lines) + "\n")
        run("getmail", f"--getmaildir={self.folder}", f"--rcfile={self.folder}/getmailrc")
        return sorted(file.read_bytes().replace(b"X-getmail-retrieved-from-mailbox: INBOX\n", b"")
                      for file in retrieved.iterdir())

    def assert_retrieved(self, kind, port, **options):
        with self.server.smtp() as smtp:
            smtp.ehlo()
            for number in range(5):
                smtp.sendmail("carol@elsewhere.test", [ALICE],
                              message(f"to get {number}", DIFFICULT))
        wanted = sorted(octets.replace(b"\r\n", b"\n") for octets in self.inbox())
        self.assertEqual(len(wanted), 5)
        self.assertEqual(self.getmail(kind, port, **options), wanted)
        self.assertEqual(self.inbox(), [])
        self.assertEqual(self.getmail(kind, port, **options), wanted)

    def test_pop3(self):
        self.assert_retrieved("SimplePOP3Retriever", "pop3")

    def test_pop3s(self):
        self.assert_retrieved("SimplePOP3SSLRetriever", "pop3s")

    def test_imaps(self):
        self.assert_retrieved("SimpleIMAPSSLRetriever", "imaps", mailboxes='("INBOX",)')


@needs("mutt")
class Mutt(Clients):
    def setUp(self):
        super().setUp()
        certificate = self.server.directory / "tls" / "server.crt"
        user = ALICE.replace("@", "%40")
        self.config = self.file("muttrc", f"""
set from = "{ALICE}"
set use_envelope_from = yes
set envelope_from_address = "{ALICE}"
set send_charset = "us-ascii:utf-8"
set realname = "Alice"
set smtp_url = "smtps://{user}@localhost:{self.server.port("submissions")}/"
set smtp_pass = "{self.password}"
set imap_user = "{ALICE}"
set imap_pass = "{self.password}"
set certificate_file = {certificate}
set ssl_verify_host = no
set record = ""
set copy = no
set header_cache = ""
set message_cachedir = ""
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

    def test_sends_by_submission(self):
        attachment = self.file("attachment", bytes(range(256)))
        run("mutt", "-F", self.config, "-n", "-s", "Grüße aus mutt", "-a", attachment, "--", BOB,
            text="A letter,\n.with a dot and an ü.\n".encode(),
            environment={"HOME": str(self.folder), "LANG": "C.UTF-8"})
        body = self.inbox("bob")
        self.assertEqual(len(body), 1)
        self.assertIn(b" with ESMTPSA ", body[0])
        self.assertIn(b"Subject: =?utf-8?", body[0])
        self.assertIn(b"\r\n.with a dot and an ", body[0])
        letter = email.message_from_bytes(body[0], policy=email.policy.default)
        self.assertEqual(letter["Subject"], "Grüße aus mutt")
        self.assertEqual([part.get_content() for part in letter.iter_attachments()],
                         [bytes(range(256))])
        self.empty("bob")

    def test_reads_tags_copies_flags_and_deletes_over_imap(self):
        imap = self.server.imap()
        for number in range(6):
            imap.append("INBOX", None, None, message(f"for mutt {number}", DIFFICULT))
        saved = self.folder / "saved"
        keys = ("<tag-pattern>~A<enter>"
                f"<tag-prefix><copy-message><kill-line>{saved}<enter>"
                "<untag-pattern>~A<enter>"
                "<tag-pattern>~s 'mutt [135]'<enter>"
                "<tag-prefix><save-message><kill-line>=Archive<enter>"
                "<limit>~s 'mutt 2'<enter><flag-message><sync-mailbox><quit>")
        self.file("more", f'set folder = "imaps://localhost:{self.server.port("imaps")}/"\n')
        status, seen = on_terminal(
            ["mutt", "-F", self.config, "-n", "-e", f"source {self.folder}/more",
             "-e", f'push "{keys}"',
             "-f", f"imaps://localhost:{self.server.port('imaps')}/INBOX"],
            {"HOME": str(self.folder), "LANG": "C.UTF-8", "TERM": "xterm"})
        self.assertEqual(status, 0, seen[-2000:])
        letters = sorted(letter["Subject"] for letter in mailbox.Maildir(saved, create=False))
        self.assertEqual(letters, [f"for mutt {number}" for number in range(6)])
        for letter in mailbox.Maildir(saved, create=False):
            self.assertTrue(letter.as_bytes().endswith(DIFFICULT.replace(b"\r\n", b"\n")))
        bodies = self.inbox()
        self.assertEqual([re.search(rb"Subject: (.*)\r\n", body).group(1) for body in bodies],
                         [b"for mutt 0", b"for mutt 2", b"for mutt 4"])
        self.assertEqual(imap.select("Archive", readonly=True)[1], [b"3"])
        imap.select("INBOX", readonly=True)
        self.assertEqual(len(imap.search(None, "FLAGGED")[1][0].split()), 1)
        imap.logout()


if __name__ == "__main__":
    del Clients  # The base class has no tests of its own.
    unittest.main()
