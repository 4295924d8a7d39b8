#include "engine/dns/records.h"

#include <catch2/catch.hpp>

#include "tests/support/scripted_resolver.h"

using namespace daybook;
using namespace daybook::dns;
using namespace daybook::test;

namespace {

using namespace std::string_literals;

// No beginning of it is a record, and no octet may follow it.
template <class Read>
void checkExact(Read read, const std::string& data) {
    for (std::size_t size = 0; size < data.size(); ++size) {
        INFO("the first " << size << " octets");
        CHECK_FALSE(read(data.substr(0, size)).has_value());
    }
    CHECK(read(data).has_value());
    CHECK_FALSE(read(data + "x").has_value());
}

}  // namespace

TEST_CASE("records: an MX record, and nothing else that looks like one", "[engine]") {
    checkExact(readMx, mxData(10, "MX1.Example.test"));
    CHECK(readMx(mxData(10, "MX1.Example.test")) == MxRecord{10, "mx1.example.test"});
    CHECK(readMx(mxData(65'535, "a")) == MxRecord{65'535, "a"});
    CHECK(readMx(mxData(0, ".")) == MxRecord{0, "."});
}

TEST_CASE("records: addresses of both families", "[engine]") {
    checkExact(readA, addressData("192.0.2.1"));
    checkExact(readAaaa, addressData("2001:db8::1"));
    CHECK(readA(addressData("192.0.2.1")) == "192.0.2.1");
    CHECK(readAaaa(addressData("2001:db8:0::1")) == "2001:db8::1");
}

TEST_CASE("records: the strings of a TXT record are joined without blanks", "[engine]") {
    CHECK_FALSE(readTxt("").has_value());
    CHECK_FALSE(readTxt("\x02x").has_value());
    CHECK_FALSE(readTxt("\x01xy").has_value());
    CHECK(readTxt("\0"s) == "");
    CHECK(readTxt("\x07v=spf1 \x00\x04-all"s) == "v=spf1 -all");
    const std::string longer(1'000, 'x');
    CHECK(readTxt(txtData(longer)) == longer);
    CHECK_FALSE(readTxt(txtData(longer).substr(0, 1'000)).has_value());
}

TEST_CASE("records: a TLSA record has three octets and some data", "[engine]") {
    CHECK_FALSE(readTlsa("").has_value());
    CHECK_FALSE(readTlsa("\x03\x01\x01").has_value());
    const std::optional<TlsaRecord> record = readTlsa(tlsaData({3, 1, 2, "\0\xff"s}));
    REQUIRE(record.has_value());
    CHECK(record->usage == 3);
    CHECK(record->selector == 1);
    CHECK(record->matching == 2);
    CHECK(record->data == "\0\xff"s);
}

TEST_CASE("records: a name in wire form", "[engine]") {
    checkExact(readName, nameData("Host.Example.test"));
    CHECK(readName(nameData("Host.Example.test")) == "host.example.test");
    CHECK(readName(nameData("_25._tcp.mx.test")) == "_25._tcp.mx.test");
    CHECK(readName("\0"s) == ".");
    // A compression pointer, also one to itself.
    CHECK_FALSE(readName("\xc0\x00"s).has_value());
    CHECK_FALSE(readName("\x40"s + std::string(64, 'a') + "\0"s).has_value());
    // What would look like another name when it is written.
    CHECK_FALSE(readName("\x03"s + "a.b" + "\0"s).has_value());
    CHECK_FALSE(readName("\x03"s + "a\0b"s + "\0"s).has_value());
    CHECK_FALSE(readName("\x03"s + "a b" + "\0"s).has_value());
    CHECK_FALSE(readName("\x03"s + "a\\b" + "\0"s).has_value());
    CHECK_FALSE(readName("\x02"s + "\xc3\xbc" + "\0"s).has_value());
}

TEST_CASE("records: a name has labels of 63 octets and 255 in all", "[engine]") {
    const std::string label(63, 'a');
    const std::string three = label + "." + label + "." + label;
    CHECK(readName(nameData(label)).has_value());
    const std::string longest = three + "." + std::string(61, 'b');
    CHECK(nameData(longest).size() == 255);
    CHECK(readName(nameData(longest)) == longest);
    CHECK_FALSE(readName(nameData(longest + "b")).has_value());
    CHECK(questionName(longest) == longest);
    CHECK(questionName(longest + ".") == longest);
    CHECK_FALSE(questionName(longest + "b").has_value());
    CHECK_FALSE(questionName(label + "a").has_value());
}

TEST_CASE("records: names to ask for", "[engine]") {
    CHECK(questionName("Example.ORG.") == "example.org");
    CHECK(questionName(".") == ".");
    for (const std::string& wrong :
         {""s, ".."s, "a..b"s, ".a"s, "a.."s, "a b"s, "a\0b"s, "a\\046b"s, "\xc3\xbc.test"s}) {
        INFO(wrong);
        CHECK_FALSE(questionName(wrong).has_value());
    }
}
