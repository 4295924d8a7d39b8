#include "engine/mime/decoding.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace daybook::mime;
using namespace std::string_literals;

TEST_CASE("decoding: header text", "[mime]") {
    CHECK(decodeHeaderText("plain") == "plain");
    CHECK(decodeHeaderText("=?utf-8?q?a?= =?utf-8?q?b?= c") == "ab c");
    CHECK(decodeHeaderText("=?iso-8859-1?b?5Pb8?=") == "\xC3\xA4\xC3\xB6\xC3\xBC");
    CHECK(decodeHeaderText("raw \xC3\xA4") == "raw \xC3\xA4");
    CHECK(decodeHeaderText("raw \xE4") == "raw \xC3\xA4");
    CHECK(decodeHeaderText("=?utf-8?q?=00x?=").find('\0') == std::string::npos);
    CHECK(decodeHeaderText("a\0b"s).find('\0') == std::string::npos);
    CHECK_FALSE(decodeHeaderText("=?no-such?q?a?=").empty());
    CHECK(decodeHeaderText("").empty());
}

TEST_CASE("decoding: dates, obsolete forms too", "[mime]") {
    const std::int64_t ns = 1'795'484'278'000'000'000;
    CHECK(parseDate("Tue, 24 Nov 2026 01:37:58 +0000")->ns == ns);
    CHECK(parseDate("24 Nov 2026 01:37:58 GMT (a comment)")->ns == ns);
    const auto zoned = parseDate("Mon, 23 Nov 2026 20:07:58 -0530");
    REQUIRE(zoned);
    CHECK(zoned->ns == ns);
    CHECK(zoned->zoneMinutes == -330);
    CHECK(parseDate("23 Nov 2026 20:37:58 EST")->zoneMinutes == -300);
    CHECK_FALSE(parseDate(""));
    CHECK_FALSE(parseDate("soon"));
    CHECK_FALSE(parseDate("99 Foo 2026 99:99:99 +9999"));
    CHECK_FALSE(parseDate("24 Nov 9999 01:37:58 +0000"));
}

TEST_CASE("decoding: transfer encodings", "[mime]") {
    CHECK(decodeTransfer("YWJj\r\nZGVm", "Base64") == "abcdef");
    CHECK(decodeTransfer("YW!Jj", "base64") == "abc");
    CHECK(decodeTransfer("a=3D=\r\nb=zz", "quoted-printable") == "a=b=zz");
    CHECK(decodeTransfer("a=3D", "7bit") == "a=3D");
    CHECK(decodeTransfer("a=3D", "x-unknown") == "a=3D");
    CHECK(decodeTransfer("begin 644 f\n#86)C\n`\nend\n", "x-uuencode") == "abc");
    CHECK(decodeTransfer("text\nbegin 644 f\n#86)C\n`\nend\n", "uuencode") == "abc");
    CHECK(decodeTransfer("", "base64").empty());
}

TEST_CASE("decoding: charsets", "[mime]") {
    CHECK(toUtf8("\xE4", "ISO-8859-1") == "\xC3\xA4");
    CHECK(toUtf8("\xC3\xA4", "utf-8") == "\xC3\xA4");
    CHECK(toUtf8("a\xFF", "utf-8") == "a\xEF\xBF\xBD");
    CHECK(toUtf8("a\xFF", "us-ascii") == "a\xEF\xBF\xBD");
    CHECK(toUtf8("\xE4", "no-such-charset") == "\xC3\xA4");
    CHECK(toUtf8("\xE4", "utf-8//TRANSLIT") == "\xC3\xA4");
    CHECK(toUtf8("\x82\xA0\x81"s, "shift_jis") == "\xE3\x81\x82\xEF\xBF\xBD");
    CHECK(toUtf8("\x1B$B$\"\x1B(B", "iso-2022-jp") == "\xE3\x81\x82");
    CHECK(toUtf8("a\0"s, "utf-8") == "a\xEF\xBF\xBD");
    CHECK(toUtf8(std::string(100'000, '\xE4'), "iso-8859-1").size() == 200'000);
}

TEST_CASE("decoding: texts that differ in case or form only fold to the same", "[mime]") {
    CHECK(foldCase("HeLLo") == "hello");
    CHECK(foldCase("\xC3\x84") == foldCase("a\xCC\x88"));
    CHECK(foldCase("\xCE\xA3") == foldCase("\xCF\x82"));
    CHECK(foldCase("\xD0\x9F\xD0\xA0\xD0\x98") == "\xD0\xBF\xD1\x80\xD0\xB8");
    CHECK(foldCase("\xEF\xAC\x81") == "fi");
    CHECK(foldCase("").empty());
}

TEST_CASE("decoding: several threads decode at once", "[mime]") {
    std::vector<std::jthread> threads;
    std::vector<int> wrong(4);
    for (int& count : wrong) {
        threads.emplace_back([&count] {
            for (int i = 0; i < 500; ++i) {
                if (decodeHeaderText("=?iso-8859-1?q?=E4?=") != "\xC3\xA4") ++count;
                if (toUtf8("\xE4", "iso-8859-15") != "\xC3\xA4") ++count;
                if (!parseDate("Tue, 24 Nov 2026 01:37:58 +0000")) ++count;
            }
        });
    }
    threads.clear();
    CHECK(wrong == std::vector<int>(4, 0));
}
