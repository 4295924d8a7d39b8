// fuzz_header_fields.cpp
//
// Any octets as a header: fields lie in it, in order; filtering by name takes each field once; what
// a peer says in HELO or RCPT never makes more than one Received field.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/mime/header_fields.h"
#include "engine/mime/parts.h"
#include "journal/base/ascii.h"

using namespace daybook;
using namespace daybook::mime;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void checkFields(std::string_view header) {
    const char* end = header.data();
    std::size_t octets = 0;
    for (const HeaderField& field : headerFields(header)) {
        require(field.octets.data() >= end);
        end = field.octets.data() + field.octets.size();
        require(end <= header.data() + header.size());
        require(!field.name.empty() && field.octets.starts_with(field.name));
        require(field.octets.ends_with(field.value));
        const std::string value = unfolded(field.value);
        require(value.find_first_of("\r\n") == std::string::npos);
        require(countHeaderFields(header, field.name) > 0);
        octets += field.octets.size();
    }
    const std::string empty = filterHeader(header, {}, false);
    require(filterHeader(header, {}, true).size() == octets + empty.size());
    require(trimmed(empty).empty());
}

void checkTrace(std::string_view said) {
    const std::string text(said);
    const TraceInfo trace{
        .helo = text,
        .ip = text,
        .by = "mx.example",
        .with = "ESMTP",
        .tls = text,
        .forAddress = text,
        .message = MessageId(1),
        .timeNs = 0,
    };
    require(headerFields(receivedField(trace)).size() == 1);
    require(headerFields(deliveryFields(text, text)).size() == 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view header = headerOf(input);
    require(header.size() <= input.size() && header.data() == input.data());
    checkFields(header.substr(0, 20'000));
    checkTrace(input.substr(0, 2'000));
    return 0;
}
