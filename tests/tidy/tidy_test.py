#!/usr/bin/env python3
"""The house keeper's own tests: each rule finds what it is for and leaves the rest alone."""

import unittest

import tidy


class Includes(unittest.TestCase):
    def test_a_file_that_includes_from_above_is_found(self):
        self.assertTrue(tidy.include_fault("journal/record.h", "projections/views.h"))
        self.assertTrue(tidy.include_fault("engine/scribe/scribe.h", "protocols/imap/session.h"))
        self.assertTrue(tidy.include_fault("engine/mime/parts.h", "engine/scribe/scribe.h"))
        self.assertTrue(tidy.include_fault("protocols/imap/session.h", "protocols/smtp/reply.h"))

    def test_downwards_and_sideways_within_reason_is_right(self):
        self.assertIsNone(tidy.include_fault("projections/views.h", "journal/record.h"))
        self.assertIsNone(tidy.include_fault("engine/scribe/scribe.h", "engine/runtime/task.h"))
        self.assertIsNone(
            tidy.include_fault("protocols/imap/session.h", "protocols/common/line_reader.h"))

    def test_a_library_has_one_door(self):
        text = "#include <lmdb.h>\n"
        self.assertTrue(list(tidy.check_includes("projections/views.cpp", text)))
        self.assertFalse(list(tidy.check_includes("journal/lmdb.h", text)))


class Text(unittest.TestCase):
    def test_long_lines_banned_words_and_bare_headers_are_found(self):
        self.assertTrue(list(tidy.check_text("a/b.cpp", "x" * 101)))
        self.assertTrue(list(tidy.check_text("a/b.cpp", "std::cout << 1;")))
        self.assertTrue(list(tidy.check_text("a/b.h", "#pragma once\n")))
        self.assertTrue(list(tidy.check_text("a/b.cpp", "\n" * 501)))

    def test_a_clean_header_passes(self):
        self.assertFalse(list(tidy.check_text("a/b.h", "// b.h\n//\n// It.\n#pragma once\n")))


if __name__ == "__main__":
    unittest.main()
