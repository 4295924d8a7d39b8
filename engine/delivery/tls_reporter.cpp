#include "engine/delivery/tls_reporter.h"

#include <array>
#include <fmt/format.h>
#include <map>
#include <utility>

#include "engine/dns/records.h"
#include "engine/mime/header_fields.h"
#include "journal/base/encoding.h"

namespace daybook {

// What is known of one domain on one day.
struct TlsReporter::Day {
    std::uint32_t day = 0;
    DestinationId destination;
    std::string domain;  // empty: erased
    std::vector<TlsCountsRow> counts;
    std::vector<TlsFaultRow> faults;
};

std::vector<TlsReporter::Day> TlsReporter::pastDays() const {
    const auto today = static_cast<std::uint32_t>(parts_.clock.now() / kDayNs);
    const Snapshot snapshot = parts_.scribe.views().snapshot();
    std::map<std::pair<std::uint32_t, DestinationId>, Day> days;
    for (const TlsCountsRow& row : snapshot.deliveries().tlsCountsBefore(today)) {
        Day& day = days[{row.day, row.destination}];
        day.day = row.day;
        day.destination = row.destination;
        day.counts.push_back(row);
    }
    std::vector<Day> all;
    for (auto& [key, day] : days) {
        day.domain = snapshot.deliveries().destinationName(day.destination);
        day.faults = snapshot.deliveries().tlsFaultsOf(day.day, day.destination);
        all.push_back(std::move(day));
    }
    return all;
}

Task<void> TlsReporter::reportPastDays() {
    const std::vector<Day> days = pastDays();
    for (const Day& day : days) {
        if (stopping_) co_return;
        co_await reportDay(day);
    }
}

Task<void> TlsReporter::reportDay(const Day& day) {
    MessageId message;
    std::optional<TlsReportAddresses> wanted;
    if (!day.domain.empty()) {
        const dns::Answer answer =
            co_await parts_.resolver.query("_smtp._tls." + day.domain, dns::RecordType::Txt);
        // No answer is no refusal: another day.
        if (!answer.cameThrough()) co_return;
        wanted = parseTlsReportRecord(dns::readTexts(answer));
    }
    if (wanted) {
        const TlsReport report = co_await reportOf(day);
        for (const std::string& mailbox : wanted->mailboxes) {
            const Outcome<MessageId> mailed = co_await mail(report, mailbox);
            if (mailed) message = *mailed;
            // No room for any of it: another hour.
            if (!mailed && !message && isForLater(mailed.error())) co_return;
        }
        for (const HttpsUrl& url : wanted->urls) {
            const HttpsParts https{
                .resolver = parts_.resolver, .workers = parts_.workers, .stopping = stopping_};
            const std::string trouble = co_await sendTlsReport(https, url, parts_.roots, report);
            // What was mailed is on record before the stop, so that it is not mailed again.
            if (stopping_ && !message) co_return;
            if (stopping_) break;
            if (!trouble.empty()) {
                parts_.log.warning(
                    "tls-report.not-posted", {{"domain", day.domain}, {"why", trouble}});
            }
        }
    }
    const Outcome<Done> recorded = co_await parts_.scribe.submit(RecordTlsReport{
        .origin = Origin{},
        .destination = day.destination,
        .day = day.day,
        .report = message,
    });
    if (recorded) co_return;
    parts_.log.error("tls-report.not-recorded", {{"why", nameOf(recorded.error().reason)}});
}

Task<TlsReport> TlsReporter::reportOf(const Day& day) {
    TlsReport report{
        .organization = parts_.hostname,
        .contact = contact(),
        .id = idText(parts_.random.number()),
        .beginNs = TimeNs{day.day} * kDayNs,
        .endNs = (TimeNs{day.day} + 1) * kDayNs,
        .domain = day.domain,
        .policies = {},
    };
    for (const TlsCountsRow& counts : day.counts) {
        TlsReportPolicy policy{
            .policy = counts.policy,
            .lines = {},
            .domain = day.domain,
            .hosts = {},
            .successes = counts.succeeded,
            .failures = counts.failed,
            .details = {},
        };
        if (policy.policy == event::TlsPolicy::MTA_STS) {
            const DomainTls sts = co_await parts_.policies.ofDomain(day.domain);
            policy.lines = sts.policyLines;
            policy.hosts = sts.hosts;
        }
        for (const TlsFaultRow& fault : day.faults) {
            if (fault.policy != counts.policy) continue;
            policy.details.push_back({
                .fault = fault.fault,
                .sendingIp = {},
                .receivingHost = fault.host,
                .receivingHelo = {},
                .receivingIp = fault.ip,
                .sessions = fault.count,
                .reason = fault.text,
            });
            if (policy.policy == event::TlsPolicy::DANE && policy.hosts.empty()) {
                policy.hosts.push_back(fault.host);
            }
        }
        report.policies.push_back(std::move(policy));
    }
    co_return report;
}

// RFC 8460 §5.3: signed by the domain that sends it; the reports' own fate is told nobody.
Task<Outcome<MessageId>> TlsReporter::mail(const TlsReport& report, const std::string& recipient) {
    std::string octets = tlsReportMail(report, recipient, parts_.clock.now());
    const auto domain =
        parts_.signer.domainFor(AccountId(), report.contact, mime::headerOf(octets));
    if (domain) {
        const std::array<std::string_view, 1> pieces{octets};
        const std::string signature = parts_.signer.signatureFor(*domain, pieces);
        octets.insert(0, signature);
    }
    const MessageId id = parts_.random.orderedId<MessageId>();
    Outcome<Deliver> prepared =
        co_await parts_.reception.prepareOwn(id, std::move(octets), recipient, false);
    if (!prepared) co_return std::unexpected(prepared.error());
    const StoredBlob blob = prepared->blob;
    const Outcome<Deliver::Answer> sent = co_await parts_.scribe.submit(std::move(*prepared));
    if (sent) co_return id;
    parts_.reception.discard(blob, sent.error());
    co_return std::unexpected(sent.error());
}

// An address in a domain of ours, so that its keys can sign.
std::string TlsReporter::contact() const {
    const Snapshot snapshot = parts_.scribe.views().snapshot();
    const std::vector<DomainRow> domains = snapshot.accounts().domains();
    const bool none = domains.empty() || domains.front().name.empty();
    return "postmaster@" + (none ? parts_.hostname : domains.front().name);
}

}  // namespace daybook
