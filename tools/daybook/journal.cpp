// journal tail, show, stats, verify.

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <signal.h>

#include "journal/base/encoding.h"
#include "journal/verify.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/event_lines.h"
#include "tools/daybook/event_text.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

constexpr std::chrono::hours kFollowWait{1};

}  // namespace

int journalTail(Context& context, const TailOptions& options) {
    Journal& journal =
        context.journalForReading(options.follow ? "journal tail -f" : "journal tail");
    Names names(journal, context.views());
    EventLines lines(journal, names, context.json());
    JournalReader reader(journal);
    std::uint64_t size = journal.head().size;
    const std::uint64_t from = size > options.count ? size - options.count + 1 : 1;
    const auto all = [](const Record&) { return EventLines::Look::Print; };
    lines.range(Seq(from), Seq(size), all);
    while (options.follow) {
        std::fflush(stdout);
        const JournalHead head = reader.waitBeyond(size, kFollowWait);
        if (head.size == size) continue;
        lines.range(Seq(size + 1), Seq(head.size), all);
        size = head.size;
    }
    return kDone;
}

int journalShow(Context& context, std::uint64_t seq) {
    Journal& journal =
        context.journalForReading(fmt::format("journal show {}", seq), Seq(seq), Seq(seq));
    Names names(journal, context.views());
    JournalReader reader(journal);
    const bool found = reader.at(Seq(seq), [&](const Record& record) {
        if (!context.json()) say(sentence(record, names));
        say(toJson(record).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    });
    if (found) return kDone;
    sayNote(fmt::format("there is no event {}; the last one is {}", seq, journal.head().size));
    return kRefused;
}

namespace {

// Each is a sync of the disk.
std::uint64_t commitsOf(const Journal& journal) {
    const lmdb::ReadTransaction txn(journal.environment());
    return txn.count(journal.tables().commits);
}

}  // namespace

int journalStats(Context& context) {
    Journal& journal = context.journalForReading("journal stats");
    JournalReader reader(journal);
    const JournalHead head = journal.head();
    std::map<std::string, std::uint64_t> kinds;
    std::uint64_t octets = 0;
    TimeNs first = 0;
    Progress progress("counting");
    reader.forEach(Seq(1), Seq(head.size), [&](const Record& record) {
        progress.show(record.seq().number(), head.size);
        if (first == 0) first = record.core().getTimeNs();
        octets += record.octets().size();
        const auto name = nameOf(record.kind());
        ++kinds[name ? std::string(*name) : fmt::format("{}", record.core().getKind())];
        return true;
    });
    if (context.json()) {
        nlohmann::ordered_json json;
        json["events"] = head.size;
        json["commits"] = commitsOf(journal);
        json["root"] = toHex(head.root);
        json["journal"] = idText(journal.journalId());
        json["first"] = timeText(first);
        json["last"] = timeText(head.timeNs);
        json["core_octets"] = octets;
        json["content_octets_on_disk"] = journal.content().octetsOnDisk();
        json["kinds"] = kinds;
        say(json.dump(2));
        return kDone;
    }
    say(fmt::format("journal  {}", idText(journal.journalId())));
    say(fmt::format("events   {}", head.size));
    say(fmt::format("commits  {}", commitsOf(journal)));
    say(fmt::format("from     {}", timeText(first)));
    say(fmt::format("to       {}", timeText(head.timeNs)));
    say(fmt::format("root     {}", toHex(head.root)));
    say(fmt::format("cores    {}", humanSize(octets)));
    say(fmt::format("content  {} on disk", humanSize(journal.content().octetsOnDisk())));
    TextTable table({"kind", "events"});
    for (const auto& [kind, count] : kinds) {
        table.add({kind, std::to_string(count)});
    }
    table.print(false);
    return kDone;
}

namespace {

nlohmann::ordered_json verifyJson(const VerifyReport& report) {
    constexpr const char* kResults[] = {"whole", "tampered", "incomplete", "unreadable"};
    nlohmann::ordered_json json;
    json["result"] = kResults[static_cast<int>(report.result)];
    json["events"] = report.events;
    json["leaves"] = report.leaves;
    json["commits"] = report.commits;
    json["annexes"] = {
        {"present", report.annexesPresent},
        {"erased", report.annexesErased},
        {"bad", report.annexesBad}};
    json["blobs"] = {
        {"present", report.blobsPresent}, {"erased", report.blobsErased}, {"bad", report.blobsBad}};
    json["octets_checked"] = report.octetsChecked;
    json["root"] = toHex(report.root);
    json["witnessed"] = false;
    json["fault_count"] = report.faultCount;
    json["faults"] = nlohmann::ordered_json::array();
    for (const VerifyFault& fault : report.faults) {
        json["faults"].push_back({{"seq", fault.seq}, {"what", fault.what}});
    }
    return json;
}

void sayReport(const VerifyReport& report) {
    constexpr const char* kResults[] = {
        "WHOLE: nothing was changed, nothing is missing",
        "TAMPERED OR DAMAGED: see the events below",
        "INCOMPLETE: see below",
        "UNREADABLE: see below",
    };
    say(fmt::format("events    {} ({} leaves)", report.events, report.leaves));
    say(fmt::format("commits   {}", report.commits));
    say(fmt::format(
        "annexes   {} present, {} erased, {} bad",
        report.annexesPresent,
        report.annexesErased,
        report.annexesBad));
    say(fmt::format(
        "blobs     {} present, {} erased, {} bad",
        report.blobsPresent,
        report.blobsErased,
        report.blobsBad));
    say(fmt::format("checked   {} of content", humanSize(report.octetsChecked)));
    say(fmt::format("root      {}", toHex(report.root)));
    say("witness   not witnessed: who can write the disk could replace the whole directory");
    for (const VerifyFault& fault : report.faults) {
        say(fmt::format(
            "  {}{}",
            fault.seq == 0 ? std::string() : fmt::format("event {}: ", fault.seq),
            printable(fault.what)));
    }
    if (report.faultCount > report.faults.size()) {
        say(fmt::format("  and {} more", report.faultCount - report.faults.size()));
    }
    say(kResults[static_cast<int>(report.result)]);
}

}  // namespace

int journalVerify(Context& context, const VerifyCommandOptions& options) {
    VerifyReport report;
    try {
        const std::filesystem::path directory = context.directory().path();
        Progress progress("verifying");
        VerifyOptions verifyOptions;
        verifyOptions.depth = options.fast ? VerifyDepth::Fast : VerifyDepth::Full;
        verifyOptions.fromSeq = options.fromSeq;
        verifyOptions.progress = [&](std::uint64_t done, std::uint64_t all) {
            progress.show(done, all);
        };
        report = verifyInChild(directory, verifyOptions);
    } catch (const std::exception& error) {
        // Status 1 would say that somebody tampered with it.
        sayNote(error.what());
        return static_cast<int>(VerifyResult::Unreadable);
    }
    if (context.json()) {
        say(verifyJson(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        sayReport(report);
    }
    // On record only where the journal is whole enough to be written to, and never in the way of
    // the verdict.
    const int status = static_cast<int>(report.result);
    if (report.result == VerifyResult::Whole) {
        try {
            const Outcome<Done> recorded = context.administration().recordVerifyRun(
                Seq(options.fromSeq), Seq(report.events), static_cast<std::uint16_t>(status));
            if (!recorded) sayNote("this run is not on record: " + sayRefusal(recorded.error()));
        } catch (const std::exception& error) {
            sayNote(fmt::format("this run is not on record: {}", error.what()));
        }
    }
    return status;
}

}  // namespace daybook
