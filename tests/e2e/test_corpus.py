#!/usr/bin/env python3
"""All messages of the corpus, in over SMTP (or APPEND, where SMTP forbids their octets) and out over
IMAP and POP3, byte for byte."""

import re
import smtplib
import unittest

from daybook import DOMAIN, Daybook, corpus_files, crlf


def deliverable(octets):
    """What SMTP may carry: no NUL (RFC 5321 2.3.8); bare CR and LF were mended by crlf()."""
    return b"\0" not in octets


class Corpus(unittest.TestCase):
    def test_every_message_comes_out_as_it_went_in(self):
        files = corpus_files()
        self.assertEqual(len(files), 401)
        sent = []
        refused = []
        with Daybook() as server:
            with server.smtp() as smtp:
                smtp.ehlo("client.elsewhere.test")
                for file in files:
                    octets = crlf(file.read_bytes())
                    try:
                        smtp.sendmail("sender@elsewhere.test", [f"alice@{DOMAIN}"], octets)
                        sent.append((file, octets))
                        self.assertTrue(deliverable(octets), f"{file} was not refused")
                    except smtplib.SMTPDataError as error:
                        self.assertFalse(deliverable(octets), f"{file}: {error}")
                        self.assertEqual(error.smtp_code, 554, f"{file}: {error}")
                        refused.append((file, octets))
            imap = server.imap()
            for file, octets in refused:
                status, answer = imap.append("Archive", "()", None, octets.replace(b"\0", b" "))
                self.assertEqual(status, "OK", f"{file}: {answer}")

            _, count = imap.select("INBOX")
            self.assertEqual(int(count[0]), len(sent))
            for number, (file, octets) in enumerate(sent, 1):
                _, answer = imap.fetch(str(number), "(RFC822.SIZE BODY.PEEK[])")
                body = answer[0][1]
                self.assertTrue(body.endswith(octets), f"{file}: BODY[] differs")
                self.assertRegex(
                    body[:-len(octets)], rb"\AReturn-Path: .*\r\nDelivered-To: .*\r\nReceived: ")
                size = int(re.search(rb"RFC822.SIZE (\d+)", answer[0][0]).group(1))
                self.assertEqual(size, len(body), f"{file}: RFC822.SIZE")
                _, parts = imap.fetch(str(number), "(BODY.PEEK[HEADER] BODY.PEEK[TEXT])")
                self.assertEqual(parts[0][1] + parts[1][1], body, f"{file}: HEADER and TEXT")
            imap.logout()

            pop3 = server.pop3()
            self.assertEqual(pop3.stat()[0], len(sent))
            for number, (file, octets) in enumerate(sent, 1):
                lines = pop3.retr(number)[1]
                self.assertTrue(
                    (b"\r\n".join(lines) + b"\r\n").endswith(octets), f"{file}: RETR differs")
            pop3.quit()
            server.digests()
            self.assertEqual(server.tool_json("journal", "verify")["result"], "whole")


if __name__ == "__main__":
    unittest.main()
