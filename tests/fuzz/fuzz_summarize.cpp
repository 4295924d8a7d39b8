// fuzz_summarize.cpp
//
// Any octets as a message: the summary must be well formed (summary_check.h), and what is served
// from it must not read outside the message.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "engine/mime/parts.h"
#include "tests/engine/mime/summary_check.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view message(reinterpret_cast<const char*>(data), size);
    try {
        test::checkSummary(message);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        std::abort();
    }
    constexpr std::size_t kOctetsMax = 10'000;
    test::SummaryOf summary(message);
    if (mime::searchableText(message, summary.root(), kOctetsMax).size() > kOctetsMax) std::abort();
    return 0;
}
