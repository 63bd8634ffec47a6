#include "libs/providers/http_switch/mapping_reader.h"

#include <absl/strings/str_join.h>

#include <algorithm>

namespace ctc::providers::http_switch {
namespace {

constexpr size_t kMaxWords = 100;

}  // namespace

Probe ReadProbe(SettingsReader& reader, const char* name) {
  const std::string text = reader.Text(name);
  if (text.empty()) return Probe();
  absl::StatusOr<Probe> probe = Probe::Parse(text);
  if (probe.ok()) return *std::move(probe);
  reader.Fault(name, std::string(probe.status().message()));
  return Probe();
}

std::map<std::string, std::string> ReadWords(SettingsReader& reader, const char* name,
                                             const std::vector<std::string>& meanings) {
  std::map<std::string, std::string> words;
  const Json* found = reader.Find(name);
  if (found == nullptr) return words;
  if (!found->is_object() || found->size() > kMaxWords) {
    reader.Fault(name, "must be an object of at most 100 texts");
    return words;
  }
  for (const auto& [word, meaning] : found->items()) {
    const bool known = meaning.is_string() &&
                       std::count(meanings.begin(), meanings.end(), meaning.get<std::string>()) > 0;
    if (known) words.emplace(word, meaning.get<std::string>());
    if (known) continue;
    reader.Fault(std::string(name) + "." + word, "must be one of " + absl::StrJoin(meanings, ", "));
  }
  return words;
}

}  // namespace ctc::providers::http_switch
