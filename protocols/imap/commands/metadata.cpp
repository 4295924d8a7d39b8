#include "journal/base/ascii.h"
#include "journal/base/limits.h"
#include "protocols/imap/annotations.h"
#include "protocols/imap/mailbox_listing.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

constexpr std::size_t kEntriesPerCommandMax = 100;

struct GetOptions {
    std::optional<std::uint64_t> maxSize;
    std::uint32_t depth = 0;  // levels below; UINT32_MAX: all
};

// metadata-options = "(" option *(SP option) ")"
GetOptions parseOptions(Arguments& arguments) {
    GetOptions options;
    arguments.lexer().expect('(');
    do {
        const std::string word = arguments.word();
        arguments.space();
        if (word == "MAXSIZE") {
            options.maxSize = arguments.number();
        } else if (word == "DEPTH") {
            const std::string depth = arguments.word();
            if (depth != "0" && depth != "1" && depth != "INFINITY") {
                throw Bad("DEPTH is 0, 1 or infinity");
            }
            options.depth = depth == "INFINITY" ? UINT32_MAX : depth == "1" ? 1 : 0;
        } else {
            throw Bad("Unknown option of GETMETADATA");
        }
    } while (arguments.optionalSpace());
    arguments.lexer().expect(')');
    return options;
}

// entries = entry / "(" entry *(SP entry) ")"
std::vector<std::string> parseEntries(Arguments& arguments) {
    std::vector<std::string> names;
    const bool isList = arguments.lexer().skip('(');
    do {
        if (names.size() == kEntriesPerCommandMax) throw Bad("Too many entries");
        names.push_back(checkedAnnotationName(arguments.astring()));
    } while (isList && arguments.optionalSpace());
    if (isList) arguments.lexer().expect(')');
    return names;
}

bool beginsOptions(const Lexer& lexer) {
    const std::string_view rest = lexer.rest();
    return rest.starts_with('(') && rest.size() > 1 && rest[1] != '/' && rest[1] != '"' &&
           rest[1] != '{';
}

// RFC 5464 §4.2.2.
bool isWithin(std::string_view name, std::string_view entry, std::uint32_t depth) {
    if (name == entry) return true;
    if (depth == 0 || !name.starts_with(entry) || name[entry.size()] != '/') return false;
    return depth > 1 || name.find('/', entry.size() + 1) == std::string_view::npos;
}

// value = nstring / literal8
std::optional<std::string> parseValue(Arguments& arguments) {
    Lexer& lexer = arguments.lexer();
    if (lexer.peek() == '"' || lexer.peek() == '{') return lexer.string();
    if (lexer.skip('~')) return lexer.string();
    if (arguments.word() != "NIL") throw Bad("A string or NIL was expected");
    return std::nullopt;
}

// "\Drafts \Sent": bits. Throws No.
std::uint16_t specialUsesOf(const std::optional<std::string>& value) {
    unsigned uses = 0;
    std::string_view rest = value ? std::string_view(*value) : std::string_view();
    while (!rest.empty()) {
        const std::string_view attribute = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(rest.size(), attribute.size() + 1));
        if (attribute.empty()) continue;
        const std::optional<std::uint16_t> use = parseSpecialUse(attribute);
        if (!use) throw No("USEATTR", "There is no such special use");
        uses |= *use;
    }
    return static_cast<std::uint16_t>(uses);
}

}  // namespace

// GETMETADATA. RFC 5464 §4.2. The options stand before the mailbox in the grammar (§5) and behind
// it in the examples: both are taken.
Task<Reply> Session::getMetadata(Arguments& arguments) {
    GetOptions options;
    arguments.space();
    const bool optionsFirst = arguments.lexer().peek() == '(';
    if (optionsFirst) {
        options = parseOptions(arguments);
        arguments.space();
    }
    const std::string name = arguments.mailbox();
    arguments.space();
    if (!optionsFirst && beginsOptions(arguments.lexer())) {
        options = parseOptions(arguments);
        arguments.space();
    }
    const std::vector<std::string> entries = parseEntries(arguments);
    arguments.end();

    const Snapshot views = services_.views.snapshot();
    std::optional<MailboxTarget> target;
    if (!name.empty()) {
        const Outcome<MailboxTarget> found = targetFor(views, account(), name, kMayLookup);
        if (!found) co_return no(found.error());
        if (!seesAnnotations(found->rights)) co_return no("NOPERM", "Not permitted");
        target = *found;
    }
    std::uint64_t longest = 0;
    std::vector<Annotation> told;
    const auto known = annotationsFor(views, account(), target);
    for (const std::string& entry : entries) {
        if (!known.contains(entry) && options.depth == 0) told.push_back({.name = entry});
        for (const auto& [each, value] : known) {
            if (!isWithin(each, entry, options.depth)) continue;
            if (options.maxSize && value.size() > *options.maxSize) {
                longest = std::max<std::uint64_t>(longest, value.size());
            } else {
                told.push_back({.name = each, .value = value});
            }
        }
    }
    appendAnnotations(out_, name, told, dialect_);
    if (longest == 0) co_return ok("That is noted");
    co_return ok("METADATA LONGENTRIES " + std::to_string(longest), "Some are longer");
}

// SETMETADATA. RFC 5464 §4.3. /private/specialuse: RFC 6154 §4.
Task<Reply> Session::setMetadata(Arguments& arguments) {
    // setmetadata = "SETMETADATA" SP mailbox SP "(" entry SP value *(SP entry SP value) ")"
    arguments.space();
    const std::string name = arguments.mailbox();
    arguments.space();
    SetMetadata command{
        .origin = session_.origin(),
        .account = account(),
        .mailbox = {},
        .edits = {},
        .specialUses = {}};
    std::size_t greatest = 0;
    arguments.lexer().expect('(');
    do {
        if (command.edits.size() == kEntriesPerCommandMax) throw Bad("Too many entries");
        MetadataEdit edit;
        edit.name = checkedAnnotationName(arguments.astring());
        arguments.space();
        edit.value = parseValue(arguments);
        edit.newId = services_.random.number();
        if (edit.value) greatest = std::max(greatest, edit.value->size());
        if (edit.name == kSpecialUseEntry) {
            command.specialUses = specialUsesOf(edit.value);
        } else {
            command.edits.push_back(std::move(edit));
        }
    } while (arguments.optionalSpace());
    arguments.lexer().expect(')');
    arguments.end();
    if (greatest > limits::kAnnotationOctetsMax) {
        co_return no(
            "METADATA MAXSIZE " + std::to_string(limits::kAnnotationOctetsMax),
            "The value is too long");
    }
    if (!name.empty()) {
        const Outcome<MailboxTarget> target =
            targetFor(services_.views.snapshot(), account(), name, kMayLookup);
        if (!target) co_return no(target.error());
        command.account = target->owner;
        command.mailbox = target->row.id;
    }
    const Outcome<SetMetadata::Answer> set = co_await services_.scribe.submit(std::move(command));
    if (!set) co_return no(set.error());
    tellLostSpecialUse(set->lostSpecialUse);
    co_return ok("Noted");
}

// RFC 6154 §5.4: another mailbox has given its special use away.
void Session::tellLostSpecialUse(const std::vector<MailboxId>& mailboxes) {
    if (mailboxes.empty()) return;
    const Snapshot views = services_.views.snapshot();
    for (const MailboxId id : mailboxes) {
        const auto row = views.mailboxes().mailbox(account(), id);
        if (!row) continue;
        const std::string uses = specialUseAttributes(row->specialUses);
        Annotation annotation{.name = std::string(kSpecialUseEntry)};
        if (!uses.empty()) annotation.value = uses;
        appendAnnotations(out_, row->name, {annotation}, dialect_);
    }
}

}  // namespace daybook::imap
