// fuzz_report.cpp
//
// Any octets as an incoming report: texts come out as one line of well-formed UTF-8 without
// controls, within their limits. The same octets as what strangers say in a report of ours: it has
// proper lines, and is read back as one report with its recipient and action.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/delivery/dsn.h"
#include "engine/delivery/report_parser.h"
#include "engine/mime/seven_bit.h"
#include "journal/base/ascii.h"

using namespace daybook;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void checkText(const std::string& text) {
    require(text.size() <= 2'048 && isUtf8(text));
    for (const char c : text) {
        require(static_cast<unsigned char>(c) >= ' ' && c != 127);
    }
}

void checkRead(std::string_view message) {
    const auto report = parseReport(message);
    if (!report) return;
    for (const std::string* text :
         {&report->reporter,
          &report->originalEnvelopeId,
          &report->messageId,
          &report->disposition,
          &report->dispositionMode,
          &report->feedbackType,
          &report->originalMailFrom,
          &report->sourceIp,
          &report->reportedDomain}) {
        checkText(*text);
    }
    require(report->recipients.size() <= 1'001);
    require(report->returnedHeader.size() <= 65'536);
    for (const ReportedRecipient& recipient : report->recipients) {
        checkText(recipient.originalRecipient);
        checkText(recipient.finalRecipient);
        checkText(recipient.remoteMta);
        checkText(recipient.diagnosticType);
        checkText(recipient.diagnostic);
    }
}

void checkComposed(std::string_view said, bool isFull) {
    const std::string text(said);
    const ComposedDsn dsn = composeDsn({
        .report = MessageId(1),
        .hostName = "mx.example",
        .reversePath = isFull ? text + "@example" : "a@example",
        .envelopeId = text,
        .ret = isFull ? event::DsnReturn::FULL : event::DsnReturn::HEADERS,
        .message = MessageId(2),
        .original = {said},
        .recipients = {{
            .finalRecipient = text,
            .originalRecipient = "rfc822;" + text,
            .action = event::DsnAction::DELAYED,
            .remoteMta = text,
            .diagnostic = text,
        }},
    });
    require(mime::hasProperLines(dsn.octets));
    require(dsn.smtpUtf8 || isAscii(dsn.octets));
    require(isUtf8(dsn.octets));
    const auto report = parseReport(dsn.octets);
    require(report && report->recipients.size() == 1);
    require(report->recipients[0].action == event::DsnAction::DELAYED);
    require(report->journalId == MessageId(2));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    checkRead(input);
    checkComposed(input.substr(0, 4'000), false);
    checkComposed(input.substr(0, 4'000), true);
    return 0;
}
