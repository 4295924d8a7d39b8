// Events as JSON: the header by hand, the rest by Cap'n Proto's own codec, so that a new field is
// never forgotten.

#include <capnp/compat/json.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "journal/base/ascii.h"
#include "journal/base/encoding.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

// 64-bit numbers that are ids: written as the log, the replies and the headers write them.
bool isIdField(const std::string& field) {
    static constexpr std::string_view kFields[] = {
        "actorId", "onBehalfOf", "credential", "session", "command",      "account",     "mailbox",
        "message", "emailId",    "threadId",   "target",  "subscription", "domain",      "address",
        "subject", "journalId",  "attempt",    "report",  "destination",  "suppression", "delegate",
        "key",     "grantee",    "entry",      "user",
    };
    return std::find(std::begin(kFields), std::end(kFields), field) != std::end(kFields);
}

bool isNumberText(const nlohmann::ordered_json& value) {
    if (!value.is_string()) return false;
    const auto& text = value.get_ref<const std::string&>();
    const std::size_t sign = text.starts_with('-') ? 1 : 0;
    return text.size() > sign &&
           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(sign), text.end(), [](char c) {
        return c >= '0' && c <= '9';
    });
}

// The codec writes texts and 64-bit numbers alike. A text gets a mark, so that a subject or a HELO
// of digits is not taken for a number.
constexpr char kTextMark = '\x01';

class TextMarker final : public capnp::JsonCodec::Handler<capnp::Text> {
public:
    void encode(
        const capnp::JsonCodec&,
        capnp::Text::Reader input,
        capnp::JsonValue::Builder output) const override {
        output.setString(kj::str(kTextMark, input));
    }

    capnp::Orphan<capnp::Text> decode(
        const capnp::JsonCodec&, capnp::JsonValue::Reader, capnp::Orphanage) const override {
        throw std::logic_error("events are never read from JSON");
    }
};

struct Codec {
    Codec() {
        codec.setHasMode(capnp::HasMode::NON_DEFAULT);
        codec.addTypeHandler(marker);
    }

    TextMarker marker;
    capnp::JsonCodec codec;
};

bool isText(const nlohmann::ordered_json& value) {
    return value.is_string() && value.get_ref<const std::string&>().starts_with(kTextMark);
}

// Of type Data: by name, because an array of 32 numbers may as well be UIDs.
bool isOctetsField(const std::string& field) {
    return field == "commitment" || field == "contentHash" || field == "digest";
}

// A parser of JSON takes UTF-8 alone; what else a peer sent is shown as U+FFFD.
std::string asUtf8(std::string_view text) {
    if (isUtf8(text)) return std::string(text);
    std::string result;
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x80) {
            result += c;
        } else {
            result += "\xef\xbf\xbd";
        }
    }
    return result;
}

// Of an annotation: octets that mostly are a text.
std::string annotationText(const nlohmann::ordered_json& value) {
    std::string octets;
    for (const auto& octet : value) {
        octets += static_cast<char>(octet.get<int>());
    }
    return asUtf8(octets);
}

std::string octetsText(const nlohmann::ordered_json& value) {
    std::string octets;
    for (const auto& octet : value) {
        octets += static_cast<char>(octet.get<int>());
    }
    return toHex(asBytes(octets));
}

// The codec writes 64-bit numbers as text and octets as arrays of numbers: made readable here.
// NOLINTNEXTLINE(misc-no-recursion): as deep as the schema.
void makeReadable(nlohmann::ordered_json& value, const std::string& field) {
    if (value.is_object()) {
        for (auto& [name, member] : value.items()) {
            makeReadable(member, name);
        }
    } else if (value.is_array() && field == "value") {
        value = annotationText(value);
    } else if (value.is_array() && isOctetsField(field)) {
        value = octetsText(value);
    } else if (value.is_array()) {
        for (auto& element : value) {
            makeReadable(element, field);
        }
    } else if (isText(value)) {
        value = value.get_ref<const std::string&>().substr(1);
    } else if (isNumberText(value)) {
        const std::string text = value.get<std::string>();
        if (isIdField(field)) {
            value = idText(std::stoull(text));
        } else if (text.starts_with('-')) {
            value = std::stoll(text);
        } else {
            value = std::stoull(text);
        }
    }
}

template <class Reader>
nlohmann::ordered_json decoded(Reader reader) {
    thread_local const Codec codec;
    const kj::String text = codec.codec.encode(reader);
    return nlohmann::ordered_json::parse(asUtf8({text.begin(), text.size()}));
}

}  // namespace

nlohmann::ordered_json toJson(const Record& record) {
    nlohmann::ordered_json json = decoded(record.core());
    const auto name = nameOf(record.kind());
    makeReadable(json, "");
    nlohmann::ordered_json result;
    result["seq"] = record.seq().number();
    result["time"] = timeText(record.core().getTimeNs());
    result["kind"] = name ? std::string(*name) : fmt::format("{}", record.core().getKind());
    for (auto& [field, value] : json.items()) {
        if (field != "seq" && field != "kind" && field != "annexes") result[field] = value;
    }
    nlohmann::ordered_json details = nlohmann::ordered_json::array();
    for (std::size_t index = 0; index < record.core().getAnnexes().size(); ++index) {
        const auto annex = record.annex(index);
        if (!annex) {
            details.push_back("erased");
            continue;
        }
        nlohmann::ordered_json detail = decoded(*annex);
        makeReadable(detail, "");
        details.push_back(std::move(detail));
    }
    if (!details.empty()) result["details"] = std::move(details);
    return result;
}

}  // namespace daybook
