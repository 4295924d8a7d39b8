#include "engine/mime/header_fields.h"

#include <catch2/catch.hpp>

#include "journal/base/limits.h"

using namespace daybook;
using namespace daybook::mime;
using namespace std::string_literals;

TEST_CASE("header_fields: a header ends after its first empty line", "[mime]") {
    CHECK(headerOf("A: b\r\n\r\nbody\r\n\r\n") == "A: b\r\n\r\n");
    CHECK(headerOf("A: b\n\nbody") == "A: b\n\n");
    CHECK(headerOf("\r\nbody") == "\r\n");
    CHECK(headerOf("A: b\r\n \r\nB: c\r\n") == "A: b\r\n \r\nB: c\r\n");
    CHECK(headerOf("").empty());
    CHECK(headerOf("A: b\r\rbody") == "A: b\r\rbody");
}

TEST_CASE("header_fields: lines that are no field are left out, folds are kept", "[mime]") {
    const auto fields = headerFields(
        "From me@x Mon Jan  1 00:00:00 2026\r\n folded junk\r\nA: 1\r\n 2\r\n\tthree\r\nno "
        "field\r\n"
        "B : 4\r\n: 5\r\nC:\r\nD:6");
    REQUIRE(fields.size() == 4);
    CHECK(fields[0].name == "A");
    CHECK(fields[0].value == " 1\r\n 2\r\n\tthree\r\n");
    CHECK(fields[0].octets == "A: 1\r\n 2\r\n\tthree\r\n");
    CHECK(fields[1].name == "B");
    CHECK(fields[1].octets == "B : 4\r\n");
    CHECK(fields[2].name == "C");
    CHECK(fields[3].value == "6");
}

TEST_CASE("header_fields: fields behind the empty line are not the header's", "[mime]") {
    CHECK(headerFields("A: 1\r\n\r\nB: 2\r\n").size() == 1);
    CHECK_FALSE(headerField("A: 1\r\n\r\nB: 2\r\n", "B"));
}

TEST_CASE("header_fields: there is a limit on their number", "[mime]") {
    std::string header;
    for (std::size_t i = 0; i < limits::kMimeHeaderFieldsMax + 5; ++i) {
        header += "A: 1\r\n";
    }
    CHECK(headerFields(header).size() == limits::kMimeHeaderFieldsMax);
}

TEST_CASE("header_fields: the first of a name, any case, unfolded and trimmed", "[mime]") {
    const std::string_view header =
        "subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=  \r\nSUBJECT: two\r\n";
    CHECK(headerField(header, "Subject") == "=?utf-8?q?a?= =?utf-8?q?b?=");
    CHECK(countHeaderFields(header, "sUbJeCt") == 2);
    CHECK(headerField("X:\r\n", "x") == "");
    CHECK(headerField("X: \r\n \r\n", "x") == "");
    CHECK_FALSE(headerField(header, "Subjec"));
}

TEST_CASE("header_fields: unfolding leaves no line end, whatever comes", "[mime]") {
    CHECK(unfolded(" a\r\n b\r\n") == "a b");
    CHECK(unfolded("a\nb") == "a b");
    CHECK(unfolded("a\rb") == "a b");
    CHECK(unfolded("a\r\n\tb") == "a\tb");
    CHECK(unfolded("a\r\r\n\n b") == "a b");
    CHECK(unfolded("\r\n\r\n").empty());
}

TEST_CASE("header_fields: dates", "[mime]") {
    const TimeNs when = 1'795'484'278 * kSecondNs + 999;
    CHECK(dateText(when) == "Tue, 24 Nov 2026 01:37:58 +0000");
    CHECK(internalDateText(when, 0) == "24-Nov-2026 01:37:58 +0000");
    CHECK(internalDateText(when, -330) == "23-Nov-2026 20:07:58 -0530");
    CHECK(internalDateText(when, 60) == "24-Nov-2026 02:37:58 +0100");
    CHECK(dateText(0) == "Thu, 01 Jan 1970 00:00:00 +0000");
    CHECK(internalDateText(0, 0) == " 1-Jan-1970 00:00:00 +0000");
    CHECK(dateText(-1) == "Wed, 31 Dec 1969 23:59:59 +0000");
}

TEST_CASE("header_fields: Received has its clauses in RFC 5321's order", "[mime]") {
    const TraceInfo trace{
        .helo = "client.example",
        .ip = "192.0.2.1",
        .by = "mx.example",
        .with = "ESMTPS",
        .tls = "TLSv1.3 TLS_AES_256_GCM_SHA384",
        .forAddress = "anna@mx.example",
        .message = MessageId(0x0123456789abcdefU),
        .timeNs = 1'795'484'278 * kSecondNs,
    };
    CHECK(
        receivedField(trace) ==
        "Received: from client.example ([192.0.2.1])\r\n"
        "\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\r\n"
        "\tby mx.example with ESMTPS id 0123456789abcdef\r\n"
        "\tfor <anna@mx.example>;\r\n"
        "\tTue, 24 Nov 2026 01:37:58 +0000\r\n");
}

TEST_CASE("header_fields: Received without TLS, recipient or a network", "[mime]") {
    const TraceInfo trace{
        .helo = "[IPv6:2001:db8::1]",
        .ip = "2001:db8::1",
        .by = "mx.example",
        .with = "LMTP",
        .tls = "",
        .forAddress = "",
        .message = MessageId(1),
        .timeNs = 0,
    };
    CHECK(
        receivedField(trace) ==
        "Received: from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n"
        "\tby mx.example with LMTP id 0000000000000001;\r\n"
        "\tThu, 01 Jan 1970 00:00:00 +0000\r\n");
    TraceInfo local = trace;
    local.helo.clear();
    local.ip = "unix";
    CHECK(receivedField(local).starts_with("Received: from unknown (unix)\r\n"));
}

TEST_CASE("header_fields: what the peer said cannot add a field or a comment", "[mime]") {
    TraceInfo trace;
    trace.helo = "a b)\r\nBcc: x\r\n\r\n(\0y\xff"s;
    trace.ip = "192.0.2.1\r\nX: 1";
    trace.by = "mx.example";
    trace.with = "ESMTP\r\nX: 2";
    trace.tls = "TLSv1.3 a)\r\nX: 3 (";
    trace.forAddress = "a@b>\r\nX: 4";
    const std::string field = receivedField(trace);
    CHECK(headerFields(field).size() == 1);
    CHECK(headerFields(field)[0].octets == field);
    CHECK(field.find('\0') == std::string::npos);
    trace.helo = std::string(100'000, 'x');
    CHECK(receivedField(trace).size() < 1'000);
}

TEST_CASE("header_fields: a recipient's fields", "[mime]") {
    CHECK(
        deliveryFields("a@x.example", "b@y.example") ==
        "Return-Path: <a@x.example>\r\nDelivered-To: b@y.example\r\n");
    CHECK(deliveryFields("", "b@y") == "Return-Path: <>\r\nDelivered-To: b@y\r\n");
    CHECK(headerFields(deliveryFields("a\r\nX: 1", "b\nY: 2")).size() == 2);
}
