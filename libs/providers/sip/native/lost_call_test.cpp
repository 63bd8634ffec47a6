#include "libs/providers/sip/native/lost_call.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

using session::v1::CallFact;
using session::v1::Session;

TEST_CASE("what is concluded counts less than what was heard", "[sip][lost]") {
  Session session;
  session.set_id("c1");
  session.set_status(GENERATE(Session::ON_HOLD, Session::CONNECTED, Session::RINGING));
  const CallFact fact = LostFact(session);
  const bool joined = session.status() != Session::RINGING;
  CHECK(fact.kind() == (joined ? CallFact::CALL_ENDED : CallFact::CALL_FAILED));
  CHECK(fact.error_code() == (joined ? "" : "PROVIDER_ERROR"));
  CHECK(fact.source() == session::v1::TIMEOUT);
  CHECK_FALSE(fact.has_provider_time());
  CHECK(LostFact(session).SerializeAsString() == fact.SerializeAsString());
}

TEST_CASE("a file is told under one key, whose it may be", "[sip][lost]") {
  const std::string url = "ctc-recording:p1/c1-a-1.wav";
  Session session;
  session.set_id("c1");
  CHECK(LostRecordings(session, {}).empty());
  REQUIRE(LostRecordings(session, {url}).size() == 1);
  CHECK(LostRecordings(session, {url})[0].event_key() == ReadyFact(url).event_key());
  CHECK(ReadyFact(url).event_key() != ReadyFact("ctc-recording:p1/c1-a-2.wav").event_key());
}

}  // namespace
}  // namespace ctc::providers::sip::native
