#include "libs/providers/http_switch/probe.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <charconv>

namespace ctc::providers::http_switch {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxText = 4096;
constexpr size_t kMaxProbe = 256;
constexpr std::string_view kAfter = "after ";

std::string_view Trim(std::string_view text) {
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && absl::ascii_isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<std::string> Bounded(std::string_view text) {
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (control || text.size() > kMaxText) return std::nullopt;
  return std::string(text);
}

std::optional<std::string> ScalarText(const Json& json) {
  if (json.is_string()) return Bounded(json.get_ref<const std::string&>());
  if (json.is_number() || json.is_boolean()) return json.dump();
  return std::nullopt;
}

const Json* Child(const Json& json, const std::string& key) {
  if (json.is_object()) {
    const auto found = json.find(key);
    return found == json.end() ? nullptr : &*found;
  }
  size_t index = 0;
  const auto parsed = std::from_chars(key.data(), key.data() + key.size(), index);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == key.data() + key.size();
  return json.is_array() && whole && index < json.size() ? &json[index] : nullptr;
}

}  // namespace

Answer::Answer(std::string_view body)
    : text(body), json(Json::parse(body, nullptr, /*allow_exceptions=*/false)) {}

const Json* FindPointer(const Json& json, std::string_view pointer) {
  const Json* at = &json;
  while (!pointer.empty() && at != nullptr) {
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    std::string key(pointer.substr(0, end));
    key = absl::StrReplaceAll(key, {{"~1", "/"}, {"~0", "~"}});
    at = Child(*at, key);
    pointer.remove_prefix(end);
  }
  return at;
}

absl::StatusOr<Probe> Probe::Parse(std::string_view text) {
  Probe probe;
  if (text.size() > kMaxProbe) return absl::InvalidArgumentError("is too long");
  if (text == "text") {
    probe.kind_ = Kind::kText;
  } else if (text.starts_with(kAfter) && text.size() > kAfter.size()) {
    probe.kind_ = Kind::kAfter;
    probe.text_ = std::string(text.substr(kAfter.size()));
  } else if (text.starts_with('/')) {
    probe.kind_ = Kind::kPointer;
    probe.text_ = std::string(text);
  } else {
    return absl::InvalidArgumentError(
        R"(must be a JSON pointer as "/data/id", "text", or "after " and the text before it)");
  }
  return probe;
}

std::optional<std::string> Probe::Find(const Answer& answer) const {
  switch (kind_) {
    case Kind::kNone:
      return std::nullopt;
    case Kind::kText: {
      const std::string_view text = Trim(answer.text.substr(0, kMaxText));
      return Bounded(Trim(text.substr(0, text.find_first_of("\r\n"))));
    }
    case Kind::kAfter: {
      const size_t at = answer.text.find(text_);
      if (at == std::string_view::npos) return std::nullopt;
      std::string_view rest = answer.text.substr(at + text_.size());
      rest = rest.substr(0, rest.find_first_of(" \t\r\n"));
      if (rest.empty()) return std::nullopt;
      return Bounded(rest);
    }
    case Kind::kPointer:
      break;
  }
  const Json* found = FindPointer(answer.json, text_);
  return found == nullptr ? std::nullopt : ScalarText(*found);
}

bool Probe::IsPresent(const Answer& answer) const {
  if (kind_ != Kind::kPointer) return Find(answer).has_value();
  const Json* found = FindPointer(answer.json, text_);
  return found != nullptr && !found->is_null();
}

bool Probe::IsAbsent(const Answer& answer) const {
  return (kind_ != Kind::kPointer || !answer.json.is_discarded()) && !IsPresent(answer);
}

}  // namespace ctc::providers::http_switch
