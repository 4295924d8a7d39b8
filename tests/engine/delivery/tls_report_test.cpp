// TLS reports: who wants them, their JSON, their mail (read by Python's own parsers), their POST.
#include "engine/delivery/tls_report.h"

#include <algorithm>
#include <capnp/schema.h>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/runtime/deflate.h"
#include "tests/engine/delivery/tls_policy_fixture.h"

using namespace daybook;
using namespace daybook::test;

namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

std::optional<TlsReportAddresses> addressesOf(const std::string& record) {
    return parseTlsReportRecord(Texts{record});
}

// The example of RFC 8460 appendix B (its second failure without the additional information).
TlsReport exampleReport() {
    TlsReportPolicy policy{
        .policy = event::TlsPolicy::MTA_STS,
        .lines =
            {"version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"},
        .domain = "company-y.example",
        .hosts = {"*.mail.company-y.example"},
        .successes = 5'326,
        .failures = 303,
    };
    policy.details = {
        {.fault = event::TlsFault::VALIDATION_FAILURE,
         .sendingIp = "198.51.100.62",
         .receivingHost = "mx-backup.mail.company-y.example",
         .receivingIp = "203.0.113.58",
         .sessions = 3,
         .reason = "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"},
        {.fault = event::TlsFault::CERTIFICATE_EXPIRED,
         .sendingIp = "2001:db8:abcd:0012::1",
         .receivingHost = "mx1.mail.company-y.example",
         .sessions = 100},
        {.fault = event::TlsFault::START_TLS_NOT_SUPPORTED,
         .sendingIp = "2001:db8:abcd:0013::1",
         .receivingHost = "mx2.mail.company-y.example",
         .receivingIp = "203.0.113.56",
         .sessions = 200},
    };
    return {
        .organization = "Company-X",
        .contact = "sts-reporting@company-x.example",
        .id = "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
        .beginNs = 1'459'468'800 * kSecondNs,
        .endNs = 1'459'555'200 * kSecondNs,
        .domain = "company-y.example",
        .policies = {std::move(policy)},
    };
}

constexpr const char* kExample = R"({
  "organization-name": "Company-X",
  "date-range": {
    "start-datetime": "2016-04-01T00:00:00Z",
    "end-datetime": "2016-04-01T23:59:59Z"
  },
  "contact-info": "sts-reporting@company-x.example",
  "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be@company-x.example",
  "policies": [{
    "policy": {
      "policy-type": "sts",
      "policy-string": ["version: STSv1","mode: testing",
            "mx: *.mail.company-y.example","max_age: 86400"],
      "policy-domain": "company-y.example",
      "mx-host": ["*.mail.company-y.example"]
    },
    "summary": {
      "total-successful-session-count": 5326,
      "total-failure-session-count": 303
    },
    "failure-details": [{
      "result-type": "certificate-expired",
      "sending-mta-ip": "2001:db8:abcd:0012::1",
      "receiving-mx-hostname": "mx1.mail.company-y.example",
      "failed-session-count": 100
    }, {
      "result-type": "starttls-not-supported",
      "sending-mta-ip": "2001:db8:abcd:0013::1",
      "receiving-mx-hostname": "mx2.mail.company-y.example",
      "receiving-ip": "203.0.113.56",
      "failed-session-count": 200
    }, {
      "result-type": "validation-failure",
      "sending-mta-ip": "198.51.100.62",
      "receiving-ip": "203.0.113.58",
      "receiving-mx-hostname": "mx-backup.mail.company-y.example",
      "failed-session-count": 3,
      "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED"
    }]
  }]
})";

// The script beside this file reads what we write with Python's email, gzip and json.
int checkedByPython(const std::string& arguments) {
    const std::string script =
        std::string(DAYBOOK_SOURCE_DIR) + "/tests/engine/delivery/tls_report_check.py";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread, and our own words.
    return std::system(("python3 '" + script + "' " + arguments).c_str());
}

void write(const std::filesystem::path& path, std::string_view octets) {
    std::ofstream(path, std::ios::binary) << octets;
}

}  // namespace

TEST_CASE(
    "tlsrpt: a record that is malformed, or asks for nothing we can do, is none", "[engine]") {
    CHECK_FALSE(parseTlsReportRecord(Texts{}));
    for (const char* const record :
         {"",
          "v=TLSRPTv1",
          "v=TLSRPTv1;",
          "v=TLSRPTv1; rua=",
          "v=TLSRPTv1; x=y",
          "v=TLSRPTv2; rua=mailto:a@example.test",
          "v=TLSRPTv1 rua=mailto:a@example.test",
          "rua=mailto:a@example.test; v=TLSRPTv1",
          "v=TLSRPTv1; rua=a@example.test",
          "v=TLSRPTv1; rua=mailto:",
          "v=TLSRPTv1; rua=mailto:a",
          "v=TLSRPTv1; rua=mailto:a%@example.test",
          "v=TLSRPTv1; rua=mailto:a%0d%0abcc:b@example.test",
          "v=TLSRPTv1; rua=http://example.test/",
          "v=TLSRPTv1; rua=https://192.0.2.1/"}) {
        CAPTURE(record);
        CHECK_FALSE(addressesOf(record));
    }
    const std::string good = "v=TLSRPTv1; rua=mailto:a@example.test";
    CHECK_FALSE(parseTlsReportRecord(Texts{good, good}));
    CHECK(parseTlsReportRecord(Texts{good, "v=TLSRPTv2; x=y", "other"}));
}

TEST_CASE("tlsrpt: a record gives mailboxes and URLs", "[engine]") {
    const auto one = addressesOf("v=TLSRPTv1;rua=mailto:reports@Example.com");
    REQUIRE(one);
    CHECK(one->mailboxes == Texts{"reports@example.com"});
    CHECK(one->urls.empty());
    const auto several = addressesOf(
        "v=TLSRPTv1; ext=1; rua=MailTo:tls%2Brpt@example.com?subject=x ,\t"
        "https://reporting.example.com/v1/tlsrpt?key=a=b,ftp://example.com/;");
    REQUIRE(several);
    CHECK(several->mailboxes == Texts{"tls+rpt@example.com"});
    REQUIRE(several->urls.size() == 1);
    CHECK(several->urls[0].host == "reporting.example.com");
    CHECK(several->urls[0].path == "/v1/tlsrpt?key=a=b");
    std::string many = "v=TLSRPTv1; rua=mailto:a@example.com";
    for (int i = 0; i < 100; ++i)
        many += ",mailto:a@example.com";
    CHECK(addressesOf(many)->mailboxes.size() == 10);
}

TEST_CASE("tlsrpt: the JSON is that of RFC 8460's example", "[engine]") {
    CHECK(Json::parse(tlsReportJson(exampleReport())) == Json::parse(kExample));
}

TEST_CASE("tlsrpt: failures that differ in nothing are added up, by type", "[engine]") {
    TlsReport report = exampleReport();
    TlsReportPolicy& policy = report.policies.front();
    const std::vector<TlsFailureCount> details = policy.details;
    policy.details.insert(policy.details.end(), details.begin(), details.end());
    policy.details.push_back(
        {.fault = event::TlsFault::STS_POLICY_FETCH_ERROR,
         .sessions = 1,
         .reason = "HTTP status 404"});
    const Json document = Json::parse(tlsReportJson(report));
    const Json& groups = document["policies"][0]["failure-details"];
    REQUIRE(groups.size() == 4);
    CHECK(groups[0]["failed-session-count"] == 200);
    CHECK(
        groups[2] == Json{
                         {"result-type", "sts-policy-fetch-error"},
                         {"failed-session-count", 1},
                         {"failure-reason-code", "HTTP status 404"},
                     });
    CHECK(groups[1]["failed-session-count"] == 400);
    CHECK(groups[3]["failed-session-count"] == 6);
}

TEST_CASE("tlsrpt: every kind of policy, and nothing that is not known", "[engine]") {
    TlsReport report = exampleReport();
    report.policies = {
        {.policy = event::TlsPolicy::NONE, .domain = "company-y.example", .successes = 1},
        {.policy = event::TlsPolicy::DANE,
         .lines = {"3 1 1 1F85"},
         .domain = "company-y.example",
         .hosts = {"mx.company-y.example"}},
    };
    const Json policies = Json::parse(tlsReportJson(report))["policies"];
    const Json none = policies[0]["policy"];
    CHECK(none == Json{{"policy-type", "no-policy-found"}, {"policy-domain", "company-y.example"}});
    CHECK_FALSE(policies[0].contains("failure-details"));
    CHECK(policies[1]["policy"]["policy-type"] == "tlsa");
    CHECK(policies[1]["policy"]["policy-string"] == Json::array({"3 1 1 1F85"}));
}

TEST_CASE("tlsrpt: what a peer calls itself breaks no report", "[engine]") {
    TlsReport report = exampleReport();
    std::vector<TlsFailureCount>& details = report.policies.front().details;
    details = {
        {.fault = event::TlsFault::VALIDATION_FAILURE,
         .receivingHelo = "\xff\"\r\n\\",
         .sessions = 1}};
    const std::string text = tlsReportJson(report);
    CHECK(std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; }));
    const Json document = Json::parse(text);
    CHECK(
        document["policies"][0]["failure-details"][0]["receiving-mx-helo"] ==
        "\xef\xbf\xbd\"\r\n\\");
    details.clear();
    for (int i = 0; i < 5'000; ++i)
        details.push_back({.receivingHelo = std::to_string(i), .sessions = 1});
    CHECK(Json::parse(tlsReportJson(report))["policies"][0]["failure-details"].size() == 1'000);
}

TEST_CASE("tlsrpt: every fault has a word of its own", "[engine]") {
    const auto faults = capnp::Schema::from<event::TlsFault>().getEnumerants();
    std::set<std::string_view> words;
    for (const auto fault : faults)
        words.insert(tlsResultType(event::TlsFault(fault.getOrdinal())));
    CHECK(words.size() == faults.size());
    CHECK(words.contains(""));
}

TEST_CASE("tlsrpt: the file's name says whose, of whom and when", "[engine]") {
    CHECK(
        tlsReportFileName(exampleReport()) ==
        "company-x.example!company-y.example!1459468800!1459555199!"
        "5065427c23d347cab6e0946ea0e8c4be.json.gz");
}

TEST_CASE("tlsrpt: the mail is what Python's parsers expect", "[engine]") {
    const TemporaryFolder folder;
    // Long enough for many lines of base64.
    TlsReport report = exampleReport();
    for (int i = 0; i < 500; ++i) {
        report.policies.front().details.push_back(
            {.fault = event::TlsFault::VALIDATION_FAILURE,
             .receivingHost = "mx" + std::to_string(i * 7'919 % 1'000) + ".example",
             .sessions = 1});
    }
    const TimeNs nowNs = 1'459'580'400 * kSecondNs;
    const std::string mail = tlsReportMail(report, "tlsrpt@company-y.example", nowNs);
    write(folder.path() / "report.eml", mail);
    write(folder.path() / "report.json", tlsReportJson(report));
    CHECK(checkedByPython("'" + folder.path().string() + "'") == 0);
    // The script can say no.
    write(folder.path() / "report.json", tlsReportJson(exampleReport()));
    CHECK(checkedByPython("'" + folder.path().string() + "' 2>/dev/null") != 0);
}

TEST_CASE("tlsrpt: a report is posted", "[engine]") {
    PolicyHouse house;
    const std::atomic<bool> goOn = false;
    const HttpsUrl url{
        .host = "mta-sts.example.test", .port = house.host.port(), .path = "/in?x=y"};
    const auto send = [&] {
        return resultOf(sendTlsReport(
            {.resolver = house.resolver, .workers = house.workers, .stopping = goOn},
            url,
            house.authority.root().files.certificateChain,
            exampleReport()));
    };
    house.publish("example.test", "1", httpAnswer("201 Created", "text/plain", ""));
    CHECK(send().empty());
    const std::string request = house.host.request("mta-sts.example.test");
    CHECK_THAT(request, Catch::StartsWith("POST /in?x=y HTTP/1.1\r\n"));
    CHECK_THAT(request, Catch::Contains("Content-Type: application/tlsrpt+gzip\r\n"));
    CHECK(request.ends_with(gzip(tlsReportJson(exampleReport()))));
    house.publish("example.test", "1", httpAnswer("400 No", "text/plain", ""));
    CHECK(send() == "the receiver answered with HTTP status 400");
    house.resolver.missing("mta-sts.example.test", dns::RecordType::A, dns::Result::NoSuchName);
    CHECK(send() == "mta-sts.example.test has no address");
}
