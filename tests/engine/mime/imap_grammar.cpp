#include "tests/engine/mime/imap_grammar.h"

#include <optional>

#include "journal/base/ascii.h"

namespace daybook::test {

namespace {

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    void end() {
        if (at_ != text_.size()) fail("something behind the end");
    }

    // envelope = "(" env-date SP env-subject SP env-from SP env-sender SP env-reply-to SP env-to SP
    //            env-cc SP env-bcc SP env-in-reply-to SP env-message-id ")"
    void envelope() {
        expect('(');
        nstring();
        expect(' ');
        nstring();
        for (int i = 0; i < 6; ++i) {
            expect(' ');
            addresses();
        }
        expect(' ');
        nstring();
        expect(' ');
        nstring();
        expect(')');
    }

    // body = "(" (body-type-1part / body-type-mpart) ")"
    void body(BodyForm form, std::vector<BodyNode>& nodes) {
        expect('(');
        const std::size_t index = nodes.size();
        nodes.emplace_back();
        if (peek() == '(') {
            multipart(form, nodes, index);
        } else {
            singlePart(form, nodes, index);
        }
        expect(')');
    }

private:
    [[noreturn]] void fail(const std::string& why) const {
        throw GrammarError(
            why + " at " + std::to_string(at_) + ": " + std::string(text_.substr(at_, 40)));
    }

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void expect(char c) {
        if (at_ >= text_.size() || text_[at_] != c) fail(std::string("no ") + c);
        ++at_;
    }

    bool takeNil() {
        if (text_.substr(at_, 3) != "NIL") return false;
        at_ += 3;
        return true;
    }

    std::uint64_t number(std::uint64_t max) {
        const std::size_t begin = at_;
        while (isDigit(peek())) {
            ++at_;
        }
        const auto value = parseNumber(text_.substr(begin, at_ - begin), max);
        if (!value) fail("no number");
        return *value;
    }

    // string = quoted / literal
    std::string string() {
        if (peek() == '{') return literal();
        std::string result;
        for (expect('"'); peek() != '"'; ++at_) {
            if (at_ >= text_.size()) fail("no end of a quoted string");
            if (peek() == '\\') {
                ++at_;
                if (peek() != '"' && peek() != '\\') fail("no quoted-special");
            }
            const auto c = static_cast<unsigned char>(peek());
            if (c == 0 || c == '\r' || c == '\n' || c > 127) fail("no QUOTED-CHAR");
            result += peek();
        }
        expect('"');
        return result;
    }

    // literal = "{" number64 "}" CRLF *CHAR8
    std::string literal() {
        expect('{');
        const std::uint64_t size = number(INT64_MAX);
        expect('}');
        expect('\r');
        expect('\n');
        if (size > text_.size() - at_) fail("a literal that is too long");
        const std::string_view octets = text_.substr(at_, size);
        if (octets.find('\0') != std::string_view::npos) fail("NUL");
        at_ += size;
        return std::string(octets);
    }

    std::optional<std::string> nstring() {
        if (takeNil()) return std::nullopt;
        return string();
    }

    // env-from = "(" 1*address ")" / nil
    void addresses() {
        if (takeNil()) return;
        bool inGroup = false;
        expect('(');
        do {
            address(inGroup);
        } while (peek() == '(');
        expect(')');
        if (inGroup) fail("a group without an end");
    }

    // address = "(" addr-name SP addr-adl SP addr-mailbox SP addr-host ")"
    void address(bool& inGroup) {
        expect('(');
        nstring();
        expect(' ');
        nstring();
        expect(' ');
        const bool hasMailbox = nstring().has_value();
        expect(' ');
        const bool hasHost = nstring().has_value();
        expect(')');
        if (hasHost && !hasMailbox) fail("a host without a mailbox");
        if (hasHost) return;
        if (hasMailbox == inGroup) fail("groups that are not in pairs");
        inGroup = hasMailbox;
    }

    // body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    void multipart(BodyForm form, std::vector<BodyNode>& nodes, std::size_t index) {
        while (peek() == '(') {
            body(form, nodes);
        }
        expect(' ');
        nodes[index].kind = BodyNode::Kind::Multipart;
        nodes[index].type = "MULTIPART";
        nodes[index].subtype = string();
        if (form == BodyForm::Plain) return;
        expect(' ');
        parameters();
        extension();
    }

    // body-type-1part = (body-type-basic / body-type-msg / body-type-text) [SP body-ext-1part]
    void singlePart(BodyForm form, std::vector<BodyNode>& nodes, std::size_t index) {
        const std::string type = uppered(string());
        expect(' ');
        const std::string subtype = uppered(string());
        expect(' ');
        nodes[index].type = type;
        nodes[index].subtype = subtype;
        nodes[index].octets = fields();
        if (type == "MULTIPART") fail("a multipart without parts");
        const bool isMessage = type == "MESSAGE" && (subtype == "RFC822" || subtype == "GLOBAL");
        if (isMessage) {
            nodes[index].kind = BodyNode::Kind::Message;
            expect(' ');
            envelope();
            expect(' ');
            body(form, nodes);
        }
        if (isMessage || type == "TEXT") {
            expect(' ');
            nodes[index].lines = static_cast<std::int64_t>(number(INT64_MAX));
        }
        if (form == BodyForm::Plain) return;
        // body-ext-1part = body-fld-md5 [SP body-fld-dsp [SP body-fld-lang [SP body-fld-loc ...]]]
        expect(' ');
        nstring();
        extension();
    }

    // body-fields = body-fld-param SP body-fld-id SP body-fld-desc SP body-fld-enc SP
    //               body-fld-octets
    std::uint64_t fields() {
        parameters();
        expect(' ');
        nstring();
        expect(' ');
        nstring();
        expect(' ');
        if (string().empty()) fail("an empty encoding");
        expect(' ');
        return number(UINT32_MAX);
    }

    // body-fld-param = "(" string SP string *(SP string SP string) ")" / nil
    void parameters() {
        if (takeNil()) return;
        char before = '(';
        do {
            expect(before);
            string();
            expect(' ');
            string();
            before = ' ';
        } while (peek() == ' ');
        expect(')');
    }

    // SP body-fld-dsp SP body-fld-lang SP body-fld-loc
    void extension() {
        expect(' ');
        if (!takeNil()) {
            expect('(');
            string();
            expect(' ');
            parameters();
            expect(')');
        }
        expect(' ');
        languages();
        expect(' ');
        nstring();
    }

    // body-fld-lang = nstring / "(" string *(SP string) ")"
    void languages() {
        if (peek() != '(') {
            nstring();
            return;
        }
        char before = '(';
        do {
            expect(before);
            string();
            before = ' ';
        } while (peek() == ' ');
        expect(')');
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

void readEnvelope(std::string_view text) {
    Reader reader(text);
    reader.envelope();
    reader.end();
}

std::vector<BodyNode> readBody(std::string_view text, BodyForm form) {
    std::vector<BodyNode> nodes;
    Reader reader(text);
    reader.body(form, nodes);
    reader.end();
    return nodes;
}

}  // namespace daybook::test
