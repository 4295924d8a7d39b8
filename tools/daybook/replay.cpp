// replay: the views rebuilt from the journal, beside the live ones, compared, taken into use. Also
// config check and reload.

#include "projections/replay.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

void sayDigests(const std::vector<ViewDigest>& digests) {
    TextTable table({"view", "version", "rows", "digest"});
    for (const ViewDigest& digest : digests) {
        table.add({
            digest.view,
            std::to_string(digest.version),
            std::to_string(digest.rows),
            toHex(digest.digest),
        });
    }
    table.print(false);
}

nlohmann::ordered_json digestsJson(const std::vector<ViewDigest>& digests) {
    nlohmann::ordered_json json = nlohmann::ordered_json::object();
    for (const ViewDigest& digest : digests) {
        json[digest.view] = {
            {"version", digest.version}, {"rows", digest.rows}, {"digest", toHex(digest.digest)}};
    }
    return json;
}

int check(Context& context, const Journal& journal) {
    ReplayComparison comparison;
    {
        Progress progress("replaying");
        comparison =
            checkReplay(journal, context.views(), [&](std::uint64_t done, std::uint64_t all) {
            progress.show(done, all);
        });
    }
    const bool equal = comparison.differences.empty();
    if (context.json()) {
        nlohmann::ordered_json json;
        json["equal"] = equal;
        json["applied_seq"] = comparison.appliedSeq.number();
        json["live"] = digestsJson(comparison.live);
        json["replayed"] = digestsJson(comparison.replayed);
        json["differences"] = nlohmann::ordered_json::array();
        for (const ViewDifference& difference : comparison.differences) {
            json["differences"].push_back(
                {{"view", difference.view},
                 {"table", difference.table},
                 {"key", difference.key},
                 {"how", difference.how}});
        }
        say(json.dump(2));
        return equal ? kDone : kRefused;
    }
    sayDigests(comparison.replayed);
    for (const ViewDifference& difference : comparison.differences) {
        say(fmt::format(
            "{}: table {}, key {}: {}",
            difference.view,
            difference.table,
            difference.key,
            difference.how));
    }
    const std::uint64_t seq = comparison.appliedSeq.number();
    say(equal ? fmt::format("EQUAL: the live views are what the journal says, up to event {}", seq)
              : fmt::format("DIFFERENT at event {}: `daybook replay` rebuilds the views", seq));
    return equal ? kDone : kRefused;
}

}  // namespace

int replayViews(Context& context, bool checkOnly) {
    if (checkOnly) return check(context, context.journalForReading("replay --check"));
    Journal& journal = context.journalForReplay("replay");
    const std::filesystem::path folder = context.viewsForReplay().freshFolder();
    ReplayResult result;
    {
        Progress progress("replaying");
        result = replayInto(journal, folder, Seq(), [&](std::uint64_t done, std::uint64_t all) {
            progress.show(done, all);
        });
    }
    const Outcome<AdoptedViews> adopted = context.administration().adoptViews(folder);
    if (!adopted) {
        sayNote(sayRefusal(adopted.error()));
        std::error_code ignored;
        std::filesystem::remove_all(folder, ignored);
        return kRefused;
    }
    if (context.json()) {
        nlohmann::ordered_json json;
        json["applied_seq"] = adopted->appliedSeq.number();
        json["milliseconds"] = result.milliseconds;
        json["equal"] = !adopted->differed;
        json["views"] = digestsJson(result.digests);
        say(json.dump(2));
        return kDone;
    }
    sayDigests(result.digests);
    say(fmt::format(
        "rebuilt up to event {} in {} ms and taken into use; the old views were {}",
        adopted->appliedSeq.number(),
        result.milliseconds,
        adopted->differed ? "DIFFERENT from what the journal says" : "equal"));
    return kDone;
}

int configCheck(Context& context) {
    const Config& config = context.config();
    say(fmt::format("{} is right", config.file.string()));
    say(fmt::format("hostname   {}", config.hostname));
    say(fmt::format("directory  {}", config.directory.string()));
    for (const ListenerConfig& listener : config.listeners) {
        say(fmt::format(
            "listener   {} on {} port {}", listener.name, listener.address, listener.port));
    }
    return kDone;
}

int configShowReference() {
    say(configReference());
    return kDone;
}

int reloadServer(Context& context) {
    if (!context.serverRuns()) {
        sayNote("no server is running for this directory");
        return kRefused;
    }
    const Outcome<Done> outcome = context.administration().reload();
    if (!outcome) {
        sayNote(sayRefusal(outcome.error()));
        return kRefused;
    }
    say("certificates and configuration are reloaded");
    return kDone;
}

}  // namespace daybook
