// The settings table and its parser.
#include "libs/host/settings.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>

#include "libs/host/settings_table.h"

namespace ctc::host {
namespace {

class ParsedSettings : public Settings {
 public:
  explicit ParsedSettings(std::map<std::string, std::string, std::less<>> values)
      : values_(std::move(values)) {}

  std::string Text(std::string_view name) const override { return values_.find(name)->second; }
  int64_t Int(std::string_view name) const override {
    int64_t value = 0;
    return absl::SimpleAtoi(Text(name), &value) ? value : 0;
  }
  bool Bool(std::string_view name) const override { return Text(name) == "true"; }
  absl::Duration Seconds(std::string_view name) const override {
    double value = 0;
    return absl::SimpleAtod(Text(name), &value) ? absl::Seconds(value) : absl::ZeroDuration();
  }
  base::Secret Secret(std::string_view name) const override { return base::Secret(Text(name)); }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

const SettingSpec* Find(std::string_view name) {
  const auto all = AllSettings();
  const auto found =
      std::find_if(all.begin(), all.end(), [name](const SettingSpec& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool IsNumber(std::string_view text) {
  double number = 0;
  return absl::SimpleAtod(std::string(text), &number);
}

// A value must have the form of its default.
absl::Status CheckForm(const SettingSpec& spec, std::string_view value) {
  if (spec.default_value == "true" || spec.default_value == "false") {
    if (value == "true" || value == "false") return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        std::string(spec.name), " must be true or false, as --", std::string(spec.name), "=true"));
  }
  if (!spec.secret && IsNumber(spec.default_value) && !IsNumber(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(std::string(spec.name), " must be a number, as --", std::string(spec.name),
                     "=", std::string(spec.default_value)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::InvalidArgumentError(absl::StrCat("cannot read the secret file ", path));
  std::ostringstream text;
  text << file.rdbuf();
  std::string value = text.str();
  while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back()))) value.pop_back();
  return value;
}

}  // namespace

std::span<const SettingSpec> AllSettings() { return kSettings; }

std::string EnvironmentName(std::string_view setting) {
  std::string name = "CTC_";
  for (char c : setting) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

absl::StatusOr<ParsedArguments> ParseArguments(
    std::span<const char* const> arguments, const std::map<std::string, std::string>& environment) {
  ParsedArguments parsed;
  std::map<std::string, std::string, std::less<>> values;
  for (const SettingSpec& spec : AllSettings()) {
    std::string value(spec.default_value);
    const std::string name = EnvironmentName(spec.name);
    if (auto found = environment.find(name); found != environment.end()) value = found->second;
    if (auto found = environment.find(name + "_FILE"); spec.secret && found != environment.end()) {
      CTC_ASSIGN_OR_RETURN(value, ReadSecretFile(found->second));
    }
    CTC_RETURN_IF_ERROR(CheckForm(spec, value));
    values[std::string(spec.name)] = std::move(value);
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == "--help" || argument == "-h") {
      parsed.help = true;
      continue;
    }
    if (!argument.starts_with("--")) {
      parsed.positional.emplace_back(argument);
      continue;
    }
    argument.remove_prefix(2);
    const size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const SettingSpec* spec = Find(name);
    if (spec == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown setting --", std::string(name), "; see --help"));
    }
    if (spec->secret) {
      return absl::InvalidArgumentError(absl::StrCat("--", std::string(name), " is a secret: set ",
                                                     EnvironmentName(name), " or ",
                                                     EnvironmentName(name), "_FILE instead"));
    }
    if (equals == std::string_view::npos && i + 1 == arguments.size()) {
      return absl::InvalidArgumentError(absl::StrCat("--", std::string(name), " needs a value"));
    }
    const std::string_view value =
        equals == std::string_view::npos ? arguments[++i] : argument.substr(equals + 1);
    CTC_RETURN_IF_ERROR(CheckForm(*spec, value));
    values[std::string(name)] = std::string(value);
  }
  parsed.settings = std::make_unique<ParsedSettings>(std::move(values));
  return parsed;
}

std::string SettingsAsMarkdown() {
  std::string out = "| setting | environment | default | meaning |\n| --- | --- | --- | --- |\n";
  for (const SettingSpec& spec : AllSettings()) {
    absl::StrAppend(
        &out, "| `", std::string(spec.name), "` | `", EnvironmentName(spec.name),
        spec.secret ? "` or `..._FILE" : "", "` | ",
        spec.default_value.empty() ? "" : absl::StrCat("`", std::string(spec.default_value), "`"),
        " | ", std::string(spec.help), " |\n");
  }
  return out;
}

std::string SettingsAsHelp() {
  std::string out = "Settings (flag --name, or environment CTC_NAME with dots as underscores):\n";
  for (const SettingSpec& spec : AllSettings()) {
    absl::StrAppend(
        &out, "  ",
        spec.secret ? EnvironmentName(spec.name) : absl::StrCat("--", std::string(spec.name)));
    if (!spec.default_value.empty())
      absl::StrAppend(&out, " (", std::string(spec.default_value), ")");
    absl::StrAppend(&out, "\n      ", std::string(spec.help), "\n");
  }
  return out;
}

std::map<std::string, std::string> CtcEnvironment() {
  std::map<std::string, std::string> found;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (text.starts_with("CTC_") && equals != std::string_view::npos) {
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return found;
}

}  // namespace ctc::host
