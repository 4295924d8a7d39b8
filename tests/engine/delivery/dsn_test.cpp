#include "engine/delivery/dsn.h"

#include <catch2/catch.hpp>

#include "engine/delivery/dsn_parts.h"
#include "engine/delivery/report_parser.h"
#include "engine/mime/decoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/seven_bit.h"
#include "engine/mime/structure.h"
#include "journal/base/ascii.h"
#include "journal/base/enhanced_code.h"

using namespace daybook;

namespace {

constexpr TimeNs kMinuteNs = 60 * kSecondNs;
constexpr TimeNs kArrival = 1'795'490'338 * kSecondNs;  // Tue, 24 Nov 2026 03:18:58 +0000
constexpr std::uint32_t kNoSuchMailbox = 5U << 16U | 1U << 8U | 1U;

const std::string kOriginal =
    "From: Alice <Alice@Example.ORG>\r\nTo: Carol <Carol@Ivory.EDU>\r\nSubject: the minutes\r\n"
    "Date: Tue, 24 Nov 2026 04:18:00 +0100\r\nMessage-ID: <m1@example.org>\r\n\r\n"
    "Dear all,\r\n.\r\nbye\r\n";

DsnReport failure() {
    return {
        .report = MessageId(0xabcdef),
        .hostName = "mx.example.org",
        .nowNs = kArrival + 5 * kMinuteNs,
        .reversePath = "Alice@Example.ORG",
        .envelopeId = "QQ314159",
        .message = MessageId(0x9138e0768c07c9cc),
        .arrivalNs = kArrival,
        .original = {kOriginal},
        .recipients = {{
            .finalRecipient = "Carol@Ivory.EDU",
            .originalRecipient = "rfc822;Carol@Ivory.EDU",
            .action = event::DsnAction::FAILED,
            .enhancedCode = kNoSuchMailbox,
            .remoteMta = "ivory.edu",
            .diagnostic = "550 5.1.1 error - no such recipient",
            .lastAttemptNs = kArrival + kMinuteNs,
        }},
    };
}

// Every part's fields and decoded content, in order.
struct Part {
    std::string header;
    std::string content;
};

std::vector<Part> partsOf(std::string_view message) {
    std::vector<Part> result;
    for (const mime::StructurePart& part : mime::scanStructure(message)) {
        if (part.parent != 0) continue;
        const auto header = message.substr(part.headerOffset, part.bodyOffset - part.headerOffset);
        result.push_back({
            .header = std::string(header),
            .content = mime::decodeTransfer(
                message.substr(part.bodyOffset, part.bodyEnd - part.bodyOffset),
                mime::headerField(header, "Content-Transfer-Encoding").value_or("")),
        });
    }
    return result;
}

std::string field(const std::string& header, const char* name) {
    return mime::headerField(header, name).value_or("(none)");
}

void checkWhole(const ComposedDsn& dsn) {
    CHECK(mime::hasProperLines(dsn.octets));
    CHECK(dsn.octets.ends_with("--\r\n"));
    CHECK(dsn.smtpUtf8 == !isAscii(dsn.octets));
    CHECK(isUtf8(dsn.octets));
    CHECK(partsOf(dsn.octets).size() == 3);
}

}  // namespace

TEST_CASE("dsn: a failure has every field of RFC 3464, and words for people", "[delivery]") {
    const ComposedDsn dsn = composeDsn(failure());
    checkWhole(dsn);
    const std::string header(mime::headerOf(dsn.octets));
    CHECK(field(header, "From") == "\"Mail Delivery System\" <MAILER-DAEMON@mx.example.org>");
    CHECK(field(header, "To") == "<Alice@Example.ORG>");
    CHECK(field(header, "Subject") == "Not delivered: the minutes");
    CHECK(field(header, "Date") == "Tue, 24 Nov 2026 03:23:58 +0000");
    CHECK(field(header, "Message-ID") == "<0000000000abcdef.dsn@mx.example.org>");
    CHECK(field(header, "In-Reply-To") == "<m1@example.org>");
    CHECK(field(header, "References") == "<m1@example.org>");
    CHECK(field(header, "Auto-Submitted") == "auto-replied");
    CHECK(field(header, "MIME-Version") == "1.0");
    CHECK(field(header, "Content-Type")
              .starts_with("multipart/report; report-type=delivery-status;"));
    const auto parts = partsOf(dsn.octets);
    CHECK(
        parts[0].content ==
        "This is the mail system at mx.example.org.\r\n\r\n"
        "Your message could not be delivered to everybody whom you sent it to. Below\r\n"
        "is who did not get it, and why.\r\n\r\n"
        "    Subject: the minutes\r\n"
        "    Date: Tue, 24 Nov 2026 04:18:00 +0100\r\n"
        "    To: Carol <Carol@Ivory.EDU>\r\n"
        "    Our id: 9138e0768c07c9cc\r\n\r\n"
        "NOT DELIVERED, given up\r\n\r\n"
        "  <Carol@Ivory.EDU>\r\n"
        "    The address does not exist.\r\n"
        "    The server ivory.edu said: 550 5.1.1 error - no such recipient\r\n"
        "    What to do: Check the address for typing errors, or ask the person by\r\n"
        "    other means for the right one. Then send the message again.\r\n\r\n"
        "The header of your message is attached.\r\n"
        "Who runs this mail server can tell you more if you name the id\r\n"
        "9138e0768c07c9cc.\r\n");
    CHECK(
        parts[1].content ==
        "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; mx.example.org\r\n"
        "Arrival-Date: Tue, 24 Nov 2026 03:18:58 +0000\r\n"
        "X-Daybook-Message: 9138e0768c07c9cc\r\n\r\n"
        "Original-Recipient: rfc822;Carol@Ivory.EDU\r\n"
        "Final-Recipient: rfc822;Carol@Ivory.EDU\r\n"
        "Action: failed\r\nStatus: 5.1.1\r\nRemote-MTA: dns; ivory.edu\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 error - no such recipient\r\n"
        "Last-Attempt-Date: Tue, 24 Nov 2026 03:19:58 +0000\r\n");
    CHECK(field(parts[2].header, "Content-Type") == "text/rfc822-headers");
    CHECK(parts[2].content + "\r\n" == kOriginal.substr(0, kOriginal.find("\r\n\r\n") + 4));
}

TEST_CASE("dsn: RET decides what is returned, of failures that are not too long", "[delivery]") {
    const auto kind = [](const DsnReport& report) {
        const ComposedDsn dsn = composeDsn(report);
        checkWhole(dsn);
        return field(partsOf(dsn.octets)[2].header, "Content-Type");
    };
    DsnReport report = failure();
    report.ret = event::DsnReturn::HEADERS;
    CHECK(kind(report) == "text/rfc822-headers");
    report.ret = event::DsnReturn::FULL;
    CHECK(kind(report) == "message/rfc822");
    CHECK(
        partsOf(composeDsn(report).octets)[2].content == kOriginal.substr(0, kOriginal.size() - 2));
    report.returnOctetsMax = kOriginal.size();
    CHECK(kind(report) == "message/rfc822");
    report.returnOctetsMax = kOriginal.size() - 1;
    CHECK(kind(report) == "text/rfc822-headers");
    report.returnOctetsMax = 1U << 20U;
    report.recipients[0].action = event::DsnAction::DELAYED;
    CHECK(kind(report) == "text/rfc822-headers");
    report.recipients[0].action = event::DsnAction::FAILED;
    const std::string lines = kOriginal + std::string(999, 'x') + "\r\n";
    report.original = {lines};
    CHECK(kind(report) == "text/rfc822-headers");
    report.original = {};
    CHECK(kind(report) == "text/rfc822-headers");
}

TEST_CASE("dsn: an original of 8 bits is returned in 7", "[delivery]") {
    DsnReport report = failure();
    report.ret = event::DsnReturn::FULL;
    const std::string body = kOriginal +
                             "Gr\xc3\xbc\xc3\x9f"
                             "e\r\n";
    report.original = {std::string_view(body).substr(0, 20), std::string_view(body).substr(20)};
    auto dsn = composeDsn(report);
    checkWhole(dsn);
    CHECK(dsn.octets.find("Gr=C3=BC=C3=9Fe") != std::string::npos);

    const std::string header =
        "Subject: Gr\xc3\xbc\xc3\x9f"
        "e\r\n" +
        kOriginal;
    report.original = {header};
    dsn = composeDsn(report);
    checkWhole(dsn);
    CHECK(field(partsOf(dsn.octets)[2].header, "Content-Type") == "message/global");
    CHECK(partsOf(dsn.octets)[2].content == header);
    report.ret = event::DsnReturn::HEADERS;
    dsn = composeDsn(report);
    checkWhole(dsn);
    CHECK(field(partsOf(dsn.octets)[2].header, "Content-Type") == "message/global-headers");
    CHECK(
        partsOf(dsn.octets)[2].content.starts_with("Subject: Gr\xc3\xbc\xc3\x9f"
                                                   "e\r\n"));

    const std::string latin =
        "Subject: Gr\xfc\xdf"
        "e\r\n" +
        kOriginal;
    report.original = {latin};
    report.ret = event::DsnReturn::FULL;
    dsn = composeDsn(report);
    checkWhole(dsn);
    CHECK(field(partsOf(dsn.octets)[2].header, "Content-Type") == "text/rfc822-headers");
    CHECK(partsOf(dsn.octets)[2].content.starts_with("Subject: Gr??e\r\n"));
}

TEST_CASE("dsn: UTF-8 addresses, to a reverse-path of ASCII and to one of UTF-8", "[delivery]") {
    DsnReport report = failure();
    report.recipients[0].finalRecipient =
        "j\xc3\xbcrgen@b\xc3\xbc"
        "cher.example";
    report.recipients[0].originalRecipient = "utf-8;j\\x{FC}rgen@b\\x{FC}cher.example";
    report.recipients[0].diagnostic = "550 5.1.1 <j\xc3\xbcrgen> unbekannt";
    ComposedDsn dsn = composeDsn(report);
    checkWhole(dsn);
    CHECK_FALSE(dsn.smtpUtf8);
    std::string status = partsOf(dsn.octets)[1].content;
    CHECK(
        status.find("Original-Recipient: utf-8;j\\x{FC}rgen@b\\x{FC}cher.example\r\n") !=
        std::string::npos);
    CHECK(
        status.find("Final-Recipient: utf-8;j\\x{FC}rgen@b\\x{FC}cher.example\r\n") !=
        std::string::npos);
    CHECK(
        partsOf(dsn.octets)[0].content.find("j\xc3\xbcrgen@b\xc3\xbc"
                                            "cher") != std::string::npos);

    report.reversePath =
        "\xc3\xa4nne@b\xc3\xbc"
        "cher.example";
    dsn = composeDsn(report);
    checkWhole(dsn);
    CHECK(dsn.smtpUtf8);
    CHECK(field(partsOf(dsn.octets)[1].header, "Content-Type") == "message/global-delivery-status");
    CHECK(
        field(dsn.octets, "Content-Type").find("report-type=global-delivery-status") !=
        std::string::npos);
    CHECK(
        field(dsn.octets, "To") ==
        "<\xc3\xa4nne@b\xc3\xbc"
        "cher.example>");
    status = partsOf(dsn.octets)[1].content;
    CHECK(
        status.find("Original-Recipient: utf-8;j\xc3\xbcrgen@b\xc3\xbc"
                    "cher.example\r\n") != std::string::npos);
    CHECK(status.find("<j\xc3\xbcrgen> unbekannt") != std::string::npos);
}

TEST_CASE("dsn: hostile words make no field, no line and no part", "[delivery]") {
    DsnReport report = failure();
    report.ret = event::DsnReturn::FULL;
    const std::string evil =
        "x\r\n\r\nAction: delivered\r\n--=_0000000000abcdef--\r\n\x1b[31m\0\x7f \xe2\x80\xae \xff" +
        std::string(5'000, 'y') + " " + std::string(5'000, ' ') + "z";
    const std::string original = "Subject: " + evil + "\r\nX: " + std::string(3'000, 'h') +
                                 "\r\nMessage-ID: <a\tb@c>\r\n\r\n--=_0000000000abcdef--\r\n";
    report.original = {original};
    report.envelopeId = evil;
    report.hostName = evil;
    report.reversePath = "a@b";
    report.recipients[0].finalRecipient = evil;
    report.recipients[0].originalRecipient = "rfc822;" + evil;
    report.recipients[0].remoteMta = evil;
    report.recipients[0].diagnostic = evil;
    for (const char* path : {"a@b", "\xc3\xbc\r\nBcc: c@d"}) {
        report.reversePath = path;
        const ComposedDsn dsn = composeDsn(report);
        checkWhole(dsn);
        CHECK(field(dsn.octets, "Bcc") == "(none)");
        CHECK(field(dsn.octets, "In-Reply-To") == "(none)");
        for (const char c : dsn.octets) {
            if (c >= 0 && c < ' ' && c != '\r' && c != '\n' && c != '\t') FAIL("a control");
        }
        const auto read = parseReport(dsn.octets);
        REQUIRE(read);
        REQUIRE(read->recipients.size() == 1);
        CHECK(read->recipients[0].action == event::DsnAction::FAILED);
    }
}

TEST_CASE("dsn: a boundary is never one of the original's lines", "[delivery]") {
    DsnReport report = failure();
    report.ret = event::DsnReturn::FULL;
    const std::string original = kOriginal + "--=_0000000000abcdef\r\n--=_0000000000abcdef_0--\r\n";
    report.original = {original};
    checkWhole(composeDsn(report));
}

TEST_CASE("dsn: statuses have the class that the action allows", "[delivery]") {
    const auto status = [](event::DsnAction action, std::uint32_t code) {
        return enhancedText(dsnStatus({.action = action, .enhancedCode = code}));
    };
    CHECK(status(event::DsnAction::FAILED, 0) == "5.0.0");
    CHECK(status(event::DsnAction::FAILED, 4U << 16U | 4U << 8U | 7U) == "4.4.7");
    CHECK(status(event::DsnAction::FAILED, 2U << 16U) == "5.0.0");
    CHECK(status(event::DsnAction::DELAYED, 0) == "4.0.0");
    CHECK(status(event::DsnAction::DELAYED, 5U << 16U | 1U) == "4.0.0");
    CHECK(status(event::DsnAction::DELIVERED, 0) == "2.0.0");
    CHECK(status(event::DsnAction::RELAYED, 2U << 16U | 1U << 8U | 9U) == "2.1.9");
    CHECK(status(event::DsnAction::EXPANDED, 5U << 16U) == "2.0.0");
}

TEST_CASE("dsn: every text of every language is there and well-formed", "[delivery]") {
    CHECK(reportLanguage("en-GB") == ReportLanguage::English);
    CHECK(reportLanguage("DE") == ReportLanguage::German);
    CHECK_FALSE(reportLanguage("den"));
    CHECK_FALSE(reportLanguage(""));
    const DsnTexts& english = dsnTexts(ReportLanguage::English);
    const DsnTexts& german = dsnTexts(ReportLanguage::German);
    REQUIRE(english.statuses.size() == german.statuses.size());
    for (std::size_t i = 0; i < english.statuses.size(); ++i) {
        const StatusText& a = english.statuses[i];
        const StatusText& b = german.statuses[i];
        INFO(a.why);
        CHECK((a.subject == b.subject && a.detail == b.detail));
        CHECK((*a.advice == '\0') == (*b.advice == '\0'));
        for (const DsnTexts* texts : {&english, &german}) {
            const StatusText text =
                statusText(*texts, 5U << 16U | std::uint32_t{a.subject} << 8U | a.detail);
            CHECK(std::string_view(text.why) == texts->statuses[i].why);
            CHECK(*text.advice != '\0');
            CHECK(isUtf8(text.why));
            CHECK(std::string_view(text.why).ends_with('.'));
        }
    }
    CHECK(
        std::string_view(statusText(english, 5U << 16U | 1U << 8U | 99U).why) ==
        statusText(english, 5U << 16U | 1U << 8U).why);
    CHECK(
        std::string_view(statusText(english, 5U << 16U | 99U << 8U).why) ==
        english.statuses[0].why);
    for (const event::DsnAction action :
         {event::DsnAction::FAILED,
          event::DsnAction::DELAYED,
          event::DsnAction::DELIVERED,
          event::DsnAction::RELAYED,
          event::DsnAction::EXPANDED}) {
        DsnReport report = failure();
        report.language = ReportLanguage::German;
        report.recipients[0].action = action;
        report.recipients[0].willRetryUntilNs = kArrival + 1'000 * kMinuteNs;
        const ComposedDsn dsn = composeDsn(report);
        checkWhole(dsn);
        const auto parts = partsOf(dsn.octets);
        CHECK(field(parts[0].header, "Content-Language") == "de");
        CHECK(parts[0].content.starts_with("Hier ist das Mailsystem von mx.example.org."));
        CHECK(parts[0].content.find("{}") == std::string::npos);
        const bool hasRetry = parts[1].content.find("Will-Retry-Until: ") != std::string::npos;
        CHECK(hasRetry == (action == event::DsnAction::DELAYED));
    }
}

TEST_CASE("dsn: safe texts", "[delivery]") {
    CHECK(safeText(" a\r\n\tb\x01 ", 100) == "a   b?");
    CHECK(
        safeText(
            "\xc2\x9b"
            "31m\xe2\x80\xae",
            100) == "?31m?");
    CHECK(safeText("\xc3\xbc\xc3\xbc", 3) == "\xc3\xbc");
    CHECK(safeAscii("\xc3\xbc-\xf0\x9f\x93\xac", 100) == "?-?");
    CHECK(wrapped("", "  ") == "  \r\n");
    CHECK(wrapped(std::string(500, 'x'), "").size() == 506);
}
