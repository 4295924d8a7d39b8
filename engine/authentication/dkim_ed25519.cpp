#include "engine/authentication/dkim_ed25519.h"

#include <fmt/format.h>

#include "engine/authentication/dkim_key.h"
#include "journal/base/ascii.h"
#include "journal/base/digest.h"
#include "journal/base/encoding.h"

namespace daybook {

namespace {

constexpr std::size_t kLineOctets = 72;
constexpr std::string_view kFold = "\r\n\t ";

bool isBlank(char c) { return c == ' ' || c == '\t'; }

// RFC 6376 §3.4.4, octet by octet, as the message's pieces come.
class RelaxedBody {
public:
    void add(std::string_view octets) {
        for (const char c : octets)
            add(c);
    }

    Hash256 finish() {
        if (sawCr_) take('\r');
        if (lineHasText_) buffer_ += "\r\n";
        flush();
        return digest_.finish();
    }

private:
    void add(char c) {
        if (sawCr_) {
            sawCr_ = false;
            if (c == '\n') return endLine();
            take('\r');
        }
        if (c == '\r') {
            sawCr_ = true;
        } else if (isBlank(c)) {
            blank_ = true;
        } else {
            take(c);
        }
    }

    void take(char c) {
        for (; emptyLines_ > 0; --emptyLines_)
            buffer_ += "\r\n";
        if (blank_) buffer_ += ' ';
        blank_ = false;
        buffer_ += c;
        lineHasText_ = true;
        if (buffer_.size() >= kFlushOctets) flush();
    }

    // Blanks at the end of a line go, and so do empty lines that nothing follows.
    void endLine() {
        blank_ = false;
        if (lineHasText_) {
            buffer_ += "\r\n";
        } else {
            ++emptyLines_;
        }
        lineHasText_ = false;
    }

    void flush() {
        digest_.add(buffer_);
        buffer_.clear();
    }

    static constexpr std::size_t kFlushOctets = 16'384;

    Sha256 digest_;
    std::string buffer_;
    std::size_t emptyLines_ = 0;
    bool blank_ = false;
    bool lineHasText_ = false;
    bool sawCr_ = false;
};

// RFC 6376 §3.4.2, without a line end.
std::string relaxedField(std::string_view field) {
    const std::size_t colon = field.find(':');
    std::string result = lowered(trimmed(field.substr(0, colon))) + ':';
    bool blank = false;
    bool hasText = false;
    for (const char c : field.substr(colon + 1)) {
        if (c == '\r' || c == '\n') continue;
        if (isBlank(c)) {
            blank = true;
            continue;
        }
        if (blank && hasText) result += ' ';
        blank = false;
        hasText = true;
        result += c;
    }
    return result;
}

std::string_view nameIn(std::string_view field) {
    return trimmed(field.substr(0, field.find(':')));
}

// RFC 6376 §5.4.2: of fields of one name the last comes first; where there is none left, nothing.
void addFields(Sha256& digest, const Ed25519Signing& signing) {
    std::vector<bool> used(signing.fields.size());
    for (const std::string_view name : signing.names) {
        for (std::size_t index = signing.fields.size(); index-- > 0;) {
            const std::string_view field = signing.fields[index];
            if (used[index] || !equalsIgnoreCase(nameIn(field), name)) continue;
            used[index] = true;
            digest.add(relaxedField(field) + "\r\n");
            break;
        }
    }
}

std::string listOf(const std::vector<std::string_view>& names) {
    std::string text = "h=";
    std::size_t line = text.size();
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (line + names[index].size() > kLineOctets) {
            text += kFold;
            line = 0;
        }
        text += names[index];
        if (index + 1 < names.size()) text += ':';
        line += names[index].size() + 1;
    }
    return text;
}

std::string folded(std::string_view base64) {
    std::string text;
    for (std::size_t at = 0; at < base64.size(); at += kLineOctets) {
        if (at != 0) text += kFold;
        text += base64.substr(at, kLineOctets);
    }
    return text;
}

}  // namespace

std::string ed25519Signature(const Ed25519Signing& signing) {
    RelaxedBody body;
    for (const std::string_view piece : signing.body)
        body.add(piece);
    std::string field = fmt::format(
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d={};\r\n\ts={}; t={};\r\n"
        "\tbh={};\r\n\t{};\r\n\tb=",
        signing.domain,
        signing.selector,
        signing.seconds,
        toBase64(asText(body.finish())),
        listOf(signing.names));
    Sha256 digest;
    addFields(digest, signing);
    digest.add(relaxedField(field));
    const Hash256 hash = digest.finish();
    return field + folded(toBase64(signEd25519(signing.privateKey, asText(hash)))) + "\r\n";
}

}  // namespace daybook
