// Strict JSON into messages. Pure; thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "libs/base/status.h"
#include "libs/transcoding/message_table.h"

namespace ctc::transcoding {

// Objects and lists inside each other.
inline constexpr size_t kMaxDepth = 32;

// Fills `message`, which is empty, from one JSON object. Names are those of the .proto file. A
// field that is null counts as absent; lists and maps that are empty are told in the field with the
// option ctc.common.v1.emptied, where there is one. Errors: kMalformedJson (not JSON, bad UTF-8, a
// key twice, too deep, anything after the object); kUnknownField and kValidationFailed with the
// path of the field, as "metadata.note" or "legs[2]".
absl::Status ReadJson(std::string_view text, const MessageTable& table,
                      google::protobuf::Message& message);

}  // namespace ctc::transcoding
