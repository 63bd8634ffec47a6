#include "libs/media/audio_sdp.h"

#include <catch2/catch.hpp>

#include "libs/testing/status_matchers.h"

namespace ctc::media {
namespace {

using testing::HasCode;

const Address kOwn{"192.0.2.1", 20000};

std::string Sdp(const std::string& media, const std::string& session = "c=IN IP4 10.0.0.9\r\n") {
  return "v=0\r\no=phone 7 7 IN IP4 10.0.0.9\r\ns=-\r\n" + session + "t=0 0\r\n" + media;
}

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("an offer has both laws, keys and where RTCP goes", "[media][sdp]") {
  CHECK(Offer(kOwn, {5, 2}, Direction::kSendOnly) ==
        "v=0\r\no=ctc 5 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        "m=audio 20000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:20001\r\n"
        "a=sendonly\r\n");
  CHECK(Has(Offer({"2001:db8::1", 4}, {}), "c=IN IP6 2001:db8::1\r\n"));
}

TEST_CASE("our own offer is read", "[media][sdp]") {
  const PeerAudio audio = ReadAudio(Offer({"2001:db8::1", 4000}, {})).value();
  CHECK(audio.stream.remote == Address{"2001:db8::1", 4000});
  CHECK(audio.stream.codec == Codec::kPcmu);
  CHECK(audio.stream.telephone_event == 101);
  CHECK(audio.direction == Direction::kSendRecv);
  CHECK(audio.stream.send);
  CHECK(audio.stream.receive);
}

TEST_CASE("the codec a phone likes best is taken, keys only as listed", "[media][sdp]") {
  const PeerAudio alaw =
      ReadAudio(Sdp("m=audio 4000 RTP/AVP 9 8 0 96\na=rtpmap:96 Telephone-Event/8000\n")).value();
  CHECK(alaw.stream.codec == Codec::kPcma);
  CHECK(alaw.stream.telephone_event == 96);
  const PeerAudio none =
      ReadAudio(Sdp("m=audio 4000 RTP/AVP 0\r\na=rtpmap:101 telephone-event/8000\r\n")).value();
  CHECK_FALSE(none.stream.telephone_event);
  const PeerAudio wide = ReadAudio(Sdp("m=audio 4000/2 RTP/AVP 0 101\r\na=rtpmap:101 "
                                       "telephone-event/48000\r\n"))
                             .value();
  CHECK_FALSE(wide.stream.telephone_event);
  CHECK(wide.stream.remote.port == 4000);
}

TEST_CASE("an own address of the stream goes before the session's", "[media][sdp]") {
  const PeerAudio audio = ReadAudio(Sdp("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 10.0.0.7\r\n")).value();
  CHECK(audio.stream.remote.ip == "10.0.0.7");
}

TEST_CASE("the first stream that we can have is taken", "[media][sdp]") {
  const PeerAudio audio = ReadAudio(Sdp("m=video 4002 RTP/AVP 96\r\na=sendonly\r\n"
                                        "m=audio 0 RTP/AVP 0\r\n"
                                        "m=audio 4004 RTP/SAVP 0\r\n"
                                        "m=audio 4006 RTP/AVP 9\r\n"
                                        "m=audio 4008 RTP/AVP 8\r\na=recvonly\r\n"))
                              .value();
  CHECK(audio.stream.remote.port == 4008);
  CHECK(audio.direction == Direction::kRecvOnly);
}

TEST_CASE("what we cannot have is refused", "[media][sdp]") {
  const std::string whole = Sdp("m=audio 4000 RTP/AVP 0\r\n");
  REQUIRE(ReadAudio(whole).ok());
  const auto refused = [](const std::string& sdp) {
    return ReadAudio(sdp).status().code() == absl::StatusCode::kInvalidArgument &&
           Answer(sdp, kOwn, {}).status().code() == absl::StatusCode::kInvalidArgument;
  };
  CHECK(refused(""));
  CHECK(refused("hello"));
  CHECK(refused(whole.substr(5)));
  CHECK(refused(Sdp("")));
  CHECK(refused(Sdp("m=audio 0 RTP/AVP 0\r\n")));
  CHECK(refused(Sdp("m=audio 70000 RTP/AVP 0\r\n")));
  CHECK(refused(Sdp("m=audio x RTP/AVP 0\r\n")));
  CHECK(refused(Sdp("m=audio 4000 RTP/AVP\r\n")));
  CHECK(refused(Sdp("m=audio 4000 RTP/AVP 9 18\r\n")));
  CHECK(refused(Sdp("m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n")));
  CHECK(refused(Sdp("m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 EVIL/8000\r\n")));
  CHECK(refused(Sdp("m=audio 4000 RTP/AVP 0\r\n", "")));
  CHECK(refused(Sdp("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 host.example\r\n")));
  CHECK(refused(Sdp("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP4 239.1.1.1\r\n")));
  CHECK(refused(Sdp("m=audio 4000 RTP/AVP 0\r\n", "c=IN IP6 10.0.0.9\r\n")));
  CHECK(refused(whole + "broken\r\n"));
  CHECK(refused(whole + "a=\x01\r\n"));
  CHECK(refused(whole + std::string(17000, 'a')));
  std::string many = whole;
  for (int i = 0; i < 16; ++i) many += "m=video 0 RTP/AVP 96\r\n";
  CHECK(refused(many));
}

TEST_CASE("an answer takes one codec and refuses other streams", "[media][sdp]") {
  const std::string offer =
      Sdp("m=video 4002 RTP/AVP 96 97\r\n"
          "m=audio 4000 RTP/AVP 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\n"
          "m=audio 4004 RTP/AVP 0\r\n");
  CHECK(Answer(offer, kOwn, {5, 3}).value() ==
        "v=0\r\no=ctc 5 3 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 96\r\n"
        "m=audio 20000 RTP/AVP 8 96\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:20\r\na=rtcp:20001\r\n"
        "a=sendrecv\r\n"
        "m=audio 0 RTP/AVP 0\r\n");
}

struct Case {
  const char* offered;
  Direction ours;
  const char* answered;
  bool send;
  bool receive;
};

TEST_CASE("directions are mirrored", "[media][sdp]") {
  using D = Direction;
  const Case each = GENERATE(values<Case>({
      {"a=sendrecv", D::kSendRecv, "a=sendrecv", true, true},
      {"a=sendonly", D::kSendRecv, "a=recvonly", false, true},
      {"a=recvonly", D::kSendRecv, "a=sendonly", true, false},
      {"a=inactive", D::kSendRecv, "a=inactive", false, false},
      {"a=sendrecv", D::kSendOnly, "a=sendonly", true, true},
      {"a=sendonly", D::kSendOnly, "a=inactive", false, true},
      {"a=sendrecv", D::kInactive, "a=inactive", true, true},
      {"c=IN IP4 0.0.0.0", D::kSendRecv, "a=recvonly", false, true},
  }));
  CAPTURE(each.offered, each.answered);
  const std::string offer = Sdp(std::string("m=audio 4000 RTP/AVP 0\r\n") + each.offered + "\r\n");
  const std::string answer = Answer(offer, kOwn, {}, each.ours).value();
  CHECK(Has(answer, std::string(each.answered) + "\r\n"));
  const PeerAudio audio = ReadAudio(offer).value();
  CHECK(audio.stream.send == each.send);
  CHECK(audio.stream.receive == each.receive);
}

TEST_CASE("the session's direction holds for a stream without its own", "[media][sdp]") {
  const std::string session = "c=IN IP4 10.0.0.9\r\na=inactive\r\n";
  CHECK(ReadAudio(Sdp("m=audio 4000 RTP/AVP 0\r\n", session)).value().direction ==
        Direction::kInactive);
  CHECK(ReadAudio(Sdp("m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n", session)).value().direction ==
        Direction::kSendRecv);
}

TEST_CASE("what one sends the other receives", "[media][sdp]") {
  CHECK(Mirrored(Direction::kSendOnly) == Direction::kRecvOnly);
  CHECK(Mirrored(Direction::kRecvOnly) == Direction::kSendOnly);
  CHECK(Mirrored(Direction::kSendRecv) == Direction::kSendRecv);
  CHECK(Mirrored(Direction::kInactive) == Direction::kInactive);
}

}  // namespace
}  // namespace ctc::media
