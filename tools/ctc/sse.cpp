#include "tools/ctc/sse.h"

#include <absl/strings/numbers.h>

#include <algorithm>

namespace ctc::tool {
namespace {

// What a server may ask for, so that neither a storm nor an endless wait comes of it.
constexpr absl::Duration kShortestRetry = absl::Milliseconds(100);
constexpr absl::Duration kLongestRetry = absl::Seconds(30);

}  // namespace

std::vector<ServerEvent> EventParser::Feed(std::string_view bytes) {
  std::vector<ServerEvent> events;
  for (const char c : bytes) {
    const bool second_half = c == '\n' && after_cr_;  // of a CR LF
    after_cr_ = c == '\r';
    if (second_half) continue;
    if (c == '\n' || c == '\r') {
      Line(line_, events);
      line_.clear();
    } else {
      line_ += c;
    }
  }
  return events;
}

void EventParser::Line(std::string_view line, std::vector<ServerEvent>& events) {
  if (line.empty()) return EndBlock(events);
  const size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  Field(line.substr(0, colon), value);
}

void EventParser::Field(std::string_view name, std::string_view value) {
  if (name == "event") {
    event_.type = value;
  } else if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    int64_t millis = 0;
    if (!absl::SimpleAtoi(absl::string_view(value.data(), value.size()), &millis)) return;
    retry_ = std::clamp(absl::Milliseconds(millis), kShortestRetry, kLongestRetry);
  }
}

void EventParser::EndBlock(std::vector<ServerEvent>& events) {
  last_id_ = id_;
  if (has_data_) events.push_back(std::move(event_));
  event_ = ServerEvent();
  has_data_ = false;
}

void EventParser::Break() {
  line_.clear();
  after_cr_ = false;
  event_ = ServerEvent();
  has_data_ = false;
  id_ = last_id_;
}

}  // namespace ctc::tool
