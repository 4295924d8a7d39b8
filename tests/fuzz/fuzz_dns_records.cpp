// fuzz_dns_records.cpp
//
// Octets to every reader of DNS record data: each says that it is nothing, or gives a value that
// says the same when it is written in wire form and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/dns/records.h"
#include "journal/base/assert.h"
#include "tests/support/scripted_resolver.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace daybook::dns {

namespace {

void checkNames(std::string_view data) {
    if (const auto name = readName(data)) {
        DAYBOOK_ASSERT(readName(test::nameData(*name)) == name);
        DAYBOOK_ASSERT(questionName(*name) == name);
    }
    if (const auto record = readMx(data)) {
        DAYBOOK_ASSERT(readMx(test::mxData(record->preference, record->exchange)) == record);
    }
    if (const auto question = questionName(data)) {
        DAYBOOK_ASSERT(readName(test::nameData(*question)) == question);
    }
}

void checkOthers(std::string_view data) {
    if (const auto text = readTxt(data)) {
        DAYBOOK_ASSERT(text->size() < data.size());
        DAYBOOK_ASSERT(readTxt(test::txtData(*text)) == text);
    }
    if (const auto record = readTlsa(data)) DAYBOOK_ASSERT(test::tlsaData(*record) == data);
    for (const auto& address : {readA(data), readAaaa(data)}) {
        if (address) DAYBOOK_ASSERT(test::addressData(*address) == data);
    }
}

}  // namespace

}  // namespace daybook::dns

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets(reinterpret_cast<const char*>(data), size);
    daybook::dns::checkNames(octets);
    daybook::dns::checkOthers(octets);
    return 0;
}
