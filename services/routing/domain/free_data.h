// Reads the members of a free JSON object one by one and remembers the first that is wrong. Pure.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <set>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace ctc::routing {

// Absent members and null read as the default. After the first error the values mean nothing:
// look at Finish() before they are used.
class FreeData {
 public:
  // `path` names the object in errors, as "options[0].action_json".
  FreeData(const google::protobuf::Struct& json, std::string path)
      : json_(json), path_(std::move(path)) {}

  // At most `max_bytes` of text without control characters.
  std::string Text(const std::string& name, size_t max_bytes);
  // "http://" or "https://" and no blanks.
  std::string Url(const std::string& name);
  int Whole(const std::string& name, int least, int most, int otherwise);
  bool Flag(const std::string& name);
  // nullptr when absent.
  const google::protobuf::Struct* Object(const std::string& name);
  const google::protobuf::ListValue* List(const std::string& name);

  std::string PathOf(std::string_view name) const;
  // The first error wins.
  void Refuse(std::string_view name, std::string_view detail);
  void Take(absl::Status status);
  // Refuses members that nobody asked for.
  absl::Status Finish();

 private:
  const google::protobuf::Value* Find(const std::string& name);

  const google::protobuf::Struct& json_;
  const std::string path_;
  std::set<std::string> asked_;
  absl::Status status_;
};

// A number as E.164, or an extension or SIP endpoint as it is. INVALID_ARGUMENT without a field.
absl::StatusOr<std::string> NormalPhone(const std::string& text);

// True for an absolute http or https URL of at most 1024 bytes without blanks.
bool IsWebUrl(std::string_view text);

bool HasControl(std::string_view text);

}  // namespace ctc::routing
