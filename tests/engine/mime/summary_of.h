// summary_of.h
//
// Tests' short way to a summary: made, and read back from its octets.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "engine/mime/summarize.h"
#include "journal/base/encoding.h"
#include "journal/record.h"
#include "journal/schema/summary.capnp.h"

namespace daybook::test {

class SummaryOf {
public:
    explicit SummaryOf(std::string_view message)
        : octets_(mime::summarize(message)),
          words_(kj::heapArray<capnp::word>(octets_.size() / sizeof(capnp::word))),
          reader_(segments(), {.traversalLimitInWords = UINT64_MAX}) {}

    summary::Summary::Reader root() { return reader_.getRoot<summary::Summary>(); }

    std::string envelope() { return text(root().getEnvelope()); }

    std::string body() { return text(root().getBody()); }

    std::string bodyStructure() { return text(root().getBodyStructure()); }

private:
    static std::string text(capnp::Data::Reader data) {
        return {reinterpret_cast<const char*>(data.begin()), data.size()};
    }

    kj::ArrayPtr<const kj::ArrayPtr<const capnp::word>> segments() {
        memcpy(words_.begin(), octets_.data(), octets_.size());
        segment_ = words_;
        return {&segment_, 1};
    }

    std::string octets_;
    kj::Array<capnp::word> words_;
    kj::ArrayPtr<const capnp::word> segment_;
    capnp::SegmentArrayMessageReader reader_;
};

// Test messages are written with LF.
inline std::string withCrlf(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '\n' && (result.empty() || result.back() != '\r')) result += '\r';
        result += c;
    }
    return result;
}

}  // namespace daybook::test
