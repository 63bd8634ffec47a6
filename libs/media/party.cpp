#include "libs/media/party.h"

#include <array>
#include <utility>

#include "libs/media/g711.h"
#include "libs/media/mixer.h"
#include "libs/media/rtcp.h"

namespace ctc::media {
namespace {

constexpr uint8_t kPcmuType = 0;
constexpr uint8_t kPcmaType = 8;
constexpr uint8_t kComfortNoise = 13;    // RFC 3389; a phone's way to say nothing
constexpr uint64_t kReportFrames = 250;  // five seconds (RFC 3550 section 6.2)
constexpr uint64_t kReadReportFrames = 50;
constexpr uint64_t kFramesOfAKey = 4;
constexpr int kMostBatches = 4;  // a frame's, of a peer that floods
constexpr absl::Duration kDigitOn = absl::Milliseconds(100);
constexpr absl::Duration kDigitOff = absl::Milliseconds(60);

}  // namespace

Party::Party(std::string room, std::string name, SocketPair sockets, const RtpStart& start,
             PartyGround& ground)
    : room_(std::move(room)),
      name_(std::move(name)),
      sockets_(std::move(sockets)),
      start_(start),
      ground_(ground),
      opened_(ground.clock.Now()),
      sequence_(start.sequence) {}

void Party::Connect(const Stream& stream, const UdpEndpoint& remote) {
  gate_.Agree(remote, stream.latch);
  if (!stream_ || stream.receive != stream_->receive) playout_.Clear();
  stream_ = stream;
  if (stream.telephone_event) {
    detector_.reset();
  } else if (detector_ == nullptr) {
    detector_ = std::make_unique<DigitDetector>([this](char digit) {
      if (ground_.events.on_digit) ground_.events.on_digit(room_, name_, digit);
    });
  }
}

void Party::SetTone(Tone tone) {
  if (tone == tone_) return;
  tone_ = tone;
  switch (tone) {
    case Tone::kNone:
      loop_ = Loop();
      break;
    case Tone::kRingback:
      loop_ = Loop(ground_.ringback);
      break;
    case Tone::kHoldMusic:
      loop_ = Loop(ground_.hold_music);
      break;
  }
}

void Party::Play(std::vector<Piece> pieces, PlayId id, std::function<void(bool)> done) {
  EndPlay(false);
  play_ = Playback(std::move(pieces));
  play_id_ = id;
  // Even what has no length ends in a frame, so that `done` has its place in the order of things.
  play_done_ = done ? std::move(done) : [](bool) {};
}

void Party::StopPlay(PlayId id) {
  if (play_done_ && id == play_id_) EndPlay(false);
}

void Party::EndPlay(bool finished) {
  play_ = Playback();
  if (const auto done = std::exchange(play_done_, nullptr)) done(finished);
}

void Party::SendDigits(std::string_view digits) {
  if (stream_ && stream_->telephone_event) {
    events_.Add(digits);
    return;
  }
  for (const char digit : digits) {
    if (!EventOf(digit)) continue;
    for (Piece& piece : PiecesOf({DigitTone{digit, kDigitOn}, Silence{kDigitOff}})) {
      inband_.Add(std::move(piece));
    }
  }
}

absl::Time Party::ArrivalOf(const Datagram& datagram) const {
  return datagram.arrival ? *datagram.arrival : ground_.clock.Now();
}

void Party::Receive(uint64_t frame) {
  bool more = true;
  for (int batch = 0; more && batch < kMostBatches; ++batch) {
    for (const Datagram& datagram : ground_.inbox.Read(sockets_.rtp, more)) Take(datagram);
  }
  if (IsNewTurn(frame, kReadReportFrames, read_turn_)) {
    for (const Datagram& datagram : ground_.inbox.Read(sockets_.rtcp, more)) TakeReport(datagram);
  }
  if (frame % kFramesOfAKey == 0) keys_left_ = std::min(keys_left_ + 1, kKeysAtOnce);
  voiced_ = playout_.Take(voice_);
  if (detector_ && stream_->receive) detector_->Take(voice_);
  WatchSilence();
}

bool Party::IsNewTurn(uint64_t frame, uint64_t frames, std::optional<uint64_t>& turn) const {
  const uint64_t now = (frame + start_.ssrc) / frames;
  const bool is_new = turn && *turn != now;
  turn = now;
  return is_new;
}

bool Party::IsEventType(uint8_t type) const {
  return type == kTelephoneEventType || type == stream_->telephone_event;
}

void Party::Take(const Datagram& datagram) {
  const auto packet = ReadRtp(datagram.bytes);
  const bool ours = packet && stream_ && gate_.Admits(datagram.from);
  const uint8_t type = packet ? packet->header.payload_type : 0;
  if (!ours ||
      !(type == kPcmuType || type == kPcmaType || type == kComfortNoise || IsEventType(type))) {
    ++statistics_.packets_refused;
    return;
  }
  gate_.Settle(datagram.from);
  ++statistics_.packets_received;
  reception_.Add(packet->header, ArrivalOf(datagram) - opened_);
  silent_ = 0;
  if (stream_->receive) TakeSound(*packet);
}

void Party::TakeSound(const RtpPacket& packet) {
  const RtpHeader& header = packet.header;
  if (IsEventType(header.payload_type)) {
    const auto digit = keys_.Take(header.ssrc, header.timestamp, packet.payload);
    if (!digit || keys_left_ == 0 || !ground_.events.on_digit) return;
    --keys_left_;
    ground_.events.on_digit(room_, name_, *digit);
  } else if (header.payload_type != kComfortNoise) {
    const Codec codec = header.payload_type == kPcmuType ? Codec::kPcmu : Codec::kPcma;
    playout_.Put(header.ssrc, header.timestamp, codec, packet.payload);
  }
}

void Party::TakeReport(const Datagram& datagram) {
  // RTCP may come from another port than RTP; the address is the same.
  const auto& target = gate_.target();
  if (!target || datagram.from.address() != target->address()) return;
  const auto report = ReadRtcp(datagram.bytes, start_.ssrc);
  if (!report) return;
  const absl::Time arrival = ArrivalOf(datagram);
  if (report->sent_at) {
    peer_sent_at_ = *report->sent_at;
    peer_report_came_ = arrival;
  }
  if (!report->about_us) return;
  if (const auto round = RoundTrip(*report->about_us, arrival)) statistics_.round_trip = *round;
}

void Party::Watch(bool watched) {
  if (watched == watched_) return;
  watched_ = watched;
  silent_ = 0;
}

void Party::WatchSilence() {
  const bool should_send = watched_ && stream_ && stream_->receive;
  silent_ = should_send ? silent_ + 1 : 0;
  if (ground_.silent_after == 0 || silent_ < ground_.silent_after) return;
  silent_ = 0;
  if (ground_.events.on_silent) ground_.events.on_silent(room_, name_);
}

uint32_t Party::TimestampOf(uint64_t frame) const {
  return start_.timestamp + static_cast<uint32_t>(frame * kFrameSamples);
}

void Party::AddPlayed(std::vector<const Frame*>& voices) {
  if (loop_.Take(loop_frame_)) voices.push_back(&loop_frame_);
  if (!inband_.done() && inband_.Take(inband_frame_)) voices.push_back(&inband_frame_);
  if (!beep_.done() && beep_.Take(beep_frame_)) voices.push_back(&beep_frame_);
  if (!play_done_) return;
  if (play_.Take(play_frame_)) voices.push_back(&play_frame_);
  if (play_.done()) EndPlay(true);
}

void Party::Send(uint64_t frame, std::vector<const Frame*>& voices) {
  // What is played goes on while the party is on hold, so that its end is told in time.
  AddPlayed(voices);
  const bool may_send = stream_ && stream_->send && gate_.target();
  if (may_send) SendSound(frame, voices);
  talking_ = may_send;
  if (IsNewTurn(frame, kReportFrames, report_turn_)) SendReport(frame, false);
}

void Party::SendSound(uint64_t frame, const std::vector<const Frame*>& voices) {
  RtpHeader header;
  header.ssrc = start_.ssrc;
  header.timestamp = TimestampOf(frame);
  if (const auto key = stream_->telephone_event ? events_.Next(header.timestamp) : std::nullopt) {
    header.payload_type = *stream_->telephone_event;
    header.marker = key->first;
    header.timestamp = key->timestamp;
    SendPacket(header, WriteTelephoneEvent(key->event));
    return;
  }
  std::array<uint8_t, kFrameSamples> codes;
  if (voices.empty()) {
    codes.fill(stream_->codec == Codec::kPcmu ? kUlawSilence : kAlawSilence);
  } else {
    Mix(voices, mixed_);
    Encode(stream_->codec, mixed_, codes);
  }
  header.payload_type = stream_->codec == Codec::kPcmu ? kPcmuType : kPcmaType;
  header.marker = !talking_;
  SendPacket(header, codes);
}

void Party::SendPacket(const RtpHeader& header, std::span<const uint8_t> payload) {
  std::array<uint8_t, kRtpHeader + kFrameSamples> packet;
  RtpHeader numbered = header;
  numbered.sequence = sequence_++;
  WriteRtpHeader(numbered, std::span(packet).first<kRtpHeader>());
  std::copy(payload.begin(), payload.end(), packet.begin() + kRtpHeader);
  SendDatagram(sockets_.rtp, std::span(packet).first(kRtpHeader + payload.size()), *gate_.target());
  ++statistics_.packets_sent;
  octets_sent_ += static_cast<uint32_t>(payload.size());
}

void Party::SendReport(uint64_t frame, bool bye) {
  const bool said_anything = statistics_.packets_sent > 0 || reception_.any();
  if (!gate_.target() || !said_anything) return;
  OurReport report;
  report.ssrc = start_.ssrc;
  report.now = ground_.clock.Now();
  report.timestamp = TimestampOf(frame);
  report.packets = static_cast<uint32_t>(statistics_.packets_sent);
  report.octets = octets_sent_;
  if (reception_.any()) report.heard = reception_.Report();
  report.peer_sent_at = peer_sent_at_;
  report.since_peer = report.now - peer_report_came_;
  report.bye = bye;
  std::array<uint8_t, kLongestReport> bytes;
  const size_t length = WriteRtcp(report, bytes);
  const UdpEndpoint to(gate_.target()->address(),
                       static_cast<uint16_t>(gate_.target()->port() + 1));
  SendDatagram(sockets_.rtcp, std::span(bytes).first(length), to);
}

void Party::Close(uint64_t frame) {
  SendReport(frame, true);
  EndPlay(false);
  statistics_.packets_lost = reception_.lost();
  statistics_.jitter = reception_.jitter();
  if (ground_.events.on_closed) ground_.events.on_closed(room_, name_, statistics_);
}

}  // namespace ctc::media
