#include "protocols/common/line_reader.h"

#include <algorithm>

namespace daybook {

namespace {

// Who sends that much without an end of line speaks no protocol of ours.
constexpr std::size_t kDroppedOctetsMax = std::size_t{1} << 20U;

}  // namespace

LineReader::LineReader(Connection& connection) : connection_(connection) {}

Task<std::string> LineReader::readLine(std::size_t limit, Deadline deadline) {
    Progress progress;
    while (!findEnd(limit, progress)) {
        if (progress.dropped > limit + kDroppedOctetsMax) throw Disconnected("an endless line");
        const std::size_t filled = co_await connection_.fill(deadline);
        if (filled == 0) throw Disconnected("the peer has ended");
    }
    if (progress.dropped > 0) throw LineTooLong("line too long");
    co_return std::move(progress.line);
}

bool LineReader::findEnd(std::size_t limit, Progress& progress) {
    const std::string_view buffered = connection_.buffered();
    const std::size_t end = buffered.find("\r\n", progress.scanned);
    const bool found = end != std::string_view::npos;
    // A CR at the end may be half of a CRLF.
    const std::size_t length = found ? end : buffered.size() - (buffered.ends_with('\r') ? 1 : 0);
    if (progress.dropped > 0 || length > limit) {
        progress.dropped += length;
        progress.scanned = 0;
        connection_.consume(length + (found ? 2 : 0));
        return found;
    }
    progress.scanned = length;
    if (!found) return false;
    progress.line = buffered.substr(0, length);
    connection_.consume(length + 2);
    return true;
}

Task<void> LineReader::readOctets(
    std::uint64_t count,
    std::function<void(std::string_view)> sink,
    std::chrono::milliseconds patience) {
    while (count > 0) {
        if (connection_.buffered().empty()) {
            const std::size_t filled = co_await connection_.fill(after(patience));
            if (filled == 0) throw Disconnected("the peer has ended");
        }
        const std::size_t piece = std::min<std::uint64_t>(count, connection_.buffered().size());
        sink(connection_.buffered().substr(0, piece));
        connection_.consume(piece);
        count -= piece;
    }
}

}  // namespace daybook
