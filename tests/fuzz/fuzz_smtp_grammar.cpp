// fuzz_smtp_grammar.cpp
//
// Lines to the grammar of SMTP commands: each either throws Reject or gives a result that means the
// same when it is written out and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "journal/base/assert.h"
#include "protocols/smtp/grammar.h"
#include "protocols/smtp/parameters.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace daybook::smtp {

namespace {

using PathParser = PathAndParameters (*)(std::string_view);

void checkPath(PathParser parse, std::string_view keyword, std::string_view arguments) {
    const PathAndParameters first = parse(arguments);
    std::string text = std::string(keyword) + "<" + first.path + ">";
    for (const Parameter& parameter : first.parameters) {
        text += " " + parameter.keyword;
        if (parameter.value) text += "=" + *parameter.value;
    }
    const PathAndParameters second = parse(text);
    DAYBOOK_ASSERT(second.path == first.path);
    DAYBOOK_ASSERT(second.parameters.size() == first.parameters.size());
    if (keyword == "FROM:") {
        parseMailParameters(first.parameters, kEveryMailParameter);
    } else {
        parseRcptParameters(first.parameters);
    }
}

template <class Function>
void attempt(Function function) {
    try {
        function();
    } catch (const Reject& reject) {
        const Reply& answer = reject.answer();
        DAYBOOK_ASSERT(answer.code >= 500 && answer.code <= 559);
        DAYBOOK_ASSERT(answer.octets().ends_with("\r\n"));
        DAYBOOK_ASSERT(answer.octets().find('\n') == answer.octets().size() - 1);
    }
}

void checkLine(std::string_view line) {
    attempt([&] {
        const CommandLine command = parseCommandLine(line);
        const std::string_view arguments = command.arguments;
        attempt([&] { checkPath(parseMail, "FROM:", arguments); });
        attempt([&] { checkPath(parseRcpt, "TO:", arguments); });
        attempt([&] { parseHello(arguments); });
        attempt([&] { parseAuth(arguments); });
        attempt([&] { parseBdat(arguments); });
    });
}

}  // namespace

}  // namespace daybook::smtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        daybook::smtp::checkLine(line);
        // Without the "C: " of a transcript.
        if (line.size() > 3) daybook::smtp::checkLine(line.substr(3));
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    return 0;
}
