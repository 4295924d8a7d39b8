#include "protocols/imap/append_work.h"

#include <algorithm>

#include "journal/base/limits.h"

namespace daybook::imap {

void AppendWork::begin(const AppendStep& step) {
    end();
    isOpen_ = true;
    appending.pieces.push_back({
        .begin = spool.size(),
        .end = spool.size(),
        .flags = step.flags,
        .internalDateNs = step.date ? std::optional(step.date->timeNs) : std::nullopt,
        .zoneMinutes = step.date ? step.date->zoneMinutes : std::int16_t{0},
    });
}

void AppendWork::end() {
    if (!isOpen_) return;
    isOpen_ = false;
    Reception::AppendPiece& piece = appending.pieces.back();
    piece.end = spool.size();
    // RFC 3502 §6.3.11: that cancels the whole APPEND.
    if (piece.begin == piece.end) throw No("CANNOT", "The message is empty");
    // RFC 6855 §4 would have 8-bit header fields refused before ENABLE UTF8=ACCEPT. They are taken:
    // old mail has them, and whoever moves it here with mbsync or imapsync would lose it.
}

void AppendWork::expect(std::uint64_t octets) {
    const std::uint64_t message = spool.size() - appending.pieces.back().begin;
    if (octets > messageOctetsMax || message > messageOctetsMax - octets) {
        throw No("TOOBIG", "The message is too large");
    }
    if (spool.size() + octets > std::max(limits::kImapAppendOctetsMax, messageOctetsMax)) {
        throw No("LIMIT", "Too much at once");
    }
}

void AppendWork::take(std::string_view octets, bool mayHoldNul) {
    if (octets.find('\0') != std::string_view::npos) {
        appending.pieces.back().hasNul = true;
        hasStrayNul_ = hasStrayNul_ || !mayHoldNul;
    }
    if (diskFailed_ || hasStrayNul_) return;
    try {
        spool.append(octets);
    } catch (const ContentError&) {
        diskFailed_ = true;
    }
}

void AppendWork::check() const {
    if (hasStrayNul_) throw Bad("The message holds a NUL: only a literal8 may");
    if (diskFailed_) throw No("UNAVAILABLE", "No room at the moment, try again later");
}

}  // namespace daybook::imap
