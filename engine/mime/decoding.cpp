#include "engine/mime/decoding.h"

#include <bit>
#include <cerrno>
#include <fmt/format.h>
#include <gmime/gmime.h>
#include <limits>
#include <memory>
#include <mutex>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/unorm2.h>

#include "journal/base/ascii.h"

namespace daybook::mime {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::size_t kCharsetNameOctetsMax = 64;
constexpr std::size_t kBeginOctetsMax = 1'024;

struct GlibFree {
    void operator()(char* text) const { g_free(text); }
};

using GlibText = std::unique_ptr<char, GlibFree>;

// Raw 8-bit octets in a header are UTF-8 (RFC 6532) or else Latin-1.
GMimeParserOptions* headerOptions() {
    static GMimeParserOptions* const options = [] {
        GMimeParserOptions* const made = g_mime_parser_options_new();
        const char* charsets[] = {"utf-8", "iso-8859-1", nullptr};
        g_mime_parser_options_set_fallback_charsets(made, charsets);
        return made;
    }();
    return options;
}

class Converter {
public:
    explicit Converter(const std::string& charset)
        : handle_(g_mime_iconv_open("UTF-8", charset.c_str())) {}

    ~Converter() {
        if (isOpen()) g_mime_iconv_close(handle_);
    }

    Converter(const Converter&) = delete;
    Converter& operator=(const Converter&) = delete;

    bool isOpen() const { return handle_ != std::bit_cast<iconv_t>(std::intptr_t{-1}); }

    std::string convert(std::string_view octets) {
        std::string result;
        // iconv's interface is not const, but it does not write to its input.
        char* input = const_cast<char*>(octets.data());
        std::size_t left = octets.size();
        while (left > 0) {
            const int error = step(&input, &left, result);
            if (error != EILSEQ && error != EINVAL) continue;
            result += kReplacement;
            ++input;
            --left;
        }
        step(nullptr, nullptr, result);
        return result;
    }

private:
    // Converts as much as fits. Returns errno, 0 if all went.
    int step(char** input, std::size_t* left, std::string& result) {
        char buffer[4096];
        char* output = buffer;
        std::size_t room = sizeof buffer;
        const std::size_t code = g_mime_iconv(handle_, input, left, &output, &room);
        const int error = code == static_cast<std::size_t>(-1) ? errno : 0;
        result.append(buffer, sizeof buffer - room);
        return error;
    }

    iconv_t handle_;
};

// Nothing that iconv takes as more than a name ("//TRANSLIT").
bool isCharsetName(std::string_view name) {
    if (name.empty() || name.size() > kCharsetNameOctetsMax) return false;
    for (const char c : name) {
        const bool fits =
            isAlpha(c) || isDigit(c) || std::string_view("-_.:+").find(c) != std::string_view::npos;
        if (!fits) return false;
    }
    return true;
}

std::string latin1ToUtf8(std::string_view octets) {
    std::string result;
    for (const char c : octets) {
        const auto value = static_cast<unsigned char>(c);
        if (value < 0x80) {
            result += c;
        } else {
            result += static_cast<char>(0xC0 | (value >> 6U));
            result += static_cast<char>(0x80 | (value & 0x3FU));
        }
    }
    return result;
}

std::string decodeWith(GMimeContentEncoding kind, std::string_view encoded) {
    GMimeEncoding state;
    g_mime_encoding_init_decode(&state, kind);
    std::string result(g_mime_encoding_outlen(&state, encoded.size()) + 64, '\0');
    const std::size_t length =
        g_mime_encoding_flush(&state, encoded.data(), encoded.size(), result.data());
    result.resize(length);
    return result;
}

// GMime's decoder starts behind the line "begin 644 name".
std::string_view behindBegin(std::string_view encoded) {
    std::size_t begin = encoded.starts_with("begin ") ? 0 : encoded.find("\nbegin ");
    if (begin == std::string_view::npos) return encoded;
    if (encoded[begin] == '\n') ++begin;
    const std::size_t end = encoded.find('\n', begin);
    return end == std::string_view::npos ? std::string_view() : encoded.substr(end + 1);
}

// RFC 5051: compatibility decomposition after the mapping of case.
std::string decomposed(const icu::UnicodeString& text) {
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2* const normalizer = unorm2_getNFKDInstance(&error);
    if (U_FAILURE(error)) return {};
    icu::UnicodeString result;
    std::int32_t capacity = text.length() * 2 + 64;
    while (true) {
        error = U_ZERO_ERROR;
        char16_t* const buffer = result.getBuffer(capacity);
        const std::int32_t length =
            unorm2_normalize(normalizer, text.getBuffer(), text.length(), buffer, capacity, &error);
        result.releaseBuffer(U_SUCCESS(error) ? length : 0);
        if (error != U_BUFFER_OVERFLOW_ERROR) break;
        capacity = length;
    }
    std::string utf8;
    result.toUTF8String(utf8);
    return utf8;
}

}  // namespace

void initialize() {
    static std::once_flag once;
    std::call_once(once, [] {
        g_mime_init();
        headerOptions();
    });
}

std::string cleanText(std::string_view text) {
    if (text.find('\0') == std::string_view::npos && isUtf8(text)) return std::string(text);
    // ICU puts U+FFFD where it cannot read.
    icu::UnicodeString characters = icu::UnicodeString::fromUTF8(
        icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())));
    for (std::int32_t i = 0; i < characters.length(); ++i) {
        if (characters.charAt(i) == 0) characters.setCharAt(i, 0xFFFD);
    }
    std::string result;
    characters.toUTF8String(result);
    return result;
}

std::string decodeHeaderText(std::string_view raw) {
    const bool isPlain = raw.find("=?") == std::string_view::npos && isUtf8(raw);
    if (isPlain) return cleanText(raw);
    initialize();
    std::string text(raw);
    for (char& c : text) {
        if (c == '\0') c = '?';
    }
    const GlibText decoded(g_mime_utils_header_decode_text(headerOptions(), text.c_str()));
    return decoded == nullptr ? cleanText(raw) : cleanText(decoded.get());
}

std::optional<ParsedDate> parseDate(std::string_view text) {
    constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;
    if (text.empty()) return std::nullopt;
    initialize();
    GDateTime* const date = g_mime_utils_header_decode_date(std::string(text).c_str());
    if (date == nullptr) return std::nullopt;
    const std::int64_t seconds = g_date_time_to_unix(date);
    const std::int64_t zone = g_date_time_get_utc_offset(date) / 60'000'000;
    g_date_time_unref(date);
    if (seconds < -kSecondsMax || seconds > kSecondsMax) return std::nullopt;
    return ParsedDate{
        .ns = seconds * 1'000'000'000,
        .zoneMinutes = static_cast<std::int16_t>(zone),
    };
}

std::string decodeTransfer(std::string_view encoded, std::string_view encoding) {
    initialize();
    const std::string name = lowered(trimmed(encoding));
    if (name == "base64") return decodeWith(GMIME_CONTENT_ENCODING_BASE64, encoded);
    if (name == "quoted-printable") {
        return decodeWith(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, encoded);
    }
    if (name == "uuencode" || name == "x-uuencode" || name == "x-uue") {
        return decodeWith(GMIME_CONTENT_ENCODING_UUENCODE, behindBegin(encoded));
    }
    return std::string(encoded);
}

std::optional<TransferDecoder> TransferDecoder::make(std::string_view encoding) {
    const std::string name = lowered(trimmed(encoding));
    if (name.empty() || name == "7bit" || name == "8bit" || name == "binary") {
        return TransferDecoder(Kind::Identity);
    }
    if (name == "base64") return TransferDecoder(Kind::Base64);
    if (name == "quoted-printable") return TransferDecoder(Kind::QuotedPrintable);
    if (name == "uuencode" || name == "x-uuencode" || name == "x-uue") {
        return TransferDecoder(Kind::Uuencode);
    }
    return std::nullopt;
}

void TransferDecoder::step(std::string_view encoded, std::string& into) {
    if (kind_ == Kind::Identity) {
        into += encoded;
        return;
    }
    if (kind_ != Kind::Uuencode || begun_) return decode(encoded, into, false);
    // GMime's decoder starts behind the line "begin 644 name".
    while (!begun_ && !encoded.empty()) {
        const std::size_t end = encoded.find('\n');
        // No line is as long as that; of a longer one the beginning says what it is.
        if (line_.size() < kBeginOctetsMax) line_ += encoded.substr(0, end);
        if (end == std::string_view::npos) return;
        encoded.remove_prefix(end + 1);
        begun_ = line_.starts_with("begin ");
        line_.clear();
    }
    decode(encoded, into, false);
}

void TransferDecoder::finish(std::string& into) {
    if (kind_ == Kind::Identity || (kind_ == Kind::Uuencode && !begun_)) return;
    decode({}, into, true);
}

void TransferDecoder::decode(std::string_view encoded, std::string& into, bool last) {
    GMimeEncoding state;
    switch (kind_) {
        case Kind::Identity: return;
        case Kind::Base64:
            g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_BASE64);
            break;
        case Kind::QuotedPrintable:
            g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
            break;
        case Kind::Uuencode:
            g_mime_encoding_init_decode(&state, GMIME_CONTENT_ENCODING_UUENCODE);
            break;
    }
    if (state_ != 0 || saved_ != 0) {
        state.state = state_;
        state.save = saved_;
    }
    const std::size_t before = into.size();
    into.resize(before + g_mime_encoding_outlen(&state, encoded.size()) + 64);
    const std::size_t count =
        last ? g_mime_encoding_flush(&state, encoded.data(), 0, into.data() + before)
             : g_mime_encoding_step(&state, encoded.data(), encoded.size(), into.data() + before);
    into.resize(before + count);
    state_ = state.state;
    saved_ = state.save;
}

std::string toUtf8(std::string_view octets, std::string_view charset) {
    const std::string name = lowered(trimmed(charset));
    const bool isOurs = name.empty() || name == "utf-8" || name == "utf8" || name == "us-ascii";
    if (isOurs) return cleanText(octets);
    if (!isCharsetName(name)) return cleanText(latin1ToUtf8(octets));
    initialize();
    Converter converter(g_mime_charset_iconv_name(name.c_str()));
    if (!converter.isOpen()) return cleanText(latin1ToUtf8(octets));
    return cleanText(converter.convert(octets));
}

std::string foldCase(std::string_view utf8) {
    if (isAscii(utf8)) return lowered(utf8);
    const icu::UnicodeString text = icu::UnicodeString::fromUTF8(
        icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())));
    icu::UnicodeString folded;
    for (std::int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
        folded.append(u_foldCase(text.char32At(i), U_FOLD_CASE_DEFAULT));
    }
    return decomposed(folded);
}

std::string decodingVersion() {
    return fmt::format(
        "icu {} gmime {}.{}.{}",
        U_ICU_VERSION,
        gmime_major_version,
        gmime_minor_version,
        gmime_micro_version);
}

}  // namespace daybook::mime
