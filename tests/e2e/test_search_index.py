#!/usr/bin/env python3
"""SEARCH with the index answers as SEARCH without it: over the corpus, with needles out of the
messages and random ones, while the index grows, after kill -9, after a rebuild."""

import random
import time
import unittest

from daybook import DOMAIN, Daybook, corpus_files, crlf

WORDS = ["the", "a", "e", "of", "%", '"', "\\", "*", "subject", "received:", "\r\n", "zzqx",
         "no such words", "日本", "語", "ü", "é", "привет", "о", "\u0308", "1.0", "=?", "http://"]
SEARCHED = 128              # event.capnp, FetchedItem.parts
FIELDS = ["Subject", "From", "To", "Message-ID", "X-Nothing", "Content-Type"]


def needles(messages, count, seed):
    dice = random.Random(seed)
    texts = [message.decode("latin-1").replace("\0", "") for message in messages]
    for _ in range(count):
        if dice.random() < 0.3:
            text = dice.choice(WORDS)
        else:
            source = dice.choice(texts)
            start = dice.randrange(len(source))
            text = source[start:start + dice.choice([1, 2, 3, 4, 7, 12, 30])]
        key = dice.choice(["TEXT", "BODY", "HEADER", "FROM", "NOT TEXT"])
        if key == "HEADER":
            key += " " + dice.choice(FIELDS)
        if text:
            yield key, text


def ask(imap, key, text):
    imap.literal = text.encode()
    status, answer = imap.uid("SEARCH", "CHARSET", "UTF-8", *key.split())
    assert status == "OK", (key, text, answer)
    return answer[0].split()


def wait_until_covered(server):
    """Returns when everything that was recorded before is in the index."""
    events = server.tool_json("search-index", "status")["events"]
    while server.tool_json("search-index", "status")["covers"] < events:
        time.sleep(0.05)


def deliver(server, files):
    with server.smtp() as smtp:
        smtp.ehlo("client.elsewhere.test")
        for file in files:
            smtp.sendmail("sender@elsewhere.test", [f"alice@{DOMAIN}"], crlf(file.read_bytes()))
    server.settle()


class SearchIndex(unittest.TestCase):
    def test_the_index_and_the_scan_agree(self):
        files = [file for file in corpus_files() if b"\0" not in file.read_bytes()]
        questions = list(needles([file.read_bytes() for file in files], 150, seed=1))
        settings = '[search]\nindex = true\ntext_limit = "64KiB"\n'
        with Daybook(settings=settings) as server:
            deliver(server, files[::2])
            # Killed with the index somewhere, and going on from there.
            server.kill()
            server.start()
            deliver(server, files[1::2])
            imap = server.imap()
            imap.select("INBOX")
            growing = [ask(imap, *question) for question in questions[:20]]
            wait_until_covered(server)
            indexed = [ask(imap, *question) for question in questions]
            self.assertEqual(growing, indexed[:20])
            self.assertGreater(sum(1 for uids in indexed if uids), 50)
            # Flags, copies and moves cost nothing and change nothing.
            imap.copy("1:50", "Archive")
            imap.select("Archive")
            self.assertEqual(len(ask(imap, "TEXT", "received")), 50)
            imap.logout()

            server.tool("search-index", "rebuild")
            wait_until_covered(server)
            imap = server.imap()
            imap.select("INBOX")
            self.assertEqual([ask(imap, *question) for question in questions], indexed)
            imap.logout()
            row = server.tool_json("search-index", "status")["accounts"][0]
            self.assertEqual(row["account"], server.login)
            self.assertEqual(row["messages"], len(files))

            server.stop()
            server.change_setting("index", "false")
            server.start()
            imap = server.imap()
            imap.select("INBOX")
            for question, uids in zip(questions, indexed):
                self.assertEqual(ask(imap, *question), uids, question)
            imap.logout()
            server.assert_whole()

    def test_a_search_in_bodies_is_on_record_though_no_message_was_read(self):
        with Daybook() as server:
            with server.smtp() as smtp:
                for word in ("harbour", "lighthouse", "harbour"):
                    smtp.sendmail("sender@elsewhere.test", [server.login],
                                  f"Subject: x\r\n\r\nthe {word}\r\n".encode())
            server.settle()
            wait_until_covered(server)
            imap = server.imap()
            imap.select("INBOX")
            self.assertEqual(ask(imap, "BODY", "harbour"), [b"1", b"3"])
            self.assertEqual(ask(imap, "SUBJECT", "x"), [b"1", b"2", b"3"])
            imap.logout()
            opened = server.events("AccessOpened")
            fetched = server.events("Fetched")
            self.assertEqual(len(opened), 1)
            self.assertEqual(len(fetched), 1)
            # Of every message it was said whether it has the word.
            item, = fetched[0]["fetched"]["items"]
            self.assertEqual(item["uids"], [{"first": 1, "last": 3}])
            self.assertEqual(item["parts"], SEARCHED)
            self.assertLess(opened[0]["seq"], fetched[0]["seq"])

    def test_the_tool_without_a_server(self):
        with Daybook() as server:
            with server.smtp() as smtp:
                smtp.sendmail("sender@elsewhere.test", [server.login], b"Subject: x\r\n\r\ny\r\n")
            server.settle()
            wait_until_covered(server)
            server.stop()
            status = server.tool_json("search-index", "status")
            self.assertEqual(status["accounts"][0]["messages"], 1)
            self.assertIn("the server makes it again", server.tool("search-index", "rebuild").stdout)
            done = server.tool("search-index", "status", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("there is no search index", done.stderr)
            server.start()
            wait_until_covered(server)
            self.assertEqual(
                server.tool_json("search-index", "status")["accounts"][0]["messages"], 1)


if __name__ == "__main__":
    unittest.main()
