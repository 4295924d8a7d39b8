#include "protocols/imap/summary_text.h"

#include <catch2/catch.hpp>

#include "engine/mime/decoding.h"

using namespace daybook;
using namespace daybook::imap;

namespace {

std::string written(std::string_view stored, const Dialect& dialect) {
    mime::initialize();
    std::string out;
    appendSummaryText(out, stored, dialect);
    return out;
}

}  // namespace

TEST_CASE("summary text: what is above ASCII is written as the client reads it", "[imap]") {
    const Dialect old;
    const Dialect utf8{.utf8 = true};
    const std::string plain = "(\"a {2}\\\"\" {3}\r\nx\ry NIL)";
    CHECK(written(plain, old) == plain);
    CHECK(written(plain, utf8) == plain);
    const std::string stored = "(\"{9}\" {4}\r\n\xC3\xA9\"\xC3 {3}\r\n\xC3\xA9! NIL)";
    CHECK(written(stored, utf8) == "(\"{9}\" \"\xC3\x83\xC2\xA9\\\"\xC3\x83\" \"\xC3\xA9!\" NIL)");
    const std::string encoded = written(stored, old);
    CHECK(encoded.starts_with("(\"{9}\" \"=?"));
    CHECK(encoded.ends_with("?=\" NIL)"));
    CHECK(encoded.find('\xC3') == std::string::npos);
    // A line end cannot be quoted.
    CHECK(written("{4}\r\n\xC3\xA9\r\n", utf8) == "{4}\r\n\xC3\xA9\r\n");
}
