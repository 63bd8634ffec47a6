// Messages as JSON, the way REST shows them: the names of the .proto file, enums by name, 64-bit
// numbers as numbers, times as RFC 3339, free data as it came. Pure; thread-safe.
#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <string_view>

#include "libs/transcoding/message_table.h"

namespace ctc::transcoding {

// Appends `message` as one JSON value. Printed are all fields but: optional ones and messages that
// are not set, and enums that are UNSPECIFIED. Keys of maps and of free data are sorted, so that
// the same message is always the same text.
void AppendJson(const google::protobuf::Message& message, const MessageTable& table,
                std::string& out);

std::string ToJson(const google::protobuf::Message& message);

// Appends `text`, which is UTF-8, as a JSON string with its quotes.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace ctc::transcoding
