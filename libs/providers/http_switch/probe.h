// Where in an answer or webhook a value stands: "/error/code" is a JSON pointer (RFC 6901), "text"
// the body's first line that is not blank, trimmed, "after Job-UUID: " the word that follows these
// characters. Pure.
#pragma once

#include <absl/status/statusor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace ctc::providers::http_switch {

// A body, parsed as JSON where it is JSON. `text` outlives it.
struct Answer {
  explicit Answer(std::string_view body);
  // Of a webhook that came in another form.
  Answer(std::string_view body, nlohmann::json tree) : text(body), json(std::move(tree)) {}

  std::string_view text;
  nlohmann::json json;
};

class Probe {
 public:
  Probe() = default;  // finds nothing
  // INVALID_ARGUMENT when it is none of the three.
  static absl::StatusOr<Probe> Parse(std::string_view text);

  bool set() const { return kind_ != Kind::kNone; }
  // Text, number or boolean there, as text; at most 4096 bytes, without control characters.
  std::optional<std::string> Find(const Answer& answer) const;
  // True when anything but null stands there.
  bool IsPresent(const Answer& answer) const;
  // True when it is not. What is no JSON lacks every pointer and says nothing by that: false.
  bool IsAbsent(const Answer& answer) const;

 private:
  enum class Kind { kNone, kPointer, kText, kAfter };

  Kind kind_ = Kind::kNone;
  std::string text_;
};

// The value at a JSON pointer; null when there is none. Never throws.
const nlohmann::json* FindPointer(const nlohmann::json& json, std::string_view pointer);

}  // namespace ctc::providers::http_switch
