#include "protocols/imap/fetch_items.h"

#include <algorithm>

#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/imap/response.h"

namespace daybook::imap {

namespace {

using mime::SectionText;

constexpr std::size_t kBodiesMax = 100;

// header-list = "(" header-fld-name *(SP header-fld-name) ")"
std::vector<std::string> headerList(Lexer& lexer) {
    std::vector<std::string> fields;
    lexer.space();
    lexer.expect('(');
    do {
        fields.push_back(lexer.astring());
        if (fields.back().empty()) throw Bad("A field has a name");
    } while (lexer.skip(' '));
    lexer.expect(')');
    return fields;
}

// A run of letters and dots, in capitals: "HEADER.FIELDS.NOT".
std::string sectionWord(Lexer& lexer) {
    std::string word;
    while (isAlpha(lexer.peek()) || lexer.peek() == '.') {
        word += toUpper(lexer.peek());
        lexer.skipOctets(1);
    }
    return word;
}

// section-text = section-msgtext / "MIME"
void sectionText(Lexer& lexer, mime::Section& section) {
    const std::string word = sectionWord(lexer);
    if (word == "HEADER") {
        section.text = SectionText::Header;
    } else if (word == "TEXT") {
        section.text = SectionText::Text;
    } else if (word == "HEADER.FIELDS" || word == "HEADER.FIELDS.NOT") {
        section.text = word.size() > 13 ? SectionText::HeaderFieldsNot : SectionText::HeaderFields;
        section.fields = headerList(lexer);
    } else if (word == "MIME" && !section.path.empty()) {
        section.text = SectionText::Mime;
    } else {
        throw Bad("Unknown section");
    }
}

// section = "[" [section-msgtext / (section-part ["." section-text])] "]"
mime::Section section(Lexer& lexer) {
    mime::Section result;
    lexer.expect('[');
    if (lexer.skip(']')) return result;
    while (isDigit(lexer.peek())) {
        const auto number = static_cast<std::uint32_t>(lexer.number(UINT32_MAX));
        if (number == 0) throw Bad("Parts count from 1");
        result.path.push_back(number);
        if (result.path.size() > limits::kMimeDepthMax) throw Bad("No message is as deep as that");
        if (lexer.skip(']')) return result;
        lexer.expect('.');
    }
    sectionText(lexer, result);
    lexer.expect(']');
    return result;
}

std::string_view wordOf(SectionText text) {
    switch (text) {
        case SectionText::Whole: return "";
        case SectionText::Header: return "HEADER";
        case SectionText::HeaderFields: return "HEADER.FIELDS";
        case SectionText::HeaderFieldsNot: return "HEADER.FIELDS.NOT";
        case SectionText::Text: return "TEXT";
        case SectionText::Mime: return "MIME";
    }
    return "";
}

// "1.2.MIME": numbers and the standard's words only.
std::string sectionName(const mime::Section& section) {
    std::string name;
    for (const std::uint32_t number : section.path) {
        if (!name.empty()) name += '.';
        name += std::to_string(number);
    }
    const std::string_view word = wordOf(section.text);
    if (!name.empty() && !word.empty()) name += '.';
    return name.append(word);
}

ReadNote noteFor(const BodyItem& item) {
    ReadNote note;
    note.peek = item.peek;
    note.partial = item.partial.has_value();
    if (!item.section.path.empty()) {
        note.parts = kReadSection;
        note.section = sectionName(item.section);
        return note;
    }
    switch (item.section.text) {
        case SectionText::Whole: note.parts = kReadFull; break;
        case SectionText::Text: note.parts = kReadText; break;
        case SectionText::Header:
        case SectionText::HeaderFields:
        case SectionText::HeaderFieldsNot:
        case SectionText::Mime: note.parts = kReadHeaders; break;
    }
    return note;
}

// "BODY" section ["<" number "." nz-number ">"] / "BODY.PEEK" ...
BodyItem bodyItem(Lexer& lexer, bool peek) {
    BodyItem item;
    item.peek = peek;
    item.section = section(lexer);
    item.label = "BODY[" + sectionName(item.section);
    if (!item.section.fields.empty()) {
        char separator = '(';
        item.label += ' ';
        for (const std::string& field : item.section.fields) {
            item.label += separator;
            appendAstring(item.label, field);
            separator = ' ';
        }
        item.label += ')';
    }
    item.label += ']';
    if (lexer.skip('<')) {
        BodyItem::Partial partial;
        partial.first = static_cast<std::uint32_t>(lexer.number(UINT32_MAX));
        lexer.expect('.');
        partial.count = static_cast<std::uint32_t>(lexer.number(UINT32_MAX));
        lexer.expect('>');
        if (partial.count == 0) throw Bad("A part of nothing");
        item.partial = partial;
        item.label += '<' + std::to_string(partial.first) + '>';
    }
    item.note = noteFor(item);
    return item;
}

// RFC822, RFC822.HEADER, RFC822.TEXT: the same under older names.
BodyItem oldItem(std::string label, SectionText text, bool peek) {
    BodyItem item;
    item.label = std::move(label);
    item.section.text = text;
    item.peek = peek;
    item.note = noteFor(item);
    return item;
}

void fetchItem(Lexer& lexer, FetchItems& items) {
    std::string name;
    while (isAlpha(lexer.peek()) || lexer.peek() == '.' || isDigit(lexer.peek())) {
        name += toUpper(lexer.peek());
        lexer.skipOctets(1);
    }
    const bool hasSection = lexer.peek() == '[';
    if (items.bodies.size() >= kBodiesMax) throw Bad("Too many sections");
    if (hasSection && (name == "BODY" || name == "BODY.PEEK")) {
        items.bodies.push_back(bodyItem(lexer, name == "BODY.PEEK"));
    } else if (name == "FLAGS")
        items.flags = true;
    else if (name == "INTERNALDATE")
        items.internalDate = true;
    else if (name == "RFC822.SIZE")
        items.size = true;
    else if (name == "ENVELOPE")
        items.envelope = true;
    else if (name == "BODY")
        items.body = true;
    else if (name == "BODYSTRUCTURE")
        items.bodyStructure = true;
    else if (name == "UID")
        items.uid = true;
    else if (name == "MODSEQ")
        items.modSeq = true;
    else if (name == "RFC822")
        items.bodies.push_back(oldItem(name, SectionText::Whole, false));
    else if (name == "RFC822.TEXT")
        items.bodies.push_back(oldItem(name, SectionText::Text, false));
    else if (name == "RFC822.HEADER") {
        items.bodies.push_back(oldItem(name, SectionText::Header, true));
    } else {
        throw Bad("Unknown item of FETCH");
    }
}

bool macro(Arguments& arguments, FetchItems& items) {
    const std::string_view rest = arguments.lexer().rest();
    const std::string word = uppered(rest.substr(0, rest.find(' ')));
    if (word != "ALL" && word != "FAST" && word != "FULL") return false;
    arguments.lexer().skipOctets(word.size());
    items.flags = items.internalDate = items.size = true;
    items.envelope = word != "FAST";
    items.body = word == "FULL";
    return true;
}

}  // namespace

bool FetchItems::marksSeen() const {
    return std::any_of(
        bodies.begin(), bodies.end(), [](const BodyItem& body) { return !body.peek; });
}

FetchItems parseFetchItems(Arguments& arguments) {
    FetchItems items;
    Lexer& lexer = arguments.lexer();
    if (!lexer.skip('(')) {
        if (!macro(arguments, items)) fetchItem(lexer, items);
        return items;
    }
    do {
        fetchItem(lexer, items);
    } while (lexer.skip(' '));
    lexer.expect(')');
    return items;
}

}  // namespace daybook::imap
