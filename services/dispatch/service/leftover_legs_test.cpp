#include "services/dispatch/service/leftover_legs.h"

#include <catch2/catch.hpp>

namespace ctc::dispatch {
namespace {

using session::v1::CallEvent;
using session::v1::CallFact;
using session::v1::Session;

CallEvent AnEvent(const char* type, Session::Status status, CallFact::Kind kind,
                  const char* leg = "leg-1") {
  CallEvent event;
  event.set_type(type);
  event.set_new_status(status);
  event.set_fact_kind(kind);
  event.set_provider_leg_id(leg);
  return event;
}

TEST_CASE("an ended call leaves legs, one that goes on or was handed over does not") {
  for (const Session::Status status :
       {Session::COMPLETED, Session::FAILED, Session::BUSY, Session::NO_ANSWER, Session::CANCELLED,
        Session::VOICEMAIL}) {
    CHECK(LeftoverLegs::LeavesLegs(AnEvent("session.ended", status, CallFact::CALL_ENDED)));
  }
  CHECK(LeftoverLegs::LeavesLegs(
      AnEvent("session.ended", Session::CANCELLED, CallFact::CALL_CANCELLED, "")));
  CHECK_FALSE(LeftoverLegs::LeavesLegs(
      AnEvent("session.ended", Session::TRANSFERRED, CallFact::CALL_TRANSFERRED)));
  CHECK_FALSE(
      LeftoverLegs::LeavesLegs(AnEvent("leg.answered", Session::RINGING, CallFact::CALL_ANSWERED)));
}

TEST_CASE("a leg that comes up after the end is left over, whatever else is told is not") {
  CHECK(
      LeftoverLegs::LeavesLegs(AnEvent("leg.ringing", Session::CANCELLED, CallFact::CALL_RINGING)));
  CHECK(LeftoverLegs::LeavesLegs(
      AnEvent("session.corrected", Session::CANCELLED, CallFact::CALL_ANSWERED)));
  CHECK_FALSE(
      LeftoverLegs::LeavesLegs(AnEvent("leg.ended", Session::COMPLETED, CallFact::CALL_ENDED)));
  CHECK_FALSE(LeftoverLegs::LeavesLegs(
      AnEvent("recording.ready", Session::COMPLETED, CallFact::RECORDING_READY)));
  CHECK_FALSE(LeftoverLegs::LeavesLegs(
      AnEvent("session.connected", Session::COMPLETED, CallFact::CALL_ANSWERED, "")));
}

}  // namespace
}  // namespace ctc::dispatch
