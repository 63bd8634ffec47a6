// The words behind a command: options, switches and names. Pure.
#pragma once

#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace ctc::tool {

struct Options {
  std::map<std::string, std::string, std::less<>> values;
  std::set<std::string, std::less<>> switches;
  std::vector<std::string> names;  // what is no option, in order
  bool help = false;

  bool Has(std::string_view name) const { return switches.contains(name); }
  // Empty when it was not given.
  std::string Value(std::string_view name) const {
    const auto found = values.find(name);
    return found == values.end() ? "" : found->second;
  }
};

// `valued` are "--name VALUE" or "--name=VALUE", `switches` are "--name". INVALID_ARGUMENT names
// the option that is unknown or lacks its value; never a value, which might be a secret.
absl::StatusOr<Options> ParseOptions(std::span<const char* const> arguments,
                                     std::initializer_list<std::string_view> valued,
                                     std::initializer_list<std::string_view> switches);

}  // namespace ctc::tool
