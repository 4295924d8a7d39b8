#!/usr/bin/env python3
"""Submitted mail is signed by its domain: every message of the corpus that may be signed, as dkimpy and
opendkim's own tool judge it; and the keys' life from the operator's side."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

try:
    import dkim
except ImportError:
    # Another Python than Debian's: its own has python3-dkim and python3-nacl.
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

from daybook import DOMAIN, Daybook, corpus_files, crlf

NAMESPACE = pathlib.Path(__file__).resolve().parent / "dkim_in_namespace.py"
PREFIX = re.compile(rb"\AReturn-Path: [^\r]*\r\nDelivered-To: [^\r]*\r\n")
FIELD = re.compile(rb"[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")


def header_of(octets):
    if octets.startswith(b"\r\n"):
        return b""
    end = octets.find(b"\r\n\r\n")
    return octets if end < 0 else octets[:end + 2]


def unsignable(octets):
    """Why no signature of the message could be verified by others; None: one could."""
    froms = []
    for field in FIELD.findall(header_of(octets)):
        name = re.match(rb"([!-9;-~]+)[ \t]*:", field)
        if not name:
            return "a line in the header that is no field"
        if name.group(1).lower() == b"from":
            froms.append(field)
    if len(froms) != 1:
        return f"{len(froms)} From fields"
    return None if b"@" in froms[0] else "a From field without an address"


def is_signature(field):
    return field.lower().startswith(b"dkim-signature:")


def tag(field, name):
    found = re.search(rb"[;\s]" + name + rb"=([^;]*)", field)
    return re.sub(rb"\s+", b"", found.group(1)).decode()


def our_signatures(transmitted):
    """Those that stand right below our Received field."""
    fields = FIELD.findall(header_of(transmitted))
    ours = []
    for field in fields[1:]:
        if not is_signature(field) or tag(field, b"d") != DOMAIN:
            break
        ours.append(field)
    return ours


def only(transmitted, signature):
    """The message with that signature and none besides."""
    header = header_of(transmitted)
    kept = [field for field in FIELD.findall(header)
            if not is_signature(field) or field == signature]
    return b"".join(kept) + transmitted[len(header):]


def records_of(server):
    """What `dns records` says, as name -> value, of the DKIM keys."""
    return {row["name"]: row["value"] for row in server.tool_json("dns", "records", DOMAIN)
            if "._domainkey." in row["name"]}


def dkimpy_says(transmitted, index, records):
    def lookup(name, timeout=5):
        return records.get(name.decode().rstrip("."), "").encode()
    try:
        return dkim.DKIM(transmitted).verify(idx=index, dnsfunc=lookup)
    except dkim.DKIMException as error:
        return f"{type(error).__name__}: {error}"


def opendkim_says(messages, records):
    """messages: file name -> octets. Returns file name -> [exit status, what it said]."""
    with tempfile.TemporaryDirectory(prefix="daybook-dkim-") as name:
        folder = pathlib.Path(name)
        (folder / "records.json").write_text(json.dumps(records))
        for file, octets in messages.items():
            (folder / file).write_bytes(octets)
        subprocess.run(
            ["unshare", "--map-root-user", "--mount", "--net",
             sys.executable, NAMESPACE, folder], check=True, timeout=600)
        return json.loads((folder / "results.json").read_text())


def opendkim_cannot(message):
    """Why opendkim-testmsg takes no such message, whatever its signature; None: it does."""
    fields = FIELD.findall(header_of(message))
    names = [field.split(b":")[0].strip().lower() for field in fields]
    if names.count(b"date") != 1:
        return "it wants one Date field"
    for name in (b"sender", b"reply-to", b"to", b"cc", b"bcc", b"message-id", b"in-reply-to",
                 b"references", b"subject"):
        if names.count(name) > 1:
            return f"RFC 5322 3.6 has {name.decode()} once"
    if any(b";" in name for name in names):
        return "it takes no field name with a semicolon (RFC 5322 2.2 does)"
    if max(map(len, fields)) > 65536:
        return "it cuts longer fields off"
    return None


def transmitted_in(imap, number):
    """A message of INBOX as another server would get it."""
    _, answer = imap.fetch(str(number), "(BODY.PEEK[])")
    return PREFIX.sub(b"", answer[0][1])


def submit(server, octets, account="alice"):
    with server.submission(account) as smtp:
        smtp.sendmail(f"{account}@{DOMAIN}", [f"alice@{DOMAIN}"], octets)


def selectors_of_last(server):
    server.settle()
    imap = server.imap()
    _, count = imap.select("INBOX")
    signatures = our_signatures(transmitted_in(imap, int(count[0])))
    imap.logout()
    return {tag(signature, b"s") for signature in signatures}


class Corpus(unittest.TestCase):
    def test_every_message_that_may_be_signed_verifies_elsewhere(self):
        # Others' messages: their From fields are not alice's.
        house = Daybook()
        file = house.directory / "daybook.toml"
        protocol = 'protocol = "submission"\n'
        file.write_text(file.read_text().replace(protocol, protocol + "own_from = false\n"))
        with house as server:
            records = records_of(server)
            self.assertEqual(len(records), 2)
            sent = self.submit_all(server)
            imap = server.imap()
            imap.select("INBOX")
            single, unsigned = {}, 0
            for number, (file, octets) in enumerate(sent, 1):
                transmitted = transmitted_in(imap, number)
                self.assertTrue(transmitted.endswith(octets), file)
                signatures = our_signatures(transmitted)
                why = unsignable(octets)
                self.assertEqual(len(signatures), 0 if why else 2, f"{file}: {why}")
                unsigned += why is not None
                for index, signature in enumerate(signatures):
                    self.assertIs(dkimpy_says(transmitted, index, records), True, f"{file} {index}")
                    single[f"{number}-{index}.eml"] = only(transmitted, signature)
            imap.logout()
            said = server.log.read_text().count("dkim-unsigned")
            self.assertEqual(said, unsigned, "each unsigned message is in the log")
            self.check_with_opendkim(sent, single, records)

    def submit_all(self, server):
        sent = []
        files = corpus_files()
        self.assertEqual(len(files), 401)
        with server.submission() as smtp:
            for file in files:
                octets = crlf(file.read_bytes())
                if b"\0" in octets:         # SMTP forbids it.
                    continue
                smtp.sendmail(f"alice@{DOMAIN}", [f"alice@{DOMAIN}"], octets)
                sent.append((file, octets))
        server.settle()
        return sent

    def check_with_opendkim(self, sent, single, records):
        for name, (status, said) in opendkim_says(single, records).items():
            file, _ = sent[int(name.split("-")[0]) - 1]
            why = opendkim_cannot(single[name])
            self.assertEqual(status == 0, why is None, f"{file}: {why}: {said}")


class Keys(unittest.TestCase):
    MESSAGE = f"From: alice@{DOMAIN}\r\nSubject: x\r\n\r\nx\r\n".encode()

    def states(self, server):
        return {row["selector"]: row["state"]
                for row in server.tool_json("dkim", "list", DOMAIN)}

    def test_rotation_in_two_steps(self):
        with Daybook() as server:
            old = self.states(server)
            self.assertEqual(sorted(old.values()), ["active", "active"])
            submit(server, self.MESSAGE)
            self.assertEqual(selectors_of_last(server), set(old))

            made = server.tool("dkim", "rotate", DOMAIN).stdout
            self.assertIn(f"daybook dkim activate {DOMAIN}", made)
            waiting = {s for s, state in self.states(server).items() if state == "published"}
            self.assertEqual(len(waiting), 2)
            for selector in waiting:
                self.assertIn(f"{selector}._domainkey.{DOMAIN}.  IN TXT  \"v=DKIM1; k=", made)
            self.assertEqual(len(records_of(server)), 4)
            again = server.tool("dkim", "rotate", DOMAIN, check=False)
            self.assertEqual(again.returncode, 1)
            self.assertIn("wait already", again.stderr)
            submit(server, self.MESSAGE)
            self.assertEqual(selectors_of_last(server), set(old))

            server.tool("dkim", "activate", DOMAIN)
            self.assertEqual(
                self.states(server),
                {**dict.fromkeys(old, "retired"), **dict.fromkeys(waiting, "active")})
            submit(server, self.MESSAGE)
            self.assertEqual(selectors_of_last(server), waiting)
            nothing = server.tool("dkim", "activate", DOMAIN, check=False)
            self.assertEqual(nothing.returncode, 1)
            self.assertEqual(len(server.events("DkimKeyRotated")), 2 + 2 + 4)
            server.assert_whole()

    def test_at_once_and_out_of_use(self):
        with Daybook() as server:
            old = self.states(server)
            server.tool("dkim", "rotate", "--now", DOMAIN)
            fresh = {s for s, state in self.states(server).items() if state == "active"}
            self.assertFalse(fresh & set(old))
            submit(server, self.MESSAGE)
            self.assertEqual(selectors_of_last(server), fresh)

            rsa, ed25519 = sorted(fresh, reverse=True)
            server.tool("dkim", "retire", DOMAIN, ed25519)
            submit(server, self.MESSAGE)
            self.assertEqual(selectors_of_last(server), {rsa})
            last = server.tool("dkim", "retire", DOMAIN, rsa)
            self.assertIn("goes out unsigned", last.stderr)
            submit(server, self.MESSAGE)
            self.assertEqual(selectors_of_last(server), set())
            self.assertEqual(server.tool("dkim", "retire", DOMAIN, rsa, check=False).returncode, 1)
            self.assertEqual(server.tool("dkim", "list", "no.test", check=False).returncode, 1)

    def test_a_domain_is_added_with_keys_and_removed_with_them(self):
        with Daybook() as server:
            self.assertIn("._domainkey.second.test.  IN TXT", server.tool(
                "domain", "add", "second.test").stdout)
            server.stop()
            zone = server.tool("dns", "records", "second.test").stdout
            for line in ("second.test.  IN MX  10 localhost.", "second.test.  IN TXT  \"v=spf1 mx -all\"",
                         "_dmarc.second.test.  IN TXT  \"v=DMARC1; p=quarantine\"",
                         ";_mta-sts.second.test.  IN TXT  \"v=STSv1; id=1\""):
                self.assertIn(line, zone)
            server.tool("domain", "remove", "second.test")
            states = [row["dkimKeyRotated"]["state"]
                      for row in server.events("DkimKeyRotated")[-2:]]
            self.assertEqual(states, ["retired", "retired"])
            server.start()

    def test_mail_that_comes_in_is_not_signed(self):
        with Daybook() as server:
            with server.smtp() as smtp:
                smtp.sendmail("carol@elsewhere.test", [f"alice@{DOMAIN}"], self.MESSAGE)
            self.assertEqual(selectors_of_last(server), set())


if __name__ == "__main__":
    unittest.main()
