// Handovers to a queue, over a real database.
#include "libs/base/error_catalogue.h"
#include "services/session/service/talk_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using testing::EventuallyTrue;
using testing::HasError;
using testing::IsOk;
using Lines = TalkFixture::Lines;
using S = v1::Session;
using F = v1::CallFact;
using T = v1::Transfer;

// Agents b and c are in the queue, b is to be asked first; A is in it too.
struct QueueFixture : TalkFixture {
  QueueFixture() {
    AddAgent("agent-c", "+4930300");
    peers.SetFree({"agent-uuid", "agent-b", "agent-c"});
  }
  absl::StatusOr<v1::Transfer> ToQueue(T::Type type) {
    v1::TransferCallRequest request;
    request.set_id(id);
    request.set_transfer_type(type);
    request.set_to_queue_id("0190b0a0-0000-7000-8000-000000000001");
    return Transfer(request);
  }
  int Rung(const std::string& leg) { return peers.count("ControlCall DIAL_PARTY " + leg); }
  void AwaitRung(const std::string& leg) {
    EventuallyTrue([&] { return Rung(leg) == 1; }, "ring " + leg);
  }
};

}  // namespace

TEST_CASE("an agent of the queue who does not take the call is followed by the next",
          "[session][transfers][queue]") {
  QueueFixture f;
  const T::Type type = GENERATE(T::BLIND, T::ATTENDED);
  REQUIRE_THAT(f.ToQueue(type).status(), IsOk());
  CHECK(f.Newest().to_agent_id() == "agent-b");
  f.Tell({f.OnLeg("consult-1", F::CALL_BUSY, 2)});
  f.AwaitRung("consult-2");
  CHECK(f.Leg(f.id, "consult-2").phone() == "+4930300");
  CHECK(f.Newest().to_agent_id() == "agent-c");
  CHECK(f.Newest().status() == T::REQUESTED);
  CHECK(f.Told("transfer.next_agent"));
  CHECK(f.Get(f.id)->status() == S::ON_HOLD);
  f.Tell({f.OnLeg("consult-2", F::CALL_ANSWERED, 5)});
  if (type == T::ATTENDED) {
    f.AwaitTransfer(T::CONSULTING);
    REQUIRE_THAT(f.Complete(f.Newest().id()).status(), IsOk());
  }
  f.AwaitTransfer(T::COMPLETED);
  CHECK(f.Get(f.Newest().new_session_id())->agent_id() == "agent-c");
  CHECK(f.Orders().back() == "HAND_OVER consult-2");
  CHECK(f.Scalar("SELECT CONCAT(to_agent_id, ' ', leg_id) FROM call_transfer") ==
        "agent-c consult-2");
}

TEST_CASE("an agent of the queue whom the provider does not ring is followed by the next",
          "[session][transfers][queue]") {
  QueueFixture f;
  f.peers.control =
      [](const ControlCallRequest& request) -> absl::StatusOr<dispatch::v1::ControlCallResponse> {
    if (request.target().phone() == "+4930200") {
      return base::MakeError(base::kInvalidDestination, "no such extension");
    }
    return dispatch::v1::ControlCallResponse();
  };
  const auto asked = f.ToQueue(T::BLIND);
  REQUIRE_THAT(asked.status(), IsOk());
  CHECK(asked->to_agent_id() == "agent-c");
  CHECK(f.Orders() ==
        Lines{"HOLD", "DIAL_PARTY consult-1", "DIAL_PARTY consult-2", "DROP_PARTY agent"});
}

TEST_CASE("an agent of the queue rings as long as the queue says", "[session][transfers][queue]") {
  int ring = 0;  // before what writes it in the background
  QueueFixture f;
  f.peers.queue_terms.set_ring_seconds(5);
  f.peers.control = [&](const ControlCallRequest& request) {
    if (request.action() == ControlCallRequest::DIAL_PARTY) ring = request.target().ring_seconds();
    return dispatch::v1::ControlCallResponse();
  };
  REQUIRE_THAT(f.ToQueue(T::BLIND).status(), IsOk());
  CHECK(ring == 5);
  // Nothing is ever heard of it.
  f.clock.Advance(absl::Seconds(21));
  f.Sweep();
  f.AwaitRung("consult-2");
  CHECK(f.peers.count("ControlCall DROP_PARTY consult-1") == 1);
  CHECK(f.Leg(f.id, "consult-1").state() == v1::Leg::ENDED);
}

TEST_CASE("with nobody free the customer waits for an agent of the queue",
          "[session][transfers][queue]") {
  QueueFixture f;
  f.peers.SetFree({"agent-uuid", "agent-b"});
  const T::Type type = GENERATE(T::BLIND, T::ATTENDED);
  REQUIRE_THAT(f.ToQueue(type).status(), IsOk());
  f.Tell({f.OnLeg("agent", F::CALL_ENDED, 1)});
  f.peers.SetFree({});
  f.Tell({f.OnLeg("consult-1", F::CALL_NO_ANSWER, 20)});
  EventuallyTrue([&] { return f.Told("transfer.waiting"); }, "the wait");
  CHECK(f.Get(f.id)->status() == S::ON_HOLD);
  CHECK(f.Newest().status() == T::REQUESTED);
  SECTION("one becomes free, and another process sees it") {
    f.NewProcess();
    f.peers.SetFree({"agent-c"});
    f.clock.Advance(absl::Seconds(11));
    f.Sweep();
    f.AwaitRung("consult-2");
    f.Tell({f.OnLeg("consult-2", F::CALL_ANSWERED, 5)});
    f.AwaitTransfer(T::COMPLETED);
    CHECK(f.Get(f.Newest().new_session_id())->agent_id() == "agent-c");
    CHECK(f.Get(f.Newest().new_session_id())->agent_phone() == "+4930300");
  }
  SECTION("who missed the call is asked again after a pause, not at once") {
    f.peers.SetFree({"agent-b"});
    f.clock.Advance(absl::Seconds(5));
    f.Tell({f.OnLeg("customer", F::CALL_RINGING, 1)});
    CHECK(f.Rung("consult-2") == 0);
    f.clock.Advance(absl::Seconds(6));
    f.Sweep();
    f.AwaitRung("consult-2");
    CHECK(f.Leg(f.id, "consult-2").phone() == "+4930200");
  }
  SECTION("the queue's limit is over: agent A is rung again") {
    f.clock.Advance(absl::Seconds(61));
    f.Sweep();
    f.AwaitTransfer(T::FAILED);
    CHECK(f.Newest().error_message() == "No agent of the queue took the call in time");
    f.AwaitRung("agent-2");
    CHECK(f.Rung("consult-2") == 0);
    CHECK(f.peers.count("ControlCall DROP_PARTY consult-2") == 0);  // nobody was rung there
    f.Tell({f.OnLeg("agent-2", F::CALL_ANSWERED, 9)});
    f.Await(f.id, S::CONNECTED);
  }
  SECTION("the customer gives up") {
    f.Tell({f.OnLeg("customer", F::CALL_ENDED, 40)});
    f.AwaitTransfer(T::CANCELLED);
    CHECK(f.Get(f.id)->status() == S::COMPLETED);
  }
}

TEST_CASE("an announced handover to a queue gives the customer back at its limit",
          "[session][transfers][queue]") {
  QueueFixture f;
  REQUIRE_THAT(f.ToQueue(T::ATTENDED).status(), IsOk());
  f.peers.SetFree({});
  f.Tell({f.OnLeg("consult-1", F::CALL_BUSY, 2)});
  EventuallyTrue([&] { return f.Told("transfer.waiting"); }, "the wait");
  SECTION("by itself") {
    f.clock.Advance(absl::Seconds(61));
    f.Sweep();
    f.AwaitTransfer(T::FAILED);
  }
  SECTION("when the agent calls it off") {
    CHECK(f.Cancel(f.Newest().id())->status() == T::CANCELLED);
  }
  f.Await(f.id, S::CONNECTED);
  CHECK(f.Leg(f.id, "consult-2").state() == v1::Leg::ENDED);
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "RESUME"});
}

TEST_CASE("in a queue of more agents than are remembered nobody is rung again without a pause",
          "[session][transfers][queue]") {
  QueueFixture f;
  f.peers.queue_terms.set_max_wait_seconds(3600);
  Lines agents;
  for (int i = 0; i < 52; ++i) {
    agents.push_back("agent-" + std::to_string(100 + i));
    f.AddAgent(agents.back(), "+49401" + std::to_string(100 + i));
  }
  f.peers.SetFree(agents);
  REQUIRE_THAT(f.ToQueue(T::BLIND).status(), IsOk());
  for (int i = 1; i <= 50; ++i) {
    const std::string leg = "consult-" + std::to_string(i);
    f.AwaitRung(leg);
    f.Tell({f.OnLeg(leg, F::CALL_BUSY, i)});
  }
  EventuallyTrue([&] { return f.Told("transfer.waiting"); }, "the wait");
  f.Sweep();
  CHECK(f.Rung("consult-51") == 0);
  f.clock.Advance(absl::Seconds(61));
  f.Sweep();
  f.AwaitRung("consult-51");
  f.Tell({f.OnLeg("consult-51", F::CALL_BUSY, 200)});
  EventuallyTrue([&] { return f.Leg(f.id, "consult-52").state() == v1::Leg::DIALLING; },
                 "the wait");
  f.Sweep();
  CHECK(f.Rung("consult-52") == 0);
}

TEST_CASE("a queue that is switched off takes no handover", "[session][transfers][queue]") {
  QueueFixture f;
  f.peers.queue_terms.set_is_active(false);
  CHECK_THAT(f.ToQueue(T::BLIND).status(), HasError(base::kNoAgentAvailable));
  CHECK(f.Orders().empty());
}

}  // namespace ctc::session
