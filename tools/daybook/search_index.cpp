// search-index: how far the full-text index is, and making it again.

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "journal/base/encoding.h"
#include "tools/daybook/commands.h"
#include "tools/daybook/output.h"

namespace daybook {

namespace {

std::string loginOf(const Snapshot& snapshot, AccountId account) {
    const auto row = snapshot.accounts().account(account);
    return row ? row->login : idText(account.number());
}

void sayJson(const SearchIndexState& state, const Snapshot& snapshot) {
    nlohmann::ordered_json json;
    json["covers"] = state.covers.number();
    json["events"] = snapshot.appliedSeq().number();
    json["accounts"] = nlohmann::ordered_json::array();
    for (const SearchShelfState& shelf : state.accounts) {
        json["accounts"].push_back({
            {"account", loginOf(snapshot, shelf.account)},
            {"messages", shelf.messages},
            {"text_octets", shelf.textOctets},
            {"file_octets", shelf.fileOctets},
        });
    }
    say(json.dump(2));
}

}  // namespace

int searchIndexStatus(Context& context) {
    const Outcome<SearchIndexState> state = context.administration().searchIndexState();
    if (!state) {
        sayNote(sayRefusal(state.error()));
        return kRefused;
    }
    const Snapshot snapshot = context.views().snapshot();
    if (context.json()) {
        sayJson(*state, snapshot);
        return kDone;
    }
    TextTable table({"account", "messages", "text", "files"});
    for (const SearchShelfState& shelf : state->accounts) {
        table.add({
            loginOf(snapshot, shelf.account),
            std::to_string(shelf.messages),
            humanSize(shelf.textOctets),
            humanSize(shelf.fileOctets),
        });
    }
    table.print(false);
    say(fmt::format(
        "events up to {} of {} are in the index",
        state->covers.number(),
        snapshot.appliedSeq().number()));
    return kDone;
}

int searchIndexRebuild(Context& context) {
    const Outcome<Done> outcome = context.administration().rebuildSearchIndex();
    if (!outcome) {
        sayNote(sayRefusal(outcome.error()));
        return kRefused;
    }
    say(context.serverRuns()
            ? "the index is made again, while the server serves; SEARCH is slower until then "
              "(daybook search-index status)"
            : "the index is removed; the server makes it again when it runs");
    return kDone;
}

}  // namespace daybook
