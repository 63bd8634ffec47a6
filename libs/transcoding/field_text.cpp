// Typed setters by reflection, for fields and for elements of lists.
#include "libs/transcoding/field_text.h"

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include <charconv>
#include <cmath>
#include <limits>

#include "libs/base/error_catalogue.h"
#include "libs/transcoding/json_reader.h"
#include "libs/transcoding/timestamp_text.h"

namespace ctc::transcoding {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

// Calls the setter or the adder of one C++ type.
#define CTC_SET_OR_ADD(name, value)                                                  \
  (entry.repeated ? message.GetReflection()->Add##name(&message, entry.field, value) \
                  : message.GetReflection()->Set##name(&message, entry.field, value))

std::string NamesOf(const pb::EnumDescriptor* type) {
  std::string names;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() == 0) continue;
    if (!names.empty()) names += ", ";
    names += type->value(i)->name();
  }
  return names;
}

bool IsIntegerType(Field::CppType type) {
  return type == Field::CPPTYPE_INT32 || type == Field::CPPTYPE_INT64 ||
         type == Field::CPPTYPE_UINT32 || type == Field::CPPTYPE_UINT64;
}

std::string IntegerFromText(std::string_view text, const FieldEntry& entry, pb::Message& message) {
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view digits = negative ? text.substr(1) : text;
  uint64_t magnitude = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
  if (digits.empty() || result.ptr != digits.data() + digits.size())
    return "must be a whole number";
  if (result.ec != std::errc()) return "is out of range";
  return SetInteger(negative, magnitude, entry, message);
}

std::string DoubleFromText(std::string_view text, const FieldEntry& entry, pb::Message& message) {
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ptr != text.data() + text.size() || result.ec != std::errc() ||
      !std::isfinite(value)) {
    return "must be a number";
  }
  return SetDouble(value, entry, message);
}

std::string MessageFromText(std::string_view text, const FieldEntry& entry, pb::Message& message) {
  if (entry.message->kind != MessageKind::kTimestamp || entry.repeated) {
    return "cannot be given here";
  }
  auto* time = message.GetReflection()->MutableMessage(&message, entry.field);
  if (ParseTimestamp(text, static_cast<pb::Timestamp&>(*time))) return "";
  return "must be a time as 2025-12-03T10:30:00Z";
}

std::string Convert(std::string_view text, const FieldEntry& entry, pb::Message& message) {
  if (std::string wrong = CheckText(text, entry.max_text); !wrong.empty()) return wrong;
  if (IsIntegerType(entry.type)) return IntegerFromText(text, entry, message);
  if (entry.type == Field::CPPTYPE_BOOL) {
    if (text != "true" && text != "false") return "must be true or false";
    return SetBool(text == "true", entry, message);
  }
  if (entry.type == Field::CPPTYPE_ENUM) return SetEnum(std::string(text), entry, message);
  if (entry.type == Field::CPPTYPE_STRING) return SetString(std::string(text), entry, message);
  if (entry.type == Field::CPPTYPE_MESSAGE) return MessageFromText(text, entry, message);
  return DoubleFromText(text, entry, message);
}

}  // namespace

std::string_view Clip(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  const auto inside = [&](size_t at) { return (static_cast<unsigned char>(text[at]) >> 6) == 2; };
  while (max_bytes > 0 && inside(max_bytes)) --max_bytes;
  return text.substr(0, max_bytes);
}

std::string CheckText(std::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) return absl::StrCat("is longer than ", max_bytes >> 10, " kB");
  if (text.find('\0') != std::string_view::npos) return "must not contain NUL";
  return "";
}

std::string SetEnum(const std::string& name, const FieldEntry& entry, pb::Message& message) {
  if (entry.type != Field::CPPTYPE_ENUM) return "has the wrong type";
  const pb::EnumValueDescriptor* value = entry.field->enum_type()->FindValueByName(name);
  if (value == nullptr || value->number() == 0) {
    return "must be one of " + NamesOf(entry.field->enum_type());
  }
  CTC_SET_OR_ADD(EnumValue, value->number());
  return "";
}

std::string SetInteger(bool negative, uint64_t magnitude, const FieldEntry& entry,
                       pb::Message& message) {
  constexpr uint64_t kMax64 = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (negative && magnitude == 0) negative = false;
  const bool fits64 = magnitude <= kMax64 + (negative ? 1 : 0);
  const int64_t value = static_cast<int64_t>(negative ? ~magnitude + 1 : magnitude);
  switch (entry.type) {
    case Field::CPPTYPE_INT32:
      if (!fits64 || value < std::numeric_limits<int32_t>::min() ||
          value > std::numeric_limits<int32_t>::max()) {
        return "is out of range";
      }
      CTC_SET_OR_ADD(Int32, static_cast<int32_t>(value));
      return "";
    case Field::CPPTYPE_INT64:
      if (!fits64) return "is out of range";
      CTC_SET_OR_ADD(Int64, value);
      return "";
    case Field::CPPTYPE_UINT32:
      if (negative || magnitude > std::numeric_limits<uint32_t>::max()) return "is out of range";
      CTC_SET_OR_ADD(UInt32, static_cast<uint32_t>(magnitude));
      return "";
    case Field::CPPTYPE_UINT64:
      if (negative) return "is out of range";
      CTC_SET_OR_ADD(UInt64, magnitude);
      return "";
    default:
      return SetDouble((negative ? -1.0 : 1.0) * static_cast<double>(magnitude), entry, message);
  }
}

std::string SetDouble(double value, const FieldEntry& entry, pb::Message& message) {
  if (IsIntegerType(entry.type)) return "must be a whole number";
  if (entry.type == Field::CPPTYPE_DOUBLE) {
    CTC_SET_OR_ADD(Double, value);
  } else if (entry.type == Field::CPPTYPE_FLOAT) {
    CTC_SET_OR_ADD(Float, static_cast<float>(value));
  } else {
    return "has the wrong type";
  }
  return "";
}

std::string SetBool(bool value, const FieldEntry& entry, pb::Message& message) {
  if (entry.type != Field::CPPTYPE_BOOL) return "has the wrong type";
  CTC_SET_OR_ADD(Bool, value);
  return "";
}

std::string SetString(std::string value, const FieldEntry& entry, pb::Message& message) {
  if (entry.type != Field::CPPTYPE_STRING) return "has the wrong type";
  if (entry.is_bytes) {
    std::string bytes;
    if (!absl::Base64Unescape(value, &bytes)) return "must be base64";
    value = std::move(bytes);
  }
  CTC_SET_OR_ADD(String, std::move(value));
  return "";
}

#undef CTC_SET_OR_ADD

absl::Status SetFromText(std::string_view text, const FieldEntry& entry, pb::Message& message) {
  std::string wrong = entry.map ? "cannot be given here" : Convert(text, entry, message);
  if (wrong.empty()) return absl::OkStatus();
  return base::InvalidField(entry.field->name(), wrong);
}

}  // namespace ctc::transcoding
