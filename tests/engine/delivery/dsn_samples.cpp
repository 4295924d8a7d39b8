// dsn_samples.cpp
//
// dsn_samples FOLDER: writes a report about every message of the corpus, with RET=FULL and with
// RET=HDRS, and what was put into it (expected.json), for check_dsn.py to compare.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/delivery/dsn.h"
#include "engine/mime/decoding.h"
#include "tests/engine/mime/corpus.h"

namespace {

using namespace daybook;
using nlohmann::json;

constexpr TimeNs kArrivalNs = 1'795'490'338 * kSecondNs;

void write(const std::filesystem::path& path, std::string_view octets) {
    std::ofstream file(path, std::ios::binary);
    file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
    if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

// Line ends and octets as SMTP's server lets them through.
std::string asSent(std::string_view octets) {
    std::string result;
    for (const char c : octets) {
        if (c == '\r' || c == '\0') continue;
        if (c == '\n') result += '\r';
        result += c;
    }
    return result;
}

DsnReport reportNumber(std::size_t number) {
    const std::string tag = std::to_string(number);
    DsnReport report{
        .report = MessageId(1'000 + number),
        .hostName = "mx.daybook.example",
        .nowNs = kArrivalNs + 3'600 * kSecondNs,
        .language = number % 2 == 0 ? ReportLanguage::English : ReportLanguage::German,
        .reversePath = "sender" + tag + "@daybook.example",
        .envelopeId = "ENV " + tag + " (a)",
        .message = MessageId(0x9138'0000 + number),
        .arrivalNs = kArrivalNs,
    };
    report.recipients.push_back({
        .finalRecipient = "failed" + tag + "@remote.example",
        .originalRecipient = "rfc822;asked+2B" + tag + "@remote.example",
        .action = event::DsnAction::FAILED,
        .enhancedCode = 5U << 16U | 1U << 8U | 1U,
        .remoteMta = "mx1.remote.example",
        .diagnostic = "550 5.1.1 <failed" + tag + "@remote.example>: Recipient address rejected: " +
                      "User unknown in virtual mailbox table; see our help pages",
        .lastAttemptNs = kArrivalNs + 60 * kSecondNs,
    });
    report.recipients.push_back({
        .finalRecipient = "delayed" + tag + "@other.example",
        .action = event::DsnAction::DELAYED,
        .enhancedCode = 4U << 16U | 4U << 8U | 1U,
        .diagnostic = "450 4.4.1 connection timed out",
        .lastAttemptNs = kArrivalNs + 120 * kSecondNs,
        .willRetryUntilNs = kArrivalNs + 86'400 * kSecondNs,
    });
    report.recipients.push_back({
        .finalRecipient = "relayed" + tag + "@third.example",
        .action = number % 3 == 0   ? event::DsnAction::DELIVERED
                  : number % 3 == 1 ? event::DsnAction::RELAYED
                                    : event::DsnAction::EXPANDED,
    });
    return report;
}

json expected(const DsnReport& report) {
    json recipients = json::array();
    for (const DsnRecipient& recipient : report.recipients) {
        recipients.push_back({
            {"final", recipient.finalRecipient},
            {"action", wordOf(recipient.action)},
            {"remote", recipient.remoteMta},
            {"diagnostic", recipient.diagnostic},
        });
    }
    recipients[0]["original"] =
        "asked+" + std::to_string(report.report.number() - 1'000) + "@remote.example";
    recipients[0]["status"] = "5.1.1";
    recipients[1]["status"] = "4.4.1";
    recipients[2]["status"] = "2.0.0";
    return {{"sender", report.reversePath}, {"envelope", report.envelopeId}, {"to", recipients}};
}

void run(const std::filesystem::path& folder) {
    mime::initialize();
    json all = json::array();
    std::size_t number = 0;
    for (const auto& each : test::corpusMessages()) {
        const std::string original = asSent(each.octets);
        const std::string name = std::to_string(number);
        write(folder / (name + ".original"), original);
        for (const event::DsnReturn ret : {event::DsnReturn::FULL, event::DsnReturn::HEADERS}) {
            DsnReport report = reportNumber(number);
            report.ret = ret;
            report.original = {original};
            const std::string kind = ret == event::DsnReturn::FULL ? "full" : "headers";
            const std::string file = name + "." + kind;
            write(folder / file, composeDsn(report).octets);
            json entry = expected(report);
            entry["corpus"] = each.name;
            entry["file"] = file;
            entry["original"] = name + ".original";
            entry["ret"] = kind;
            all.push_back(entry);
        }
        ++number;
    }
    write(folder / "expected.json", all.dump());
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: dsn_samples FOLDER\n");
        return 2;
    }
    try {
        run(arguments[1]);
    } catch (const std::exception& trouble) {
        std::fprintf(stderr, "dsn_samples: %s\n", trouble.what());
        return 1;
    }
    return 0;
}
