#include "protocols/imap/fetch_items.h"

#include <algorithm>
#include <tuple>
#include <utility>

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
mime::Section sectionSpec(Lexer& lexer) {
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

// ["<" number "." nz-number ">"]
void partialOctets(Lexer& lexer, BodyItem& item) {
    if (!lexer.skip('<')) return;
    BodyItem::Partial partial;
    partial.first = static_cast<std::uint32_t>(lexer.number(UINT32_MAX));
    lexer.expect('.');
    partial.count = static_cast<std::uint32_t>(lexer.number(UINT32_MAX));
    lexer.expect('>');
    if (partial.count == 0) throw Bad("A part of nothing");
    item.partial = partial;
    item.label += '<' + std::to_string(partial.first) + '>';
}

// "BODY" section [partial] / "BODY.PEEK" section [partial]
BodyItem bodyItem(Lexer& lexer, bool peek) {
    BodyItem item;
    item.peek = peek;
    item.section = sectionSpec(lexer);
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
    partialOctets(lexer, item);
    item.note = noteFor(item);
    return item;
}

// "BINARY" [".PEEK"] section-binary [partial] / "BINARY.SIZE" section-binary. RFC 3516 §7.
// section-binary = "[" [section-part] "]"
BodyItem binaryItem(Lexer& lexer, std::string_view name) {
    BodyItem item;
    const bool isSize = name == "BINARY.SIZE";
    item.form = isSize ? BodyForm::DecodedSize : BodyForm::Decoded;
    item.peek = name != "BINARY";
    item.section = sectionSpec(lexer);
    if (item.section.text != SectionText::Whole) throw Bad("BINARY takes whole parts");
    item.label = isSize ? "BINARY.SIZE[" : "BINARY[";
    item.label += sectionName(item.section) + ']';
    if (!isSize) partialOctets(lexer, item);
    item.note = noteFor(item);
    return item;
}

// Asked for twice it is answered once, and marks \Seen if one of them does.
void addBody(FetchItems& items, BodyItem item) {
    for (BodyItem& known : items.bodies) {
        if (known.label != item.label || known.partial != item.partial) continue;
        known.peek = known.peek && item.peek;
        known.note.peek = known.peek;
        return;
    }
    if (items.bodies.size() >= kBodiesMax) throw Bad("Too many sections");
    items.bodies.push_back(std::move(item));
}

// preview-mod = "LAZY": a preview never takes long here, so it changes nothing. RFC 8970 §4.1.
void previewModifiers(Lexer& lexer) {
    // A parenthesis may also begin the modifiers of FETCH itself.
    if (!startsWithIgnoreCase(lexer.rest(), " (LAZY")) return;
    lexer.skipOctets(2);
    do {
        if (uppered(lexer.atom()) != "LAZY") throw Bad("Unknown modifier of PREVIEW");
    } while (lexer.skip(' '));
    lexer.expect(')');
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
    const bool isBinary = name == "BINARY" || name == "BINARY.PEEK" || name == "BINARY.SIZE";
    if (hasSection && isBinary) {
        addBody(items, binaryItem(lexer, name));
    } else if (hasSection && (name == "BODY" || name == "BODY.PEEK")) {
        addBody(items, bodyItem(lexer, name == "BODY.PEEK"));
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
    else if (name == "EMAILID")
        items.emailId = true;
    else if (name == "THREADID")
        items.threadId = true;
    else if (name == "SAVEDATE")
        items.saveDate = true;
    else if (name == "PREVIEW") {
        items.preview = true;
        previewModifiers(lexer);
    } else if (name == "RFC822")
        addBody(items, oldItem(name, SectionText::Whole, false));
    else if (name == "RFC822.TEXT")
        addBody(items, oldItem(name, SectionText::Text, false));
    else if (name == "RFC822.HEADER") {
        addBody(items, oldItem(name, SectionText::Header, true));
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

bool FetchItems::readsBodies() const {
    return preview || std::ranges::any_of(bodies, [](const BodyItem& body) {
        return body.form != BodyForm::DecodedSize;
    });
}

bool FetchItems::marksSeen() const {
    return std::ranges::any_of(bodies, [](const BodyItem& body) { return !body.peek; });
}

BodyItem bodyItemFor(const std::string& spec, const std::optional<BodyItem::Partial>& partial) {
    const std::string text = '[' + spec + ']';
    Lexer lexer(text);
    BodyItem item = bodyItem(lexer, true);
    if (!lexer.atEnd()) throw Bad("Something stands behind the section");
    item.partial = partial;
    item.note = noteFor(item);
    return item;
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

PartialRange parsePartialRange(Lexer& lexer) {
    const auto position = [&lexer] {
        const auto number = static_cast<std::uint32_t>(lexer.number(UINT32_MAX));
        if (number == 0) throw Bad("Positions count from 1");
        return number;
    };
    PartialRange range;
    range.fromEnd = lexer.skip('-');
    range.first = position();
    lexer.expect(':');
    if (lexer.skip('-') != range.fromEnd) throw Bad("Both ends count from the same side");
    range.last = position();
    if (range.last < range.first) std::swap(range.first, range.last);
    return range;
}

std::vector<Run> partOf(const std::vector<Run>& runs, const PartialRange& range) {
    std::uint64_t count = 0;
    for (const Run& run : runs)
        count += run.count();
    std::uint64_t first = range.first;
    std::uint64_t last = range.last;
    if (range.fromEnd) {
        if (first > count) return {};
        last = std::min(last, count);
        std::tie(first, last) = std::pair(count - last + 1, count - first + 1);
    }
    std::vector<Run> part;
    std::uint64_t before = 0;
    for (const Run& run : runs) {
        const std::uint64_t from = std::max(first, before + 1);
        const std::uint64_t to = std::min(last, before + run.count());
        if (from <= to) {
            const auto skipped = static_cast<std::uint32_t>(from - before - 1);
            part.push_back({
                .number = run.number + skipped,
                .first = run.first + skipped,
                .last = run.first + static_cast<std::uint32_t>(to - before - 1),
            });
        }
        before += run.count();
    }
    return part;
}

FetchModifiers parseFetchModifiers(Arguments& arguments) {
    FetchModifiers modifiers;
    if (!arguments.optionalSpace()) return modifiers;
    Lexer& lexer = arguments.lexer();
    lexer.expect('(');
    do {
        const std::string name = arguments.word();
        if (name == "CHANGEDSINCE" && !modifiers.changedSince) {
            arguments.space();
            modifiers.changedSince = arguments.modSeq();
        } else if (name == "PARTIAL" && !modifiers.partial) {
            if (!arguments.byUid()) throw Bad("PARTIAL is for UID FETCH");
            arguments.space();
            modifiers.partial = parsePartialRange(lexer);
        } else if (name == "VANISHED" && !modifiers.vanished) {
            modifiers.vanished = true;
        } else {
            throw Bad("Unknown modifier of FETCH, or it stands there twice");
        }
    } while (lexer.skip(' '));
    lexer.expect(')');
    // RFC 7162 §3.2.6: only with CHANGEDSINCE, of UID FETCH, and once QRESYNC is enabled.
    const bool mayVanish =
        modifiers.changedSince && arguments.byUid() && arguments.dialect().qresync;
    if (modifiers.vanished && !mayVanish) throw Bad("VANISHED does not belong here");
    return modifiers;
}

}  // namespace daybook::imap
