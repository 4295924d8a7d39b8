// imap_url.h
//
// The URLs of CATENATE: relative ones that name a message, or a part of one, of this server and
// user (RFC 4469 §3, grammar RFC 5092 §11). Absolute ones, URLAUTH and searches are not taken.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocols/imap/fetch_items.h"

namespace daybook::imap {

struct ImapUrl {
    std::string mailbox;            // UTF-8; empty: the one that is selected
    std::uint32_t uidValidity = 0;  // 0: not said
    std::uint32_t uid = 0;
    std::string section;  // as between the brackets of BODY[]; empty: the whole message
    std::optional<BodyItem::Partial> partial;  // count 0: to the end
};

// Nothing: it is no such URL.
std::optional<ImapUrl> parseImapUrl(std::string_view url);

}  // namespace daybook::imap
