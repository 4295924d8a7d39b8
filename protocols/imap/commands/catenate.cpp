// CATENATE's URLs: octets of other messages for one that is appended. RFC 4469 §3.

#include <algorithm>

#include "protocols/imap/append_work.h"
#include "protocols/imap/fetch_renderer.h"
#include "protocols/imap/imap_url.h"
#include "protocols/imap/session.h"

namespace daybook::imap {

namespace {

// Between two pieces the others have their turn.
constexpr std::uint64_t kCopyOctets = 256U << 10U;

// resp-text-code =/ "BADURL" SP url-resp-text. RFC 4469 §4.1.
No badUrl(const std::string& url, const std::string& why) {
    std::string code = "BADURL ";
    for (const char c : url) {
        const bool fits = c >= 0x20 && c < 0x7f && c != ']' && c != '\\';
        code += fits ? c : '?';
    }
    return {code, why};
}

BodyItem sectionOf(const ImapUrl& parsed, const std::string& url) {
    try {
        return bodyItemFor(parsed.section, parsed.partial);
    } catch (const Bad& bad) {
        throw badUrl(url, bad.what());
    }
}

// What a URL names: octets that are here already, then some of a blob.
struct NamedOctets {
    std::string text;
    BlobRange range;
};

mime::Extent partOf(const mime::Extent& whole, std::optional<BodyItem::Partial> partial) {
    if (partial && partial->count == 0) partial->count = UINT32_MAX;  // RFC 5092: to the end
    return cutTo(whole, partial);
}

// Nothing: there is no such message or part.
std::optional<NamedOctets> namedBy(
    const Snapshot& views,
    const ContentLog& content,
    MailboxId mailbox,
    Uid uid,
    const BodyItem& item) {
    const auto row = views.messages().message(mailbox, uid);
    if (!row) return std::nullopt;
    const MessageOctets octets(views, content, *row);
    const std::optional<mime::Extent> whole = octets.extentOf(item.section);
    if (!whole) return std::nullopt;
    if (item.section.fields.empty()) {
        const mime::Extent extent = partOf(*whole, item.partial);
        return NamedOctets{
            .text = std::string(octets.prefixPart(extent)), .range = octets.blobPart(extent)};
    }
    std::string header;
    if (!octets.read(*whole, header)) return std::nullopt;
    const bool others = item.section.text == mime::SectionText::HeaderFieldsNot;
    const std::string fields = mime::filterHeader(header, item.section.fields, others);
    const mime::Extent extent = partOf({.begin = 0, .end = fields.size()}, item.partial);
    return NamedOctets{.text = fields.substr(extent.begin, extent.end - extent.begin), .range = {}};
}

}  // namespace

// The access is on record before anything is read (DESIGN 3.4); \Seen stays as it is.
Task<void> Session::catenate(AppendWork& work, std::string url) {
    const std::optional<ImapUrl> parsed = parseImapUrl(url);
    if (!parsed) throw badUrl(url, "Only relative URLs of messages are taken");
    const BodyItem item = sectionOf(*parsed, url);
    std::optional<MailboxTarget> target;
    if (!parsed->mailbox.empty()) {
        target = findMailbox(
            services_.views.snapshot(), account(), canonicalMailboxName(parsed->mailbox));
    } else if (isSelected()) {
        const auto row =
            services_.views.snapshot().mailboxes().mailbox(selected().owner, selected().id);
        if (row) target = MailboxTarget{.owner = selected().owner, .row = *row, .rights = kMayRead};
    }
    // RFC 4469 §7: nothing that the session could not FETCH.
    if (!target || (target->rights & kMayRead) == 0) throw badUrl(url, "No such mailbox");
    const std::uint32_t validity = target->row.uidValidity.number();
    if (parsed->uidValidity != 0 && parsed->uidValidity != validity) {
        throw badUrl(url, "Another UIDVALIDITY");
    }
    const bool isOpen = isSelected() && selected().id == target->row.id;
    std::unique_ptr<AccessRecord>& window = work.windows[target->row.id];
    if (!isOpen && !window) {
        window = std::make_unique<AccessRecord>(
            services_.scribe,
            services_.clock,
            session_,
            event::Protocol::IMAP,
            target->owner,
            target->row.id);
    }
    AccessRecord& access = isOpen ? *selected().access : *window;
    const Outcome<std::vector<Uid>> opened =
        co_await access.beforeReading(event::AccessClass::BIND, {});
    if (!opened) throw No("UNAVAILABLE", "The access cannot be put on record");

    const Uid uid(parsed->uid);
    const std::optional<NamedOctets> named =
        namedBy(services_.views.snapshot(), services_.content, target->row.id, uid, item);
    if (!named) throw badUrl(url, "No such message or part");
    const std::uint64_t octets = named->text.size() + named->range.count;
    work.expect(octets);
    work.take(named->text, true);
    ReadNote note = item.note;
    note.octets = octets;
    access.note(uid, note);
    co_await copyOctets(work, named->range, url);
    work.check();
}

Task<void> Session::copyOctets(AppendWork& work, BlobRange range, std::string url) {
    std::string piece;
    for (std::uint64_t done = 0; done < range.count; done += piece.size()) {
        piece.clear();
        const std::uint64_t count = std::min(kCopyOctets, range.count - done);
        if (!services_.content.read(range.place, range.from + done, count, piece)) {
            throw badUrl(url, "The message was erased");
        }
        work.take(piece, true);
        if (range.count > kCopyOctets) co_await connection_.reactor().yield();
    }
}

}  // namespace daybook::imap
