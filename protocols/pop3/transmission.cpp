#include "protocols/pop3/transmission.h"

namespace daybook::pop3 {

std::string_view TopCut::take(std::string_view piece) {
    std::size_t position = 0;
    while (position < piece.size() && !isDone()) {
        const std::size_t lf = piece.find('\n', position);
        const std::size_t end = lf == std::string_view::npos ? piece.size() : lf;
        const std::string_view line = piece.substr(position, end - position);
        if (!line.empty() && line != "\r") lineIsEmpty_ = false;
        if (lf == std::string_view::npos) return piece;
        position = lf + 1;
        endLine();
    }
    return piece.substr(0, position);
}

void TopCut::endLine() {
    if (!inHeader_) {
        --linesLeft_;
    } else if (lineIsEmpty_) {
        inHeader_ = false;
    }
    lineIsEmpty_ = true;
}

void ByteStuffer::append(std::string_view piece, std::string& into) {
    if (piece.empty()) return;
    // What a line's end needs to know when it is at the border of two pieces.
    if (lastWasCr_ && piece.front() == '\n') {
        into += '\n';
        piece.remove_prefix(1);
        atLineStart_ = true;
        lastWasCr_ = false;
        if (piece.empty()) return;
    }
    if (atLineStart_ && piece.front() == '.') into += '.';
    std::size_t from = 0;
    for (;;) {
        const std::size_t stuffed = piece.find("\r\n.", from);
        if (stuffed == std::string_view::npos) break;
        into.append(piece.substr(from, stuffed + 2 - from)).append(".");
        from = stuffed + 2;
    }
    into.append(piece.substr(from));
    atLineStart_ = piece.ends_with("\r\n");
    lastWasCr_ = piece.back() == '\r';
}

void ByteStuffer::finish(std::string& into) const {
    into.append(atLineStart_ ? ".\r\n" : "\r\n.\r\n");
}

}  // namespace daybook::pop3
