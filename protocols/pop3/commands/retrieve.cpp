#include <algorithm>
#include <fmt/format.h>

#include "journal/base/ascii.h"
#include "protocols/pop3/dialogue.h"
#include "protocols/pop3/transmission.h"

namespace daybook::pop3 {

namespace {

// A slow client costs this much memory, however large the message is.
constexpr std::uint64_t kPieceOctets = std::uint64_t{256} * 1024;

Reply unreadable() { return err("SYS/PERM", "The message is damaged or was erased"); }

}  // namespace

// Another session may have expunged it since; the maildrop is frozen, so it is still served.
std::optional<Dialogue::Content> Dialogue::locate(Uid uid) const {
    const Snapshot snapshot = services_.views.snapshot();
    const MessagesView messages = snapshot.messages();
    std::optional<MessageRow> row = messages.message(login_->maildrop.mailbox(), uid);
    if (!row) row = messages.tombstone(login_->maildrop.mailbox(), uid);
    if (!row) return std::nullopt;
    Content content{
        .head = std::string(snapshot.summaries().prefix(row->storedSeq)),
        .blob = row->blob,
        .blobOctets = row->blobOctets,
        .prefixOctets = row->prefixOctets,
        .blobOctetsInHead = std::min(kPieceOctets, row->blobOctets),
    };
    if (content.head.size() != content.prefixOctets) return std::nullopt;
    return content;
}

bool Dialogue::readHead(Content& content) const {
    try {
        return services_.content.read(content.blob, 0, content.blobOctetsInHead, content.head);
    } catch (const ContentDamaged& damage) {
        services_.log.error("pop3.message_damaged", {{"why", damage.what()}});
        return false;
    }
}

// Reads what is behind the first piece once, so that damage is told as an error and not by half a
// message.
bool Dialogue::isWhole(const Content& content) const {
    std::string piece;
    try {
        std::uint64_t from = content.blobOctetsInHead;
        for (; from < content.blobOctets; from += kPieceOctets) {
            piece.clear();
            const std::uint64_t count = std::min(kPieceOctets, content.blobOctets - from);
            if (!services_.content.read(content.blob, from, count, piece)) return false;
        }
    } catch (const ContentDamaged& damage) {
        services_.log.error("pop3.message_damaged", {{"why", damage.what()}});
        return false;
    }
    return true;
}

// RETR. RFC 1939 §5.
Task<Reply> Dialogue::retr(std::string_view arguments) {
    const std::uint64_t number = parseNumber(trimmed(arguments), UINT32_MAX).value_or(0);
    const Maildrop::Message* const message = login_->maildrop.find(number);
    if (message == nullptr) co_return err("", "No such message");
    const Reply answer = co_await transmit(message->uid, std::nullopt);
    co_return answer;
}

// TOP. RFC 1939 §7.
Task<Reply> Dialogue::top(std::string_view arguments) {
    const std::size_t blank = arguments.find(' ');
    if (blank == std::string_view::npos) co_return err("", "Say TOP, a number and how many lines");
    const std::uint64_t number = parseNumber(arguments.substr(0, blank), UINT32_MAX).value_or(0);
    const std::optional<std::uint64_t> bodyLines = parseNumber(trimmed(arguments.substr(blank)));
    if (!bodyLines) co_return err("", "Say TOP, a number and how many lines");
    const Maildrop::Message* const message = login_->maildrop.find(number);
    if (message == nullptr) co_return err("", "No such message");
    const Reply answer = co_await transmit(message->uid, bodyLines);
    co_return answer;
}

// The access is on record before the first octet leaves (DESIGN 3.4), and what was sent after it,
// also when the client went away in the middle.
Task<Reply> Dialogue::transmit(Uid uid, std::optional<std::uint64_t> bodyLines) {
    std::optional<Content> content = locate(uid);
    if (!content || !readHead(*content)) co_return unreadable();
    if (!bodyLines && !isWhole(*content)) co_return unreadable();
    const Outcome<std::vector<Uid>> opened =
        co_await login_->access->beforeReading(event::AccessClass::BIND, {});
    if (!opened) co_return err(opened.error());
    ReadNote note{.parts = kReadFull, .partial = bodyLines.has_value()};
    if (bodyLines) {
        note.parts = static_cast<std::uint16_t>(kReadHeaders | (*bodyLines > 0 ? kReadText : 0));
    }
    std::exception_ptr failure;
    try {
        co_await sendContent(std::move(*content), bodyLines, note.octets);
    } catch (const std::exception&) {
        failure = std::current_exception();
    }
    login_->access->note(uid, note);
    if (failure) std::rethrow_exception(failure);
    co_return Reply{};
}

// Counts in `sent` what of the message goes out. Damage that appears only now ends the connection:
// half a message without its "." is not taken for a whole one.
Task<void> Dialogue::sendContent(
    Content content, std::optional<std::uint64_t> bodyLines, std::uint64_t& sent) {
    std::string out = std::exchange(pending_, {});
    out += bodyLines ? "+OK The top follows\r\n"
                     : fmt::format("+OK {} octets\r\n", content.prefixOctets + content.blobOctets);
    std::optional<TopCut> cut;
    if (bodyLines) cut.emplace(*bodyLines);
    ByteStuffer stuffer;
    std::string piece = std::move(content.head);
    std::uint64_t from = content.blobOctetsInHead;
    for (;;) {
        const std::string_view wanted = cut ? cut->take(piece) : std::string_view(piece);
        stuffer.append(wanted, out);
        sent += wanted.size();
        if (from == content.blobOctets || (cut && cut->isDone())) break;
        co_await connection_.write(out);
        out.clear();
        piece.clear();
        const std::uint64_t count = std::min(kPieceOctets, content.blobOctets - from);
        if (!services_.content.read(content.blob, from, count, piece)) {
            throw Disconnected("the message was erased while it was sent");
        }
        from += count;
    }
    stuffer.finish(out);
    co_await connection_.write(out);
}

}  // namespace daybook::pop3
