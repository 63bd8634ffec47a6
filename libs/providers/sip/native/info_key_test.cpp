#include "libs/providers/sip/native/info_key.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

TEST_CASE("keys are read from INFO", "[sip][info]") {
  CHECK(KeyOfInfo("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n") == '5');
  CHECK(KeyOfInfo("application/dtmf-relay", "Duration=100\nsignal= #\n") == '#');
  CHECK(KeyOfInfo("Application/DTMF-Relay; charset=utf-8", "Signal = *") == '*');
  CHECK(KeyOfInfo("application/dtmf-relay", "Signal=11\r\n") == '#');
  CHECK(KeyOfInfo("application/dtmf", "7\r\n") == '7');
  CHECK(KeyOfInfo("application/dtmf", "b") == 'B');
  CHECK(KeyOfInfo("application/dtmf", "10") == '*');
}

TEST_CASE("other INFO requests hold no key", "[sip][info]") {
  CHECK_FALSE(KeyOfInfo("application/dtmf", ""));
  CHECK_FALSE(KeyOfInfo("application/dtmf", "12"));
  CHECK_FALSE(KeyOfInfo("application/dtmf", "E"));
  CHECK_FALSE(KeyOfInfo("application/dtmf-relay", "Duration=5\r\n"));
  CHECK_FALSE(KeyOfInfo("application/dtmf-relay", "Signal=\r\n"));
  CHECK_FALSE(KeyOfInfo("application/media_control+xml", "Signal=5"));
  CHECK_FALSE(KeyOfInfo("", "5"));
}

}  // namespace
}  // namespace ctc::providers::sip::native
