// fetch_renderer.h
//
// One message's FETCH response, from its row, its summary and its octets (RFC 3501 §7.4.2). Writes
// into the session's output; octets of large bodies are named instead, for who sends the output to
// read them in pieces. Notes what was read. Lives as long as one command. One thread.
#pragma once

#include <string>
#include <vector>

#include "protocols/imap/fetch_items.h"
#include "protocols/imap/message_octets.h"
#include "protocols/imap/selected_mailbox.h"

namespace daybook::imap {

// Octets that belong into the output before position `at`, and are not in it.
struct LargeOctets {
    std::size_t at = 0;
    BlobRange range;
};

class FetchRenderer {
public:
    struct Parts {
        const FetchItems& items;
        const ContentLog& content;
        SelectedMailbox& mailbox;
        const std::vector<std::string>& keywordNames;
        const Dialect& dialect;
    };

    FetchRenderer(Parts parts, std::string& out) : parts_(parts), out_(out) {}

    enum class Flags { AsAsked, Told };

    // A message that cannot be read is left out and counted.
    void render(const Snapshot& views, std::uint32_t number, const MessageRow& row, Flags flags);

    std::vector<LargeOctets> takeLarge() { return std::exchange(large_, {}); }

    bool hasLarge() const { return !large_.empty(); }

    std::size_t damaged() const { return damaged_; }

private:
    void renderRow(const MessageRow& row, Flags flags);
    void renderSummary(const MessageOctets& octets, Uid uid);
    void renderBody(const MessageOctets& octets, const BodyItem& item, Uid uid);
    void renderFields(
        const MessageOctets& octets, const BodyItem& item, const mime::Extent& header, Uid uid);
    bool appendOctets(const MessageOctets& octets, const mime::Extent& extent);
    void name(std::string_view item);

    Parts parts_;
    std::string& out_;
    bool first_ = true;
    std::vector<LargeOctets> large_;
    std::size_t damaged_ = 0;
};

}  // namespace daybook::imap
