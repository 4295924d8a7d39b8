#!/usr/bin/python3
"""Reports that dsn_samples composes, read by others: Python's email package, and two readers of
bounces from Debian, flufl.bounce (Mailman's) and Mail::DeliveryStatus::BounceParser.

Usage: check_dsn.py PATH/TO/dsn_samples
"""

import email
import email.policy
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from flufl.bounce import all_failures

SAMPLES = None
# One line of JSON for each file named on standard input.
PERL = r"""
use strict; use warnings; use JSON::PP; use Mail::DeliveryStatus::BounceParser;
while (my $path = <STDIN>) {
    chomp $path;
    open(my $file, '<:raw', $path) or die "$path: $!";
    my $text = do { local $/; <$file> };
    $text =~ s/\r\n/\n/g;
    my $bounce = eval { Mail::DeliveryStatus::BounceParser->new($text) };
    my @reports;
    for my $report ($bounce ? $bounce->reports : ()) {
        my %fields;
        for my $name (qw(email action status reason final-recipient original-recipient
                         diagnostic-code remote-mta reporting-mta arrival-date
                         original-envelope-id last-attempt-date will-retry-until)) {
            my $value = $report->get($name);
            next unless defined $value;
            $value =~ s/\s+$//;
            $fields{$name} = $value;
        }
        push @reports, \%fields;
    }
    print JSON::PP->new->canonical->encode(
        {reports => \@reports, error => $@}), "\n";
}
"""
ARRIVAL = "Tue, 24 Nov 2026 03:18:58 +0000"
LANGUAGES = ("en", "de")


def leaves(message):
    """The decoded contents of a message, whatever its transfer encodings."""
    return [part.get_payload(decode=True) for part in message.walk()
            if not part.is_multipart()]


def header_of(octets):
    return re.split(rb"\r\n\r\n", octets, maxsplit=1)[0]


class Composed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = pathlib.Path(cls.folder.name)
        subprocess.run([SAMPLES, str(path)], check=True)
        cls.path = path
        cls.expected = json.loads((path / "expected.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def each(self, check):
        """check(entry, octets) for every report; a failure names the original."""
        for entry in self.expected:
            with self.subTest(corpus=entry["corpus"], ret=entry["ret"]):
                check(entry, (self.path / entry["file"]).read_bytes())

    def test_octets(self):
        """Seven bits, CRLF alone, lines of at most 998."""
        self.assertGreater(len(self.expected), 800)
        self.each(self.check_octets)

    def check_octets(self, _, octets):
        self.assertTrue(octets.isascii())
        self.assertNotRegex(octets, rb"\r(?!\n)|(?<!\r)\n|\0")
        self.assertLessEqual(max(map(len, octets.split(b"\r\n"))), 998)

    def test_email_package(self):
        self.each(self.check_message)

    def check_message(self, entry, octets):
        message = email.message_from_bytes(octets, policy=email.policy.SMTP)
        self.assertEqual([], message.defects)
        self.assertEqual("multipart/report", message.get_content_type())
        self.assertEqual("delivery-status", message.get_param("report-type"))
        self.assertEqual(entry["sender"], message["To"].addresses[0].addr_spec)
        self.assertEqual("MAILER-DAEMON@mx.daybook.example",
                         message["From"].addresses[0].addr_spec)
        self.assertEqual("auto-replied", message["Auto-Submitted"])
        self.assertEqual([], list(message["Subject"].defects))
        self.assertEqual(3, len(message.get_payload()))
        words, status, _ = message.get_payload()
        self.check_words(entry, words)
        self.check_status(entry, status)

    def check_words(self, entry, words):
        self.assertEqual("text/plain", words.get_content_type())
        self.assertIn(words["Content-Language"], LANGUAGES)
        text = words.get_content()
        for recipient in entry["to"]:
            self.assertIn(recipient["final"], text)
            self.assertIn(recipient["diagnostic"], re.sub(r"\s+", " ", text))

    def check_status(self, entry, status):
        self.assertEqual("message/delivery-status", status.get_content_type())
        groups = status.get_payload()
        self.assertEqual(1 + len(entry["to"]), len(groups))
        self.assertEqual("dns; mx.daybook.example", groups[0]["Reporting-MTA"])
        self.assertEqual(entry["envelope"], groups[0]["Original-Envelope-Id"])
        self.assertEqual(ARRIVAL, groups[0]["Arrival-Date"])
        for fields, recipient in zip(groups[1:], entry["to"]):
            self.assertEqual("rfc822;" + recipient["final"], fields["Final-Recipient"])
            original = recipient.get("original")
            self.assertEqual(original and "rfc822;" + original, fields["Original-Recipient"])
            self.assertEqual(recipient["action"], fields["Action"])
            self.assertEqual(recipient["status"], fields["Status"])
            remote = recipient["remote"] and "dns; " + recipient["remote"]
            self.assertEqual(remote or None, fields["Remote-MTA"])
            said = recipient["diagnostic"] and "smtp; " + recipient["diagnostic"]
            folded = fields["Diagnostic-Code"]
            self.assertEqual(said or None, folded and re.sub(r"\r?\n ", " ", folded))
            self.assertEqual(recipient["action"] == "delayed", "Will-Retry-Until" in fields)

    def test_returned_message(self):
        self.whole = 0
        self.each(self.check_returned)
        self.assertGreater(self.whole, 300)

    def check_returned(self, entry, octets):
        message = email.message_from_bytes(octets, policy=email.policy.compat32)
        returned = message.get_payload()[2]
        kind = returned.get_content_type()
        original = (self.path / entry["original"]).read_bytes()
        if entry["ret"] == "headers":
            self.assertIn(kind, ("text/rfc822-headers", "message/global-headers"))
        if kind == "message/rfc822":
            self.whole += 1
            self.check_whole(original, returned.get_payload(0), octets)
        elif kind == "text/rfc822-headers" and len(header_of(original)) < 65_536:
            header = returned.get_payload(decode=True)
            for name in (b"Subject", b"Date"):
                line = re.search(rb"^" + name + rb": [ -~]*\r$", header_of(original), re.M)
                if line:
                    self.assertIn(line.group().strip(), header)

    def check_whole(self, original, returned, octets):
        if original.isascii() and b"binary" not in original.lower():
            # Octet for octet where 7 bits were enough.
            self.assertIn(b"message/rfc822\r\n\r\n" + original, octets)
            return
        before = email.message_from_bytes(original.rstrip(b"\r\n"))
        if any(part.defects for part in before.walk()):
            return
        self.assertEqual([leaf and leaf.rstrip() for leaf in leaves(before)],
                         [leaf and leaf.rstrip() for leaf in leaves(returned)])

    def test_flufl_bounce(self):
        """Who failed for good, and who has to wait. A report with an original inside that is a
        bounce itself is judged by its own part."""
        self.each(self.check_failures)

    def check_failures(self, entry, octets):
        failed, delayed = entry["to"][0], entry["to"][1]
        temporary, permanent = all_failures(email.message_from_bytes(octets))
        # It takes Original-Recipient first.
        self.assertIn(failed["original"].encode(), permanent)
        self.assertIn(delayed["final"].encode(), temporary)

    def test_bounce_parser(self):
        names = "\n".join(str(self.path / entry["file"]) for entry in self.expected)
        answer = subprocess.run(["perl", "-e", PERL], input=names, text=True, check=True,
                                stdout=subprocess.PIPE).stdout
        lines = answer.splitlines()
        self.assertEqual(len(self.expected), len(lines))
        found = dict(zip((entry["file"] for entry in self.expected), map(json.loads, lines)))
        self.each(lambda entry, _: self.check_parsed(entry, found[entry["file"]]))

    def check_parsed(self, entry, found):
        failed = entry["to"][0]
        mine = [report for report in found["reports"]
                if failed["final"] in report.get("final-recipient", "")]
        self.assertEqual(1, len(mine), found)
        report = mine[0]
        self.assertEqual("failed", report["action"])
        self.assertEqual("5.1.1", report["status"])
        self.assertIn(failed["original"], report["original-recipient"])
        self.assertEqual("dns; " + failed["remote"], report["remote-mta"])
        self.assertEqual("smtp; " + failed["diagnostic"], report["diagnostic-code"])
        self.assertEqual("dns; mx.daybook.example", report["reporting-mta"])
        self.assertEqual(ARRIVAL, report["arrival-date"])


if __name__ == "__main__":
    SAMPLES = sys.argv.pop(1)
    unittest.main()
