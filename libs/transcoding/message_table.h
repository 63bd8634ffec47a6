// What the JSON reader and writer know of a message type, worked out once for each descriptor.
// Tables live as long as the process and are immutable: use them from any thread.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ctc::transcoding {

// Messages with a JSON form of their own; all others are objects of their fields.
enum class MessageKind { kPlain, kTimestamp, kStruct, kValue, kListValue };

struct MessageTable;

// Longest text of a field that the contract gives no limit of its own (ctc.common.v1.max_kb).
inline constexpr size_t kMaxTextBytes = 64 << 10;

struct FieldEntry {
  const google::protobuf::FieldDescriptor* field = nullptr;
  google::protobuf::FieldDescriptor::CppType type = {};
  int index = 0;            // in MessageTable::fields
  std::string quoted_name;  // "\"name\":"
  bool repeated = false;    // a list; false for maps
  bool map = false;
  bool has_presence = false;  // printed only when set
  bool is_bytes = false;
  size_t max_text = kMaxTextBytes;        // in bytes
  const MessageTable* message = nullptr;  // type of a message; for maps the entry's
  std::vector<std::string> enum_names;    // quoted, by number; "" where there is none
};

struct MessageTable {
  const google::protobuf::Descriptor* descriptor = nullptr;
  MessageKind kind = MessageKind::kPlain;
  std::vector<FieldEntry> fields;  // in the order of the .proto file, at most kMaxFields
  // Takes the names of lists and maps that are given and empty; none of `fields`. May be nullptr.
  const google::protobuf::FieldDescriptor* emptied = nullptr;
  std::unordered_map<std::string_view, size_t> by_name;

  // nullptr when there is no such field.
  const FieldEntry* Find(std::string_view name) const {
    auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : &fields[found->second];
  }
};

// Fields of one message the reader can tell apart.
inline constexpr size_t kMaxFields = 128;

// The table of a type of the generated pool; made at the first call. Takes a lock: keep the result.
const MessageTable& TableOf(const google::protobuf::Descriptor* descriptor);

}  // namespace ctc::transcoding
