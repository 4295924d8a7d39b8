#!/usr/bin/env python3
"""ENVELOPE and BODYSTRUCTURE of the whole corpus: well-formed over the wire, and the same as
Python's email package says where that can be compared."""

import email
import email.utils
import re
import sys
import unittest
from email.header import decode_header, make_header

from daybook import Daybook, corpus_files, crlf
from wire import ImapWire, Text

def as_text(octets):
    """8-bit text that says no charset: UTF-8 if it can be, else as the server guesses."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("cp1252")


SIMPLE_ADDRESSES = re.compile(rb'[A-Za-z0-9 .<>@,_+\-"\t]*')


def is_nstring(value):
    return value is None or isinstance(value, Text)


def is_number(value):
    return isinstance(value, int)


def unfolded(octets):
    return re.sub(rb"\r\n(?=[ \t])", b"", octets)


def field(octets, name):
    """The value of the only field of that name, or None."""
    header = octets.split(b"\r\n\r\n", 1)[0] + b"\r\n"
    found = re.findall(rb"(?im)^" + name + rb"[ \t]*:((?:[^\r]|\r\n[ \t])*)\r\n", header)
    return unfolded(found[0]).strip(b" \t") if len(found) == 1 else None


class Wire(unittest.TestCase):
    # A boundary right after another: Python's parser drops the empty part between them.
    PYTHON_IS_WRONG = ("malformed--000.eml",)

    def setUp(self):
        self.server = Daybook()
        self.server.start()
        self.addCleanup(lambda: self.server.__exit__(*sys.exc_info()))

    def test_every_message_is_described_well_and_as_another_parser_does(self):
        files = corpus_files()
        messages = [crlf(file.read_bytes()).replace(b"\0", b" ") for file in files]
        client = ImapWire(self.server)
        self.addCleanup(client.close)
        for octets in messages:
            self.assertEqual(client.append("INBOX", octets).status, "OK")
        client.ok("SELECT INBOX")
        described = client.fetch("1:*", "(RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)")
        self.assertEqual(len(described), len(files))
        self.compared = {"subject": 0, "message-id": 0, "addresses": 0, "parts": 0}
        for number, (file, octets) in enumerate(zip(files, messages), 1):
            items = described[number]
            with self.subTest(file=str(file)):
                self.assertEqual(items["RFC822.SIZE"], len(octets))
                self.check_envelope(items["ENVELOPE"])
                self.check_body(items["BODYSTRUCTURE"], extended=True)
                self.check_body(items["BODY"], extended=False)
                self.compare_envelope(items["ENVELOPE"], octets)
                if file.name not in self.PYTHON_IS_WRONG:
                    self.compare_parts(items["BODYSTRUCTURE"], octets)
        # That something was compared is part of the test.
        self.assertGreater(self.compared["subject"], 250)
        self.assertGreater(self.compared["message-id"], 200)
        self.assertGreater(self.compared["addresses"], 200)
        self.assertGreater(self.compared["parts"], 200)
        self.server.assert_whole()

    # --- the grammar: RFC 3501 section 9

    def check_envelope(self, envelope):
        self.assertEqual(len(envelope), 10)
        for index in (0, 1, 8, 9):
            self.assertTrue(is_nstring(envelope[index]), envelope)
        for addresses in envelope[2:8]:
            if addresses is None:
                continue
            self.assertTrue(addresses)      # NIL, never ()
            groups = 0
            for address in addresses:
                self.assertEqual(len(address), 4)
                self.assertTrue(all(is_nstring(part) for part in address), address)
                if address[3] is None:      # a group's begin, or its end
                    groups += 1 if address[2] is not None else -1
                self.assertIn(groups, (0, 1), addresses)
            self.assertEqual(groups, 0, addresses)

    def check_body(self, body, extended):
        self.assertIsInstance(body, list)
        if isinstance(body[0], list):
            self.check_multipart(body, extended)
            return
        kind, subtype, parameters, identity, description, encoding, octets = body[:7]
        for value in (kind, subtype, encoding):
            self.assertIsInstance(value, Text)
        self.check_parameters(parameters)
        self.assertTrue(is_nstring(identity) and is_nstring(description))
        self.assertTrue(is_number(octets))
        rest = body[7:]
        if kind.upper() == b"TEXT":
            self.assertTrue(is_number(rest.pop(0)))
        elif (kind.upper(), subtype.upper()) in ((b"MESSAGE", b"RFC822"), (b"MESSAGE", b"GLOBAL")):
            self.check_envelope(rest.pop(0))
            self.check_body(rest.pop(0), extended)
            self.assertTrue(is_number(rest.pop(0)))
        if not extended:
            self.assertEqual(rest, [])
            return
        if rest:
            self.assertTrue(is_nstring(rest.pop(0)))    # MD5
        self.check_extension(rest)

    def check_multipart(self, body, extended):
        parts = [part for part in body if isinstance(part, list)]
        count = next(index for index, part in enumerate(body) if not isinstance(part, list))
        for part in body[:count]:
            self.check_body(part, extended)
        self.assertGreaterEqual(len(parts), 1)
        self.assertIsInstance(body[count], Text)
        rest = body[count + 1:]
        if not extended:
            self.assertEqual(rest, [])
            return
        if rest:
            self.check_parameters(rest.pop(0))
        self.check_extension(rest)

    def check_extension(self, rest):
        """Disposition, language, location."""
        self.assertLessEqual(len(rest), 3)
        if rest and rest[0] is not None:
            self.assertEqual(len(rest[0]), 2)
            self.assertIsInstance(rest[0][0], Text)
            self.check_parameters(rest[0][1])
        if len(rest) > 1:
            languages = rest[1] if isinstance(rest[1], list) else [rest[1]]
            self.assertTrue(languages and all(is_nstring(one) for one in languages))
        if len(rest) > 2:
            self.assertTrue(is_nstring(rest[2]))

    def check_parameters(self, parameters):
        if parameters is None:
            return
        self.assertTrue(parameters)
        self.assertEqual(len(parameters) % 2, 0)
        self.assertTrue(all(isinstance(one, Text) for one in parameters), parameters)

    # --- a second opinion

    def compare_envelope(self, envelope, octets):
        for name, index in ((b"Subject", 1), (b"Message-ID", 9)):
            value = field(octets, name)
            if value:
                shown = bytes(envelope[index] or b"")
                if any(octet > 127 for octet in value):
                    # RFC 6855 §3: who has not enabled UTF-8 gets 8-bit text as encoded words.
                    shown = str(make_header(decode_header(shown.decode("ascii"))))
                    value = as_text(value)
                self.assertEqual(shown, value, name)
                self.compared[name.decode().lower()] += 1
        for name, index in ((b"From", 2), (b"To", 5), (b"Cc", 6)):
            value = field(octets, name)
            if not value or not SIMPLE_ADDRESSES.fullmatch(value):
                continue
            if value.count(b"@") != value.count(b",") + 1:
                continue
            wanted = [address for _, address in email.utils.getaddresses([value.decode()])]
            if not all(re.fullmatch(r"[\w.+\-]+@[\w.\-]+", address) for address in wanted):
                continue
            given = [b"@".join(address[2:4]).decode() for address in envelope[index] or ()]
            self.assertEqual(given, wanted, value)
            self.compared["addresses"] += 1

    def compare_parts(self, body, octets):
        message = email.message_from_bytes(octets)
        if any(part.defects for part in message.walk()):
            return
        self.assertEqual(self.types_here(body), self.types_there(message))
        self.compared["parts"] += 1

    def types_here(self, body):
        if isinstance(body[0], list):
            count = next(index for index, part in enumerate(body) if not isinstance(part, list))
            return [f"multipart/{body[count].decode().lower()}",
                    *(self.types_here(part) for part in body[:count])]
        kind = f"{body[0].decode()}/{body[1].decode()}".lower()
        return [kind, self.types_here(body[8])] if kind == "message/rfc822" else [kind]

    def types_there(self, message):
        kind = message.get_content_type()
        if kind == "message/rfc822":
            return [kind, self.types_there(message.get_payload(0))]
        if message.is_multipart() and message.get_content_maintype() == "multipart":
            return [kind, *(self.types_there(part) for part in message.get_payload())]
        return [kind]


if __name__ == "__main__":
    unittest.main()
