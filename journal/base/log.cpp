#include "journal/base/log.h"

#include <Poco/ConsoleChannel.h>
#include <Poco/FormattingChannel.h>
#include <Poco/Logger.h>
#include <Poco/PatternFormatter.h>
#include <algorithm>
#include <fmt/format.h>
#include <iostream>

namespace daybook {

namespace {

Poco::Logger& logger() {
    static Poco::Logger& created = Poco::Logger::create(
        "daybook",
        new Poco::FormattingChannel(
            new Poco::PatternFormatter("%Y-%m-%dT%H:%M:%S.%iZ %p %t"),
            new Poco::ConsoleChannel(std::cerr)),
        Poco::Message::PRIO_DEBUG);
    return created;
}

bool isPlain(char c) { return c > ' ' && c < 0x7F && c != '"' && c != '\\' && c != '='; }

void appendValue(std::string& line, std::string_view value) {
    if (!value.empty() && std::all_of(value.begin(), value.end(), isPlain)) {
        line += value;
        return;
    }
    line += '"';
    for (const char c : value) {
        const auto octet = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line += '\\';
            line += c;
        } else if (octet < 0x20 || octet == 0x7F) {
            line += fmt::format("\\x{:02x}", octet);
        } else {
            line += c;
        }
    }
    line += '"';
}

}  // namespace

Log::Log(LogLevel minimum) : minimum_(minimum) {}

void Log::debug(std::string_view event, LogFields fields) const {
    write(LogLevel::Debug, event, fields);
}

void Log::information(std::string_view event, LogFields fields) const {
    write(LogLevel::Information, event, fields);
}

void Log::warning(std::string_view event, LogFields fields) const {
    write(LogLevel::Warning, event, fields);
}

void Log::error(std::string_view event, LogFields fields) const {
    write(LogLevel::Error, event, fields);
}

void Log::write(LogLevel level, std::string_view event, LogFields fields) const {
    if (level < minimum_) return;
    std::string line(event);
    for (const auto& [key, value] : fields) {
        line += ' ';
        line += key;
        line += '=';
        appendValue(line, value);
    }
    switch (level) {
        case LogLevel::Debug: logger().debug(line); break;
        case LogLevel::Information: logger().information(line); break;
        case LogLevel::Warning: logger().warning(line); break;
        case LogLevel::Error: logger().error(line); break;
    }
}

}  // namespace daybook
