// Calls that a phone hands over by itself.
#include "libs/base/error_catalogue.h"
#include "services/session/service/talk_fixture.h"

namespace ctc::session {
namespace {

using testing::HasError;
using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;
using T = v1::Transfer;
using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a phone that hands its call over stays until the target answers",
          "[session][transfers]") {
  TalkFixture f;
  const bool attended = GENERATE(false, true);
  const auto transfer = f.Refer("+4930200", attended);
  REQUIRE_THAT(transfer.status(), IsOk());
  CHECK(transfer->transfer_type() == (attended ? T::ATTENDED : T::BLIND));
  CHECK(transfer->to_agent_id() == "agent-b");
  REQUIRE_THAT(f.Refer("+4930200", attended).status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_RINGING, 3)});
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1"});
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 4)});
  f.AwaitTransfer(T::COMPLETED);
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "HAND_OVER consult-1"});
  // The phone's name of the call is the conversation's: its next session is meant.
  f.id = f.Get(f.id)->id();
  const auto again = f.Refer("+4930200", attended);
  REQUIRE_THAT(again.status(), IsOk());
  CHECK(again->id() == transfer->id());
  CHECK_THAT(f.Refer("+4930200", false, "refer:2").status(), HasError(base::kValidationFailed));
}

TEST_CASE("a target that does not answer leaves the call to the phone that handed it over",
          "[session][transfers]") {
  TalkFixture f;
  REQUIRE_THAT(f.Refer("desk-7").status(), IsOk());
  CHECK(f.Newest().to_phone() == "desk-7");
  f.Tell({f.OnLeg("consult-1", F::CALL_BUSY, 3)});
  f.AwaitTransfer(T::FAILED);
  f.Await(f.id, S::CONNECTED);
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "RESUME"});
}

TEST_CASE("a phone hands over to no more than its agent might", "[session][transfers]") {
  TalkFixture f;
  CHECK_THAT(f.Refer("no phone!").status(), HasError(base::kValidationFailed));
  CHECK_THAT(f.Refer("+4930100").status(), HasError(base::kValidationFailed));
  CHECK_THAT(f.Refer("+1").status(), HasError(base::kValidationFailed));
  // Numbers all the same, of which no rule was asked.
  for (const char* disguised : {"0012025550199", "2025550", "00.1202.5550199", "0012025550199@desk",
                                "+12025550199@10.0.0.7", "00-1202-555-0199"}) {
    CAPTURE(disguised);
    CHECK_THAT(f.Refer(disguised).status(), HasError(base::kValidationFailed));
  }
  CHECK(f.Orders().empty());
  REQUIRE_THAT(f.Transfer(T::ATTENDED).status(), IsOk());
  CHECK_THAT(f.Refer("+4930200").status(), HasError(base::kTransferOpen));
}

}  // namespace ctc::session
