#include "engine/mime/address_list.h"

#include <utility>

#include "journal/base/limits.h"

namespace daybook::mime {

namespace {

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// What ends an atom; whatever else stands where it should not is part of one.
bool isDelimiter(char c) {
    return isBlank(c) || std::string_view("()<>@,;:\".[").find(c) != std::string_view::npos;
}

class AddressParser {
public:
    explicit AddressParser(std::string_view text) : text_(text) {}

    // address-list = (address *("," address)) / obs-addr-list
    std::vector<ListedAddress> run() {
        while (true) {
            skipBlanks();
            // Two places are kept for the end of a group and for a group that ends at once.
            if (atEnd() || addresses_.size() + 3 > limits::kMimeAddressesMax) break;
            if (peek() == ',') {
                ++at_;
            } else if (peek() == ';') {
                ++at_;
                endGroup();
            } else {
                takeAddress();
            }
        }
        endGroup();
        return std::move(addresses_);
    }

private:
    bool atEnd() const { return at_ >= text_.size(); }

    char peek() const { return atEnd() ? '\0' : text_[at_]; }

    // CFWS. The last comment that is not empty is kept: "user@host (Name)" is an old way to say it.
    void skipBlanks() {
        while (!atEnd()) {
            if (isBlank(text_[at_])) {
                ++at_;
            } else if (text_[at_] == '(') {
                takeComment();
            } else {
                return;
            }
        }
    }

    // comment = "(" *([FWS] ccontent) [FWS] ")"
    void takeComment() {
        std::string comment;
        std::size_t depth = 0;
        for (; !atEnd(); ++at_) {
            const char c = text_[at_];
            if (c == '(' && ++depth == 1) continue;
            if (c == ')' && --depth == 0) break;
            if (c == '\r' || c == '\n') continue;
            if (c == '\\' && at_ + 1 < text_.size()) ++at_;
            comment += text_[at_];
        }
        if (!atEnd()) ++at_;
        if (!comment.empty()) comment_ = std::move(comment);
    }

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

    std::string_view atom() {
        const std::size_t begin = at_;
        while (!atEnd() && !isDelimiter(text_[at_])) {
            ++at_;
        }
        return text_.substr(begin, at_ - begin);
    }

    // phrase or local-part: words, with one blank where the text has blanks or comments, except
    // around the dots of a local part.
    std::string words() {
        std::string result;
        while (true) {
            const std::size_t before = at_;
            skipBlanks();
            const bool parted = at_ != before && !result.empty();
            if (atEnd()) return result;
            const char c = text_[at_];
            const bool ends = c != '.' && c != '"' && c != '[' && isDelimiter(c);
            if (ends) return result;
            if (parted) result += ' ';
            if (c == '"') {
                result += quotedString();
            } else if (c == '.' || c == '[') {
                result += c;
                ++at_;
            } else {
                result += atom();
            }
        }
    }

    // domain = dot-atom / domain-literal / obs-domain
    std::string domain() {
        std::string result;
        while (true) {
            skipBlanks();
            if (atEnd()) return result;
            const char c = text_[at_];
            if (c == '[') {
                result += domainLiteral();
            } else if (c == '.') {
                result += c;
                ++at_;
            } else if (c == '"' || isDelimiter(c)) {
                return result;
            } else {
                if (!result.empty() && result.back() != '.') return result;
                result += atom();
            }
        }
    }

    std::string domainLiteral() {
        std::string result;
        for (; !atEnd() && text_[at_] != ']' && text_[at_] != ',' && text_[at_] != '>'; ++at_) {
            if (!isBlank(text_[at_])) result += text_[at_];
        }
        if (peek() == ']') {
            ++at_;
            result += ']';
        }
        return result;
    }

    // address = mailbox / group
    void takeAddress() {
        comment_.reset();
        const std::size_t begin = at_;
        std::string phrase = words();
        switch (peek()) {
            case ':': ++at_; return startGroup(std::move(phrase));
            case '<': return takeAngle(std::move(phrase));
            case '@': return takeSpec(begin, phrase);
            default: break;
        }
        if (!phrase.empty()) {
            add({.name = std::exchange(comment_, std::nullopt), .mailbox = std::move(phrase)});
        }
        // A sign that nothing can begin with would be met again for ever.
        if (at_ == begin) ++at_;
    }

    // addr-spec = local-part "@" domain. With an angle behind, it was a name after all.
    void takeSpec(std::size_t begin, const std::string& local) {
        ++at_;
        std::string host = domain();
        skipBlanks();
        if (peek() == '<') {
            const std::string_view raw = text_.substr(begin, at_ - begin);
            return takeAngle(flat(raw));
        }
        // "a@b@c": what follows belongs to nobody.
        while (peek() == '@' || peek() == '"' || peek() == '>' || peek() == ':') {
            ++at_;
            domain();
        }
        add({
            .name = std::exchange(comment_, std::nullopt),
            .mailbox = withoutBlanksAtDots(local),
            .host = std::move(host),
        });
    }

    // angle-addr = [CFWS] "<" [obs-route] addr-spec ">" [CFWS]
    void takeAngle(std::string phrase) {
        ++at_;
        ListedAddress address;
        skipBlanks();
        if (peek() == '@' || peek() == ',') address.route = route();
        address.mailbox = withoutBlanksAtDots(words());
        if (peek() == '@') {
            ++at_;
            address.host = domain();
        }
        while (!atEnd() && peek() != '>' && peek() != ',' && peek() != ';') {
            ++at_;
        }
        if (peek() == '>') ++at_;
        skipBlanks();
        if (!phrase.empty()) {
            address.name = std::move(phrase);
        } else {
            address.name = std::exchange(comment_, std::nullopt);
        }
        add(std::move(address));
    }

    // obs-route = obs-domain-list ":";  obs-domain-list = *(CFWS / ",") "@" domain *("," ["@"
    // domain])
    std::optional<std::string> route() {
        std::string result;
        const std::size_t begin = at_;
        while (!atEnd() && (peek() == '@' || peek() == ',' || isBlank(peek()) || peek() == '(')) {
            if (peek() == '@') {
                ++at_;
                if (!result.empty()) result += ',';
                result += '@' + domain();
            } else if (peek() == ',') {
                ++at_;
            }
            skipBlanks();
        }
        if (peek() == ':') {
            ++at_;
            return result;
        }
        // No route: "<@host>" without a local part.
        at_ = begin;
        return std::nullopt;
    }

    void startGroup(std::string name) {
        endGroup();
        add({.kind = ListedAddress::Kind::GroupStart, .mailbox = std::move(name)});
        inGroup_ = true;
    }

    void endGroup() {
        if (inGroup_) add({.kind = ListedAddress::Kind::GroupEnd});
        inGroup_ = false;
    }

    void add(ListedAddress address) { addresses_.push_back(std::move(address)); }

    static std::string flat(std::string_view raw) {
        std::string result;
        for (const char c : raw) {
            if (isBlank(c)) {
                if (!result.empty() && result.back() != ' ') result += ' ';
            } else {
                result += c;
            }
        }
        while (!result.empty() && result.back() == ' ') {
            result.pop_back();
        }
        return result;
    }

    // obs-local-part = word *("." word), with CFWS around the dots.
    static std::string withoutBlanksAtDots(const std::string& local) {
        std::string result;
        for (std::size_t i = 0; i < local.size(); ++i) {
            const bool atDot = local[i] == ' ' && ((i + 1 < local.size() && local[i + 1] == '.') ||
                                                   (i > 0 && local[i - 1] == '.'));
            if (!atDot) result += local[i];
        }
        return result;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool inGroup_ = false;
    std::optional<std::string> comment_;
    std::vector<ListedAddress> addresses_;
};

}  // namespace

std::vector<ListedAddress> parseAddressList(std::string_view value) {
    return AddressParser(value).run();
}

}  // namespace daybook::mime
