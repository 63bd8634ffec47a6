#include "libs/providers/http_switch/text_template.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/http/message.h"

namespace ctc::providers::http_switch {
namespace {

using Json = nlohmann::json;

constexpr int kMaxDepth = 16;

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// RFC 3986: what may stand in a path or query as it is, "#" apart.
bool IsUrlText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("-._~:/?@!$&'()*+,;=%").find(c) != std::string_view::npos;
  });
}

bool IsDialText(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("+*#._-").find(c) != std::string_view::npos;
  });
}

std::string TextOf(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&value)) return absl::StrCat(*number);
  return std::get<bool>(value) ? "true" : "false";
}

absl::StatusOr<std::string> Write(std::string text, Position position) {
  switch (position) {
    case Position::kUrl:
    case Position::kForm:
      return http::Encode(text);
    case Position::kXml:
      text = absl::StrReplaceAll(
          text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&apos;"}});
      [[fallthrough]];
    case Position::kHeader:
    case Position::kPlain:
      if (HasControl(text)) return absl::InvalidArgumentError("holds control characters");
  }
  return text;
}

absl::StatusOr<std::string> WriteLiteral(std::string text, Position position) {
  if (HasControl(text)) return absl::InvalidArgumentError("must not hold control characters");
  if (position != Position::kUrl) return position == Position::kForm ? http::Encode(text) : text;
  // Braces come as {{ and }} and must not stand bare in a URL.
  std::string url = absl::StrReplaceAll(text, {{"{", "%7B"}, {"}", "%7D"}});
  if (!IsUrlText(url)) {
    return absl::InvalidArgumentError("holds a character that must be percent-encoded in a URL");
  }
  return url;
}

// "{name:raw}" alone: the name.
std::optional<std::string> RawName(std::string_view text) {
  if (text.size() < 7 || text.front() != '{' || !text.ends_with(":raw}")) return std::nullopt;
  const std::string_view name = text.substr(1, text.size() - 6);
  if (name.find_first_of("{}:") != std::string_view::npos) return std::nullopt;
  return std::string(name);
}

// "name" or "name:filter" of a known variable; true for the filter dial.
absl::StatusOr<bool> ReadVariable(std::string_view text, const VariableKinds& known) {
  const size_t colon = text.find(':');
  const std::string name(text.substr(0, colon));
  if (!known.contains(name)) {
    return absl::InvalidArgumentError(absl::StrCat("{", name, "} is not known here"));
  }
  if (colon == std::string_view::npos) return false;
  if (text.substr(colon) == ":dial") return true;
  return absl::InvalidArgumentError(
      absl::StrCat("{", name, ":...}: the only filter of a text is :dial; :raw makes a whole JSON ",
                   "value of a number"));
}

absl::Status CheckJson(const Json& body, const VariableKinds& known, int depth) {
  if (depth > kMaxDepth) return absl::InvalidArgumentError("is nested too deeply");
  if (body.is_structured()) {
    for (const Json& child : body) CTC_RETURN_IF_ERROR(CheckJson(child, known, depth + 1));
  }
  if (!body.is_string()) return absl::OkStatus();
  const auto& text = body.get_ref<const std::string&>();
  const std::optional<std::string> raw = RawName(text);
  if (!raw.has_value()) {
    return TextTemplate::Parse(text, known, Position::kPlain).status();
  }
  const auto found = known.find(*raw);
  if (found == known.end()) {
    return absl::InvalidArgumentError(absl::StrCat("{", *raw, "} is not known here"));
  }
  if (!found->second) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("{", *raw, "} is a text; :raw is for numbers and booleans"));
}

absl::Status FillInto(Json& body, const Values& values, const VariableKinds& known) {
  if (body.is_structured()) {
    for (Json& child : body) CTC_RETURN_IF_ERROR(FillInto(child, values, known));
  }
  if (!body.is_string()) return absl::OkStatus();
  const auto& text = body.get_ref<const std::string&>();
  if (const std::optional<std::string> raw = RawName(text)) {
    const auto found = values.find(*raw);
    if (found == values.end()) return absl::InvalidArgumentError(*raw + " is not known");
    std::visit([&](const auto& value) { body = value; }, found->second);
    return absl::OkStatus();
  }
  CTC_ASSIGN_OR_RETURN(const TextTemplate parsed,
                       TextTemplate::Parse(text, known, Position::kPlain));
  CTC_ASSIGN_OR_RETURN(body, parsed.Fill(values));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TextTemplate> TextTemplate::Parse(std::string_view text, const VariableKinds& known,
                                                 Position position) {
  TextTemplate out;
  out.position_ = position;
  Part part;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '{' && c != '}') {
      part.literal += c;
    } else if (i + 1 < text.size() && text[i + 1] == c) {
      part.literal += c;
      ++i;
    } else if (c == '}') {
      return absl::InvalidArgumentError("has a } without a {; write }} for a brace");
    } else {
      const size_t end = text.find('}', i);
      if (end == std::string_view::npos) {
        return absl::InvalidArgumentError("has a { without a }; write {{ for a brace");
      }
      CTC_ASSIGN_OR_RETURN(part.dial, ReadVariable(text.substr(i + 1, end - i - 1), known));
      const std::string_view variable = text.substr(i + 1, end - i - 1);
      part.variable = std::string(variable.substr(0, variable.find(':')));
      CTC_ASSIGN_OR_RETURN(part.literal, WriteLiteral(std::move(part.literal), position));
      out.parts_.push_back(std::exchange(part, Part()));
      i = end;
    }
  }
  CTC_ASSIGN_OR_RETURN(part.literal, WriteLiteral(std::move(part.literal), position));
  out.parts_.push_back(std::move(part));
  return out;
}

absl::StatusOr<std::string> TextTemplate::Fill(const Values& values) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.literal;
    if (part.variable.empty()) continue;
    const auto found = values.find(part.variable);
    if (found == values.end()) {
      return absl::InvalidArgumentError(absl::StrCat(part.variable, " is not known"));
    }
    std::string text = TextOf(found->second);
    if (part.dial && !IsDialText(text)) {
      return absl::InvalidArgumentError(
          absl::StrCat(part.variable, " holds what a dial string must not hold"));
    }
    absl::StatusOr<std::string> written = Write(std::move(text), position_);
    if (!written.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(part.variable, " ", written.status().message()));
    }
    out += *written;
  }
  return out;
}

absl::Status CheckJsonTemplate(const Json& body, const VariableKinds& known) {
  return CheckJson(body, known, 0);
}

absl::StatusOr<Json> FillJson(const Json& body, const Values& values) {
  VariableKinds known;
  for (const auto& [name, value] : values) known[name] = std::holds_alternative<std::string>(value);
  Json filled = body;
  CTC_RETURN_IF_ERROR(FillInto(filled, values, known));
  return filled;
}

}  // namespace ctc::providers::http_switch
