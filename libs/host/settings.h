// The table of every setting of every service, and the values of this process. --help and
// docs/configuration.md are printed from the same table. Immutable after parsing; thread-safe.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/host/service.h"

namespace ctc::host {

struct SettingSpec {
  std::string_view name;           // "session.ring_limit_seconds"
  std::string_view default_value;  // as text
  std::string_view help;           // meaning, unit
  bool secret = false;             // environment or *_FILE only
};

std::span<const SettingSpec> AllSettings();

// "session.ring_limit_seconds" -> "CTC_SESSION_RING_LIMIT_SECONDS".
std::string EnvironmentName(std::string_view setting);

struct ParsedArguments {
  std::unique_ptr<Settings> settings;
  std::vector<std::string> positional;
  bool help = false;
};

// Flags are "--name value" or "--name=value". Errors (INVALID_ARGUMENT) name the setting, the
// value's form and an example: an unknown name, a bad number, a secret given as a flag.
absl::StatusOr<ParsedArguments> ParseArguments(
    std::span<const char* const> arguments, const std::map<std::string, std::string>& environment);

// The settings as a Markdown table, for docs/configuration.md, or as the text of --help.
std::string SettingsAsMarkdown();
std::string SettingsAsHelp();

// The process's environment variables that begin with "CTC_".
std::map<std::string, std::string> CtcEnvironment();

}  // namespace ctc::host
