#include "services/routing/domain/free_data.h"

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error.h"
#include "libs/telephony/phone_number.h"

namespace ctc::routing {
namespace {

using google::protobuf::Value;

constexpr size_t kMaxUrl = 1024;

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

bool IsWebUrl(std::string_view text) {
  const absl::string_view view = View(text);
  const size_t scheme = absl::StartsWith(view, "https://")  ? 8
                        : absl::StartsWith(view, "http://") ? 7
                                                            : 0;
  return scheme > 0 && text.size() > scheme && text.size() <= kMaxUrl && text[scheme] != '/' &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

absl::StatusOr<std::string> NormalPhone(const std::string& text) {
  if (!text.empty() && text.front() == '+') {
    CTC_ASSIGN_OR_RETURN(const telephony::E164 number, telephony::E164::Parse(text));
    return number.value();
  }
  CTC_RETURN_IF_ERROR(telephony::CheckEndpoint(text));
  return text;
}

std::string FreeData::PathOf(std::string_view name) const {
  return absl::StrCat(path_, ".", View(name));
}

void FreeData::Refuse(std::string_view name, std::string_view detail) {
  Take(base::InvalidField(PathOf(name), detail));
}

void FreeData::Take(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

const Value* FreeData::Find(const std::string& name) {
  asked_.insert(name);
  const auto found = json_.fields().find(name);
  const bool absent =
      found == json_.fields().end() || found->second.kind_case() == Value::kNullValue;
  return absent ? nullptr : &found->second;
}

std::string FreeData::Text(const std::string& name, size_t max_bytes) {
  const Value* value = Find(name);
  if (value == nullptr) return "";
  const std::string& text = value->string_value();
  if (value->kind_case() != Value::kStringValue || text.empty() || text.size() > max_bytes ||
      HasControl(text)) {
    Refuse(name, absl::StrCat("must be a text of 1 to ", max_bytes, " bytes"));
  }
  return text;
}

std::string FreeData::Url(const std::string& name) {
  const Value* value = Find(name);
  if (value == nullptr) return "";
  if (!IsWebUrl(value->string_value())) Refuse(name, "must be an http or https URL");
  return value->string_value();
}

int FreeData::Whole(const std::string& name, int least, int most, int otherwise) {
  const Value* value = Find(name);
  if (value == nullptr) return otherwise;
  const double number = value->number_value();
  const bool fits = value->kind_case() == Value::kNumberValue && number >= least && number <= most;
  if (!fits || number != static_cast<int>(number)) {
    Refuse(name, absl::StrCat("must be a whole number, ", least, " to ", most));
    return otherwise;
  }
  return static_cast<int>(number);
}

bool FreeData::Flag(const std::string& name) {
  const Value* value = Find(name);
  if (value == nullptr) return false;
  if (value->kind_case() != Value::kBoolValue) Refuse(name, "must be true or false");
  return value->bool_value();
}

const google::protobuf::Struct* FreeData::Object(const std::string& name) {
  const Value* value = Find(name);
  if (value == nullptr) return nullptr;
  if (value->kind_case() != Value::kStructValue) Refuse(name, "must be an object");
  return &value->struct_value();
}

const google::protobuf::ListValue* FreeData::List(const std::string& name) {
  const Value* value = Find(name);
  if (value == nullptr) return nullptr;
  if (value->kind_case() != Value::kListValue) Refuse(name, "must be a list");
  return &value->list_value();
}

absl::Status FreeData::Finish() {
  for (const auto& [name, value] : json_.fields()) {
    if (asked_.count(name) == 0) Refuse(name, "is not known here");
  }
  return status_;
}

}  // namespace ctc::routing
