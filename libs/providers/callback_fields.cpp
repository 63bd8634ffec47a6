#include "libs/providers/callback_fields.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/http/message.h"
#include "libs/http/multipart.h"

namespace ctc::providers {
namespace {

using Json = nlohmann::json;
using Pairs = CallbackFields::Pairs;

constexpr size_t kMaxBody = 64 << 10;
constexpr size_t kMaxFields = 500;
constexpr size_t kMaxValue = 4096;
constexpr int kMaxDepth = 5;

absl::Status Broken(std::string what) { return absl::InvalidArgumentError(std::move(what)); }

// Refuses deep nesting while it parses: the depth never becomes the stack's.
Json ParseShallow(std::string_view text) {
  bool deep = false;
  const Json::parser_callback_t watch = [&](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > kMaxDepth;
    return !deep;
  };
  Json json = Json::parse(text, watch, /*allow_exceptions=*/false);
  return deep ? Json(Json::value_t::discarded) : json;
}

void Flatten(const Json& json, const std::string& name, Pairs& pairs) {
  if (pairs.size() > kMaxFields) return;
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) {
      Flatten(value, name.empty() ? key : absl::StrCat(name, "[", key, "]"), pairs);
    }
  } else if (json.is_array()) {
    for (size_t i = 0; i < json.size(); ++i)
      Flatten(json[i], absl::StrCat(name, "[", i, "]"), pairs);
  } else if (json.is_string()) {
    pairs.emplace_back(name, json.get<std::string>());
  } else if (!json.is_null()) {
    pairs.emplace_back(name, json.dump());
  }
}

absl::StatusOr<Pairs> ReadBody(const common::v1::HttpRequest& request) {
  const std::string& body = request.body();
  const std::string_view type = HeaderOf(request, "content-type");
  if (absl::StartsWithIgnoreCase({type.data(), type.size()}, "multipart/")) {
    return http::ParseMultipart(type, body);
  }
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && body[first] == '{') {
    const Json json = ParseShallow(body);
    if (!json.is_object()) return Broken("is not a JSON object");
    Pairs pairs;
    Flatten(json, "", pairs);
    return pairs;
  }
  return http::ParseForm(body);
}

absl::StatusOr<Pairs> Bounded(absl::StatusOr<Pairs> pairs, const char* where) {
  if (!pairs.ok()) return Broken(absl::StrCat(where, ": ", pairs.status().message()));
  if (pairs->size() > kMaxFields) return Broken(absl::StrCat(where, ": has too many fields"));
  for (const auto& [name, value] : *pairs) {
    if (name.size() > kMaxValue || value.size() > kMaxValue) {
      return Broken(absl::StrCat(where, ": a field is too long"));
    }
  }
  return pairs;
}

std::string_view Trimmed(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace({text.data(), text.size()});
  return {trimmed.data(), trimmed.size()};
}

}  // namespace

std::string_view HeaderOf(const common::v1::HttpRequest& request, std::string_view name) {
  for (const auto& header : request.headers()) {
    if (header.name() == name) return header.value();
  }
  return {};
}

absl::StatusOr<CallbackFields> CallbackFields::ReadQuery(const common::v1::HttpRequest& request) {
  CTC_ASSIGN_OR_RETURN(Pairs pairs, Bounded(http::ParseForm(request.query()), "query"));
  return CallbackFields(std::move(pairs));
}

absl::StatusOr<CallbackFields> CallbackFields::Read(const common::v1::HttpRequest& request) {
  if (request.method() == "GET") return ReadQuery(request);
  if (request.body().size() > kMaxBody) return Broken("body: is longer than 64 kB");
  CTC_ASSIGN_OR_RETURN(Pairs pairs, Bounded(ReadBody(request), "body"));
  return CallbackFields(std::move(pairs));
}

absl::StatusOr<CallbackFields> CallbackFields::ReadJson(std::string_view text) {
  const Json json = ParseShallow(text);
  if (!json.is_object()) return Broken("is not a JSON object");
  Pairs flat;
  Flatten(json, "", flat);
  CTC_ASSIGN_OR_RETURN(Pairs pairs, Bounded(std::move(flat), "JSON"));
  return CallbackFields(std::move(pairs));
}

std::string_view CallbackFields::Raw(std::string_view name) const {
  for (const auto& [key, value] : pairs_) {
    if (key == name) return value;
  }
  return {};
}

bool CallbackFields::Has(std::string_view name) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [&](const auto& pair) { return pair.first == name; });
}

std::string_view CallbackFields::Get(std::string_view name) const {
  const std::string_view value = Trimmed(Raw(name));
  const absl::string_view word(value.data(), value.size());
  const bool nothing = absl::EqualsIgnoreCase(word, "null") || absl::EqualsIgnoreCase(word, "none");
  return nothing ? std::string_view() : value;
}

std::string_view CallbackFields::GetAny(std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names) {
    if (const std::string_view value = Get(name); !value.empty()) return value;
  }
  return {};
}

int CallbackFields::Number(std::string_view name) const {
  const std::string_view text = Get(name);
  int value = 0;
  return absl::SimpleAtoi({text.data(), text.size()}, &value) && value >= 0 ? value : -1;
}

}  // namespace ctc::providers
