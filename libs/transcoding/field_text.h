// One field from text, as it comes in a path or a query string. Pure; thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/transcoding/message_table.h"

namespace ctc::transcoding {

// Sets the field, or adds to it when it is a list. `text` is decoded already.
// kValidationFailed when it does not fit the type, holds NUL or is too long.
absl::Status SetFromText(std::string_view text, const FieldEntry& entry,
                         google::protobuf::Message& message);

// The beginning of `text`, which is UTF-8, cut between two characters: at most so many bytes.
std::string_view Clip(std::string_view text, size_t max_bytes);
inline constexpr size_t kMaxNameBytes = 64;  // of a client's name that an error repeats

// Parts shared with the JSON reader: what is wrong with a value, "" when nothing is.
std::string CheckText(std::string_view text, size_t max_bytes = kMaxTextBytes);
// Sets or adds an enum by name; UNSPECIFIED is refused.
std::string SetEnum(const std::string& name, const FieldEntry& entry,
                    google::protobuf::Message& message);
// Sets or adds a whole number within the field's range.
std::string SetInteger(bool negative, uint64_t magnitude, const FieldEntry& entry,
                       google::protobuf::Message& message);
std::string SetDouble(double value, const FieldEntry& entry, google::protobuf::Message& message);
std::string SetBool(bool value, const FieldEntry& entry, google::protobuf::Message& message);
std::string SetString(std::string value, const FieldEntry& entry,
                      google::protobuf::Message& message);

}  // namespace ctc::transcoding
