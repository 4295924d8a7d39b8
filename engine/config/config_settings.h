// config_settings.h
//
// The table of every setting: its key, its type, its meaning, how it is read and how it is written.
// The loader, the text of a new file and the reference page are all made from it. For the files of
// this folder. Values; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/config/config.h"

namespace daybook {

// A value as the file has it; monostate: of a type that no setting has.
using ConfigValue =
    std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

// One key of a table that is read into a Target.
template <class Target>
struct Setting {
    std::string_view key;
    std::string_view type;         // for the reference page
    std::string_view defaultText;  // as it would be written; "required" or a rule in words
    std::string_view meaning;      // a sentence
    // Returns what is wrong and what to do; empty: taken.
    std::string (*read)(Target& target, const ConfigValue& value);
    // As the file has it; empty: leave it out.
    std::string (*write)(const Target& target);
};

// A table "[name]" whose keys are read into Config itself; name empty: the top of the file.
struct ConfigSection {
    std::string_view name;
    std::string_view meaning;
    std::span<const Setting<Config>> settings;
};

std::span<const ConfigSection> configSections();
std::span<const Setting<ListenerConfig>> listenerSettings();
std::span<const Setting<CertificateConfig>> certificateSettings();

inline constexpr std::string_view kListenerTable = "listener";
inline constexpr std::string_view kCertificateTable = "certificate";
inline constexpr std::string_view kListenerMeaning =
    "One address and port, or one unix socket, with one protocol; as many tables as you like.";
inline constexpr std::string_view kCertificateMeaning =
    "Certificate chain and key in PEM; the first is used for clients that name no server.";

// What follows from the protocol when the file does not say.
std::uint16_t standardPort(ListenerProtocol protocol);
bool hasImplicitTls(ListenerProtocol protocol);
std::string_view nameOf(ListenerTls tls);
// A unix socket's path, not an IP address.
bool isSocketPath(std::string_view address);
// A basic string of TOML 1.0.
std::string tomlString(std::string_view text);

}  // namespace daybook
