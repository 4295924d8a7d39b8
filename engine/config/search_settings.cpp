// The table [search]: the full-text index.

#include <array>
#include <fmt/format.h>

#include "engine/config/config_values.h"
#include "engine/config/sending_settings.h"

namespace daybook {

namespace {

using V = ConfigValue;

constexpr std::array<Setting<Config>, 2> kSearch{{
    {"index",
     "true or false",
     "true",
     "Keep an index, so that SEARCH need not read every message. It takes about as much disk as "
     "the messages' text (attachments do not count); without it the answers are the same, later.",
     [](Config& c, const V& v) { return readFlag(c.searchIndex, v); },
     [](const Config& c) { return std::string(c.searchIndex ? "true" : "false"); }},
    {"text_limit",
     "size",
     "\"1MiB\"",
     "So much of a message's text is in the index; a longer message is read as well.",
     [](Config& c, const V& v) {
    return readSize(c.searchTextOctetsMax, v, 16ULL << 10U, 32ULL << 20U);
},
     [](const Config& c) { return tomlString(sizeText(c.searchTextOctetsMax)); }},
}};

}  // namespace

std::span<const Setting<Config>> searchSettings() { return kSearch; }

}  // namespace daybook
