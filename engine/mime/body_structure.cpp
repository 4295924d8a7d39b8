#include "engine/mime/body_structure.h"

#include <optional>
#include <utility>

#include "engine/mime/content_fields.h"
#include "engine/mime/envelope.h"
#include "engine/mime/header_fields.h"
#include "engine/mime/imap_string.h"
#include "journal/base/ascii.h"
#include "journal/base/limits.h"

namespace daybook::mime {

namespace {

// The Content-* fields of one part; of several, the first.
struct ContentFields {
    std::optional<ContentType> type;
    std::optional<std::string> id;
    std::optional<std::string> description;
    std::string encoding;
    std::optional<std::string> md5;
    ContentDisposition disposition;
    std::vector<std::string> languages;
    std::optional<std::string> location;
};

void takeText(std::optional<std::string>& text, std::string_view value) {
    if (!text) text = unfolded(value);
}

void takeField(ContentFields& fields, const HeaderField& field) {
    constexpr std::string_view kPrefix = "Content-";
    if (!startsWithIgnoreCase(field.name, kPrefix)) return;
    const std::string_view name = field.name.substr(kPrefix.size());
    const std::string_view value = field.value.substr(0, limits::kMimeFieldOctetsMax);
    if (equalsIgnoreCase(name, "Type")) {
        if (!fields.type) fields.type = parseContentType(value);
    } else if (equalsIgnoreCase(name, "ID")) {
        takeText(fields.id, value);
    } else if (equalsIgnoreCase(name, "Description")) {
        takeText(fields.description, value);
    } else if (equalsIgnoreCase(name, "Transfer-Encoding")) {
        if (fields.encoding.empty()) fields.encoding = parseToken(value);
    } else if (equalsIgnoreCase(name, "MD5")) {
        takeText(fields.md5, value);
    } else if (equalsIgnoreCase(name, "Disposition")) {
        if (fields.disposition.type.empty()) fields.disposition = parseContentDisposition(value);
    } else if (equalsIgnoreCase(name, "Language")) {
        if (fields.languages.empty()) fields.languages = parseLanguages(value);
    } else if (equalsIgnoreCase(name, "Location")) {
        takeText(fields.location, value);
    }
}

ContentFields contentFields(std::string_view header) {
    ContentFields fields;
    HeaderFieldCursor cursor(header);
    HeaderField field;
    while (cursor.next(field)) {
        takeField(fields, field);
    }
    return fields;
}

// RFC 2045 §5.2, RFC 2046 §5.1.5; and what a leaf of a type that needs parts is taken for.
ContentType effectiveType(const std::optional<ContentType>& sent, const StructurePart& part) {
    ContentType type = sent.value_or(ContentType{});
    if (part.kind == PartKind::Message && !type.isMessage()) {
        type = {.type = "MESSAGE", .subtype = "RFC822"};
    }
    const bool needsParts = type.type == "MULTIPART" || type.isMessage();
    if (part.kind == PartKind::Leaf && (type.type.empty() || needsParts)) {
        type = {.type = "TEXT", .subtype = "PLAIN"};
    }
    if (type.type == "TEXT" && findParameter(type.parameters, "CHARSET") == nullptr) {
        type.parameters.emplace_back("CHARSET", "US-ASCII");
    }
    return type;
}

// body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
void appendParameters(std::string& out, const Parameters& parameters) {
    if (parameters.empty()) return appendNil(out);
    char separator = '(';
    for (const auto& [name, value] : parameters) {
        out += separator;
        appendString(out, name);
        out += ' ';
        appendString(out, value);
        separator = ' ';
    }
    out += ')';
}

// body-fld-dsp = "(" string SP body-fld-param ")" / nil
void appendDisposition(std::string& out, const ContentDisposition& disposition) {
    if (disposition.type.empty()) return appendNil(out);
    out += '(';
    appendString(out, disposition.type);
    out += ' ';
    appendParameters(out, disposition.parameters);
    out += ')';
}

// body-fld-lang = nstring / "(" string *(SP string) ")"
void appendLanguages(std::string& out, const std::vector<std::string>& languages) {
    if (languages.empty()) return appendNil(out);
    char separator = '(';
    for (const std::string& tag : languages) {
        out += separator;
        appendString(out, tag);
        separator = ' ';
    }
    out += ')';
}

// The tail that body-ext-1part and body-ext-mpart share.
void appendExtension(std::string& out, const ContentFields& fields) {
    out += ' ';
    appendDisposition(out, fields.disposition);
    out += ' ';
    appendLanguages(out, fields.languages);
    out += ' ';
    appendNstring(out, fields.location);
}

class BodyWriter {
public:
    BodyWriter(std::string_view message, const std::vector<StructurePart>& parts)
        : message_(message), parts_(parts) {}

    std::optional<BodyTexts> run() {
        writeBody();
        if (isTooLong()) return std::nullopt;
        return std::move(texts_);
    }

private:
    // body = "(" (body-type-1part / body-type-mpart) ")". Takes the next part, in depth-first
    // order, and those below it; the scanner's limit of depth bounds the recursion.
    void writeBody() {
        const std::size_t index = next_++;
        const StructurePart& part = parts_[index];
        const ContentFields fields = contentFields(header(part));
        const ContentType type = effectiveType(fields.type, part);
        both("(");
        if (part.kind == PartKind::Multipart) {
            writeMultipart(index, fields, type);
        } else {
            writeSinglePart(part, fields, type);
        }
        both(")");
    }

    // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    void writeMultipart(std::size_t index, const ContentFields& fields, const ContentType& type) {
        const auto isChild = [&] {
            return next_ < parts_.size() &&
                   parts_[next_].parent == static_cast<std::int32_t>(index);
        };
        while (isChild() && !isTooLong()) {
            writeBody();
        }
        std::string text = " ";
        appendString(text, type.subtype);
        both(text);
        std::string& extended = texts_.bodyStructure;
        extended += ' ';
        appendParameters(extended, type.parameters);
        appendExtension(extended, fields);
    }

    void writeSinglePart(
        const StructurePart& part, const ContentFields& fields, const ContentType& type) {
        std::string text;
        appendString(text, type.type);
        text += ' ';
        appendString(text, type.subtype);
        text += ' ';
        appendFields(text, part, fields, type);
        both(text);
        // body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines
        if (part.kind == PartKind::Message) {
            text = " ";
            appendEnvelope(text, header(parts_[next_]));
            text += ' ';
            both(text);
            writeBody();
        }
        if (part.kind == PartKind::Message || type.type == "TEXT") {
            both(" " + std::to_string(part.lines));
        }
        std::string& extended = texts_.bodyStructure;
        extended += ' ';
        appendNstring(extended, fields.md5);
        appendExtension(extended, fields);
    }

    // body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP
    //               body-fld-octets
    void appendFields(
        std::string& text,
        const StructurePart& part,
        const ContentFields& fields,
        const ContentType& type) const {
        appendParameters(text, type.parameters);
        text += ' ';
        appendNstring(text, fields.id);
        text += ' ';
        appendNstring(text, fields.description);
        text += ' ';
        appendString(text, fields.encoding.empty() ? "7BIT" : fields.encoding);
        text += ' ' + std::to_string(part.bodyEnd - part.bodyOffset);
    }

    std::string_view header(const StructurePart& part) const {
        return message_.substr(part.headerOffset, part.bodyOffset - part.headerOffset);
    }

    bool isTooLong() const { return texts_.bodyStructure.size() > limits::kMimeBodyTextOctetsMax; }

    void both(std::string_view text) {
        texts_.body += text;
        texts_.bodyStructure += text;
    }

    std::string_view message_;
    const std::vector<StructurePart>& parts_;
    std::size_t next_ = 0;
    BodyTexts texts_;
};

}  // namespace

std::optional<BodyTexts> describeBody(
    std::string_view message, const std::vector<StructurePart>& parts) {
    return BodyWriter(message, parts).run();
}

}  // namespace daybook::mime
