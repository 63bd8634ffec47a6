#include "libs/providers/sip/native/media_settings.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_split.h>
#include <arpa/inet.h>

#include <set>
#include <string>
#include <vector>

namespace ctc::providers::sip::native {
namespace {

constexpr int kMostSilentSeconds = 3600;
constexpr int kLeastPort = 1024;
constexpr int kMostPort = 65535;

bool IsIpAddress(const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

void ReadAddress(const std::string& given, NativeSettings& settings, base::ErrorDetail& detail) {
  settings.media_address = given.empty() ? settings.own_address() : given;
  const std::string& address = settings.media_address;
  if (IsIpAddress(address) && address != "0.0.0.0" && address != "::") return;
  detail.fields.push_back(
      {"settings.media_address",
       "must be the IP address that phones send their sound to; bind may name it as well"});
}

// "20000-20999", of which each leg takes an even one and the next.
void ReadPorts(const std::string& given, NativeSettings& settings, base::ErrorDetail& detail) {
  if (given.empty()) return;
  const std::vector<std::string> ends = absl::StrSplit(given, '-');
  int first = 0;
  int last = 0;
  const bool good = ends.size() == 2 && absl::SimpleAtoi(ends[0], &first) &&
                    absl::SimpleAtoi(ends[1], &last) && first >= kLeastPort && last <= kMostPort &&
                    last > first;
  if (!good) {
    detail.fields.push_back({"settings.media_ports", "must be a range as 20000-20999"});
    return;
  }
  settings.first_media_port = static_cast<uint16_t>(first);
  settings.last_media_port = static_cast<uint16_t>(last);
}

std::string TextOf(const google::protobuf::Struct& from, const char* name) {
  const auto found = from.fields().find(name);
  return found == from.fields().end() ? "" : found->second.string_value();
}

}  // namespace

void ReadMediaSettings(const google::protobuf::Struct& from, NativeSettings& settings,
                       base::ErrorDetail& detail) {
  const std::string media = TextOf(from, "media");
  const bool given = from.fields().contains("media");
  settings.anchored = media == "anchored";
  if (given && media != "anchored" && media != "direct") {
    detail.fields.push_back({"settings.media", "must be direct or anchored"});
  }
  static const std::set<std::string> kOfAnchored = {"media_address", "media_ports",
                                                    "media_timeout_seconds", "say"};
  if (!settings.anchored) {
    for (const std::string& name : kOfAnchored) {
      if (!from.fields().contains(name)) continue;
      detail.fields.push_back({"settings." + name, "needs settings.media to be anchored"});
    }
    return;
  }
  ReadAddress(TextOf(from, "media_address"), settings, detail);
  ReadPorts(TextOf(from, "media_ports"), settings, detail);
  const auto timeout = from.fields().find("media_timeout_seconds");
  const double seconds = timeout == from.fields().end() ? 0 : timeout->second.number_value();
  if (seconds >= 0 && seconds <= kMostSilentSeconds) {
    settings.media_timeout = absl::Seconds(static_cast<int64_t>(seconds));
  } else {
    detail.fields.push_back(
        {"settings.media_timeout_seconds", "must be a number from 0, for never, to 3600"});
  }
  settings.say = TextOf(from, "say");
  const bool url = settings.say.starts_with("http://") || settings.say.starts_with("https://");
  if (!settings.say.empty() && !url) {
    detail.fields.push_back({"settings.say", "must be a URL with {text}"});
  }
}

}  // namespace ctc::providers::sip::native
