#include "engine/delivery/report_parser.h"

#include <catch2/catch.hpp>
#include <map>

#include "engine/mime/header_fields.h"
#include "journal/base/ascii.h"
#include "tests/engine/mime/corpus.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;
using namespace daybook::test;

namespace {

constexpr std::uint32_t code(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return a << 16U | b << 8U | c;
}

// A report of three parts as RFC 3461 §10 and RFC 3464's appendix E print them.
std::string report(const std::string& type, const std::string& status) {
    return withCrlf(
        "To: Alice@Example.ORG\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=" +
        type +
        ";\n    boundary=\"abcde\"\n\n"
        "--abcde\nContent-type: text/plain; charset=us-ascii\n\nWords.\n\n"
        "--abcde\nContent-type: message/" +
        type + "\n\n" + status +
        "\n"
        "--abcde\nContent-type: message/rfc822\n\n"
        "Message-ID: <m1@example.org>\nDKIM-Signature: v=1;\n b=xx\nSubject: minutes\n\nbody\n"
        "--abcde--\n");
}

IncomingReport read(const std::string& message) {
    const auto result = parseReport(message);
    REQUIRE(result);
    return *result;
}

IncomingReport readDsn(const std::string& status) {
    return read(report("delivery-status", status));
}

const IncomingReport& corpusReport(const std::string& name) {
    static std::map<std::string, IncomingReport> known;
    if (known.empty()) {
        for (const CorpusMessage& each : corpusMessages()) {
            auto parsed = parseReport(each.octets);
            if (parsed) known.emplace(each.name, std::move(*parsed));
        }
    }
    const auto found = known.find(name);
    REQUIRE(found != known.end());
    return found->second;
}

}  // namespace

TEST_CASE("reports: RFC 3461 §10.6, delivered", "[delivery]") {
    const IncomingReport dsn = readDsn(
        "Reporting-MTA: dns; mail.Example.COM\nOriginal-Envelope-ID: QQ314159\n\n"
        "Original-Recipient: rfc822;Bob@Example.COM\nFinal-Recipient: rfc822;Bob@Example.COM\n"
        "Action: delivered\nStatus: 2.0.0\n");
    CHECK(dsn.kind == ReportKind::DeliveryStatus);
    CHECK(dsn.reporter == "mail.Example.COM");
    CHECK(dsn.originalEnvelopeId == "QQ314159");
    REQUIRE(dsn.recipients.size() == 1);
    CHECK(dsn.recipients[0].originalRecipient == "Bob@Example.COM");
    CHECK(dsn.recipients[0].finalRecipient == "Bob@Example.COM");
    CHECK(dsn.recipients[0].action == event::DsnAction::DELIVERED);
    CHECK(dsn.recipients[0].enhancedCode == code(2, 0, 0));
    CHECK(dsn.messageId == "<m1@example.org>");
    CHECK(dsn.returnedHeader == "Message-ID: <m1@example.org>\r\nSubject: minutes\r\n\r\n");
}

TEST_CASE("reports: RFC 3461 §10.7, §10.8 and §10.9", "[delivery]") {
    const IncomingReport failed = readDsn(
        "Reporting-MTA: dns; Example.ORG\nOriginal-Envelope-ID: QQ314159\n\n"
        "Original-Recipient: rfc822;Carol@Ivory.EDU\nFinal-Recipient: rfc822;Carol@Ivory.EDU\n"
        "SMTP-Remote-Recipient: Carol@Ivory.EDU\n"
        "Diagnostic-Code: smtp; 550 error - no such recipient\nAction: failed\nStatus: 5.0.0\n");
    REQUIRE(failed.recipients.size() == 1);
    CHECK(failed.recipients[0].action == event::DsnAction::FAILED);
    CHECK(failed.recipients[0].diagnosticType == "smtp");
    CHECK(failed.recipients[0].diagnostic == "550 error - no such recipient");

    const IncomingReport relayed = readDsn(
        "Reporting-MTA: dns; Ivory.EDU\nOriginal-Envelope-ID: QQ314159\n\n"
        "Original-Recipient: rfc822;Dana@Ivory.EDU\nFinal-Recipient: rfc822;Dana@Ivory.EDU\n"
        "Action: relayed\nStatus: 2.0.0\n");
    CHECK(relayed.recipients.at(0).action == event::DsnAction::RELAYED);

    const IncomingReport forwarded = readDsn(
        "Reporting-MTA: Boondoggle.GOV\nOriginal-Envelope-ID: QQ314159\n\n"
        "Original-Recipient: rfc822;George@Tax-ME.GOV\nFinal-Recipient: rfc822;Sam@Boondoggle.GOV\n"
        "Action: failed\nStatus: 4.2.2 (disk quota exceeded)\n");
    CHECK(forwarded.reporter == "Boondoggle.GOV");
    CHECK(forwarded.recipients.at(0).originalRecipient == "George@Tax-ME.GOV");
    CHECK(forwarded.recipients.at(0).finalRecipient == "Sam@Boondoggle.GOV");
    CHECK(forwarded.recipients.at(0).enhancedCode == code(4, 2, 2));
}

TEST_CASE("reports: RFC 3464's appendix E", "[delivery]") {
    const IncomingReport simple = readDsn(
        "Reporting-MTA: dns; cs.utk.edu\n\n"
        "Original-Recipient: rfc822;louisl@larry.slip.umd.edu\n"
        "Final-Recipient: rfc822;louisl@larry.slip.umd.edu\nAction: failed\nStatus: 4.0.0\n"
        "Diagnostic-Code: smtp; 426 connection timed out\n"
        "Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\n");
    CHECK(simple.recipients.at(0).diagnostic == "426 connection timed out");

    const IncomingReport several = readDsn(
        "Reporting-MTA: dns; cs.utk.edu\n\n"
        "Original-Recipient: rfc822;arathib@vnet.ibm.com\n"
        "Final-Recipient: rfc822;arathib@vnet.ibm.com\nAction: failed\n"
        "Status: 5.0.0 (permanent failure)\n"
        "Diagnostic-Code: smtp;  550 'arathib@vnet.IBM.COM' is not a\n registered gateway user\n"
        "Remote-MTA: dns; vnet.ibm.com\n\n"
        "Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com\n"
        "Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com\nAction: delayed\n"
        "Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)\n\n"
        "Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\n"
        "Final-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\nAction: failed\nStatus: 5.0.0\n"
        "Diagnostic-Code: smtp; 550 user unknown\nRemote-MTA: dns; sdcc13.ucsd.edu\n");
    REQUIRE(several.recipients.size() == 3);
    CHECK(
        several.recipients[0].diagnostic ==
        "550 'arathib@vnet.IBM.COM' is not a registered gateway user");
    CHECK(several.recipients[0].remoteMta == "vnet.ibm.com");
    CHECK(several.recipients[1].action == event::DsnAction::DELAYED);
    CHECK(several.recipients[1].finalRecipient == "johnh@hpnjld.njd.hp.com");
    CHECK(several.recipients[2].remoteMta == "sdcc13.ucsd.edu");

    const IncomingReport gateway = readDsn(
        "Reporting-MTA: mailbus; SYS30\n\nFinal-Recipient: unknown; nair_s\n"
        "Status: 5.0.0 (unknown permanent failure)\nAction: failed\n");
    CHECK(gateway.reporter == "SYS30");
    CHECK(gateway.recipients.at(0).finalRecipient == "nair_s");
    CHECK(gateway.recipients.at(0).originalRecipient.empty());

    const IncomingReport delayed = readDsn(
        "Reporting-MTA: dns; sun2.nsfnet-relay.ac.uk\n\n"
        "Final-Recipient: rfc822;thomas@de-montfort.ac.uk\n"
        "Status: 4.0.0 (unknown temporary failure)\nAction: delayed\n");
    CHECK(delayed.recipients.at(0).action == event::DsnAction::DELAYED);
    CHECK(delayed.recipients.at(0).enhancedCode == code(4, 0, 0));
}

TEST_CASE("reports: RFC 8098's example", "[delivery]") {
    const IncomingReport mdn = read(report(
        "disposition-notification",
        "Reporting-UA: joes-pc.cs.example.com; Foomail 97.1\n"
        "Original-Recipient: rfc822;Joe_Recipient@example.com\n"
        "Final-Recipient: rfc822;Joe_Recipient@example.com\n"
        "Original-Message-ID: <199509192301.23456@example.org>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed/error\n"));
    CHECK(mdn.kind == ReportKind::Disposition);
    CHECK(mdn.reporter == "joes-pc.cs.example.com; Foomail 97.1");
    CHECK(mdn.recipients.at(0).finalRecipient == "Joe_Recipient@example.com");
    CHECK(mdn.messageId == "<199509192301.23456@example.org>");
    CHECK(mdn.disposition == "displayed");
    CHECK(mdn.dispositionMode == "manual-action/mdn-sent-manually");
}

TEST_CASE("reports: RFC 5965's example B.2", "[delivery]") {
    const IncomingReport feedback = read(report(
        "feedback-report",
        "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
        "Original-Mail-From: <somespammer@example.net>\nOriginal-Rcpt-To: <user@example.com>\n"
        "Original-Rcpt-To: other@example.com\nArrival-Date: Thu, 8 Mar 2005 14:00:00 -0500\n"
        "Reporting-MTA: dns; mail.example.com\nSource-IP: 192.0.2.1\n"
        "Reported-Domain: example.net\nReported-Uri: http://example.net/earn_money.html\n"));
    CHECK(feedback.kind == ReportKind::Feedback);
    CHECK(feedback.feedbackType == "abuse");
    CHECK(feedback.originalMailFrom == "somespammer@example.net");
    REQUIRE(feedback.recipients.size() == 2);
    CHECK(feedback.recipients[0].finalRecipient == "user@example.com");
    CHECK(feedback.recipients[1].finalRecipient == "other@example.com");
    CHECK(feedback.reporter == "mail.example.com");
    CHECK(feedback.sourceIp == "192.0.2.1");
    CHECK(feedback.reportedDomain == "example.net");
    CHECK(feedback.arrivalNs == 1'110'308'400 * kSecondNs);
    CHECK(feedback.messageId == "<m1@example.org>");
}

TEST_CASE("reports: what is no report is none", "[delivery]") {
    CHECK_FALSE(parseReport(""));
    CHECK_FALSE(parseReport("Subject: Undelivered Mail Returned to Sender\r\n\r\nFailed.\r\n"));
    CHECK_FALSE(parseReport("Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n"));
    CHECK_FALSE(parseReport(
        "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nonly words\r\n--b--\r\n"));
    // A report that somebody forwards is not ours to act on.
    CHECK_FALSE(parseReport(
        "Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\n" +
        report("delivery-status", "A: b\n") + "--f--\r\n"));
}

TEST_CASE("reports: codes and actions that are none count as not said", "[delivery]") {
    for (const char* status :
         {"",
          "5",
          "5.1",
          "5.1.",
          "5.1.x",
          "1.2.3",
          "55.1.1",
          "5.1.1111",
          "3.0.0",
          "x5.1.1",
          "-5.1.1",
          "5..1"}) {
        INFO(status);
        const IncomingReport dsn = readDsn(
            std::string("Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822;a@b\nStatus: ") + status +
            "\nAction: bounced\n");
        CHECK(dsn.recipients.at(0).enhancedCode == 0);
        CHECK_FALSE(dsn.recipients.at(0).action);
    }
    const IncomingReport dsn = readDsn(
        "Reporting-MTA: dns; x\n\nFinal-Recipient: a@b\nStatus: 5.999.7\nAction: FAILED "
        "(really)\n");
    CHECK(dsn.recipients.at(0).enhancedCode == code(5, 0, 7));
    CHECK(dsn.recipients.at(0).action == event::DsnAction::FAILED);
    CHECK(dsn.recipients.at(0).finalRecipient == "a@b");
}

TEST_CASE("reports: the limits hold, and texts come out safe", "[delivery]") {
    std::string many = "Reporting-MTA: dns; x\x1b[0m\n";
    for (int i = 0; i < 3'000; ++i) {
        many += "\nFinal-Recipient: rfc822;a@b\n";
    }
    CHECK(readDsn(many).recipients.size() <= 1'000);
    CHECK(readDsn(many).reporter == "x?[0m");
    const IncomingReport dsn = readDsn(
        "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822;<" + std::string(5'000, 'a') +
        ">\nDiagnostic-Code: smtp; \xff" + std::string(100'000, 'd') + "\n");
    CHECK(dsn.recipients.at(0).finalRecipient.size() <= 998);
    CHECK(dsn.recipients.at(0).diagnostic.size() <= 2'048);
    CHECK(isUtf8(dsn.recipients.at(0).diagnostic));
}

TEST_CASE("reports: UTF-8 addresses in all forms of RFC 6533", "[delivery]") {
    for (const char* address :
         {"utf-8;j\\x{FC}rgen@x.example",
          "utf-8; j\xc3\xbcrgen@x.example",
          "UTF-8;<j\xc3\xbcrgen@x.example>"}) {
        const IncomingReport dsn = read(report(
            "global-delivery-status",
            std::string("Reporting-MTA: dns; x\n\nFinal-Recipient: ") + address + "\n"));
        CHECK(dsn.recipients.at(0).finalRecipient == "j\xc3\xbcrgen@x.example");
    }
}

TEST_CASE("reports: the corpus has them from many servers", "[delivery]") {
    const IncomingReport& gmail = corpusReport("chatmail-core/gmail_ndn.eml");
    CHECK(gmail.recipients.at(0).action == event::DsnAction::FAILED);
    CHECK_FALSE(gmail.messageId.empty());
    const IncomingReport& mdn = corpusReport("mimekit/messages--disposition-notification.txt");
    CHECK(mdn.kind == ReportKind::Disposition);
    const IncomingReport& arf = corpusReport("postal-mime/arf.eml");
    CHECK(arf.kind == ReportKind::Feedback);
    const IncomingReport& noBlank =
        corpusReport("mimekit/messages--delivery-status-no-blank-line.txt");
    CHECK_FALSE(noBlank.recipients.empty());
    std::size_t reports = 0;
    std::size_t complete = 0;
    for (const CorpusMessage& each : corpusMessages()) {
        const auto parsed = parseReport(each.octets);
        if (!parsed || parsed->kind != ReportKind::DeliveryStatus) continue;
        ++reports;
        if (parsed->recipients.empty()) continue;
        const ReportedRecipient& first = parsed->recipients.front();
        if (first.action && first.enhancedCode != 0 && !first.finalRecipient.empty()) ++complete;
    }
    CHECK(reports > 30);
    CHECK(complete > reports * 8 / 10);
}

TEST_CASE("reports: ours are read as they were meant", "[delivery]") {
    const std::string original =
        "Message-ID: <m1@example.org>\r\nSubject: \xc3\xbc\r\n\r\ntext\r\n";
    const std::string address =
        "j\xc3\xbcrgen+x=1@b\xc3\xbc"
        "cher.example";
    for (const char* path : {"alice@example.org", "\xc3\xa4nne@example.org"}) {
        for (const event::DsnReturn ret : {event::DsnReturn::FULL, event::DsnReturn::HEADERS}) {
            const ComposedDsn dsn = composeDsn({
                .report = MessageId(7),
                .hostName = "mx.example.org",
                .nowNs = kSecondNs,
                .language = ReportLanguage::German,
                .reversePath = path,
                .envelopeId = "an id (1)",
                .ret = ret,
                .message = MessageId(8),
                .arrivalNs = 5 * kSecondNs,
                .original = {original},
                .recipients =
                    {{
                         .finalRecipient = address,
                         .originalRecipient = "utf-8;\\x{FC}@x.example",
                         .action = event::DsnAction::FAILED,
                         .enhancedCode = code(5, 7, 26),
                         .remoteMta = "mx.remote.example",
                         .diagnostic =
                             "550 5.7.26 " + std::string(300, 'w') + " tail; with, (signs)",
                     },
                     {
                         .finalRecipient = "second@example.com",
                         .action = event::DsnAction::DELAYED,
                     }},
            });
            const IncomingReport back = read(dsn.octets);
            CHECK(back.reporter == "mx.example.org");
            CHECK(back.originalEnvelopeId == "an id (1)");
            CHECK(back.journalId == MessageId(8));
            CHECK(back.arrivalNs == 5 * kSecondNs);
            CHECK(back.messageId == "<m1@example.org>");
            CHECK(back.returnedHeader.find("Subject: \xc3\xbc\r\n") != std::string::npos);
            REQUIRE(back.recipients.size() == 2);
            CHECK(back.recipients[0].originalRecipient == "\xc3\xbc@x.example");
            CHECK(back.recipients[0].finalRecipient == address);
            CHECK(back.recipients[0].action == event::DsnAction::FAILED);
            CHECK(back.recipients[0].enhancedCode == code(5, 7, 26));
            CHECK(back.recipients[0].remoteMta == "mx.remote.example");
            CHECK(
                back.recipients[0].diagnostic ==
                "550 5.7.26 " + std::string(300, 'w') + " tail; with, (signs)");
            CHECK(back.recipients[1].action == event::DsnAction::DELAYED);
            CHECK(back.recipients[1].originalRecipient.empty());
            CHECK(back.recipients[1].enhancedCode == code(4, 0, 0));
        }
    }
}
