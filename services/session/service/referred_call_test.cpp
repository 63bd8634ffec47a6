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

TEST_CASE("a number that the customer's phone calls by itself ends the call when it is reached",
          "[session][transfers]") {
  TalkFixture f;
  f.peers.capabilities.emplace_back("refer");
  v1::TransferCallRequest request;
  request.set_id(f.id);
  request.set_transfer_type(GENERATE(T::BLIND, T::COLD));
  request.set_to_phone("+4930300");
  REQUIRE_THAT(f.Transfer(request).status(), IsOk());
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1 REFER"});
  f.Tell({f.OnLeg("consult-1", F::CALL_RINGING, 3)});
  f.AwaitTransfer(T::RINGING);
  SECTION("and then the call is handed over") {
    f.Tell({f.OnLeg("customer", F::CALL_TRANSFERRED, 4)});
    f.AwaitTransfer(T::COMPLETED);
    CHECK_FALSE(f.Newest().has_new_session_id());
    CHECK(f.Newest().has_completed_at());
    CHECK(f.Get(f.id)->status() == S::TRANSFERRED);
    CHECK(f.Get(f.id)->end_reason() == v1::HANDED_OVER);
    CHECK(f.Told("transfer.completed"));
    CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1 REFER"});
  }
  SECTION("else the agent has it back") {
    f.Tell({f.OnLeg("consult-1", F::CALL_BUSY, 4)});
    f.AwaitTransfer(T::FAILED);
    CHECK(f.Newest().error_message() == "The target was busy");
    f.Await(f.id, S::CONNECTED);
    CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1 REFER", "RESUME"});
  }
}

TEST_CASE("what is announced or for an agent goes through us also where phones are referred",
          "[session][transfers]") {
  TalkFixture f;
  f.peers.capabilities.emplace_back("refer");
  SECTION("an agent") { REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk()); }
  SECTION("a word with the target") {
    v1::TransferCallRequest request;
    request.set_id(f.id);
    request.set_transfer_type(T::ATTENDED);
    request.set_to_phone("+4930300");
    REQUIRE_THAT(f.Transfer(request).status(), IsOk());
  }
  const Lines orders = f.Orders();
  REQUIRE(orders.size() >= 2);
  CHECK(orders[1] == "DIAL_PARTY consult-1");
}

TEST_CASE("another phone in an agent's place is told, and changes nothing else",
          "[session][transfers]") {
  TalkFixture f;
  const auto before = f.Get(f.id);
  v1::SessionFact replaced = f.OnLeg("agent", F::PARTY_REPLACED, 9);
  replaced.mutable_fact()->set_phone("+4930555");
  f.Tell({replaced});
  CHECK(f.Told("leg.replaced"));
  CHECK(f.Leg(f.id, "agent").phone() == "+4930555");
  CHECK(f.Leg(f.id, "agent").state() == v1::Leg::ANSWERED);
  CHECK(f.Leg(f.id, "agent").answered_at().seconds() == before->legs(0).answered_at().seconds());
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  CHECK(f.Get(f.id)->agent_phone() == before->agent_phone());
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
