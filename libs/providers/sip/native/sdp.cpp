#include "libs/providers/sip/native/sdp.h"

#include <absl/strings/str_cat.h>

#include <array>
#include <vector>

#include "libs/base/status.h"

namespace ctc::providers::sip::native {
namespace {

constexpr size_t kMaxSdp = 16 << 10;

std::vector<std::string_view> Lines(std::string_view sdp) {
  std::vector<std::string_view> lines;
  while (!sdp.empty()) {
    const size_t end = sdp.find('\n');
    std::string_view line = sdp.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back(line);
    sdp.remove_prefix(end == std::string_view::npos ? sdp.size() : end + 1);
  }
  return lines;
}

std::string OriginLine(const Origin& origin) {
  return absl::StrCat("o=ctc ", origin.session, " ", origin.version, " IN ",
                      origin.address.find(':') == std::string::npos ? "IP4 " : "IP6 ",
                      origin.address);
}

void Append(std::string& out, std::string_view line) {
  out.append(line);
  out += "\r\n";
}

bool IsDirection(std::string_view line) {
  static constexpr std::array<std::string_view, 4> kDirections = {"a=sendrecv", "a=sendonly",
                                                                  "a=recvonly", "a=inactive"};
  for (const std::string_view direction : kDirections) {
    if (line == direction) return true;
  }
  return false;
}

}  // namespace

absl::Status CheckSdp(std::string_view sdp) {
  if (sdp.size() > kMaxSdp)
    return absl::InvalidArgumentError("the session description is too long");
  const std::vector<std::string_view> lines = Lines(sdp);
  if (lines.empty() || lines.front() != "v=0") {
    return absl::InvalidArgumentError("it is no session description");
  }
  int origins = 0;
  for (const std::string_view line : lines) {
    const bool letter = line.front() >= 'a' && line.front() <= 'z';
    if (line.size() < 2 || !letter || line[1] != '=' || line.find('\0') != line.npos) {
      return absl::InvalidArgumentError("a line of the session description is broken");
    }
    if (line.front() == 'o') ++origins;
  }
  return origins == 1 ? absl::OkStatus()
                      : absl::InvalidArgumentError("the session description needs one o= line");
}

std::string OfferWithoutMedia(const Origin& origin) {
  std::string out;
  Append(out, "v=0");
  Append(out, OriginLine(origin));
  Append(out, "s=-");
  Append(out, "t=0 0");
  return out;
}

absl::StatusOr<std::string> WithOrigin(std::string_view sdp, const Origin& origin) {
  CTC_RETURN_IF_ERROR(CheckSdp(sdp));
  std::string out;
  for (const std::string_view line : Lines(sdp)) {
    Append(out, line.front() == 'o' ? OriginLine(origin) : std::string(line));
  }
  return out;
}

absl::StatusOr<std::string> WithDirection(std::string_view sdp, std::string_view direction) {
  CTC_RETURN_IF_ERROR(CheckSdp(sdp));
  const std::string attribute = "a=" + std::string(direction);
  std::string out;
  bool in_media = false;
  for (const std::string_view line : Lines(sdp)) {
    if (IsDirection(line)) continue;
    if (line.front() == 'm' && in_media) Append(out, attribute);
    in_media = in_media || line.front() == 'm';
    Append(out, line);
  }
  if (in_media) Append(out, attribute);
  return out;
}

bool HasMedia(std::string_view sdp) {
  for (const std::string_view line : Lines(sdp)) {
    if (!line.starts_with("m=")) continue;
    const size_t space = line.find(' ');
    if (space != std::string_view::npos && !line.substr(space + 1).starts_with("0 ")) return true;
  }
  return false;
}

}  // namespace ctc::providers::sip::native
