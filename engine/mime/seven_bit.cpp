#include "engine/mime/seven_bit.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/mime/content_fields.h"
#include "engine/mime/decoding.h"
#include "engine/mime/encoding.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/structure.h"
#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook::mime {

namespace {

constexpr std::size_t kLineOctetsMax = 998;

// What a part says of its content.
struct ContentLabels {
    ContentType type;
    std::string encoding;  // upper case; empty: not said
    bool hasMimeVersion = false;
};

ContentLabels labelsOf(std::string_view header) {
    ContentLabels labels;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        if (equalsIgnoreCase(field.name, "Content-Type") && labels.type.type.empty()) {
            labels.type = parseContentType(field.value);
        } else if (
            equalsIgnoreCase(field.name, "Content-Transfer-Encoding") && labels.encoding.empty()) {
            labels.encoding = parseToken(field.value);
        } else if (equalsIgnoreCase(field.name, "MIME-Version")) {
            labels.hasMimeVersion = true;
        }
    }
    return labels;
}

// Quoted-printable where that is shorter, or for a text that stays readable in it.
bool suitsQuotedPrintable(std::string_view octets, bool isText) {
    const auto encoded =
        static_cast<std::size_t>(std::count_if(octets.begin(), octets.end(), [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return octet > 126 || (octet < ' ' && c != '\r' && c != '\n' && c != '\t');
    }));
    return encoded * (isText ? 3 : 6) <= octets.size();
}

class Downgrader {
public:
    Downgrader(std::string_view message, Transparency target)
        : message_(message), target_(target), parts_(scanStructure(message)) {}

    std::expected<std::string, DowngradeTrouble> run() {
        if (parts_.size() >= limits::kMimePartsMax) {
            return std::unexpected(DowngradeTrouble::TooManyParts);
        }
        out_.reserve(message_.size() + message_.size() / 4);
        emit(Signed::No);
        if (trouble_) return std::unexpected(*trouble_);
        // A label that says too much does no harm; changing it would break signatures.
        if (!isNeeded_) return std::string(message_);
        return std::move(out_);
    }

private:
    enum class Signed { No, Yes };

    void fail(DowngradeTrouble trouble) {
        if (!trouble_) trouble_ = trouble;
    }

    std::string_view octets(std::uint64_t begin, std::uint64_t end) const {
        return message_.substr(begin, end - begin);
    }

    bool isFit(std::string_view text) const {
        return target_ == Transparency::EightBit || isAscii(text);
    }

    // The part `next_` and all within it.
    void emit(Signed isSigned) {
        const std::size_t index = next_++;
        current_ = index;
        const StructurePart part = parts_[index];
        const std::string_view header = octets(part.headerOffset, part.bodyOffset);
        if (!isFit(header)) return fail(DowngradeTrouble::EightBitHeader);
        const ContentLabels labels = labelsOf(header);
        if (part.kind == PartKind::Leaf) {
            emitLeaf(part, header, labels, isSigned);
        } else if (isWholeEncoded(part, index, labels)) {
            skipChildren(index);
            encodeLeaf(part, header, labels);
        } else {
            const bool signs = labels.type.is("MULTIPART", "SIGNED");
            emitComposite(
                index, header, labels, signs || isSigned == Signed::Yes ? Signed::Yes : Signed::No);
        }
    }

    // RFC 6532 §3.7: a message/global may be encoded, and must be if its header is not ASCII.
    bool isWholeEncoded(
        const StructurePart& part, std::size_t index, const ContentLabels& labels) const {
        if (part.kind != PartKind::Message || !labels.type.is("MESSAGE", "GLOBAL")) return false;
        if (target_ == Transparency::EightBit || index + 1 >= parts_.size()) return false;
        const StructurePart& inner = parts_[index + 1];
        return !isAscii(octets(inner.headerOffset, inner.bodyOffset));
    }

    void skipChildren(std::size_t index) {
        const std::uint64_t end = parts_[index].bodyEnd;
        while (next_ < parts_.size() && parts_[next_].headerOffset < end) {
            ++next_;
        }
    }

    void emitComposite(
        std::size_t index, std::string_view header, const ContentLabels& labels, Signed isSigned) {
        const StructurePart part = parts_[index];
        const bool isLabelledHigher =
            labels.encoding == "BINARY" ||
            (labels.encoding == "8BIT" && target_ == Transparency::SevenBit);
        // The header of a multipart/signed is no part of what it signs, but of an outer one's.
        if (isLabelledHigher && isSigned == Signed::No) {
            isNeeded_ = isNeeded_ || labels.encoding == "BINARY";
            emitHeader(header, labels, target_ == Transparency::SevenBit ? "7bit" : "8bit", {});
        } else {
            out_ += header;
        }
        std::uint64_t at = part.bodyOffset;
        while (!trouble_ && next_ < parts_.size() &&
               parts_[next_].parent == static_cast<std::int32_t>(index)) {
            const StructurePart child = parts_[next_];
            emitFiller(octets(at, child.headerOffset), isSigned);
            emit(isSigned);
            at = child.bodyEnd;
        }
        emitFiller(octets(at, part.bodyEnd), isSigned);
    }

    // Preamble, boundaries, epilogue: what nobody reads, RFC 2046 §5.1.1.
    void emitFiller(std::string_view text, Signed isSigned) {
        if (isFit(text)) {
            out_ += text;
        } else if (isSigned == Signed::Yes) {
            fail(DowngradeTrouble::Signed);
        } else {
            isNeeded_ = true;
            for (const char c : text) {
                out_ += static_cast<unsigned char>(c) < 128 ? c : '?';
            }
        }
    }

    void emitLeaf(
        const StructurePart& part,
        std::string_view header,
        const ContentLabels& labels,
        Signed isSigned) {
        const std::string_view body = octets(part.bodyOffset, part.bodyEnd);
        const bool isBinary = labels.encoding == "BINARY";
        const bool isLine = !isBinary || hasProperLines(body);
        if (isFit(body) && isLine && (!isBinary || body.empty() || isSigned == Signed::Yes)) {
            out_ += header;
            out_ += body;
            return;
        }
        if (isSigned == Signed::Yes) return fail(DowngradeTrouble::Signed);
        isNeeded_ = true;
        if (isFit(body) && isLine) {
            emitHeader(header, labels, isAscii(body) ? "7bit" : "8bit", {});
            out_ += body;
            return;
        }
        encodeLeaf(part, header, labels);
    }

    void encodeLeaf(
        const StructurePart& part, std::string_view header, const ContentLabels& labels) {
        isNeeded_ = true;
        // RFC 2045 §6.4: no encoding on composite types; RFC 6533 §4.4 lets those of UTF-8.
        const bool isComposite =
            labels.type.type == "MULTIPART" ||
            (labels.type.type == "MESSAGE" && !labels.type.subtype.starts_with("GLOBAL"));
        if (isComposite) return fail(DowngradeTrouble::Composite);
        const std::string_view raw = octets(part.bodyOffset, part.bodyEnd);
        const bool wasEncoded =
            labels.encoding == "BASE64" || labels.encoding == "QUOTED-PRINTABLE";
        const bool isKnown = wasEncoded || labels.encoding.empty() || labels.encoding == "7BIT" ||
                             labels.encoding == "8BIT" || labels.encoding == "BINARY";
        if (!isKnown) return fail(DowngradeTrouble::UnknownEncoding);
        const std::string body =
            wasEncoded ? decodeTransfer(raw, labels.encoding) : std::string(raw);
        const bool isText = labels.type.type.empty() || labels.type.type == "TEXT";
        const bool quoted =
            wasEncoded ? labels.encoding != "BASE64" : suitsQuotedPrintable(body, isText);
        emitHeader(header, labels, quoted ? "quoted-printable" : "base64", body);
        out_ += quoted ? encodeQuotedPrintable(body) : encodeBase64Lines(body);
    }

    // The header with another encoding's name; what makes it MIME is added where it is missing.
    // `body`: of a leaf whose charset may have to be named.
    void emitHeader(
        std::string_view header,
        const ContentLabels& labels,
        std::string_view encoding,
        std::string_view body) {
        const std::string field = "Content-Transfer-Encoding: " + std::string(encoding) + "\r\n";
        std::size_t at = 0;
        bool isWritten = false;
        HeaderFieldCursor cursor(header);
        HeaderField old;
        while (cursor.next(old)) {
            if (!equalsIgnoreCase(old.name, "Content-Transfer-Encoding")) continue;
            const auto begin = static_cast<std::size_t>(old.octets.data() - header.data());
            out_ += header.substr(at, begin - at);
            if (!isWritten) out_ += field;
            isWritten = true;
            at = begin + old.octets.size();
        }
        std::string_view rest = header.substr(at);
        const std::size_t emptyLine = rest.ends_with("\r\n") ? 2 : rest.ends_with('\n') ? 1 : 0;
        const std::string_view ending = rest.substr(rest.size() - emptyLine);
        rest.remove_suffix(emptyLine);
        out_ += rest;
        if (!isWritten) out_ += field;
        if (isMessageHeader() && !labels.hasMimeVersion) out_ += "MIME-Version: 1.0\r\n";
        if (labels.type.type.empty() && !isAscii(body)) {
            // RFC 1428 §3 has the name for what nobody knows.
            const char* const charset = isUtf8(body) ? "utf-8" : "unknown-8bit";
            out_ += std::string("Content-Type: text/plain; charset=") + charset + "\r\n";
        }
        out_ += ending;
    }

    // Of the message, or of one in a message part.
    bool isMessageHeader() const {
        const std::int32_t parent = parts_[current_].parent;
        return parent < 0 || parts_[static_cast<std::size_t>(parent)].kind == PartKind::Message;
    }

    std::string_view message_;
    Transparency target_;
    std::vector<StructurePart> parts_;
    std::size_t next_ = 0;
    std::size_t current_ = 0;  // the part that was begun last
    std::string out_;
    bool isNeeded_ = false;  // some octets do not fit as they are
    std::optional<DowngradeTrouble> trouble_;
};

}  // namespace

const char* describe(DowngradeTrouble trouble) {
    switch (trouble) {
        case DowngradeTrouble::EightBitHeader: return "a header field has 8-bit octets";
        case DowngradeTrouble::Signed: return "signed content has 8-bit or binary octets";
        case DowngradeTrouble::Composite: return "an embedded message has stray 8-bit octets";
        case DowngradeTrouble::UnknownEncoding:
            return "8-bit octets in an encoding of unknown name";
        case DowngradeTrouble::TooManyParts: return "it has too many parts";
    }
    return "";
}

std::expected<std::string, DowngradeTrouble> downgrade(
    std::string_view message, Transparency target) {
    return Downgrader(message, target).run();
}

bool needsSmtpUtf8(std::string_view header) { return !isAscii(headerOf(header)); }

bool hasProperLines(std::string_view octets) {
    std::size_t column = 0;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const char c = octets[i];
        if (c == '\0' || c == '\n') return false;
        if (c == '\r') {
            if (i + 1 == octets.size() || octets[i + 1] != '\n') return false;
            column = 0;
            ++i;
        } else if (++column > kLineOctetsMax) {
            return false;
        }
    }
    return true;
}

}  // namespace daybook::mime
