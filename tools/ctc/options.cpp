#include "tools/ctc/options.h"

#include <algorithm>

namespace ctc::tool {

absl::StatusOr<Options> ParseOptions(std::span<const char* const> arguments,
                                     std::initializer_list<std::string_view> valued,
                                     std::initializer_list<std::string_view> switches) {
  const auto has = [](std::initializer_list<std::string_view> list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  Options options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      options.help = true;
      continue;
    }
    if (!argument.starts_with('-')) {
      options.names.emplace_back(argument);
      continue;
    }
    const size_t equals = argument.find('=');
    const std::string_view flag = argument.substr(0, equals);
    const std::string_view name = flag.starts_with("--") ? flag.substr(2) : std::string_view();
    const bool joined = equals != std::string_view::npos;
    if (has(valued, name)) {
      if (!joined && i + 1 == arguments.size()) {
        return absl::InvalidArgumentError(std::string(flag) + " needs a value; see --help");
      }
      options.values[std::string(name)] = joined ? argument.substr(equals + 1) : arguments[++i];
    } else if (has(switches, name) && !joined) {
      options.switches.emplace(name);
    } else {
      return absl::InvalidArgumentError("unknown option " + std::string(flag) + "; see --help");
    }
  }
  return options;
}

}  // namespace ctc::tool
