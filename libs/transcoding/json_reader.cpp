// A handler of RapidJSON's reader that fills the message while the text is read: no JSON tree is
// built. The reader checks UTF-8 and the grammar; depth, keys and types are ours.
#include "libs/transcoding/json_reader.h"

#include <absl/strings/charconv.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <google/protobuf/struct.pb.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <bitset>
#include <cmath>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/transcoding/field_text.h"
#include "libs/transcoding/timestamp_text.h"

namespace ctc::transcoding {
namespace {

namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr uint64_t kExactIntegers = uint64_t{1} << 53;
constexpr uint64_t kLowestMagnitude = uint64_t{1} << 63;  // of a negative number in 64 bits

// One JSON value that is neither an object nor a list.
struct Scalar {
  enum class Kind { kNull, kBool, kInteger, kDouble, kText } kind = Kind::kNull;
  bool boolean = false;
  bool negative = false;
  uint64_t magnitude = 0;
  double number = 0;
  std::string* text = nullptr;
};

// An object or list that is open.
struct Frame {
  enum class Kind { kMessage, kRepeated, kMap, kStruct, kList } kind = Kind::kMessage;
  pb::Message* message = nullptr;       // of kMessage; the owner of the field for kRepeated, kMap
  const MessageTable* table = nullptr;  // of kMessage
  const FieldEntry* field = nullptr;    // current of kMessage; the field of kRepeated, kMap
  pb::Struct* object = nullptr;
  pb::ListValue* list = nullptr;
  std::string key;  // current of kMap, kStruct
  std::set<std::string>
      map_keys;                  // seen in kMap; a tree, as keys of a hash can be chosen to collide
  std::bitset<kMaxFields> seen;  // fields seen in kMessage
};

class Handler {
 public:
  Handler(const MessageTable& table, pb::Message& message) : table_(table), message_(message) {
    stack_.reserve(8);
  }
  absl::Status TakeStatus() { return std::move(status_); }

  // What the reader calls.
  using Ch = char;
  using Size = rapidjson::SizeType;
  bool Null() { return OnScalar({}); }
  bool Bool(bool value) { return OnScalar({.kind = Scalar::Kind::kBool, .boolean = value}); }
  bool RawNumber(const char* text, Size size, bool) { return OnNumber({text, size}); }
  // Not asked for.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(int64_t) { return false; }
  bool Uint64(uint64_t) { return false; }
  bool Double(double) { return false; }
  bool String(const char* text, Size size, bool) {
    text_.assign(text, size);
    if (HasLoneSurrogate(text_)) return Malformed("a text in it is not valid UTF-8");
    return OnScalar({.kind = Scalar::Kind::kText, .text = &text_});
  }
  bool Key(const char* text, Size size, bool) {
    text_.assign(text, size);
    if (HasLoneSurrogate(text_)) return Malformed("a key is not valid UTF-8");
    return OnKey(text_);
  }
  bool StartObject() { return OnObject(); }
  bool EndObject(Size) { return Pop(); }
  bool StartArray() { return OnArray(); }
  bool EndArray(Size) { return Pop(); }

  absl::Status Broken(const rapidjson::ParseResult& result) {
    if (status_.ok()) {
      if (result.Code() == rapidjson::kParseErrorNumberTooBig) {
        OutOfRange();
      } else {
        Malformed(absl::StrCat("it cannot be read at byte ", result.Offset() + 1));
      }
    }
    return TakeStatus();
  }

 private:
  // The reader lets the escape of a second half without its first through.
  static bool HasLoneSurrogate(std::string_view text) {
    for (size_t at = text.find('\xED'); at != std::string_view::npos;
         at = text.find('\xED', at + 1)) {
      if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return true;
    }
    return false;
  }

  // Of the grammar's form. Whole numbers beyond 64 bits are fractions.
  bool OnNumber(std::string_view text) {
    const bool negative = text.starts_with('-');
    const std::string_view digits = text.substr(negative ? 1 : 0);
    uint64_t magnitude = 0;
    if (digits.find_first_of(".eE") == std::string_view::npos &&
        absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &magnitude) &&
        (!negative || magnitude <= kLowestMagnitude)) {
      return OnScalar({.kind = Scalar::Kind::kInteger,
                       .negative = negative && magnitude != 0,
                       .magnitude = magnitude});
    }
    double number = 0;
    const auto read = absl::from_chars(text.data(), text.data() + text.size(), number);
    // What is too small for a double is nought.
    if (read.ec == std::errc::result_out_of_range && std::abs(number) > 1) return OutOfRange();
    return OnScalar({.kind = Scalar::Kind::kDouble, .number = number});
  }

  bool OnKey(std::string& name) {
    if (std::string wrong = CheckText(name); !wrong.empty()) return Malformed("a key " + wrong);
    Frame& top = stack_.back();
    switch (top.kind) {
      case Frame::Kind::kMessage:
        return MessageKey(top, name);
      case Frame::Kind::kMap:
        if (!top.map_keys.insert(name).second) return Twice(name);
        break;
      case Frame::Kind::kStruct:
        if (top.object->fields().contains(name)) return Twice(name);
        break;
      case Frame::Kind::kRepeated:
      case Frame::Kind::kList:
        return false;  // the grammar has no keys here
    }
    top.key = std::move(name);
    return true;
  }

  bool OnObject() {
    if (stack_.size() >= kMaxDepth) return Malformed("it is nested deeper than 32 levels");
    if (stack_.empty()) return PushMessage(message_, table_);
    Frame& top = stack_.back();
    if (pb::Value* value = FreeValue(top)) return PushStruct(*value->mutable_struct_value());
    const FieldEntry* entry = ValueField(top);
    if (top.kind == Frame::Kind::kMessage && entry->map) return PushMap(top, *entry);
    if (entry->type != Field::CPPTYPE_MESSAGE) return WrongType(*entry);
    if (top.kind == Frame::Kind::kMessage && entry->repeated) return WrongType(*entry);
    const MessageKind kind = entry->message->kind;
    if (kind == MessageKind::kTimestamp || kind == MessageKind::kListValue)
      return WrongType(*entry);
    pb::Message& target = NewMessage(top, *entry);
    if (kind == MessageKind::kStruct) return PushStruct(static_cast<pb::Struct&>(target));
    if (kind == MessageKind::kValue) {
      return PushStruct(*static_cast<pb::Value&>(target).mutable_struct_value());
    }
    return PushMessage(target, *entry->message);
  }

  bool OnArray() {
    if (stack_.size() >= kMaxDepth) return Malformed("it is nested deeper than 32 levels");
    if (stack_.empty()) return Malformed("it is not an object");
    Frame& top = stack_.back();
    if (pb::Value* value = FreeValue(top)) return PushList(*value->mutable_list_value());
    const FieldEntry* entry = ValueField(top);
    if (top.kind == Frame::Kind::kMessage && entry->repeated) {
      Frame frame;
      frame.kind = Frame::Kind::kRepeated;
      frame.message = top.message;
      frame.field = entry;
      stack_.push_back(std::move(frame));
      return true;
    }
    if (entry->type != Field::CPPTYPE_MESSAGE || entry->map) return WrongType(*entry);
    const MessageKind kind = entry->message->kind;
    if (kind != MessageKind::kListValue && kind != MessageKind::kValue) return WrongType(*entry);
    pb::Message& target = NewMessage(top, *entry);
    if (kind == MessageKind::kListValue) return PushList(static_cast<pb::ListValue&>(target));
    return PushList(*static_cast<pb::Value&>(target).mutable_list_value());
  }

  bool MessageKey(Frame& top, const std::string& name) {
    top.field = top.table->Find(name);
    if (top.field == nullptr) {
      base::ErrorDetail extra;
      extra.fields.push_back({PathOf(stack_.size() - 1, name), "is not known here"});
      status_ = base::MakeError(base::kUnknownField, "The request has a field that is not known.",
                                std::move(extra));
      return false;
    }
    const size_t index = static_cast<size_t>(top.field->index);
    if (index >= kMaxFields || top.seen.test(index)) return Twice(name);
    top.seen.set(index);
    return true;
  }

  // Where the next value goes when it is free data: a member of a Struct or an element of a list.
  pb::Value* FreeValue(Frame& top) {
    if (top.kind == Frame::Kind::kStruct) return &(*top.object->mutable_fields())[top.key];
    if (top.kind == Frame::Kind::kList) return top.list->add_values();
    return nullptr;
  }
  // The field the next value is for; for maps the `value` field of the entry.
  static const FieldEntry* ValueField(const Frame& top) {
    return top.kind == Frame::Kind::kMap ? &top.field->message->fields[1] : top.field;
  }
  // The message that holds ValueField.
  pb::Message& Owner(Frame& top) {
    if (top.kind != Frame::Kind::kMap) return *top.message;
    pb::Message& entry = *top.message->GetReflection()->AddMessage(top.message, top.field->field);
    entry.GetReflection()->SetString(&entry, top.field->message->fields[0].field, top.key);
    return entry;
  }
  pb::Message& NewMessage(Frame& top, const FieldEntry& entry) {
    if (top.kind == Frame::Kind::kRepeated) {
      return *top.message->GetReflection()->AddMessage(top.message, entry.field);
    }
    pb::Message& owner = Owner(top);
    return *owner.GetReflection()->MutableMessage(&owner, entry.field);
  }

  bool PushMessage(pb::Message& message, const MessageTable& table) {
    Frame frame;
    frame.message = &message;
    frame.table = &table;
    stack_.push_back(std::move(frame));
    return true;
  }
  bool PushStruct(pb::Struct& object) {
    Frame frame;
    frame.kind = Frame::Kind::kStruct;
    frame.object = &object;
    stack_.push_back(std::move(frame));
    return true;
  }
  bool PushList(pb::ListValue& list) {
    Frame frame;
    frame.kind = Frame::Kind::kList;
    frame.list = &list;
    stack_.push_back(std::move(frame));
    return true;
  }
  bool PushMap(const Frame& top, const FieldEntry& entry) {
    if (entry.message->fields[0].type != Field::CPPTYPE_STRING) return WrongType(entry);
    Frame frame;
    frame.kind = Frame::Kind::kMap;
    frame.message = top.message;
    frame.field = &entry;
    stack_.push_back(std::move(frame));
    return true;
  }
  bool Pop() {
    const Frame& top = stack_.back();
    if (top.kind == Frame::Kind::kRepeated || top.kind == Frame::Kind::kMap) TellEmpty(top);
    stack_.pop_back();
    return true;
  }

  // An empty list is one that is absent to the message, not to the client.
  void TellEmpty(const Frame& top) {
    const Field* names = stack_[stack_.size() - 2].table->emptied;
    const pb::Reflection& reflection = *top.message->GetReflection();
    if (names == nullptr || reflection.FieldSize(*top.message, top.field->field) > 0) return;
    reflection.AddString(top.message, names, top.field->field->name());
  }

  bool OnScalar(const Scalar& scalar) {
    if (stack_.empty()) return Malformed("it is not an object");
    Frame& top = stack_.back();
    if (pb::Value* value = FreeValue(top)) return SetFree(scalar, *value);
    const FieldEntry* entry = ValueField(top);
    const bool in_message = top.kind == Frame::Kind::kMessage;
    if (scalar.kind == Scalar::Kind::kNull && in_message) return true;
    if (in_message && (entry->repeated || entry->map)) return WrongType(*entry);
    std::string wrong;
    if (entry->type == Field::CPPTYPE_MESSAGE) {
      if (entry->message->kind == MessageKind::kValue) {
        return SetFree(scalar, static_cast<pb::Value&>(NewMessage(top, *entry)));
      }
      if (entry->message->kind != MessageKind::kTimestamp || scalar.kind != Scalar::Kind::kText) {
        return WrongType(*entry);
      }
      auto& time = static_cast<pb::Timestamp&>(NewMessage(top, *entry));
      if (!ParseTimestamp(*scalar.text, time)) wrong = "must be a time as 2025-12-03T10:30:00Z";
    } else {
      wrong = SetField(scalar, *entry, Owner(top));
      if (wrong == "has the wrong type") return WrongType(*entry);
    }
    return wrong.empty() || Wrong(wrong);
  }

  static std::string SetField(const Scalar& scalar, const FieldEntry& entry, pb::Message& message) {
    switch (scalar.kind) {
      case Scalar::Kind::kNull:
        return "has the wrong type";
      case Scalar::Kind::kBool:
        return SetBool(scalar.boolean, entry, message);
      case Scalar::Kind::kInteger:
        return SetInteger(scalar.negative, scalar.magnitude, entry, message);
      case Scalar::Kind::kDouble:
        return SetDouble(scalar.number, entry, message);
      case Scalar::Kind::kText:
        if (std::string wrong = CheckText(*scalar.text, entry.max_text); !wrong.empty())
          return wrong;
        if (entry.type == Field::CPPTYPE_ENUM) return SetEnum(*scalar.text, entry, message);
        return SetString(std::move(*scalar.text), entry, message);
    }
    return "has the wrong type";
  }

  bool SetFree(const Scalar& scalar, pb::Value& value) {
    switch (scalar.kind) {
      case Scalar::Kind::kNull:
        value.set_null_value(pb::NULL_VALUE);
        return true;
      case Scalar::Kind::kBool:
        value.set_bool_value(scalar.boolean);
        return true;
      case Scalar::Kind::kInteger:
        // It would come back as another number: the client has to know.
        if (scalar.magnitude > kExactIntegers)
          return Wrong("is too large a number; send it as text");
        value.set_number_value((scalar.negative ? -1.0 : 1.0) *
                               static_cast<double>(scalar.magnitude));
        return true;
      case Scalar::Kind::kDouble:
        value.set_number_value(scalar.number);
        return true;
      case Scalar::Kind::kText:
        if (std::string wrong = CheckText(*scalar.text); !wrong.empty()) return Wrong(wrong);
        value.set_string_value(std::move(*scalar.text));
        return true;
    }
    return false;
  }

  // The path of the value that is being read, through the first `frames` frames.
  std::string PathOf(size_t frames, std::string_view last) const {
    std::string path;
    const auto add = [&](std::string_view name) {
      if (!path.empty()) path += '.';
      path += Clip(name, kMaxNameBytes);
    };
    for (size_t i = 0; i < frames; ++i) {
      const Frame& frame = stack_[i];
      switch (frame.kind) {
        case Frame::Kind::kMessage:
          if (frame.field != nullptr) add(frame.field->field->name());
          break;
        case Frame::Kind::kMap:
        case Frame::Kind::kStruct:
          add(frame.key);
          break;
        case Frame::Kind::kRepeated: {
          // An element that is open was added already, one that is refused was not.
          const int size =
              frame.message->GetReflection()->FieldSize(*frame.message, frame.field->field);
          absl::StrAppend(&path, "[", i + 1 < stack_.size() ? size - 1 : size, "]");
          break;
        }
        case Frame::Kind::kList:
          absl::StrAppend(&path, "[", frame.list->values_size() - 1, "]");
          break;
      }
    }
    if (!last.empty()) add(last);
    return path;
  }

  bool Wrong(std::string_view detail) {
    status_ = base::InvalidField(PathOf(stack_.size(), ""), detail);
    return false;
  }
  bool WrongType(const FieldEntry& entry) {
    const bool element = stack_.back().kind == Frame::Kind::kRepeated;
    return Wrong(absl::StrCat("must be ", TypeName(entry, element)));
  }
  static std::string TypeName(const FieldEntry& entry, bool element) {
    if (entry.map) return "an object";
    if (entry.repeated && !element) return "a list";
    switch (entry.type) {
      case Field::CPPTYPE_BOOL:
        return "true or false";
      case Field::CPPTYPE_STRING:
      case Field::CPPTYPE_ENUM:
        return "text";
      case Field::CPPTYPE_DOUBLE:
      case Field::CPPTYPE_FLOAT:
        return "a number";
      case Field::CPPTYPE_MESSAGE:
        if (entry.message->kind == MessageKind::kTimestamp) return "a time as 2025-12-03T10:30:00Z";
        return entry.message->kind == MessageKind::kListValue ? "a list" : "an object";
      default:
        return "a whole number";
    }
  }
  bool Twice(std::string_view name) {
    return Malformed("the key \"" + std::string(Clip(name, kMaxNameBytes)) + "\" is there twice");
  }
  bool OutOfRange() { return Malformed("a number in it is out of range"); }
  bool Malformed(std::string_view why) {
    status_ = base::MakeError(base::kMalformedJson,
                              "The body is not valid JSON: " + std::string(why) + ".");
    return false;
  }

  const MessageTable& table_;
  pb::Message& message_;
  std::vector<Frame> stack_;
  std::string text_;  // the last
  absl::Status status_;
};

}  // namespace

absl::Status ReadJson(std::string_view text, const MessageTable& table, pb::Message& message) {
  // Numbers as text: the reader's own conversion in full precision reads beyond its table for one
  // of many zeros behind the point, and crashes.
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseValidateEncodingFlag |
                              rapidjson::kParseNumbersAsStringsFlag;
  Handler handler(table, message);
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::Reader reader;
  const rapidjson::ParseResult result = reader.Parse<kFlags>(bytes, handler);
  if (result.IsError()) return handler.Broken(result);
  // A zero byte looks like the end to the reader.
  if (bytes.Tell() != text.size()) {
    const rapidjson::ParseResult cut(rapidjson::kParseErrorDocumentRootNotSingular, bytes.Tell());
    return handler.Broken(cut);
  }
  return handler.TakeStatus();
}

}  // namespace ctc::transcoding
