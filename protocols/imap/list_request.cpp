#include "protocols/imap/list_request.h"

#include <algorithm>

#include "protocols/imap/annotations.h"
#include "protocols/imap/errors.h"

namespace daybook::imap {

namespace {

constexpr std::size_t kPatternsMax = 32;
constexpr std::size_t kAnnotationsAskedMax = 100;

// list-select-opts = "(" [list-select-opt *(SP list-select-opt)] ")"
void parseSelection(Arguments& arguments, ListRequest& request) {
    arguments.lexer().expect('(');
    while (!arguments.lexer().skip(')')) {
        const std::string word = arguments.word();
        if (word == "SUBSCRIBED") {
            request.subscribed = true;
        } else if (word == "SPECIAL-USE") {
            request.specialUse = true;
        } else if (word == "RECURSIVEMATCH") {
            request.recursive = true;
        } else if (word != "REMOTE") {  // nothing here is on another server
            throw Bad("Unknown selection option of LIST");
        }
        if (arguments.lexer().peek() != ')') arguments.space();
    }
    // RFC 5258 §3.1: it says how another option is meant.
    if (request.recursive && !request.selects()) {
        throw Bad("RECURSIVEMATCH needs another selection option");
    }
}

void addPattern(ListRequest& request, const std::string& reference, const std::string& name) {
    if (name.empty()) return;  // RFC 5258 §3: ignored
    if (request.patterns.size() == kPatternsMax) throw Bad("Too many patterns");
    request.patterns.emplace_back(reference + name);
}

// mbox-or-pat = list-mailbox / "(" list-mailbox *(SP list-mailbox) ")"
void parsePatterns(Arguments& arguments, const std::string& reference, ListRequest& request) {
    if (!arguments.lexer().skip('(')) {
        const std::string name = arguments.listPattern();
        request.asksDelimiter = name.empty();
        addPattern(request, reference, name);
        return;
    }
    request.extended = true;
    do {
        addPattern(request, reference, arguments.listPattern());
    } while (arguments.optionalSpace());
    arguments.lexer().expect(')');
}

// "METADATA" SP "(" entry *(SP entry) ")"
void parseAnnotations(Arguments& arguments, ListRequest& request) {
    arguments.space();
    arguments.lexer().expect('(');
    do {
        if (request.annotations.size() == kAnnotationsAskedMax) throw Bad("Too many entries");
        request.annotations.push_back(checkedAnnotationName(arguments.astring()));
    } while (arguments.optionalSpace());
    arguments.lexer().expect(')');
}

// list-return-opts = "RETURN" SP "(" [return-option *(SP return-option)] ")"
void parseReturn(Arguments& arguments, ListRequest& request) {
    if (arguments.word() != "RETURN") throw Bad("RETURN was expected");
    arguments.space();
    arguments.lexer().expect('(');
    while (!arguments.lexer().skip(')')) {
        const std::string word = arguments.word();
        if (word == "SUBSCRIBED") {
            request.returnsSubscribed = true;
        } else if (word == "CHILDREN") {
            request.returnsChildren = true;
        } else if (word == "MYRIGHTS") {
            request.returnsRights = true;
        } else if (word == "STATUS") {
            arguments.space();
            request.statusItems = arguments.words();
        } else if (word == "METADATA") {
            parseAnnotations(arguments, request);
        } else if (word != "SPECIAL-USE") {  // always told
            throw Bad("Unknown return option of LIST");
        }
        if (arguments.lexer().peek() != ')') arguments.space();
    }
}

}  // namespace

bool ListRequest::matches(std::string_view name) const {
    return std::ranges::any_of(
        patterns, [name](const ListPattern& pattern) { return pattern.matches(name); });
}

// list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]
ListRequest parseList(Arguments& arguments) {
    ListRequest request;
    arguments.space();
    if (arguments.lexer().peek() == '(') {
        request.extended = true;
        parseSelection(arguments, request);
        arguments.space();
    }
    const std::string reference = arguments.listPattern();
    arguments.space();
    parsePatterns(arguments, reference, request);
    if (arguments.optionalSpace()) {
        request.extended = true;
        parseReturn(arguments, request);
    }
    arguments.end();
    request.asksDelimiter = request.asksDelimiter && !request.extended;
    return request;
}

}  // namespace daybook::imap
