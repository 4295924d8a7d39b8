#include <fmt/format.h>

#include "engine/config/config.h"
#include "engine/config/config_settings.h"

namespace daybook {

namespace {

// "# meaning" above each key. What has its default is written too: a reader sees what there is.
template <class Target>
void writeSettings(
    std::string& text, std::span<const Setting<Target>> settings, const Target& target) {
    for (const Setting<Target>& setting : settings) {
        const std::string value = setting.write(target);
        if (value.empty()) continue;
        text += fmt::format("# {}\n{} = {}\n", setting.meaning, setting.key, value);
    }
}

template <class Target>
void writeTables(
    std::string& text,
    std::string_view name,
    std::string_view meaning,
    std::span<const Setting<Target>> settings,
    const std::vector<Target>& targets) {
    if (targets.empty()) return;
    text += fmt::format("\n# {}\n", meaning);
    for (const Target& target : targets) {
        text += fmt::format("[[{}]]\n", name);
        for (const Setting<Target>& setting : settings) {
            const std::string value = setting.write(target);
            if (!value.empty()) text += fmt::format("{} = {}\n", setting.key, value);
        }
        text += '\n';
    }
}

}  // namespace

std::string configText(const Config& config) {
    std::string text =
        "# The settings of Daybook. Check them with `daybook config check`.\n"
        "# Sizes are written \"50MiB\"; relative paths count from the data directory.\n\n";
    for (const ConfigSection& section : configSections()) {
        if (!section.name.empty()) {
            text += fmt::format("\n# {}\n[{}]\n", section.meaning, section.name);
        }
        writeSettings(text, section.settings, config);
    }
    writeTables(
        text, kCertificateTable, kCertificateMeaning, certificateSettings(), config.certificates);
    writeTables(text, kListenerTable, kListenerMeaning, listenerSettings(), config.listeners);
    return text;
}

}  // namespace daybook
