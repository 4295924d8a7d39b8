#include "engine/mime/content_fields.h"

#include "journal/base/ascii.h"

namespace daybook::mime {

namespace {

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// RFC 2045 §5.1: any CHAR but blanks, CTLs and tspecials; 8-bit octets pass, as they are met.
bool isTokenChar(char c) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 127) return false;
    return std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
}

class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool atEnd() const { return at_ >= text_.size(); }

    char peek() const { return atEnd() ? '\0' : text_[at_]; }

    void skip() { ++at_; }

    bool take(char c) {
        if (atEnd() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    // CFWS: blanks and comments, which nest.
    void skipBlanks() {
        std::size_t depth = 0;
        for (; !atEnd(); ++at_) {
            const char c = text_[at_];
            if (depth > 0 && c == '\\') {
                ++at_;
            } else if (c == '(') {
                ++depth;
            } else if (depth > 0 && c == ')') {
                --depth;
            } else if (depth == 0 && !isBlank(c)) {
                return;
            }
        }
    }

    std::string_view token() {
        const std::size_t begin = at_;
        while (!atEnd() && isTokenChar(text_[at_])) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    // Requires: peek() is a quote. A missing last quote is taken as said at the end.
    std::string quotedString() {
        std::string result;
        for (++at_; !atEnd() && text_[at_] != '"'; ++at_) {
            if (text_[at_] == '\r' || text_[at_] == '\n') continue;
            if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
            result += text_[at_];
        }
        if (!atEnd()) ++at_;
        return result;
    }

    // A value that should have been quoted: what is not a ";", as far as no comment and no other
    // parameter seems to begin.
    std::string_view looseValue() {
        const std::size_t begin = at_;
        std::size_t end = at_;
        while (!atEnd() && text_[at_] != ';') {
            while (!atEnd() && text_[at_] != ';' && !isBlank(text_[at_])) {
                ++at_;
            }
            end = at_;
            skipPlainBlanks();
            if (peek() == '(' || parameterBegins()) break;
        }
        return text_.substr(begin, end - begin);
    }

    void skipToSemicolon() {
        while (!atEnd() && text_[at_] != ';') {
            if (text_[at_] == '"') {
                quotedString();
            } else {
                ++at_;
            }
        }
    }

private:
    void skipPlainBlanks() {
        while (!atEnd() && isBlank(text_[at_])) {
            ++at_;
        }
    }

    bool parameterBegins() const {
        std::size_t i = at_;
        while (i < text_.size() && isTokenChar(text_[i])) {
            ++i;
        }
        return i > at_ && i < text_.size() && text_[i] == '=';
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

// parameter = attribute "=" value
Parameters parseParameters(Scanner& scanner) {
    Parameters parameters;
    while (true) {
        scanner.skipBlanks();
        if (scanner.atEnd()) return parameters;
        if (scanner.take(';')) continue;
        const std::string_view name = scanner.token();
        scanner.skipBlanks();
        if (name.empty() || !scanner.take('=')) {
            scanner.skipToSemicolon();
            continue;
        }
        scanner.skipBlanks();
        std::string value =
            scanner.peek() == '"' ? scanner.quotedString() : std::string(scanner.looseValue());
        parameters.emplace_back(uppered(name), std::move(value));
    }
}

}  // namespace

const std::string* findParameter(const Parameters& parameters, std::string_view name) {
    for (const auto& [key, value] : parameters) {
        if (equalsIgnoreCase(key, name)) return &value;
    }
    return nullptr;
}

// content = "Content-Type" ":" type "/" subtype *(";" parameter)
ContentType parseContentType(std::string_view value) {
    Scanner scanner(value);
    ContentType result;
    scanner.skipBlanks();
    const std::string_view type = scanner.token();
    scanner.skipBlanks();
    if (type.empty() || !scanner.take('/')) return result;
    scanner.skipBlanks();
    const std::string_view subtype = scanner.token();
    if (subtype.empty()) return result;
    result.type = uppered(type);
    result.subtype = uppered(subtype);
    result.parameters = parseParameters(scanner);
    return result;
}

// disposition = "Content-Disposition" ":" disposition-type *(";" disposition-parm)
ContentDisposition parseContentDisposition(std::string_view value) {
    Scanner scanner(value);
    ContentDisposition result;
    scanner.skipBlanks();
    result.type = uppered(scanner.token());
    if (!result.type.empty()) result.parameters = parseParameters(scanner);
    return result;
}

std::string parseToken(std::string_view value) {
    Scanner scanner(value);
    scanner.skipBlanks();
    return uppered(scanner.token());
}

// Language-List = Language-Tag [CFWS] *("," [CFWS] Language-Tag [CFWS])
std::vector<std::string> parseLanguages(std::string_view value) {
    Scanner scanner(value);
    std::vector<std::string> tags;
    while (true) {
        scanner.skipBlanks();
        if (scanner.atEnd()) return tags;
        const std::string_view tag = scanner.token();
        if (tag.empty()) {
            scanner.skip();
        } else {
            tags.emplace_back(tag);
        }
    }
}

}  // namespace daybook::mime
