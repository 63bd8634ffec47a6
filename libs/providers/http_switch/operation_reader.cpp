#include "libs/providers/http_switch/operation_reader.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <array>

#include "libs/providers/http_switch/mapping_reader.h"

namespace ctc::providers::http_switch {
namespace {

constexpr size_t kMaxErrors = 20;

// Reads a template in place; a fault is named by its field.
TextTemplate ReadText(SettingsReader& reader, std::string_view name, std::string_view text,
                      const VariableKinds& known, Position position) {
  absl::StatusOr<TextTemplate> parsed = TextTemplate::Parse(text, known, position);
  if (parsed.ok()) return *std::move(parsed);
  reader.Fault(name, std::string(parsed.status().message()));
  return TextTemplate();
}

// A form says a list by repeating the name; headers have none.
std::vector<std::pair<std::string, TextTemplate>> ReadTexts(SettingsReader& reader,
                                                            const char* name, const Json& object,
                                                            const VariableKinds& known,
                                                            Position position) {
  std::vector<std::pair<std::string, TextTemplate>> texts;
  if (!object.is_object()) {
    reader.Fault(name, "must be an object of texts");
    return texts;
  }
  const auto add = [&](const std::string& path, const std::string& key, const Json& value) {
    if (!value.is_string()) {
      reader.Fault(path, "must be a text");
      return;
    }
    texts.emplace_back(key, ReadText(reader, path, value.get<std::string>(), known, position));
  };
  for (const auto& [key, value] : object.items()) {
    const std::string path = std::string(name) + "." + key;
    if (position == Position::kHeader && !IsHeaderName(key)) {
      reader.Fault(path, "is not the name of a header that a template may set");
    }
    if (position != Position::kForm || !value.is_array()) {
      add(path, key, value);
      continue;
    }
    for (size_t i = 0; i < value.size(); ++i) add(absl::StrCat(path, "[", i, "]"), key, value[i]);
  }
  return texts;
}

void ReadBody(SettingsReader& reader, const VariableKinds& known, Operation& out) {
  const Json* body = reader.Find("body");
  const std::string type = absl::AsciiStrToLower(reader.Text(
      "content_type", body != nullptr && body->is_string() ? "text/plain" : "application/json"));
  if (body == nullptr) return;
  out.content_type = type;
  if (type == "application/json" || type.ends_with("+json")) {
    out.body_kind = BodyKind::kJson;
    out.json = *body;
    const absl::Status checked = CheckJsonTemplate(*body, known);
    if (!body->is_structured()) {
      reader.Fault("body", "must be an object or a list");
    } else if (!checked.ok()) {
      reader.Fault("body", std::string(checked.message()));
    }
  } else if (type == "application/x-www-form-urlencoded") {
    out.body_kind = BodyKind::kForm;
    out.form = ReadTexts(reader, "body", *body, known, Position::kForm);
  } else if (type == "text/xml" || type == "application/xml" || type == "text/plain") {
    const bool xml = type != "text/plain";
    out.body_kind = xml ? BodyKind::kXml : BodyKind::kPlain;
    out.text = ReadText(reader, "body", reader.Text("body"), known,
                        xml ? Position::kXml : Position::kPlain);
  } else {
    reader.Fault("content_type",
                 "must be application/json, application/x-www-form-urlencoded, text/xml, "
                 "application/xml or text/plain");
  }
}

Condition ReadCondition(SettingsReader& reader) {
  Condition condition;
  if (const Json* status = reader.Find("status"); status != nullptr) {
    const bool list = status->is_array() && !status->empty() &&
                      std::all_of(status->begin(), status->end(), [](const Json& code) {
                        return code.is_number_integer() && code >= 200 && code <= 599;
                      });
    if (list) {
      condition.status = status->get<std::vector<int>>();
    } else {
      reader.Fault("status", "must be a list of HTTP statuses from 200 to 599");
    }
  }
  condition.at = ReadProbe(reader, "at");
  if (reader.Find("equals") != nullptr) condition.equals = reader.Text("equals");
  if (reader.Find("starts_with") != nullptr) condition.starts_with = reader.Text("starts_with");
  if (const Json* absent = reader.Find("absent"); absent != nullptr) {
    if (!absent->is_boolean()) reader.Fault("absent", "must be a boolean");
    condition.absent = absent->is_boolean() && absent->get<bool>();
  }
  const bool compares = condition.equals || condition.starts_with || condition.absent;
  if (compares && !condition.at.set()) reader.Fault("at", "is required to compare with");
  return condition;
}

ErrorRule ReadError(SettingsReader& reader) {
  ErrorRule rule;
  const std::string meaning =
      reader.Word("class", {"permanent", "auth", "invalid_number", "not_found", "conflict",
                            "rate_limited", "capacity", "temporary"});
  rule.when = ReadCondition(reader);
  if (rule.when.status.empty() && !rule.when.at.set()) {
    reader.Fault("status", "is required, or at: a rule must tell what it is about");
  }
  reader.RefuseOthers();
  if (meaning == "auth") rule.meaning = ErrorClass::kAuth;
  if (meaning == "invalid_number") rule.meaning = ErrorClass::kInvalidNumber;
  if (meaning == "not_found") rule.meaning = ErrorClass::kNotFound;
  if (meaning == "conflict") rule.meaning = ErrorClass::kConflict;
  if (meaning == "rate_limited") rule.meaning = ErrorClass::kRateLimited;
  if (meaning == "capacity") rule.meaning = ErrorClass::kCapacity;
  if (meaning == "temporary") rule.meaning = ErrorClass::kTemporary;
  return rule;
}

void ReadAnswer(SettingsReader& reader, const VariableKinds& known, Operation& out) {
  if (const Json* success = reader.Find("success"); success != nullptr) {
    SettingsReader rule(*success, reader.Path("success"), reader.faults());
    out.success = ReadCondition(rule);
    rule.RefuseOthers();
  }
  if (const Json* errors = reader.Find("errors"); errors != nullptr) {
    if (!errors->is_array() || errors->size() > kMaxErrors) {
      reader.Fault("errors", "must be a list of at most 20 rules");
    } else {
      for (size_t i = 0; i < errors->size(); ++i) {
        SettingsReader rule((*errors)[i], reader.Path(absl::StrCat("errors[", i, "]")),
                            reader.faults());
        out.errors.push_back(ReadError(rule));
      }
    }
  }
  out.message = ReadProbe(reader, "message");
  out.id = ReadProbe(reader, "id");
  if (const std::string supplied = reader.Text("supplied_id"); !supplied.empty()) {
    out.supplied_id = ReadText(reader, "supplied_id", supplied, known, Position::kPlain);
  }
  out.status = ReadProbe(reader, "status");
  out.statuses = ReadWords(
      reader, "statuses",
      {"LIVE", "NOT_FOUND", "ENDED", "BUSY", "NO_ANSWER", "REJECTED", "FAILED", "CANCELLED"});
  out.sip_status = ReadProbe(reader, "sip_status");
  out.duration = ReadProbe(reader, "duration");
}

}  // namespace

Operation ReadOperation(SettingsReader& reader, const VariableKinds& known) {
  Operation out;
  out.method = reader.Word("method", {"POST", "GET", "PUT", "PATCH", "DELETE"});
  const std::string path = reader.Text("path");
  out.path = ReadText(reader, "path", path, known, Position::kUrl);
  if (path.empty()) {
    reader.Fault("path", "is required");
  } else if (path.front() != '/') {
    reader.Fault("path", "must begin with /; api_url goes before it");
  }
  if (const Json* headers = reader.Find("headers"); headers != nullptr) {
    out.headers = ReadTexts(reader, "headers", *headers, known, Position::kHeader);
  }
  ReadBody(reader, known, out);
  if (out.method == "GET" && out.body_kind != BodyKind::kNone) {
    reader.Fault("body", "must not be given with GET");
  }
  ReadAnswer(reader, known, out);
  reader.RefuseOthers();
  const std::string whole = reader.object().dump();
  out.names_agent = whole.find("{agent}") != std::string::npos ||
                    whole.find("{agent:") != std::string::npos ||
                    whole.find("{agent_digits") != std::string::npos;
  return out;
}

bool IsHeaderName(std::string_view name) {
  static constexpr std::array<std::string_view, 9> kOurs = {
      "host",       "content-length", "content-type", "transfer-encoding",
      "connection", "authorization",  "expect",       "te",
      "upgrade"};
  const std::string lower = absl::AsciiStrToLower({name.data(), name.size()});
  if (name.empty() || name.size() > 64) return false;
  if (std::find(kOurs.begin(), kOurs.end(), lower) != kOurs.end()) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

}  // namespace ctc::providers::http_switch
