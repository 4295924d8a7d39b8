// tls_reporter.h
//
// Once a day, tells the domains that ask for it how TLS with them went (RFC 8460): takes the counts
// of past days from the deliveries view, looks up who wants them, sends mail (signed, by the queue)
// or posts them, and records that it was done, which removes the counts. What nobody asked for is
// removed too. Thread: the courier's reactor.
#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/authentication/signer.h"
#include "engine/delivery/reception.h"
#include "engine/delivery/tls_policy.h"
#include "engine/delivery/tls_report.h"
#include "engine/dns/resolver.h"
#include "engine/scribe/scribe.h"

namespace daybook {

class TlsReporter {
public:
    struct Parts {
        Scribe& scribe;
        Reception& reception;
        dns::Resolver& resolver;
        TlsPolicies& policies;
        WorkerPool& workers;  // the one of the policies: posting blocks
        Random& random;
        const Clock& clock;
        const Log& log;
        const Signer& signer;
        std::string hostname;
        std::filesystem::path roots;
    };

    explicit TlsReporter(Parts parts) : parts_(std::move(parts)) {}

    // Everything of the days before today (UTC). Never throws for what others do.
    Task<void> reportPastDays();

    // Ends what is being posted. Thread: any.
    void stop() { stopping_ = true; }

private:
    struct Day;

    std::vector<Day> pastDays() const;
    Task<void> reportDay(const Day& day);
    Task<TlsReport> reportOf(const Day& day);
    Task<Outcome<MessageId>> mail(const TlsReport& report, const std::string& recipient);
    std::string contact() const;

    Parts parts_;
    std::atomic<bool> stopping_ = false;
};

}  // namespace daybook
