// A phone's RTP end on loopback: says one level, hears what comes.
#pragma once

#include <array>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "libs/base/asio.h"
#include "libs/media/g711.h"
#include "libs/media/rtp_packet.h"
#include "libs/media/sound.h"
#include "libs/media/stream.h"
#include "libs/media/telephone_event.h"

namespace ctc::media {

class PhoneForTest {
 public:
  explicit PhoneForTest(const char* ip = "127.0.0.1", uint32_t ssrc = 1)
      : socket_(io_, asio::ip::udp::endpoint(asio::ip::make_address(ip), 0)), ssrc_(ssrc) {
    socket_.non_blocking(true);
  }

  Address address() const {
    const auto own = socket_.local_endpoint();
    return {own.address().to_string(), own.port()};
  }
  Stream stream() const {
    Stream stream;
    stream.remote = address();
    stream.telephone_event = 96;
    return stream;
  }

  // 20 ms of one level to `server`.
  void Say(const Address& server, int16_t level) {
    const std::vector<uint8_t> payload(kFrameSamples, ToUlaw(level));
    Send(server, 0, timestamp_, payload);
    timestamp_ += kFrameSamples;
  }
  void SayFrame(const Address& server, std::span<const int16_t> samples) {
    std::vector<uint8_t> payload(samples.size());
    Encode(Codec::kPcmu, samples, payload);
    Send(server, 0, timestamp_, payload);
    timestamp_ += static_cast<uint32_t>(samples.size());
  }
  void Press(const Address& server, char digit) {
    for (uint16_t i = 1; i <= 5; ++i) {
      const TelephoneEvent event{EventOf(digit).value(), i >= 3, 10,
                                 static_cast<uint16_t>(i * 160)};
      Send(server, kTelephoneEventType, timestamp_, WriteTelephoneEvent(event));
    }
    timestamp_ += 5 * kFrameSamples;
  }
  void Send(const Address& server, uint8_t type, uint32_t timestamp,
            std::span<const uint8_t> payload) {
    std::vector<uint8_t> bytes(kRtpHeader);
    WriteRtpHeader({false, type, sequence_++, timestamp, ssrc_},
                   std::span<uint8_t, kRtpHeader>(bytes.data(), kRtpHeader));
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    SendRaw(server, bytes);
  }
  void SendRaw(const Address& server, const std::vector<uint8_t>& bytes) {
    boost::system::error_code ignored;
    socket_.send_to(asio::buffer(bytes), {asio::ip::make_address(server.ip), server.port}, 0,
                    ignored);
  }

  // What has come since the last call.
  struct Heard {
    int packets = 0;
    std::vector<int16_t> samples;
    std::string digits;
    std::set<uint16_t> sequences;
  };
  Heard Listen() {
    Heard heard;
    std::array<uint8_t, 2048> bytes;
    boost::system::error_code error;
    asio::ip::udp::endpoint from;
    while (true) {
      const size_t count = socket_.receive_from(asio::buffer(bytes), from, 0, error);
      if (error) return heard;
      const auto packet = ReadRtp(std::span(bytes).first(count));
      if (!packet) continue;
      ++heard.packets;
      heard.sequences.insert(packet->header.sequence);
      Take(*packet, heard);
    }
  }

 private:
  void Take(const RtpPacket& packet, Heard& heard) {
    const RtpHeader& header = packet.header;
    if (header.payload_type == 96) {
      const auto digit = keys_.Take(header.ssrc, header.timestamp, packet.payload);
      if (digit) heard.digits += *digit;
      return;
    }
    std::vector<int16_t> samples(packet.payload.size());
    Decode(header.payload_type == 8 ? Codec::kPcma : Codec::kPcmu, packet.payload, samples);
    heard.samples.insert(heard.samples.end(), samples.begin(), samples.end());
  }

  asio::io_context io_;
  asio::ip::udp::socket socket_;
  const uint32_t ssrc_;
  uint16_t sequence_ = 100;
  uint32_t timestamp_ = 5000;
  EventReader keys_;
};

}  // namespace ctc::media
