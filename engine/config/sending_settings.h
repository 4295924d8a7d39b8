// sending_settings.h
//
// The tables [dns], [outbound] and [search], for config_settings.cpp. Pure; any thread.
#pragma once

#include <span>

#include "engine/config/config_settings.h"

namespace daybook {

std::span<const Setting<Config>> dnsSettings();
std::span<const Setting<Config>> outboundSettings();
std::span<const Setting<Config>> searchSettings();

}  // namespace daybook
