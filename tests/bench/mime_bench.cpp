// Measures engine/mime on one message of 15 KB with 6 parts.
//
//     mime_bench [--smoke]
//
// Prints JSON lines:
//     structure   the scanner alone
//     summarize   the whole summary, as reception makes it
//     envelope    ENVELOPE alone
//     received    one Received field
//     searchable  the text that SEARCH BODY looks at

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "engine/mime/envelope.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/parts.h"
#include "engine/mime/structure.h"
#include "journal/base/encoding.h"
#include "tests/engine/mime/summary_of.h"

using namespace daybook;

namespace {

constexpr std::size_t kMessageOctets = 15'000;

std::string leaf(std::string_view type, std::string_view encoding, std::size_t octets) {
    std::string text = fmt::format(
        "--inner\r\nContent-Type: {}; name=\"a file.bin\"\r\nContent-Transfer-Encoding: {}\r\n"
        "Content-Disposition: attachment; filename=\"a file.bin\"\r\n"
        "Content-ID: <part@client.example>\r\n\r\n",
        type,
        encoding);
    while (octets > 0) {
        const std::size_t line = std::min<std::size_t>(octets, 76);
        text += std::string(line, 'A') + "\r\n";
        octets -= line;
    }
    return text;
}

std::string message() {
    std::string text;
    for (int i = 0; i < 4; ++i) {
        text += fmt::format(
            "Received: from relay{}.example ([192.0.2.{}])\r\n\tby mx.example with ESMTPS id "
            "0123456789abcdef\r\n\tfor <anna@mx.example>;\r\n\tTue, 24 Nov 2026 01:37:58 +0000\r\n",
            i,
            i);
    }
    text +=
        "From: =?utf-8?q?J=C3=B6rg_Sender?= <joerg@client.example>\r\n"
        "To: Anna <anna@mx.example>, \"Bert, B.\" <bert@mx.example>,\r\n"
        " carla@mx.example, Dora <dora@other.example>\r\n"
        "Cc: Team: emil@mx.example, fritz@mx.example;\r\n"
        "Subject: =?utf-8?q?Re:_Gr=C3=BC=C3=9Fe_aus?= =?utf-8?q?_dem_S=C3=BCden?=\r\n"
        "Date: Tue, 24 Nov 2026 02:37:58 +0100\r\n"
        "Message-ID: <20261124013758.4711@client.example>\r\n"
        "In-Reply-To: <20261123@mx.example>\r\n"
        "References: <20261121@mx.example> <20261122@client.example>\r\n <20261123@mx.example>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\npreamble\r\n--outer\r\n"
        "Content-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n";
    text += leaf("text/plain; charset=utf-8", "quoted-printable", 1'500);
    text += leaf("text/html; charset=utf-8", "quoted-printable", 3'000);
    text += "--inner--\r\n";
    std::string attachment = leaf("image/png", "base64", 3'000);
    attachment.replace(0, 7, "--outer");
    text += attachment + attachment;
    text += "--outer\r\nContent-Type: text/plain\r\n\r\n";
    while (text.size() < kMessageOctets) {
        text += "And another line of plain text of about the usual length, for the end.\r\n";
    }
    return text + "\r\n--outer--\r\n";
}

class Bench {
public:
    explicit Bench(bool smoke) : rounds_(smoke ? 20 : 100'000) {}

    template <class Work>
    void run(std::string_view name, std::size_t octets, Work work) const {
        const auto begin = std::chrono::steady_clock::now();
        std::size_t sum = 0;
        for (std::size_t i = 0; i < rounds_; ++i) {
            sum += work();
        }
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
        const double count = static_cast<double>(rounds_);
        fmt::print(
            "{{\"bench\":\"mime\",\"of\":\"{}\",\"count\":{},\"seconds\":{:.4f},"
            "\"perSecond\":{:.0f},\"megabytesPerSecond\":{:.0f},\"sum\":{}}}\n",
            name,
            rounds_,
            took.count(),
            count / took.count(),
            count * static_cast<double>(octets) / took.count() / 1e6,
            sum);
        std::fflush(stdout);
    }

private:
    std::size_t rounds_;
};

}  // namespace

int main(int count, char** arguments) {
    const bool smoke = count > 1 && std::string_view(arguments[1]) == "--smoke";
    const Bench bench(smoke);
    const std::string text = message();
    const std::string_view header = mime::headerOf(text);
    test::SummaryOf summary(text);
    bench.run("structure", text.size(), [&] { return mime::scanStructure(text).size(); });
    bench.run("summarize", text.size(), [&] { return mime::summarize(text).size(); });
    bench.run("envelope", header.size(), [&] {
        std::string out;
        mime::appendEnvelope(out, header);
        return out.size();
    });
    const mime::TraceInfo trace{
        .helo = "client.example",
        .ip = "192.0.2.1",
        .by = "mx.example",
        .with = "ESMTPS",
        .tls = "TLSv1.3 TLS_AES_256_GCM_SHA384",
        .forAddress = "anna@mx.example",
        .message = MessageId(1),
        .timeNs = 0,
    };
    bench.run("received", 0, [&] { return mime::receivedField(trace).size(); });
    bench.run("searchable", text.size(), [&] {
        return mime::searchableText(text, summary.root(), text.size()).size();
    });
    return summary.root().getParts().size() == 7 ? 0 : 1;
}
