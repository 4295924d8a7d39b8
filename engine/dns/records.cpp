#include "engine/dns/records.h"

#include <arpa/inet.h>
#include <array>

#include "journal/base/ascii.h"

namespace daybook::dns {

namespace {

constexpr std::size_t kLabelOctetsMax = 63;  // RFC 1035 §2.3.4
constexpr std::size_t kNameOctetsMax = 255;  // RFC 1035 §2.3.4, in wire form
constexpr std::size_t kTextOctetsMax = 253;  // the same, written with dots

std::uint8_t octetAt(std::string_view data, std::size_t index) {
    return static_cast<std::uint8_t>(data[index]);
}

bool isPlain(char c) { return c > ' ' && c <= '~' && c != '.' && c != '\\'; }

template <std::size_t kOctets>
std::optional<std::string> readAddress(int family, std::string_view data) {
    if (data.size() != kOctets) return std::nullopt;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_ntop(family, data.data(), text.data(), text.size()) == nullptr) return std::nullopt;
    return std::string(text.data());
}

}  // namespace

std::optional<MxRecord> readMx(std::string_view data) {
    if (data.size() < 3) return std::nullopt;
    std::optional<std::string> exchange = readName(data.substr(2));
    if (!exchange) return std::nullopt;
    const unsigned preference = (unsigned{octetAt(data, 0)} << 8U) | octetAt(data, 1);
    return MxRecord{
        .preference = static_cast<std::uint16_t>(preference),
        .exchange = std::move(*exchange),
    };
}

std::optional<std::string> readA(std::string_view data) { return readAddress<4>(AF_INET, data); }

std::optional<std::string> readAaaa(std::string_view data) {
    return readAddress<16>(AF_INET6, data);
}

std::optional<std::string> readTxt(std::string_view data) {
    // TXT-DATA = 1*(character-string). RFC 1035 §3.3.14
    if (data.empty()) return std::nullopt;
    std::string joined;
    while (!data.empty()) {
        const std::size_t length = octetAt(data, 0);
        data.remove_prefix(1);
        if (length > data.size()) return std::nullopt;
        joined += data.substr(0, length);
        data.remove_prefix(length);
    }
    return joined;
}

std::vector<std::string> readTexts(const Answer& answer) {
    std::vector<std::string> texts;
    if (answer.result != Result::Found) return texts;
    for (const std::string& data : answer.records) {
        std::optional<std::string> text = readTxt(data);
        if (text) texts.push_back(std::move(*text));
    }
    return texts;
}

std::optional<TlsaRecord> readTlsa(std::string_view data) {
    // Three octets, then the certificate's data: some of it.
    if (data.size() < 4) return std::nullopt;
    return TlsaRecord{
        .usage = octetAt(data, 0),
        .selector = octetAt(data, 1),
        .matching = octetAt(data, 2),
        .data = std::string(data.substr(3)),
    };
}

std::optional<std::string> readName(std::string_view data) {
    if (data.empty() || data.size() > kNameOctetsMax) return std::nullopt;
    std::string name;
    while (true) {
        if (data.empty()) return std::nullopt;
        const std::size_t length = octetAt(data, 0);
        data.remove_prefix(1);
        if (length == 0) break;
        // A compression pointer has its two upper bits set: too long as well.
        if (length > kLabelOctetsMax || length > data.size()) return std::nullopt;
        if (!name.empty()) name += '.';
        for (const char c : data.substr(0, length)) {
            if (!isPlain(c)) return std::nullopt;
            name += toLower(c);
        }
        data.remove_prefix(length);
    }
    if (!data.empty()) return std::nullopt;
    return name.empty() ? "." : name;
}

std::optional<std::string> questionName(std::string_view text) {
    if (text == ".") return std::string(text);
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > kTextOctetsMax) return std::nullopt;
    std::string name;
    std::size_t labelOctets = 0;
    for (const char c : text) {
        if (c == '.') {
            if (labelOctets == 0) return std::nullopt;
            labelOctets = 0;
        } else if (!isPlain(c) || ++labelOctets > kLabelOctetsMax) {
            return std::nullopt;
        }
        name += toLower(c);
    }
    if (labelOctets == 0) return std::nullopt;
    return name;
}

}  // namespace daybook::dns
