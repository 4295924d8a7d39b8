// reporter.h
//
// Tells senders what became of their mail: gathers the reports that are owed about a message into
// one (RFC 3461 §6, RFC 3464), hands it to reception as a message of the server's own, and records
// it. Never a report about a message without a reverse-path, and at most one about a message in
// each interval, so that a thousand recipients make no storm. Thread: the courier's reactor.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "engine/delivery/dsn.h"
#include "engine/delivery/reception.h"
#include "engine/scribe/scribe.h"

namespace daybook {

struct ReporterSettings {
    std::string hostname;
    ReportLanguage language = ReportLanguage::English;
    std::chrono::milliseconds interval{};  // between two reports about one message
    std::size_t returnOctetsMax = 1U << 20U;
};

class Reporter {
public:
    struct Parts {
        Scribe& scribe;
        Reception& reception;
        const ContentLog& content;
        WorkerPool& workers;
        Random& random;
        const Clock& clock;
        const Log& log;
    };

    Reporter(Parts parts, ReporterSettings settings)
        : parts_(parts), settings_(std::move(settings)) {}

    // When the next report about the message may be made; nothing: none is owed.
    std::optional<TimeNs> dueNs(const OutboundRow& message) const;
    // Makes what is owed into one report, delivers and records it. False: it is owed still, because
    // there is no room for it now or the server stops.
    Task<bool> report(MessageId message);

private:
    struct Owed;

    std::optional<Owed> owedFor(MessageId message) const;
    std::string originalOf(const OutboundRow& message) const;
    Task<bool> issue(Owed owed);
    DsnReport reportOf(const Owed& owed, MessageId id, const std::string& original) const;

    Parts parts_;
    ReporterSettings settings_;
};

}  // namespace daybook
