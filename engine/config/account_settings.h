// account_settings.h
//
// The tables [quota] and [folders], for config_settings.cpp. Pure; any thread.
#pragma once

#include <span>

#include "engine/config/config_settings.h"

namespace daybook {

std::span<const Setting<Config>> quotaSettings();
std::span<const Setting<Config>> folderSettings();

}  // namespace daybook
