// How a connection is cut into frames.
#include "libs/rpc/frame.h"

#include <catch2/catch.hpp>

#include "ctc/routing/v1/routing_service.pb.h"
#include "libs/rpc/address.h"
#include "libs/rpc/wire.h"

namespace ctc::rpc {
namespace {

constexpr size_t kLimit = 1000;

TEST_CASE("frames are the same after the wire, however they are cut") {
  std::string wire;
  AppendFrame(FrameKind::kReply, 0x0102030405060708, "answer", wire);
  AppendFrame(FrameKind::kPing, 7, "", wire);
  Frame frame;
  for (size_t cut = 0; cut < kFrameHead + 6; ++cut) {
    std::string_view part = std::string_view(wire).substr(0, cut);
    CHECK(TakeFrame(part, kLimit, frame) == FrameResult::kNeedMore);
    CHECK(part.size() == cut);
  }
  std::string_view rest = wire;
  REQUIRE(TakeFrame(rest, kLimit, frame) == FrameResult::kFrame);
  CHECK(frame.kind == FrameKind::kReply);
  CHECK(frame.call_id == 0x0102030405060708);
  CHECK(frame.body == "answer");
  REQUIRE(TakeFrame(rest, kLimit, frame) == FrameResult::kFrame);
  CHECK(frame.kind == FrameKind::kPing);
  CHECK(frame.call_id == 7);
  CHECK(frame.body.empty());
  CHECK(rest.empty());
}

TEST_CASE("a frame over the limit is refused before it has come") {
  std::string wire;
  AppendFrame(FrameKind::kCall, 1, std::string(kLimit + 1, 'x'), wire);
  std::string_view start = std::string_view(wire).substr(0, 4);
  Frame frame;
  CHECK(TakeFrame(start, kLimit, frame) == FrameResult::kBad);
  start = wire;
  CHECK(TakeFrame(start, kLimit + 1, frame) == FrameResult::kFrame);
}

TEST_CASE("a frame too short for its head, or of no kind, is refused") {
  Frame frame;
  std::string_view shorter("\x08\0\0\0\x05\0\0\0\0\0\0\0\0\0", 14);
  CHECK(TakeFrame(shorter, kLimit, frame) == FrameResult::kBad);
  for (const char kind : {'\x00', '\x0a', '\xff'}) {
    std::string wire;
    AppendFrame(FrameKind::kPing, 1, "", wire);
    wire[4] = kind;
    std::string_view bytes = wire;
    CHECK(TakeFrame(bytes, kLimit, frame) == FrameResult::kBad);
  }
}

TEST_CASE("a call's parts are what was put in") {
  Context context;
  context.tenant = base::TenantId("t1");
  routing::v1::GetAgentRequest request;
  request.set_id("a1");
  std::string wire = MakeCall("/ctc.X/Y", context, absl::UnixEpoch(), request);
  SetCallId(77, wire);
  std::string_view bytes = wire;
  Frame frame;
  REQUIRE(TakeFrame(bytes, kLimit, frame) == FrameResult::kFrame);
  CHECK(bytes.empty());
  CHECK(frame.kind == FrameKind::kCall);
  CHECK(frame.call_id == 77);
  CallBody call;
  REQUIRE(ReadCall(frame.body, call));
  CHECK(call.path == "/ctc.X/Y");
  CHECK(call.request == request.SerializeAsString());
  v1::CallContext read;
  REQUIRE(read.ParseFromString(std::string(call.context)));
  CHECK(read.tenant() == "t1");
}

TEST_CASE("a call says how much time is left when it leaves") {
  Context context;
  context.tenant = base::TenantId("t1");
  context.prefer_async = true;
  context.deadline = absl::UnixEpoch() + absl::Seconds(10);
  routing::v1::GetAgentRequest request;
  request.set_id("a1");
  std::string wire = MakeCall("/ctc.X/Y", context, absl::UnixEpoch(), request);
  const auto read = [&wire] {
    CallBody call;
    REQUIRE(ReadCall(std::string_view(wire).substr(kFrameHead), call));
    CHECK(call.request.size() == 4);
    v1::CallContext read;
    REQUIRE(read.ParseFromString(std::string(call.context)));
    CHECK(read.tenant() == "t1");
    CHECK(read.prefer_async());
    return read.timeout_us();
  };
  CHECK(read() == 10'000'000);
  const size_t size = wire.size();
  for (const int64_t left : {int64_t{9'999'999}, int64_t{1}, int64_t{127}, INT64_MAX}) {
    SetTimeLeft(absl::Microseconds(left), wire);
    CHECK(read() == left);
  }
  // A call that is late must not become one without limit.
  SetTimeLeft(absl::Seconds(-1), wire);
  CHECK(read() == 1);
  CHECK(wire.size() == size);
}

TEST_CASE("a call whose parts are longer than it is none") {
  CallBody call;
  CHECK_FALSE(ReadCall("", call));
  CHECK_FALSE(ReadCall(std::string_view("\x02\0\0\0a", 5), call));
  CHECK_FALSE(ReadCall(std::string_view("\x01\0\0\0a\xff\xff\xff\xff", 9), call));
  CHECK(ReadCall(std::string_view("\x01\0\0\0a\0\0\0\0", 9), call));
}

TEST_CASE("addresses") {
  CHECK(ParseAddress("unix:/run/a.sock")->path == "/run/a.sock");
  CHECK(ParseAddress("unix:///run/a.sock")->path == "/run/a.sock");
  CHECK(ParseAddress("127.0.0.1:7101")->host == "127.0.0.1");
  CHECK(ParseAddress("127.0.0.1:7101")->port == "7101");
  CHECK(ParseAddress("[::1]:0")->host == "::1");
  CHECK(ParseAddress("dns:///session:7101")->host == "session");
  for (const char* bad : {"", "unix:", "session", "session:", ":7101", "a:70000", "a:-1", "a:1x"}) {
    INFO(bad);
    CHECK_FALSE(ParseAddress(bad).has_value());
  }
  CHECK_FALSE(ParseAddress("unix:/" + std::string(107, 'x')).has_value());
}

}  // namespace
}  // namespace ctc::rpc
