#include "tools/daybook/output.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "journal/base/ascii.h"
#include "projections/deliveries.h"
#include "tools/daybook/context.h"

namespace daybook {

namespace {

constexpr std::int64_t kProgressEveryNs = kSecondNs / 5;

// Columns of a terminal that a text takes: code points, which is right for most names.
std::size_t widthOf(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

// As the terminal was before it was made silent; for the handler.
termios terminalBefore{};

// Ctrl-C at the prompt: the shell would go on without echo.
void restoreTerminal(int number) {
    ::tcsetattr(STDIN_FILENO, TCSANOW, &terminalBefore);
    ::signal(number, SIG_DFL);
    ::raise(number);
}

std::string readLineWithoutEcho(std::string_view prompt) {
    constexpr std::array kEnds{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    ::tcgetattr(STDIN_FILENO, &terminalBefore);
    for (const int number : kEnds) {
        ::signal(number, restoreTerminal);
    }
    termios silent = terminalBefore;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fmt::print(stderr, "{}: ", prompt);
    std::string line;
    std::getline(std::cin, line);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminalBefore);
    for (const int number : kEnds) {
        ::signal(number, SIG_DFL);
    }
    fmt::print(stderr, "\n");
    return line;
}

}  // namespace

void say(std::string_view line) { fmt::print("{}\n", line); }

void sayNote(std::string_view line) {
    std::fflush(stdout);
    fmt::print(stderr, "daybook: {}\n", line);
}

void TextTable::print(bool json) {
    flush(json);
    if (json) say(begun_ ? "\n]" : "[]");
}

void TextTable::flush(bool json) {
    if (json) {
        printObjects();
    } else {
        printRows();
    }
    rows_.clear();
}

void TextTable::printObjects() {
    for (const std::vector<std::string>& row : rows_) {
        nlohmann::ordered_json object;
        for (std::size_t column = 0; column < columns_.size(); ++column) {
            object[columns_[column]] = row[column];
        }
        fmt::print(
            "{}  {}",
            begun_ ? ",\n" : "[\n",
            object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
        begun_ = true;
    }
}

void TextTable::printRows() {
    widths_.resize(columns_.size());
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        widths_[column] = std::max(widths_[column], columns_[column].size());
        for (const std::vector<std::string>& row : rows_) {
            widths_[column] = std::max(widths_[column], widthOf(row[column]));
        }
    }
    const auto printRow = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t column = 0; column < row.size(); ++column) {
            line += row[column];
            if (column + 1 == row.size()) break;
            line.append(widths_[column] - widthOf(row[column]) + 2, ' ');
        }
        say(line);
    };
    std::vector<std::string> header;
    header.reserve(columns_.size());
    for (const std::string& column : columns_) {
        header.push_back(uppered(column));
    }
    if (!begun_) printRow(header);
    begun_ = true;
    for (const std::vector<std::string>& row : rows_) {
        printRow(row);
    }
}

std::string timeText(TimeNs timeNs) {
    const std::time_t seconds = timeNs / kSecondNs;
    const std::int64_t milliseconds = timeNs % kSecondNs / 1'000'000;
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), milliseconds);
}

std::string dayText(std::uint32_t day) { return timeText(TimeNs{day} * kDayNs).substr(0, 10); }

std::string humanSize(std::uint64_t octets) {
    constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto size = static_cast<double>(octets);
    std::size_t unit = 0;
    while (size >= 1024 && unit + 1 < std::size(kUnits)) {
        size /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", octets) : fmt::format("{:.1f} {}", size, kUnits[unit]);
}

namespace {

// The length of a character that steers a terminal (C1 controls) or hides what is written
// (direction marks and overrides), in UTF-8, at the beginning of `text`; else 0.
std::size_t unprintableOctets(std::string_view text) {
    const auto within = [&](std::string_view lead, unsigned first, unsigned last) {
        if (!text.starts_with(lead) || text.size() <= lead.size()) return false;
        const auto octet = static_cast<unsigned char>(text[lead.size()]);
        return first <= octet && octet <= last;
    };
    if (within("\xC2", 0x80, 0x9F)) return 2;
    const bool mark = within("\xE2\x80", 0x8E, 0x8F);
    const bool embedding = within("\xE2\x80", 0xAA, 0xAE);
    const bool isolate = within("\xE2\x81", 0xA6, 0xA9);
    return mark || embedding || isolate ? 3 : 0;
}

}  // namespace

std::string printable(std::string_view text) {
    const bool utf8 = isUtf8(text);
    std::string result;
    std::size_t escaped = 0;  // so many more octets
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet = static_cast<unsigned char>(text[i]);
        if (octet < 0x20 || octet == 0x7F || (octet >= 0x80 && !utf8)) escaped = 1;
        if (escaped == 0 && octet >= 0x80) escaped = unprintableOctets(text.substr(i));
        if (escaped > 0) {
            result += fmt::format("\\x{:02x}", octet);
            --escaped;
        } else {
            result += text[i];
        }
    }
    return result;
}

Progress::Progress(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (shown_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::show(std::uint64_t done, std::uint64_t all) {
    if (!terminal_) return;
    const std::int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
    if (shown_ && now - lastShownNs_ < kProgressEveryNs) return;
    lastShownNs_ = now;
    shown_ = true;
    const std::uint64_t percent = all == 0 ? 100 : done * 100 / all;
    fmt::print(stderr, "\r\x1b[K{}: {} of {} ({} %)", what_, done, all, percent);
}

std::string readPassword(std::string_view prompt, bool confirm) {
    std::string password;
    if (::isatty(STDIN_FILENO) == 1) {
        password = readLineWithoutEcho(prompt);
        if (confirm && readLineWithoutEcho("once more") != password) {
            throw CommandFailed("the two passwords differ; nothing was changed");
        }
    } else {
        std::getline(std::cin, password);
        if (password.ends_with('\r')) password.pop_back();
    }
    if (password.empty()) {
        throw CommandFailed("no password was given; type it, or pass it on standard input");
    }
    return password;
}

}  // namespace daybook
