#include "protocols/smtp/client_data.h"

namespace daybook::smtp {

namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kDot = ".";
constexpr std::string_view kEndOfData = ".\r\n";

// How far the front of `rest` can be sent as it lies.
struct Run {
    std::size_t octets = 0;   // as they lie
    std::size_t skipped = 0;  // behind them: replaced by a CRLF
    bool lineEnded = false;
    bool crPending = false;  // the CR at the end is left to the next piece
};

Run scan(std::string_view rest) {
    std::size_t at = 0;
    for (;;) {
        const std::size_t lf = rest.find('\n', at);
        const std::size_t cr = rest.substr(0, lf).find('\r', at);
        if (cr == std::string_view::npos && lf == std::string_view::npos) {
            return {.octets = rest.size(), .lineEnded = at == rest.size()};
        }
        if (cr == std::string_view::npos) return {.octets = lf, .skipped = 1, .lineEnded = true};
        if (cr + 1 == rest.size()) return {.octets = cr, .skipped = 1, .crPending = true};
        if (cr + 1 != lf) return {.octets = cr, .skipped = 1, .lineEnded = true};
        at = lf + 1;
        const bool stop = at == rest.size() || rest[at] == '.';
        if (stop) return {.octets = at, .lineEnded = true};
    }
}

}  // namespace

DataStream::DataStream(std::span<const std::string_view> pieces) : pieces_(pieces) {}

bool DataStream::next(std::vector<std::string_view>& batch, std::size_t viewsMax) {
    batch.clear();
    while (batch.size() < viewsMax) {
        if (pieces_.empty()) {
            finish(batch);
            return false;
        }
        const std::string_view rest = pieces_.front().substr(offset_);
        if (!rest.empty()) {
            step(rest, batch);
            continue;
        }
        pieces_ = pieces_.subspan(1);
        offset_ = 0;
    }
    return true;
}

void DataStream::step(std::string_view rest, std::vector<std::string_view>& batch) {
    if (afterCr_) {
        afterCr_ = false;
        atLineStart_ = true;
        batch.push_back(kLineEnd);
        take(rest.front() == '\n' ? 1 : 0);
        return;
    }
    if (atLineStart_ && rest.front() == '.') batch.push_back(kDot);
    const Run run = scan(rest);
    if (run.octets > 0) batch.push_back(rest.substr(0, run.octets));
    if (run.skipped > 0 && !run.crPending) batch.push_back(kLineEnd);
    atLineStart_ = run.lineEnded;
    afterCr_ = run.crPending;
    take(run.octets + run.skipped);
}

void DataStream::finish(std::vector<std::string_view>& batch) {
    if (afterCr_ || !atLineStart_) batch.push_back(kLineEnd);
    batch.push_back(kEndOfData);
}

}  // namespace daybook::smtp
