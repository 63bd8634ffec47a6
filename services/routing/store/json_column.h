// A column that holds a JSON object, as the field of a message that holds free data.
#pragma once

#include <absl/strings/str_cat.h>

#include <string>
#include <string_view>

#include "libs/base/status.h"
#include "libs/transcoding/json_reader.h"

namespace ctc::routing {

// The reader fills free data inside a message only, so the column's object is read as its field.
template <class Message>
absl::Status ReadJsonColumn(std::string_view field, const std::string& text, Message& row) {
  if (text.empty()) return absl::OkStatus();
  Message part;
  CTC_RETURN_IF_ERROR(
      transcoding::ReadJson(absl::StrCat("{\"", std::string(field), "\":", text, "}"),
                            transcoding::TableOf(Message::descriptor()), part));
  row.MergeFrom(part);
  return absl::OkStatus();
}

}  // namespace ctc::routing
