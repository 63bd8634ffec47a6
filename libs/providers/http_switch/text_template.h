// Texts with {variables}, and their safe filling: how a value is written is decided by where it
// stands, never by who wrote the template. Pure; thread-safe.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ctc::providers::http_switch {

// What a variable stands for. Numbers and booleans may be written bare by {name:raw} in JSON.
using Value = std::variant<std::string, int64_t, bool>;
using Values = std::map<std::string, Value, std::less<>>;
// The variables a template may name, and whether each is a text.
using VariableKinds = std::map<std::string, bool, std::less<>>;

enum class Position {
  kUrl,     // path and query: percent-encoded
  kForm,    // a field of a form: percent-encoded
  kHeader,  // control characters are refused
  kXml,     // & < > " ' are written as entities
  kPlain,   // control characters are refused
};

// "text {name} text {name:dial} text"; {{ and }} are braces. {name:dial} takes letters, digits and
// + * # . _ - only and refuses everything else: for dial strings, which know no escaping.
class TextTemplate {
 public:
  // INVALID_ARGUMENT says what is wrong: an unknown variable or filter, an open brace, a control
  // character, in a URL a character that does not belong there.
  static absl::StatusOr<TextTemplate> Parse(std::string_view text, const VariableKinds& known,
                                            Position position);
  // INVALID_ARGUMENT when a value may not stand there.
  absl::StatusOr<std::string> Fill(const Values& values) const;

 private:
  struct Part {
    std::string literal;   // before the variable
    std::string variable;  // empty at the end
    bool dial = false;
  };
  Position position_ = Position::kPlain;
  std::vector<Part> parts_;
};

// A JSON value whose texts are templates; keys are literal. A text that is "{name:raw}" alone
// becomes the number or boolean. What is filled in can only ever be a value, never structure.
absl::Status CheckJsonTemplate(const nlohmann::json& body, const VariableKinds& known);
absl::StatusOr<nlohmann::json> FillJson(const nlohmann::json& body, const Values& values);

}  // namespace ctc::providers::http_switch
