#!/usr/bin/env python3
"""What FETCH makes of a message's parts: BINARY is what Python's email decodes, for every part of
the corpus and for parts of megabytes; sizes and pieces agree; PREVIEW is short and readable; APPEND
takes binary parts, several messages and parts of other messages."""

import base64
import email
import email.message
import os
import quopri
import re
import smtplib
import unittest

from daybook import DOMAIN, Daybook, corpus_files, crlf

KNOWN = {"", "7bit", "8bit", "binary", "base64", "quoted-printable"}


def leaves(message, path=()):
    """The part numbers of the leaves, as Python sees the message."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for number, part in enumerate(message.get_payload(), 1):
            yield from leaves(part, path + (number,))
    elif message.get_content_maintype() == "message" and message.is_multipart():
        inner = message.get_payload(0)
        if inner.get_content_maintype() == "multipart":
            yield from leaves(inner, path)
        else:
            yield from leaves(inner, path + (1,))
    else:
        yield ".".join(map(str, path or (1,)))


def decoded(raw, encoding):
    part = email.message.Message()
    part["Content-Transfer-Encoding"] = encoding
    part.set_payload(raw.decode("ascii", "surrogateescape"))
    return part.get_payload(decode=True)


def is_well_formed(raw, encoding):
    if encoding == "base64":
        text = re.sub(rb"\r?\n", b"", raw)
        return len(text) % 4 == 0 and re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", text) is not None
    if encoding == "quoted-printable":
        return re.search(rb"=(?![0-9A-F]{2}|\r\n)|[ \t]\r?\n|[ \t]\Z|(?<!\r)\n", raw) is None
    return True


class Fetched:
    """One message of the selected mailbox."""

    def __init__(self, imap, number):
        self.imap = imap
        self.number = str(number)

    def item(self, item):
        """The octets of a body's section; None: NIL; a string: the server said NO."""
        status, answer = self.imap.fetch(self.number, f"({item})")
        if status != "OK":
            return answer[0].decode()
        if isinstance(answer[0], tuple):
            return answer[0][1]
        found = re.search(rb'\] "(.*)"\)$|\](?:<\d+>)? NIL\)$|\](?:<\d+>)? (\d+)\)$', answer[0])
        return found and (found.group(1) or (found.group(2) and int(found.group(2))))


class Parts(unittest.TestCase):
    def check_leaf(self, message, path, name):
        """Returns whether the part's decoding was compared."""
        header, raw = message.item(f"BODY.PEEK[{path}.MIME]"), message.item(f"BODY.PEEK[{path}]")
        if not isinstance(raw, bytes) or not isinstance(header, bytes):
            return False
        encoding = str(email.message_from_bytes(header).get("Content-Transfer-Encoding", ""))
        encoding = encoding.strip().lower()
        binary = message.item(f"BINARY.PEEK[{path}]")
        size = message.item(f"BINARY.SIZE[{path}]")
        if isinstance(binary, str):
            self.assertIn("UNKNOWN-CTE", binary, name)
            self.assertIn("UNKNOWN-CTE", str(size), name)
            self.assertNotIn(encoding, KNOWN, name)
            return False
        self.assertEqual(size, len(binary), f"{name} {path}: BINARY.SIZE")
        piece = message.item(f"BINARY.PEEK[{path}]<1.10>")
        self.assertEqual(piece, binary[1:11], f"{name} {path}: a piece")
        if encoding not in KNOWN or not is_well_formed(raw, encoding):
            return False
        self.assertEqual(binary, decoded(raw, encoding), f"{name} {path}: {encoding}")
        return True

    def test_every_part_of_the_corpus(self):
        compared = 0
        with Daybook() as server:
            sent = []
            with server.smtp() as smtp:
                smtp.ehlo("client.elsewhere.test")
                for file in corpus_files():
                    octets = crlf(file.read_bytes())
                    try:
                        smtp.sendmail("sender@elsewhere.test", [f"alice@{DOMAIN}"], octets)
                        sent.append((file, octets))
                    except smtplib.SMTPDataError:
                        pass  # a NUL: test_corpus.py
            imap = server.imap()
            imap.select("INBOX")
            for number, (file, octets) in enumerate(sent, 1):
                message = Fetched(imap, number)
                for path in list(leaves(email.message_from_bytes(octets)))[:40]:
                    compared += self.check_leaf(message, path, file.name)
                status, answer = imap.fetch(str(number), "(PREVIEW)")
                self.assertEqual(status, "OK", file)
                preview = answer[0][1] if isinstance(answer[0], tuple) else answer[0]
                self.assertNotIn(b"PREVIEW NIL", preview)
                if isinstance(answer[0], tuple):
                    self.assertLessEqual(len(preview.decode()), 200, file)
            imap.logout()
            server.assert_whole()
        self.assertGreater(compared, 300)

    def test_large_parts_are_decoded_while_they_are_sent(self):
        octets = os.urandom(3_000_001)
        text = "Füße und Hände, jede Zeile etwas anders\r\n".encode() * 40_000
        message = (
            b"Subject: large\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
            b"\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(octets).replace(b"\n", b"\r\n")
            + b"--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            + quopri.encodestring(text)
            + b"\r\n--b--\r\n")
        with Daybook() as server:
            imap = server.imap()
            self.assertEqual(imap.append("INBOX", None, None, message)[0], "OK")
            imap.select("INBOX")
            fetched = Fetched(imap, 1)
            self.assertEqual(fetched.item("BINARY.SIZE[1]"), len(octets))
            self.assertEqual(fetched.item("BINARY.PEEK[1]"), octets)
            self.assertEqual(fetched.item("BINARY.PEEK[2]"), text)
            self.assertEqual(
                fetched.item("BINARY.PEEK[1]<2900000.200000>"), octets[2_900_000:])
            status, answer = imap.fetch("1", "(BINARY.SIZE[2] BINARY[2]<0.4> BINARY.SIZE[1] UID)")
            self.assertEqual(status, "OK")
            self.assertIn(b"UID 1", answer[0][0])
            self.assertEqual(answer[0][1], text[:4])
            self.assertIn(f"BINARY.SIZE[1] {len(octets)}".encode(), b"".join(
                part if isinstance(part, bytes) else part[0] for part in answer))
            imap.logout()
            read = [part for event in server.events("Fetched")
                    for part in event["fetched"]["items"]]
            self.assertIn(len(octets), [part["octets"] for part in read], read)
            server.assert_whole()


class Appending(unittest.TestCase):
    def test_one_of_binary_parts_comes_out_as_it_went_in(self):
        octets = bytes(range(256)) * 20
        message = (
            b"Subject: binary\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: application/octet-stream\r\n"
            b"Content-Transfer-Encoding: binary\r\n\r\n" + octets)
        with Daybook() as server:
            imap = server.imap()
            tag = imap._new_tag().decode()
            imap.send(f"{tag} APPEND INBOX ~{{{len(message)}+}}\r\n".encode() + message + b"\r\n")
            while not (line := imap.readline()).startswith(tag.encode()):
                pass
            self.assertIn(b" OK ", line)
            imap.select("INBOX")
            self.assertEqual(Fetched(imap, 1).item("BINARY.PEEK[1]"), octets)
            body = Fetched(imap, 1).item("BODY.PEEK[]")
            self.assertNotIn(b"\0", body)
            self.assertEqual(email.message_from_bytes(body).get_payload(decode=True), octets)
            imap.logout()
            server.assert_whole()


if __name__ == "__main__":
    unittest.main()
