// Server-sent events out of a stream of bytes (HTML, 9.2.6). Pure.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <string_view>
#include <vector>

namespace ctc::tool {

struct ServerEvent {
  std::string type;
  std::string data;
};

// Bytes may be cut anywhere.
class EventParser {
 public:
  // The events that are complete with these bytes.
  std::vector<ServerEvent> Feed(std::string_view bytes);
  // Where to come back to: the id of the last complete block, with or without an event.
  const std::string& last_id() const { return last_id_; }
  // How long the server asks to wait before coming back.
  absl::Duration retry() const { return retry_; }
  // The stream broke: what was not complete comes again.
  void Break();

 private:
  void Line(std::string_view line, std::vector<ServerEvent>& events);
  void Field(std::string_view name, std::string_view value);
  void EndBlock(std::vector<ServerEvent>& events);

  std::string line_;
  bool after_cr_ = false;
  ServerEvent event_;
  bool has_data_ = false;
  std::string id_;
  std::string last_id_;
  absl::Duration retry_ = absl::Seconds(1);
};

}  // namespace ctc::tool
