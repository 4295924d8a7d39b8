// log.h
//
// The server's diary for its operator: one line per happening, `event key=value ...`, over POCO's
// logging, to standard error. Not the journal: nothing here is evidence. Values are quoted where
// they need it, so a peer cannot forge a line. Handed in, never global. Thread: any.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace daybook {

enum class LogLevel { Debug, Information, Warning, Error };

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

class Log {
public:
    // `minimum`: what is less important is not printed.
    explicit Log(LogLevel minimum);

    void debug(std::string_view event, LogFields fields = {}) const;
    void information(std::string_view event, LogFields fields = {}) const;
    void warning(std::string_view event, LogFields fields = {}) const;
    void error(std::string_view event, LogFields fields = {}) const;

private:
    void write(LogLevel level, std::string_view event, LogFields fields) const;

    LogLevel minimum_;
};

}  // namespace daybook
