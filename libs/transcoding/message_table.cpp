// Builds the tables. Types may contain themselves, so a table is registered before it is filled.
#include "libs/transcoding/message_table.h"

#include <memory>

#include "ctc/common/v1/emptied.pb.h"
#include "ctc/common/v1/options.pb.h"
#include "libs/base/mutex.h"

namespace ctc::transcoding {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxEnumNumber = 255;

MessageKind KindOf(const pb::Descriptor* descriptor) {
  const std::string& name = descriptor->full_name();
  if (name == "google.protobuf.Timestamp") return MessageKind::kTimestamp;
  if (name == "google.protobuf.Struct") return MessageKind::kStruct;
  if (name == "google.protobuf.Value") return MessageKind::kValue;
  if (name == "google.protobuf.ListValue") return MessageKind::kListValue;
  return MessageKind::kPlain;
}

std::vector<std::string> EnumNames(const pb::EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->value_count(); ++i) {
    const int number = type->value(i)->number();
    if (number < 0 || number > kMaxEnumNumber) continue;
    if (names.size() <= static_cast<size_t>(number)) names.resize(static_cast<size_t>(number) + 1);
    names[static_cast<size_t>(number)] = "\"" + type->value(i)->name() + "\"";
  }
  return names;
}

class Registry {
 public:
  const MessageTable& Get(const pb::Descriptor* descriptor) {
    base::MutexLock lock(mutex_);
    return Make(descriptor);
  }

 private:
  const MessageTable& Make(const pb::Descriptor* descriptor) {
    std::unique_ptr<MessageTable>& slot = tables_[descriptor];
    if (slot != nullptr) return *slot;
    slot = std::make_unique<MessageTable>();
    MessageTable& table = *slot;
    table.descriptor = descriptor;
    table.kind = KindOf(descriptor);
    if (table.kind != MessageKind::kPlain) return table;
    table.fields.reserve(static_cast<size_t>(descriptor->field_count()));
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const pb::FieldDescriptor* field = descriptor->field(i);
      if (field->options().GetExtension(common::v1::emptied)) {
        table.emptied = field;
        continue;
      }
      const size_t index = table.fields.size();
      Fill(table.fields.emplace_back(), field, static_cast<int>(index));
      table.by_name.emplace(field->name(), index);
    }
    return table;
  }

  void Fill(FieldEntry& entry, const pb::FieldDescriptor* field, int index) {
    entry.field = field;
    entry.type = field->cpp_type();
    entry.index = index;
    entry.quoted_name = "\"" + field->name() + "\":";
    entry.map = field->is_map();
    entry.repeated = field->is_repeated() && !entry.map;
    entry.has_presence = field->has_presence();
    entry.is_bytes = field->type() == pb::FieldDescriptor::TYPE_BYTES;
    const int32_t max_kb = field->options().GetExtension(common::v1::max_kb);
    if (max_kb > 0) entry.max_text = static_cast<size_t>(max_kb) << 10;
    if (entry.type == pb::FieldDescriptor::CPPTYPE_ENUM) {
      entry.enum_names = EnumNames(field->enum_type());
    }
    if (entry.type == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      entry.message = &Make(field->message_type());
    }
  }

  base::Mutex mutex_;
  std::unordered_map<const pb::Descriptor*, std::unique_ptr<MessageTable>> tables_;
};

}  // namespace

const MessageTable& TableOf(const pb::Descriptor* descriptor) {
  static Registry* registry = new Registry;  // immutable facts of the program; never destroyed
  return registry->Get(descriptor);
}

}  // namespace ctc::transcoding
