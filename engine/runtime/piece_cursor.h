// piece_cursor.h
//
// Where a write of several pieces has got to. Value; the pieces outlive it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace daybook {

class PieceCursor {
public:
    explicit PieceCursor(std::span<const std::string_view> pieces) : pieces_(pieces) {
        skipEmpty();
    }

    bool atEnd() const { return pieces_.empty(); }

    void advance(std::size_t octets) {
        while (octets > 0) {
            const std::size_t left = pieces_.front().size() - offset_;
            const std::size_t taken = std::min(octets, left);
            offset_ += taken;
            octets -= taken;
            skipEmpty();
        }
    }

    // The octets of this piece that are not sent.
    std::string_view current() const { return pieces_.front().substr(offset_); }

    std::size_t piecesLeft() const { return pieces_.size(); }

    std::string_view piece(std::size_t index) const {
        return index == 0 ? current() : pieces_[index];
    }

private:
    void skipEmpty() {
        while (!pieces_.empty() && offset_ == pieces_.front().size()) {
            pieces_ = pieces_.subspan(1);
            offset_ = 0;
        }
    }

    std::span<const std::string_view> pieces_;
    std::size_t offset_ = 0;
};

}  // namespace daybook
