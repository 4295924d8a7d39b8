// output.h
//
// One way to print: tables for people, JSON for programs, notes and progress on standard error (the
// progress on a terminal only). Text that came from outside is printed without control characters.
// Thread: main.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "journal/base/clock.h"

namespace daybook {

// A line on standard output.
void say(std::string_view line);
// "daybook: ..." on standard error.
void sayNote(std::string_view line);

// Columns aligned, a header in capitals; as JSON: an array of objects with the columns' names.
class TextTable {
public:
    explicit TextTable(std::vector<std::string> columns) : columns_(std::move(columns)) {}

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

    bool empty() const { return rows_.empty(); }

    std::size_t size() const { return rows_.size(); }

    // What was added so far, of a table too long to be kept whole; print() ends it.
    void flush(bool json);
    void print(bool json);

private:
    void printObjects();
    void printRows();

    std::vector<std::string> columns_;
    std::vector<std::vector<std::string>> rows_;
    std::vector<std::size_t> widths_;
    bool begun_ = false;
};

// "2026-11-24T01:37:58.123Z".
std::string timeText(TimeNs timeNs);
// "2026-11-24"; `day`: since 1970, UTC.
std::string dayText(std::uint32_t day);
// "12.3 MiB".
std::string humanSize(std::uint64_t octets);
// What would move a terminal's cursor, colour or direction as \xNN; what is not UTF-8 too.
std::string printable(std::string_view text);

// "what: 12,345 of 67,890 (18 %)" on a terminal, at most five times a second; erased at the end.
class Progress {
public:
    explicit Progress(std::string what);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void show(std::uint64_t done, std::uint64_t all);

private:
    std::string what_;
    bool terminal_;
    bool shown_ = false;
    std::int64_t lastShownNs_ = 0;
};

// A password: from the terminal without echo, twice when `confirm`, or one line of standard input.
// Throws CommandFailed if there is none or the two differ.
std::string readPassword(std::string_view prompt, bool confirm);

}  // namespace daybook
