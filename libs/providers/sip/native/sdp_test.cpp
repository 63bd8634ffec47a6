#include "libs/providers/sip/native/sdp.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

const std::string kOffer =
    "v=0\r\no=phone 7 7 IN IP4 10.0.0.9\r\ns=-\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv\r\n";

TEST_CASE("an offer without media has our o= line and no stream", "[sip][sdp]") {
  const std::string offer = OfferWithoutMedia({5, 2, "10.0.0.1"});
  CHECK(offer == "v=0\r\no=ctc 5 2 IN IP4 10.0.0.1\r\ns=-\r\nt=0 0\r\n");
  CHECK(CheckSdp(offer).ok());
  CHECK_FALSE(HasMedia(offer));
}

TEST_CASE("only the o= line is rewritten", "[sip][sdp]") {
  const std::string ours = WithOrigin(kOffer, {5, 3, "2001:db8::1"}).value();
  CHECK(ours.find("o=ctc 5 3 IN IP6 2001:db8::1\r\n") != std::string::npos);
  CHECK(ours.find("10.0.0.9 7") == std::string::npos);
  CHECK(ours.find("c=IN IP4 10.0.0.9\r\n") != std::string::npos);
  CHECK(ours.find("a=rtpmap:0 PCMU/8000\r\n") != std::string::npos);
}

TEST_CASE("the direction of every stream is set", "[sip][sdp]") {
  const std::string two = kOffer + "m=video 4002 RTP/AVP 96\r\na=recvonly\r\n";
  const std::string held = WithDirection(two, "inactive").value();
  CHECK(held.find("a=sendrecv") == std::string::npos);
  CHECK(held.find("a=recvonly") == std::string::npos);
  const size_t first = held.find("a=inactive\r\n");
  CHECK(first < held.find("m=video"));
  CHECK(held.rfind("a=inactive\r\n") > held.find("m=video"));
}

TEST_CASE("a refused stream is no media", "[sip][sdp]") {
  CHECK(HasMedia(kOffer));
  CHECK_FALSE(HasMedia("v=0\r\nm=audio 0 RTP/AVP 0\r\n"));
}

TEST_CASE("line ends may be bare", "[sip][sdp]") {
  CHECK(WithOrigin("v=0\no=a 1 1 IN IP4 1.1.1.1\ns=-", {}).value() ==
        "v=0\r\no=ctc 1 0 IN IP4 127.0.0.1\r\ns=-\r\n");
}

TEST_CASE("what is no session description is refused", "[sip][sdp]") {
  const std::vector<std::string> bad = {"",
                                        "v=1\r\n",
                                        "hello",
                                        "v=0\r\n",
                                        "v=0\r\no=a\r\no=b\r\n",
                                        "v=0\r\no=a\r\nx\r\n",
                                        "v=0\r\no=a\r\n=b\r\n",
                                        "v=0\r\no=a\r\nM=b\r\n",
                                        std::string("v=0\r\no=a\0b\r\n", 12),
                                        "v=0\r\no=a\r\n" + std::string(20'000, 'a')};
  for (const std::string& sdp : bad) {
    INFO(sdp.substr(0, 40));
    CHECK_FALSE(CheckSdp(sdp).ok());
    CHECK_FALSE(WithOrigin(sdp, {}).ok());
    CHECK_FALSE(WithDirection(sdp, "inactive").ok());
  }
}

}  // namespace
}  // namespace ctc::providers::sip::native
