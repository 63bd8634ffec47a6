#include "services/recording/domain/media_type.h"

#include <algorithm>
#include <utility>

namespace ctc::recording {
namespace {

constexpr std::string_view kUnknown = "application/octet-stream";

// What providers write, and the type as registered.
constexpr std::pair<std::string_view, std::string_view> kNames[] = {
    {"audio/x-wav", "audio/wav"}, {"audio/wave", "audio/wav"},   {"audio/vnd.wave", "audio/wav"},
    {"audio/mp3", "audio/mpeg"},  {"audio/x-mp3", "audio/mpeg"}, {"audio/x-mpeg", "audio/mpeg"},
    {"audio/x-m4a", "audio/mp4"}, {"audio/m4a", "audio/mp4"},
};
constexpr std::pair<std::string_view, std::string_view> kExtensions[] = {
    {"audio/wav", ".wav"},
    {"audio/mpeg", ".mp3"},
    {"audio/ogg", ".ogg"},
    {"audio/mp4", ".m4a"},
};

bool IsTokenChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.';
}

}  // namespace

std::string SafeMediaType(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  std::erase(type, ' ');
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  constexpr std::string_view kAudio = "audio/";
  const bool audio = type.starts_with(kAudio) && type.size() > kAudio.size() &&
                     std::all_of(type.begin() + kAudio.size(), type.end(), IsTokenChar);
  if (!audio) return std::string(kUnknown);
  for (const auto& [name, registered] : kNames) {
    if (type == name) return std::string(registered);
  }
  return type;
}

std::string_view ExtensionOf(std::string_view media_type) {
  for (const auto& [type, extension] : kExtensions) {
    if (media_type == type) return extension;
  }
  return "";
}

}  // namespace ctc::recording
