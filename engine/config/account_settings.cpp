#include "engine/config/account_settings.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "engine/config/config_values.h"

namespace daybook {

namespace {

using V = ConfigValue;

constexpr std::uint64_t kMebi = 1ULL << 20U;
constexpr std::uint64_t kTebi = 1ULL << 40U;
constexpr std::int64_t kMessagesMax = 1'000'000'000;
constexpr std::size_t kFolderOctetsMax = 100;

constexpr Words<bool, 2> kExceeded{{{"defer", false}, {"reject", true}}};

// One level of plain text: a client shows it as it is.
std::string readFolder(std::string& into, const ConfigValue& value) {
    const std::string* const text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be a text; write it in double quotes";
    const bool isPlain = std::ranges::none_of(*text, [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == '/' || c == '%' || c == '*';
    });
    if (!isPlain || text->size() > kFolderOctetsMax) {
        return fmt::format(
            "\"{}\" is not a folder's name; write one like \"Drafts\", or \"\" for none", *text);
    }
    into = *text;
    return {};
}

constexpr std::array<Setting<Config>, 3> kQuota{{
    {"storage",
     "size",
     "no limit",
     "How much the messages of one account may come to. `daybook quota set` gives an account "
     "limits "
     "of its own.",
     [](Config& c, const V& v) {
    return readSize(c.quota.limits.storageOctets, v, kMebi, 64 * kTebi);
},
     [](const Config& c) {
    const std::uint64_t octets = c.quota.limits.storageOctets;
    return octets == kNoLimit ? std::string() : tomlString(sizeText(octets));
}},
    {"messages",
     "number",
     "no limit",
     "How many messages one account may have.",
     [](Config& c, const V& v) { return readNumber(c.quota.limits.messages, v, 1, kMessagesMax); },
     [](const Config& c) {
    const std::uint64_t messages = c.quota.limits.messages;
    return messages == kNoLimit ? std::string() : fmt::format("{}", messages);
}},
    {"exceeded",
     "\"defer\" or \"reject\"",
     "\"defer\"",
     "What a sender is told whose mail finds no room: to come again (452), or that it is over "
     "(552).",
     [](Config& c, const V& v) { return readWord(c.quota.refusesForGood, v, kExceeded); },
     [](const Config& c) { return tomlString(wordOf(c.quota.refusesForGood, kExceeded)); }},
}};

constexpr std::array<Setting<Config>, 5> kFolders{{
    {"drafts",
     "text",
     "\"Drafts\"",
     "The folder for drafts; \"\": none.",
     [](Config& c, const V& v) { return readFolder(c.folders.drafts, v); },
     [](const Config& c) { return tomlString(c.folders.drafts); }},
    {"sent",
     "text",
     "\"Sent\"",
     "The folder for what was sent.",
     [](Config& c, const V& v) { return readFolder(c.folders.sent, v); },
     [](const Config& c) { return tomlString(c.folders.sent); }},
    {"junk",
     "text",
     "\"Junk\"",
     "The folder for unwanted mail.",
     [](Config& c, const V& v) { return readFolder(c.folders.junk, v); },
     [](const Config& c) { return tomlString(c.folders.junk); }},
    {"trash",
     "text",
     "\"Trash\"",
     "The folder for what is to be deleted.",
     [](Config& c, const V& v) { return readFolder(c.folders.trash, v); },
     [](const Config& c) { return tomlString(c.folders.trash); }},
    {"archive",
     "text",
     "\"Archive\"",
     "The folder for what is kept.",
     [](Config& c, const V& v) { return readFolder(c.folders.archive, v); },
     [](const Config& c) { return tomlString(c.folders.archive); }},
}};

}  // namespace

std::span<const Setting<Config>> quotaSettings() { return kQuota; }

std::span<const Setting<Config>> folderSettings() { return kFolders; }

}  // namespace daybook
