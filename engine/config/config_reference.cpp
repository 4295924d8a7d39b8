#include <fmt/format.h>

#include "engine/config/config.h"
#include "engine/config/config_settings.h"

namespace daybook {

namespace {

template <class Target>
void addTable(
    std::string& page,
    const std::string& title,
    std::string_view meaning,
    std::span<const Setting<Target>> settings) {
    page += fmt::format("\n## {}\n\n{}\n\n", title, meaning);
    page += "| key | type | default | meaning |\n|---|---|---|---|\n";
    for (const Setting<Target>& setting : settings) {
        page += fmt::format(
            "| `{}` | {} | {} | {} |\n",
            setting.key,
            setting.type,
            setting.defaultText,
            setting.meaning);
    }
}

}  // namespace

std::string configReference() {
    std::string page =
        "# Configuration\n\n"
        "Every key of `daybook.toml`. Unknown keys are errors, so that a typing mistake is seen "
        "at\n"
        "once; `daybook config check` names everything that is wrong with line and column.\n"
        "Sizes are written `\"50MiB\"` (KiB, MiB, GiB, TiB) or as a number of octets. Relative\n"
        "paths count from the data directory.\n";
    for (const ConfigSection& section : configSections()) {
        const std::string title =
            section.name.empty() ? "Top of the file" : fmt::format("`[{}]`", section.name);
        addTable(page, title, section.meaning, section.settings);
    }
    addTable(page, fmt::format("`[[{}]]`", kListenerTable), kListenerMeaning, listenerSettings());
    addTable(
        page,
        fmt::format("`[[{}]]`", kCertificateTable),
        kCertificateMeaning,
        certificateSettings());
    return page;
}

}  // namespace daybook
