#include "libs/media/source_gate.h"

#include <catch2/catch.hpp>

namespace ctc::media {
namespace {

SourceGate::Endpoint At(const char* ip, int port) {
  return {asio::ip::make_address(ip), static_cast<uint16_t>(port)};
}

TEST_CASE("nobody is heard before there is an agreement", "[media][source]") {
  SourceGate gate;
  CHECK_FALSE(gate.Admits(At("10.0.0.1", 4000)));
  CHECK_FALSE(gate.target());
}

TEST_CASE("who may decide where sound goes", "[media][source]") {
  SourceGate gate;
  const auto agreed = At("10.0.0.1", 4000);
  const auto other_port = At("10.0.0.1", 4002);
  const auto other_ip = At("10.0.0.2", 4000);
  SECTION("never: only the address that was agreed") {
    gate.Agree(agreed, Latch::kNever);
    CHECK(gate.Admits(agreed));
    CHECK_FALSE(gate.Admits(other_port));
    CHECK_FALSE(gate.Admits(other_ip));
  }
  SECTION("the same address: any port of it") {
    gate.Agree(agreed, Latch::kSameIp);
    CHECK(gate.Admits(other_port));
    CHECK_FALSE(gate.Admits(other_ip));
  }
  SECTION("any: whoever is first") {
    gate.Agree(agreed, Latch::kAny);
    CHECK(gate.Admits(other_ip));
  }
  CHECK(gate.target() == agreed);
}

TEST_CASE("the first packet decides, once", "[media][source]") {
  SourceGate gate;
  const auto agreed = At("10.0.0.1", 4000);
  const auto real = At("10.0.0.1", 5000);
  gate.Agree(agreed, Latch::kAny);
  gate.Settle(real);
  CHECK(gate.target() == real);
  CHECK(gate.Admits(real));
  gate.Settle(At("10.0.0.9", 1));
  CHECK(gate.target() == real);

  // The same agreement again, or a hold, changes nothing; another address does.
  gate.Agree(agreed, Latch::kAny);
  CHECK(gate.target() == real);
  gate.Agree(At("0.0.0.0", 4000), Latch::kAny);
  CHECK(gate.target() == real);
  gate.Agree(At("10.0.0.1", 4010), Latch::kAny);
  CHECK(gate.target() == At("10.0.0.1", 4010));
  CHECK(gate.Admits(At("10.0.0.1", 4010)));
}

TEST_CASE("what comes exactly as agreed takes over", "[media][source]") {
  SourceGate gate;
  const auto agreed = At("10.0.0.1", 4000);
  const auto other_port = At("10.0.0.1", 4002);
  gate.Agree(agreed, GENERATE(Latch::kSameIp, Latch::kAny));
  gate.Settle(other_port);
  REQUIRE(gate.Admits(agreed));
  gate.Settle(agreed);
  CHECK(gate.target() == agreed);
  CHECK_FALSE(gate.Admits(other_port));
}

TEST_CASE("a peer that moves is not held back by its packets under way", "[media][source]") {
  SourceGate gate;
  const auto before = At("10.0.0.1", 4000);
  const auto now = At("10.0.0.1", 4010);
  gate.Agree(before, Latch::kSameIp);
  SECTION("it was heard") { gate.Settle(before); }
  SECTION("it was not") {}
  SECTION("it moves twice") { gate.Agree(At("10.0.0.1", 4008), Latch::kSameIp); }
  gate.Agree(now, Latch::kSameIp);
  CHECK_FALSE(gate.Admits(before));
  CHECK(gate.Admits(now));
  CHECK(gate.Admits(At("10.0.0.1", 5000)));
  gate.Settle(now);
  CHECK(gate.target() == now);
  // And back.
  gate.Agree(before, Latch::kSameIp);
  CHECK(gate.Admits(before));
  CHECK_FALSE(gate.Admits(now));
}

}  // namespace
}  // namespace ctc::media
