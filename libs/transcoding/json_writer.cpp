// One pass over the table of the type, by reflection, into one string.
#include "libs/transcoding/json_writer.h"

#include <absl/strings/escaping.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "libs/transcoding/timestamp_text.h"

namespace ctc::transcoding {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53

template <class Number, class... Format>
void AppendNumber(Number value, std::string& out, Format... format) {
  std::array<char, 32> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...).ptr;
  out.append(buffer.data(), static_cast<size_t>(end - buffer.data()));
}

void AppendDouble(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";  // JSON has no infinity
  } else if (value == std::trunc(value) && std::abs(value) < kExactIntegers) {
    AppendNumber(static_cast<int64_t>(value), out);  // 45000, not 4.5e+04
  } else if (std::abs(value) >= kExactIntegers) {
    // Without an exponent it would look like an integer, and be refused as one that is too large.
    AppendNumber(value, out, std::chars_format::scientific);
  } else {
    AppendNumber(value, out);
  }
}

void AppendEnum(int number, const FieldEntry& entry, std::string& out) {
  const size_t index = static_cast<size_t>(number);
  if (number >= 0 && index < entry.enum_names.size() && !entry.enum_names[index].empty()) {
    out += entry.enum_names[index];
  } else {
    AppendNumber(number, out);
  }
}

void AppendText(const std::string& text, const FieldEntry& entry, std::string& out) {
  if (!entry.is_bytes) return AppendJsonString(text, out);
  out += '"';
  out += absl::Base64Escape(text);
  out += '"';
}

void AppendValue(const pb::Value& value, std::string& out);

void AppendList(const pb::ListValue& list, std::string& out) {
  out += '[';
  for (int i = 0; i < list.values_size(); ++i) {
    if (i > 0) out += ',';
    AppendValue(list.values(i), out);
  }
  out += ']';
}

void AppendStruct(const pb::Struct& object, std::string& out) {
  std::vector<const pb::Map<std::string, pb::Value>::value_type*> members;
  members.reserve(static_cast<size_t>(object.fields_size()));
  for (const auto& member : object.fields()) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](auto* a, auto* b) { return a->first < b->first; });
  out += '{';
  bool first = true;
  for (const auto* member : members) {
    if (!first) out += ',';
    first = false;
    AppendJsonString(member->first, out);
    out += ':';
    AppendValue(member->second, out);
  }
  out += '}';
}

void AppendValue(const pb::Value& value, std::string& out) {
  switch (value.kind_case()) {
    case pb::Value::kNumberValue:
      return AppendDouble(value.number_value(), out);
    case pb::Value::kStringValue:
      return AppendJsonString(value.string_value(), out);
    case pb::Value::kBoolValue:
      out += value.bool_value() ? "true" : "false";
      return;
    case pb::Value::kStructValue:
      return AppendStruct(value.struct_value(), out);
    case pb::Value::kListValue:
      return AppendList(value.list_value(), out);
    case pb::Value::kNullValue:
    case pb::Value::KIND_NOT_SET:
      out += "null";
      return;
  }
}

// The value of a field that is not a list.
void AppendSingle(const pb::Message& message, const pb::Reflection& reflection,
                  const FieldEntry& entry, std::string& out) {
  const Field* field = entry.field;
  std::string scratch;
  switch (entry.type) {
    case Field::CPPTYPE_INT32:
      return AppendNumber(reflection.GetInt32(message, field), out);
    case Field::CPPTYPE_INT64:
      return AppendNumber(reflection.GetInt64(message, field), out);
    case Field::CPPTYPE_UINT32:
      return AppendNumber(reflection.GetUInt32(message, field), out);
    case Field::CPPTYPE_UINT64:
      return AppendNumber(reflection.GetUInt64(message, field), out);
    case Field::CPPTYPE_DOUBLE:
      return AppendDouble(reflection.GetDouble(message, field), out);
    case Field::CPPTYPE_FLOAT:
      return AppendDouble(static_cast<double>(reflection.GetFloat(message, field)), out);
    case Field::CPPTYPE_BOOL:
      out += reflection.GetBool(message, field) ? "true" : "false";
      return;
    case Field::CPPTYPE_ENUM:
      return AppendEnum(reflection.GetEnumValue(message, field), entry, out);
    case Field::CPPTYPE_STRING:
      return AppendText(reflection.GetStringReference(message, field, &scratch), entry, out);
    case Field::CPPTYPE_MESSAGE:
      return AppendJson(reflection.GetMessage(message, field), *entry.message, out);
  }
}

void AppendElement(const pb::Message& message, const pb::Reflection& reflection,
                   const FieldEntry& entry, int i, std::string& out) {
  const Field* field = entry.field;
  std::string scratch;
  switch (entry.type) {
    case Field::CPPTYPE_INT32:
      return AppendNumber(reflection.GetRepeatedInt32(message, field, i), out);
    case Field::CPPTYPE_INT64:
      return AppendNumber(reflection.GetRepeatedInt64(message, field, i), out);
    case Field::CPPTYPE_UINT32:
      return AppendNumber(reflection.GetRepeatedUInt32(message, field, i), out);
    case Field::CPPTYPE_UINT64:
      return AppendNumber(reflection.GetRepeatedUInt64(message, field, i), out);
    case Field::CPPTYPE_DOUBLE:
      return AppendDouble(reflection.GetRepeatedDouble(message, field, i), out);
    case Field::CPPTYPE_FLOAT:
      return AppendDouble(static_cast<double>(reflection.GetRepeatedFloat(message, field, i)), out);
    case Field::CPPTYPE_BOOL:
      out += reflection.GetRepeatedBool(message, field, i) ? "true" : "false";
      return;
    case Field::CPPTYPE_ENUM:
      return AppendEnum(reflection.GetRepeatedEnumValue(message, field, i), entry, out);
    case Field::CPPTYPE_STRING:
      return AppendText(reflection.GetRepeatedStringReference(message, field, i, &scratch), entry,
                        out);
    case Field::CPPTYPE_MESSAGE:
      return AppendJson(reflection.GetRepeatedMessage(message, field, i), *entry.message, out);
  }
}

void AppendRepeated(const pb::Message& message, const pb::Reflection& reflection,
                    const FieldEntry& entry, std::string& out) {
  out += '[';
  const int size = reflection.FieldSize(message, entry.field);
  for (int i = 0; i < size; ++i) {
    if (i > 0) out += ',';
    AppendElement(message, reflection, entry, i, out);
  }
  out += ']';
}

void AppendMap(const pb::Message& message, const pb::Reflection& reflection,
               const FieldEntry& entry, std::string& out) {
  const FieldEntry& key = entry.message->fields[0];
  const FieldEntry& value = entry.message->fields[1];
  std::vector<std::pair<std::string, const pb::Message*>> members;
  const int size = reflection.FieldSize(message, entry.field);
  for (int i = 0; i < size; ++i) {
    const pb::Message& member = reflection.GetRepeatedMessage(message, entry.field, i);
    std::string text;
    AppendSingle(member, *member.GetReflection(), key, text);
    if (text.empty() || text[0] != '"') text = "\"" + text + "\"";
    members.emplace_back(std::move(text), &member);
  }
  std::sort(members.begin(), members.end());
  out += '{';
  bool first = true;
  for (const auto& [text, member] : members) {
    if (!first) out += ',';
    first = false;
    out += text;
    out += ':';
    AppendSingle(*member, *member->GetReflection(), value, out);
  }
  out += '}';
}

bool IsPrinted(const pb::Message& message, const pb::Reflection& reflection,
               const FieldEntry& entry) {
  if (entry.repeated || entry.map) return true;
  if (entry.has_presence && !reflection.HasField(message, entry.field)) return false;
  return entry.type != Field::CPPTYPE_ENUM || reflection.GetEnumValue(message, entry.field) != 0;
}

void AppendPlain(const pb::Message& message, const MessageTable& table, std::string& out) {
  const pb::Reflection& reflection = *message.GetReflection();
  out += '{';
  bool first = true;
  for (const FieldEntry& entry : table.fields) {
    if (!IsPrinted(message, reflection, entry)) continue;
    if (!first) out += ',';
    first = false;
    out += entry.quoted_name;
    if (entry.map) {
      AppendMap(message, reflection, entry, out);
    } else if (entry.repeated) {
      AppendRepeated(message, reflection, entry, out);
    } else {
      AppendSingle(message, reflection, entry, out);
    }
  }
  out += '}';
}

// 0: as it is; 'u': \u00XX; else the letter after the backslash.
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> escapes{};
  for (size_t i = 0; i < 0x20; ++i) escapes[i] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  escapes[0x7f] = 'u';
  return escapes;
}
constexpr std::array<char, 256> kEscapes = MakeEscapes();

}  // namespace

void AppendJsonString(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    const char escape = kEscapes[c];
    if (escape == 0) continue;
    out.append(text, start, i - start);
    start = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      out += "00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    }
  }
  out.append(text, start, text.size() - start);
  out += '"';
}

void AppendJson(const pb::Message& message, const MessageTable& table, std::string& out) {
  switch (table.kind) {
    case MessageKind::kPlain:
      return AppendPlain(message, table, out);
    case MessageKind::kTimestamp:
      out += '"';
      AppendTimestamp(static_cast<const pb::Timestamp&>(message), out);
      out += '"';
      return;
    case MessageKind::kStruct:
      return AppendStruct(static_cast<const pb::Struct&>(message), out);
    case MessageKind::kValue:
      return AppendValue(static_cast<const pb::Value&>(message), out);
    case MessageKind::kListValue:
      return AppendList(static_cast<const pb::ListValue&>(message), out);
  }
}

std::string ToJson(const pb::Message& message) {
  std::string out;
  AppendJson(message, TableOf(message.GetDescriptor()), out);
  return out;
}

}  // namespace ctc::transcoding
