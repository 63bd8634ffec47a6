// google.protobuf.Timestamp as RFC 3339 text.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <string>
#include <string_view>

namespace ctc::transcoding {

// Appends "2025-12-03T10:30:00Z", with milliseconds only when there are any.
void AppendTimestamp(const google::protobuf::Timestamp& time, std::string& out);

// Strict: date, "T", time with optional fraction, "Z" or an offset; years 0001 to 9999.
bool ParseTimestamp(std::string_view text, google::protobuf::Timestamp& time);

}  // namespace ctc::transcoding
