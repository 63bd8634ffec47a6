// The free settings of an account, as text. Pure; thread-safe.
#pragma once

#include <string>

#include "ctc/dispatch/v1/provider.pb.h"

namespace ctc::providers {

// A text of `settings`; "true" or "false" for a truth value, "" when absent or of another kind.
inline std::string SettingOf(const dispatch::v1::Provider& config, const std::string& name) {
  const auto& fields = config.settings().fields();
  const auto found = fields.find(name);
  if (found == fields.end()) return "";
  if (found->second.has_bool_value()) return found->second.bool_value() ? "true" : "false";
  return found->second.string_value();
}

}  // namespace ctc::providers
