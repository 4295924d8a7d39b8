#include "engine/mime/preview.h"

#include <catch2/catch.hpp>

#include "engine/mime/decoding.h"

using namespace daybook::mime;

namespace {

std::string plain(std::string_view text, std::string_view header = "") {
    initialize();
    return previewText(text, leafFields(header));
}

std::string html(std::string_view text) {
    return plain(text, "Content-Type: text/html; charset=utf-8\r\n");
}

}  // namespace

TEST_CASE("preview: plain text on one line, its own words first", "[mime]") {
    CHECK(plain("").empty());
    CHECK(plain("  a\r\n\r\n\tb  \r\n") == "a b");
    CHECK(plain("> old\r\nnew\r\n-- \r\nme\r\n") == "new");
    CHECK(plain("> only old\r\n") == "> only old");
    CHECK(plain("-----BEGIN PGP MESSAGE-----\r\nx\r\n").empty());
    CHECK(plain("a=3D=\r\nb", "Content-Transfer-Encoding: quoted-printable\r\n") == "a=b");
    CHECK(plain("YWJj", "Content-Transfer-Encoding: base64\r\n") == "abc");
    CHECK(plain("\xE4", "Content-Type: text/plain; charset=iso-8859-1\r\n") == "\xC3\xA4");
    CHECK(plain("a\xE2\x80\x8B\xC2\xA0\xEF\xBB\xBFz") == "a z");
}

TEST_CASE("preview: 200 characters, none of them half", "[mime]") {
    CHECK(plain(std::string(500, 'x')) == std::string(200, 'x'));
    std::string wide;
    std::string expected;
    for (int i = 0; i < 300; ++i) {
        wide += "\xE2\x82\xAC";
        if (i < 200) expected += "\xE2\x82\xAC";
    }
    CHECK(plain(wide) == expected);
    // The beginning may end within a character.
    CHECK(plain("ab\xE2\x82") == "ab\xEF\xBF\xBD");
    CHECK(plain(std::string(199, 'x') + " yz") == std::string(199, 'x'));
}

TEST_CASE("preview: HTML without its marks", "[mime]") {
    CHECK(html("<p>a</p><p>b</p>") == "a b");
    CHECK(html("<b>a</b>b") == "ab");
    CHECK(html("<STYLE>x</style>a<script>if (a<b) c</script>b") == "ab");
    CHECK(html("<style>never ends").empty());
    CHECK(html("<!-- a > b -->c") == "c");
    CHECK(html("1 < 2 &amp; &#x41;&#66;&lt;&nope;&") == "1 < 2 & AB<&nope;&");
    CHECK(html("&#0;&#xD800;&#99999999;x") == "x");
    CHECK(html("a<br>b<img src='x") == "a b");
    CHECK(html("<").starts_with("<"));
}
