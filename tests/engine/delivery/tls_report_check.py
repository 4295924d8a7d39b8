#!/usr/bin/env python3
"""Reads FOLDER/report.eml as a receiver of TLS reports does; FOLDER/report.json is what it holds.

Usage: tls_report_check.py FOLDER. Exit status 0: it is as RFC 8460 wants it.
"""

import email
import email.policy
import email.utils
import gzip
import json
import pathlib
import sys


def main():
    folder = pathlib.Path(sys.argv[1])
    octets = (folder / "report.eml").read_bytes()
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r"), "bare CR or LF"
    assert max(len(line) for line in octets.split(b"\r\n")) <= 998
    mail = email.message_from_bytes(octets, policy=email.policy.default)
    assert not mail.defects and not any(part.defects for part in mail.walk()), mail.defects

    # RFC 8460 §5.3
    assert mail.get_content_type() == "multipart/report"
    assert mail["Content-Type"].params["report-type"] == "tlsrpt"
    assert mail["TLS-Report-Domain"] == "company-y.example"
    assert mail["TLS-Report-Submitter"] == "company-x.example"
    assert mail["TLS-Required"] == "No"
    assert mail["From"].addresses[0].addr_spec == "sts-reporting@company-x.example"
    assert mail["To"].addresses[0].addr_spec == "tlsrpt@company-y.example"
    assert mail["Date"].datetime.timestamp() == 1459580400
    identifier = "<5065427c-23d3-47ca-b6e0-946ea0e8c4be@company-x.example>"
    assert str(mail["Message-ID"]) == identifier
    assert str(mail["Subject"]) == (
        "Report Domain: company-y.example Submitter: company-x.example Report-ID: " + identifier)

    words, report = mail.iter_parts()
    assert words.get_content_type() == "text/plain" and "company-x.example" in words.get_content()
    assert report.get_content_type() == "application/tlsrpt+gzip"
    assert report.get_filename() == (
        "company-x.example!company-y.example!1459468800!1459555199!"
        "5065427c23d347cab6e0946ea0e8c4be.json.gz")
    document = json.loads(gzip.decompress(report.get_content()))
    assert document == json.loads((folder / "report.json").read_bytes()), "another document"
    details = document["policies"][0]["failure-details"]
    assert [d["result-type"] for d in details] == sorted(d["result-type"] for d in details)
    return 0


if __name__ == "__main__":
    sys.exit(main())
