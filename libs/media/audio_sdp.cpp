#include "libs/media/audio_sdp.h"

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/status.h"

namespace ctc::media {
namespace {

constexpr size_t kMaxSdp = 16 << 10;
constexpr size_t kMaxStreams = 16;
constexpr int kPcmuType = 0;
constexpr int kPcmaType = 8;
constexpr size_t kTypes = 3;  // of a stream's words, where its payload types begin

// A stream of a description, as text.
struct Media {
  std::vector<std::string_view> words;  // behind "m="
  std::string_view connection;          // behind "c=", its own or the session's
  std::optional<Direction> direction;
  std::vector<std::string_view> rtpmaps;  // behind "a=rtpmap:"
};

struct Description {
  std::string_view connection;
  Direction direction = Direction::kSendRecv;
  std::vector<Media> streams;
};

// What of it we can have.
struct Choice {
  size_t at = 0;  // among the streams
  PeerAudio audio;
};

// What stands before the next `end`, which is taken too.
std::string_view TakeUpTo(char end, std::string_view& rest) {
  const size_t at = rest.find(end);
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at + 1);
  return taken;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::string_view word = TakeUpTo(' ', text);
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

// -1 when it is no number.
int NumberOf(std::string_view text) {
  int number = 0;
  return absl::SimpleAtoi({text.data(), text.size()}, &number) ? number : -1;
}

bool IsSame(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase({a.data(), a.size()}, {b.data(), b.size()});
}

const char* NameOf(Direction direction) {
  switch (direction) {
    case Direction::kSendRecv:
      return "sendrecv";
    case Direction::kSendOnly:
      return "sendonly";
    case Direction::kRecvOnly:
      return "recvonly";
    case Direction::kInactive:
      return "inactive";
  }
  return "inactive";
}

bool Sends(Direction d) { return d == Direction::kSendRecv || d == Direction::kSendOnly; }
bool Receives(Direction d) { return d == Direction::kSendRecv || d == Direction::kRecvOnly; }

Direction DirectionOf(bool sends, bool receives) {
  if (sends) return receives ? Direction::kSendRecv : Direction::kSendOnly;
  return receives ? Direction::kRecvOnly : Direction::kInactive;
}

std::optional<Direction> DirectionNamed(std::string_view name) {
  for (const Direction each :
       {Direction::kSendRecv, Direction::kSendOnly, Direction::kRecvOnly, Direction::kInactive}) {
    if (name == NameOf(each)) return each;
  }
  return std::nullopt;
}

bool IsText(std::string_view line) {
  return std::all_of(line.begin(), line.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 127; });
}

absl::Status TakeLine(std::string_view line, Description& description) {
  const std::string_view value = line.substr(2);
  Media* media = description.streams.empty() ? nullptr : &description.streams.back();
  if (line[0] == 'm') {
    if (description.streams.size() == kMaxStreams) {
      return absl::InvalidArgumentError("the session description has too many streams");
    }
    Media next;
    next.words = Words(value);
    next.connection = description.connection;
    if (next.words.size() < 4) {
      return absl::InvalidArgumentError("a stream of the session description is cut short");
    }
    description.streams.push_back(std::move(next));
  } else if (line[0] == 'c') {
    (media != nullptr ? media->connection : description.connection) = value;
  } else if (line[0] == 'a') {
    if (const auto direction = DirectionNamed(value)) {
      if (media != nullptr) {
        media->direction = direction;
      } else {
        description.direction = *direction;
      }
    } else if (media != nullptr && value.starts_with("rtpmap:")) {
      media->rtpmaps.push_back(value.substr(7));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Description> Parse(std::string_view sdp) {
  if (sdp.size() > kMaxSdp) {
    return absl::InvalidArgumentError("the session description is too long");
  }
  Description description;
  bool first = true;
  while (!sdp.empty()) {
    std::string_view line = TakeUpTo('\n', sdp);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (first && line != "v=0") {
      return absl::InvalidArgumentError("it is no session description");
    }
    first = false;
    if (line.size() < 2 || line[1] != '=' || !IsText(line)) {
      return absl::InvalidArgumentError("a line of the session description is broken");
    }
    CTC_RETURN_IF_ERROR(TakeLine(line, description));
  }
  return description;
}

// The address of "IN IP4 192.0.2.1".
std::optional<std::string> IpOf(std::string_view connection) {
  const std::vector<std::string_view> words = Words(connection);
  if (words.size() != 3 || words[0] != "IN") return std::nullopt;
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(std::string(words[2]), error);
  if (error || ip.is_multicast() || ip.is_v6() != (words[1] == "IP6")) return std::nullopt;
  return ip.to_string();
}

bool IsUnspecified(const std::string& ip) { return asio::ip::make_address(ip).is_unspecified(); }

// An rtpmap may give a static number another meaning, which none does with good intent.
bool Means(const Media& media, int type, std::string_view name) {
  for (std::string_view map : media.rtpmaps) {
    if (NumberOf(TakeUpTo(' ', map)) != type) continue;
    const std::string_view encoding = map;
    if (!IsSame(encoding, name) && !IsSame(encoding, std::string(name) + "/1")) return false;
  }
  return true;
}

std::optional<Codec> CodecOf(const Media& media) {
  for (size_t i = kTypes; i < media.words.size(); ++i) {
    const int type = NumberOf(media.words[i]);
    if (type == kPcmuType && Means(media, type, "PCMU/8000")) return Codec::kPcmu;
    if (type == kPcmaType && Means(media, type, "PCMA/8000")) return Codec::kPcma;
  }
  return std::nullopt;
}

std::optional<uint8_t> TelephoneEventOf(const Media& media) {
  for (std::string_view map : media.rtpmaps) {
    const int type = NumberOf(TakeUpTo(' ', map));
    if (!IsSame(map, "telephone-event/8000") || type < 96 || type > 127) continue;
    for (size_t i = kTypes; i < media.words.size(); ++i) {
      if (NumberOf(media.words[i]) == type) return static_cast<uint8_t>(type);
    }
  }
  return std::nullopt;
}

std::optional<PeerAudio> AudioOf(const Description& description, const Media& media) {
  std::string_view ports = media.words[1];  // and how many
  const int port = NumberOf(TakeUpTo('/', ports));
  const auto ip = IpOf(media.connection);
  const auto codec = CodecOf(media);
  if (media.words[0] != "audio" || media.words[2] != "RTP/AVP" || !ip || !codec || port < 1 ||
      port > 65534) {
    return std::nullopt;
  }
  const Direction said = media.direction.value_or(description.direction);
  PeerAudio audio;
  audio.direction = DirectionOf(Sends(said), Receives(said) && !IsUnspecified(*ip));
  audio.stream.remote = {*ip, static_cast<uint16_t>(port)};
  audio.stream.codec = *codec;
  audio.stream.telephone_event = TelephoneEventOf(media);
  audio.stream.send = Receives(audio.direction);
  audio.stream.receive = Sends(audio.direction);
  return audio;
}

absl::StatusOr<Choice> Choose(const Description& description) {
  for (size_t i = 0; i < description.streams.size(); ++i) {
    if (auto audio = AudioOf(description, description.streams[i])) {
      return Choice{i, *std::move(audio)};
    }
  }
  return absl::InvalidArgumentError("the session description has no G.711 audio by RTP/AVP");
}

std::string Connection(const Address& own) {
  return absl::StrCat("IN ", own.ip.find(':') == std::string::npos ? "IP4 " : "IP6 ", own.ip);
}

std::string Session(const Address& own, const SdpOrigin& origin) {
  return absl::StrCat("v=0\r\no=ctc ", origin.session, " ", origin.version, " ", Connection(own),
                      "\r\ns=-\r\nc=", Connection(own), "\r\nt=0 0\r\n");
}

void AppendStream(const Address& own, const std::vector<Codec>& codecs,
                  std::optional<uint8_t> telephone_event, Direction direction, std::string& out) {
  absl::StrAppend(&out, "m=audio ", own.port, " RTP/AVP");
  for (const Codec codec : codecs) {
    absl::StrAppend(&out, " ", codec == Codec::kPcmu ? kPcmuType : kPcmaType);
  }
  if (telephone_event) absl::StrAppend(&out, " ", int{*telephone_event});
  absl::StrAppend(&out, "\r\n");
  for (const Codec codec : codecs) {
    absl::StrAppend(
        &out, codec == Codec::kPcmu ? "a=rtpmap:0 PCMU/8000\r\n" : "a=rtpmap:8 PCMA/8000\r\n");
  }
  if (telephone_event) {
    absl::StrAppend(&out, "a=rtpmap:", int{*telephone_event},
                    " telephone-event/8000\r\na=fmtp:", int{*telephone_event}, " 0-15\r\n");
  }
  absl::StrAppend(&out, "a=ptime:20\r\na=rtcp:", own.port + 1, "\r\na=", NameOf(direction), "\r\n");
}

}  // namespace

Direction Mirrored(Direction direction) {
  return DirectionOf(Receives(direction), Sends(direction));
}

std::string Offer(const Address& own, const SdpOrigin& origin, Direction direction) {
  std::string out = Session(own, origin);
  AppendStream(own, {Codec::kPcmu, Codec::kPcma}, kTelephoneEventType, direction, out);
  return out;
}

absl::StatusOr<PeerAudio> ReadAudio(std::string_view sdp) {
  CTC_ASSIGN_OR_RETURN(const Description description, Parse(sdp));
  CTC_ASSIGN_OR_RETURN(const Choice choice, Choose(description));
  return choice.audio;
}

absl::StatusOr<std::string> Answer(std::string_view offer, const Address& own,
                                   const SdpOrigin& origin, Direction ours) {
  CTC_ASSIGN_OR_RETURN(const Description description, Parse(offer));
  CTC_ASSIGN_OR_RETURN(const Choice choice, Choose(description));
  const Direction asked = choice.audio.direction;
  const Direction direction =
      DirectionOf(Receives(asked) && Sends(ours), Sends(asked) && Receives(ours));
  std::string out = Session(own, origin);
  for (size_t i = 0; i < description.streams.size(); ++i) {
    const std::vector<std::string_view>& words = description.streams[i].words;
    if (i == choice.at) {
      AppendStream(own, {choice.audio.stream.codec}, choice.audio.stream.telephone_event, direction,
                   out);
    } else {
      out.append("m=").append(words[0]).append(" 0 ").append(words[2]);
      out.append(" ").append(words[kTypes]).append("\r\n");
    }
  }
  return out;
}

}  // namespace ctc::media
