// Handovers over a real database: what is asked of the provider, what clients and the feed see, and
// what is left of it after a crash.
#include "libs/base/error_catalogue.h"
#include "services/session/service/talk_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using testing::EventuallyTrue;
using testing::HasError;
using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;
using T = v1::Transfer;
using Lines = std::vector<std::string>;

// Every second action of one kind is refused.
auto Refusing(ControlCallRequest::Action action, const base::ErrorSpec& spec) {
  return
      [action, &spec](
          const ControlCallRequest& request) -> absl::StatusOr<dispatch::v1::ControlCallResponse> {
        if (request.action() == action) return base::MakeError(spec, "no such extension");
        return dispatch::v1::ControlCallResponse();
      };
}

}  // namespace

TEST_CASE("an attended transfer holds, consults and hands over", "[session][transfers]") {
  TalkFixture f;
  const auto asked = f.Transfer(T::ATTENDED);
  REQUIRE_THAT(asked.status(), IsOk());
  CHECK(asked->status() == T::REQUESTED);
  CHECK(asked->from_agent_id() == "agent-uuid");
  CHECK(asked->to_agent_id() == "agent-b");
  CHECK(asked->reason() == "billing question");
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1"});
  CHECK(f.Get(f.id)->status() == S::ON_HOLD);
  CHECK(f.Leg(f.id, "consult-1").phone() == "+4930200");

  f.Tell({f.OnLeg("consult-1", F::CALL_RINGING, 1)});
  f.AwaitTransfer(T::RINGING);
  CHECK_THAT(f.Complete(asked->id()).status(), HasError(base::kTransferState));
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
  f.AwaitTransfer(T::CONSULTING);
  f.clock.Advance(absl::Seconds(20));
  const auto completed = f.Complete(asked->id());
  REQUIRE_THAT(completed.status(), IsOk());
  CHECK(completed->status() == T::COMPLETED);
  REQUIRE(completed->has_new_session_id());
  CHECK(completed->has_completed_at());
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "HAND_OVER consult-1"});

  const auto old_session = f.Get(f.id);
  CHECK(old_session->status() == S::TRANSFERRED);
  CHECK(old_session->end_reason() == v1::HANDED_OVER);
  CHECK(old_session->hold_seconds() == 20);
  const auto next = f.Get(completed->new_session_id());
  REQUIRE_THAT(next.status(), IsOk());
  CHECK(next->status() == S::CONNECTED);
  CHECK(next->agent_id() == "agent-b");
  CHECK(next->agent_phone() == "+4930200");
  CHECK(next->parent_session_id() == f.id);
  CHECK(next->conversation_id() == f.id);
  CHECK(next->lead_id() == "lead-uuid");
  CHECK(next->campaign_id() == "campaign-uuid");
  CHECK(next->contact_name() == "John Doe");
  CHECK(next->metadata().fields().at("custom_field").string_value() == "value");
  CHECK(next->provider_call_id() == old_session->provider_call_id());
  CHECK(next->duration_seconds() == 0);
  CHECK(f.Leg(next->id(), "agent").provider_leg_id() == "CA-consult-1");
  CHECK(f.Leg(next->id(), "customer").provider_leg_id() == "CA-customer");

  CHECK(f.FeedTypes(next->id()) == Lines{"session.initiated", "session.connected"});
  for (const char* type : {"transfer.requested", "transfer.ringing", "transfer.consulting",
                           "transfer.completed", "session.transferred", "session.ended"}) {
    CAPTURE(type);
    CHECK(f.Told(type));
  }
  CHECK(f.Scalar("SELECT CONCAT(transfer_type, ' ', status, ' ', leg_id, ' ', to_agent_id) FROM"
                 " call_transfer WHERE new_session_id IS NOT NULL") ==
        "ATTENDED COMPLETED consult-1 agent-b");
  SECTION("completing again is no error") {
    CHECK(f.Complete(asked->id())->new_session_id() == completed->new_session_id());
    CHECK(f.peers.count("ControlCall HAND_OVER") == 1);
    CHECK_THAT(f.Cancel(asked->id()).status(), HasError(base::kTransferState));
  }
  SECTION("what names the old session but tells of the call goes on in the new one") {
    f.clock.Advance(absl::Seconds(30));
    f.Tell({f.OnLeg("agent", F::CALL_ENDED, -30), f.OnLeg("customer", F::CALL_ENDED, 0),
            f.OnLeg("consult-1", F::CALL_ENDED, 1)});
    CHECK(f.Get(f.id)->status() == S::TRANSFERRED);
    const auto ended = f.Get(next->id());
    CHECK(ended->status() == S::COMPLETED);
    CHECK(ended->duration_seconds() == 30);
    CHECK(f.Leg(next->id(), "agent").state() == v1::Leg::ENDED);
    CHECK(f.Leg(f.id, "agent").state() == v1::Leg::ENDED);
  }
  SECTION("the new session is controlled by the names the provider knows") {
    std::vector<v1::Leg> legs;
    std::string room;
    f.peers.control = [&](const ControlCallRequest& request) {
      legs.assign(request.legs().begin(), request.legs().end());
      room = request.order().room();
      return dispatch::v1::ControlCallResponse();
    };
    v1::MuteCallRequest mute;
    mute.set_id(next->id());
    REQUIRE_THAT(f.process->Run(f.process->service.MuteCall(f.Context(), mute)).status(), IsOk());
    REQUIRE(legs.size() == 2);
    CHECK(legs[0].id() == "consult-1");
    CHECK(legs[0].party() == v1::Leg::AGENT);
    CHECK(legs[0].provider_leg_id() == "CA-consult-1");
    CHECK(room == f.id);
  }
  SECTION("it can be handed over again, and no more than five times") {
    std::string session = next->id();
    for (int i = 2; i <= 6; ++i) {
      const std::string leg = "consult-" + std::to_string(i);
      f.AddAgent("agent-" + std::to_string(i), "+49304" + std::to_string(i));
      f.id = session;
      const auto again = f.Transfer(T::BLIND, "agent-" + std::to_string(i));
      if (i == 6) {
        CHECK_THAT(again.status(), HasError(base::kTransferLimit));
        break;
      }
      REQUIRE_THAT(again.status(), IsOk());
      f.Tell({f.OnLeg(leg, F::CALL_ANSWERED, 1)});
      f.AwaitTransfer(T::COMPLETED);
      session = f.Newest().new_session_id();
      CHECK(f.Get(session)->conversation_id() == next->conversation_id());
    }
  }
}

TEST_CASE("a recording over a handover is ready in both sessions", "[session][transfers]") {
  TalkFixture f;
  f.Tell({f.Fact(f.id, F::RECORDING_STARTED, 6)});
  const auto transfer = f.Transfer(T::ATTENDED);
  REQUIRE_THAT(transfer.status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 70)});
  f.AwaitTransfer(T::CONSULTING);
  const auto done = f.Complete(transfer->id());
  REQUIRE_THAT(done.status(), IsOk());
  v1::SessionFact ready = f.Fact(f.id, F::RECORDING_READY, 100);
  ready.mutable_fact()->set_recording_url("https://pbx.example.com/1.wav");
  f.Tell({f.Fact(f.id, F::RECORDING_STOPPED, 100), ready});
  for (const std::string& session : {f.id, done->new_session_id()}) {
    CHECK(f.Get(session)->recording_url() == "https://pbx.example.com/1.wav");
    const auto types = f.FeedTypes(session);
    CHECK(std::count(types.begin(), types.end(), "recording.ready") == 1);
  }
  CHECK(f.Get(f.id)->status() == S::TRANSFERRED);
  const auto before = f.Feed().size();
  f.Tell({f.Fact(f.id, F::RECORDING_STOPPED, 100), ready});
  CHECK(f.Feed().size() == before);
}

TEST_CASE("a blind transfer lets the agent go and hands over by itself", "[session][transfers]") {
  TalkFixture f;
  const T::Type type = GENERATE(T::BLIND, T::COLD);
  REQUIRE_THAT(f.Transfer(type).status(), IsOk());
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "DROP_PARTY agent"});
  f.Tell({f.OnLeg("agent", F::CALL_ENDED, 1)});
  CHECK(f.Get(f.id)->status() == S::ON_HOLD);
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 4)});
  f.AwaitTransfer(T::COMPLETED);
  CHECK(f.Get(f.id)->status() == S::TRANSFERRED);
  CHECK(f.Get(f.Newest().new_session_id())->status() == S::CONNECTED);
  CHECK(f.Orders().back() == "HAND_OVER consult-1");
}

TEST_CASE("three talk in a warm transfer", "[session][transfers]") {
  TalkFixture f;
  const auto asked = f.Transfer(T::WARM);
  REQUIRE_THAT(asked.status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
  f.AwaitTransfer(T::CONSULTING);
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "RESUME"});
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  CHECK(f.Complete(asked->id())->status() == T::COMPLETED);
}

TEST_CASE("a cancelled transfer gives the customer back", "[session][transfers]") {
  TalkFixture f;
  const auto asked = f.Transfer(T::ATTENDED);
  REQUIRE_THAT(asked.status(), IsOk());
  f.clock.Advance(absl::Seconds(12));
  const auto cancelled = f.Cancel(asked->id());
  REQUIRE_THAT(cancelled.status(), IsOk());
  CHECK(cancelled->status() == T::CANCELLED);
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "DROP_PARTY consult-1", "RESUME"});
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  CHECK(f.Get(f.id)->hold_seconds() == 12);
  CHECK(f.Cancel(asked->id())->status() == T::CANCELLED);
  CHECK_THAT(f.Complete(asked->id()).status(), HasError(base::kTransferState));
  CHECK_THAT(f.Cancel("no-such-transfer").status(), HasError(base::kNotFound));
  // The next one has a leg of its own.
  REQUIRE_THAT(f.Transfer(T::ATTENDED).status(), IsOk());
  CHECK(f.Orders().back() == "DIAL_PARTY consult-2");
}

TEST_CASE("a customer is taken off hold though the process died before it did",
          "[session][transfers]") {
  TalkFixture f;
  const auto asked = f.Transfer(T::ATTENDED);
  REQUIRE_THAT(asked.status(), IsOk());
  // The cancel is committed, its resume never leaves.
  f.peers.control = Refusing(ControlCallRequest::RESUME, base::kProviderUnreachable);
  CHECK(f.Cancel(asked->id())->status() == T::CANCELLED);
  CHECK(f.Get(f.id)->status() == S::ON_HOLD);
  f.peers.control = [](const auto&) { return dispatch::v1::ControlCallResponse(); };
  f.NewProcess();
  f.clock.Advance(absl::Seconds(11));
  f.Sweep();
  f.Await(f.id, S::CONNECTED);
  CHECK(f.peers.count("ControlCall RESUME") == 2);
  // A hold of the agent's own, later, is left alone.
  f.clock.Advance(absl::Seconds(2));
  v1::HoldCallRequest hold;
  hold.set_id(f.id);
  REQUIRE_THAT(f.process->Run(f.process->service.HoldCall(f.Context(), hold)).status(), IsOk());
  f.clock.Advance(absl::Seconds(11));
  f.Sweep();
  CHECK(f.Get(f.id)->status() == S::ON_HOLD);
  CHECK(f.peers.count("ControlCall RESUME") == 2);
}

TEST_CASE("the end of a cancelled target is not told as a failure", "[session][transfers]") {
  TalkFixture f;
  const auto asked = f.Transfer(T::BLIND);
  REQUIRE_THAT(asked.status(), IsOk());
  // The provider tells the leg's end before it answers the order, and that is acted on.
  f.peers.control = [&](const ControlCallRequest& request) {
    if (request.action() == ControlCallRequest::DROP_PARTY) {
      f.process->Spawn([](TalkFixture& talk) -> Task<void> {
        v1::ApplyFactsRequest facts;
        *facts.add_facts() = talk.OnLeg("consult-1", F::CALL_ENDED, 9);
        (void)co_await talk.process->service.ApplyFacts(talk.Context(), facts);
      }(f));
      EventuallyTrue([&] { return f.Leg(f.id, "consult-1").state() == v1::Leg::ENDED; }, "the end");
    }
    return dispatch::v1::ControlCallResponse();
  };
  const auto cancelled = f.Cancel(asked->id());
  REQUIRE_THAT(cancelled.status(), IsOk());
  CHECK(cancelled->status() == T::CANCELLED);
  // However many saw it, the agent is rung once.
  EventuallyTrue([&] { return f.peers.count("ControlCall DIAL_PARTY agent-2") > 0; }, "ring");
  CHECK(f.peers.count("ControlCall DIAL_PARTY agent-2") == 1);
}

TEST_CASE("a target that is busy fails the transfer", "[session][transfers]") {
  TalkFixture f;
  SECTION("announced: the agent has the customer again") {
    REQUIRE_THAT(f.Transfer(T::ATTENDED).status(), IsOk());
    f.Tell({f.OnLeg("consult-1", F::CALL_BUSY, 1)});
    f.AwaitTransfer(T::FAILED);
    CHECK(f.Newest().error_message() == "The target was busy");
    CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "RESUME"});
    CHECK(f.Get(f.id)->status() == S::CONNECTED);
    CHECK(f.Told("transfer.failed"));
  }
  SECTION("unannounced: the agent is rung again and gets the customer back") {
    REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk());
    f.Tell({f.OnLeg("agent", F::CALL_ENDED, 1), f.OnLeg("consult-1", F::CALL_BUSY, 2)});
    f.AwaitOrders({"HOLD", "DIAL_PARTY consult-1", "DROP_PARTY agent", "DIAL_PARTY agent-2"});
    CHECK(f.Newest().status() == T::FAILED);
    CHECK(f.Get(f.id)->status() == S::ON_HOLD);
    CHECK(f.Leg(f.id, "agent-2").phone() == "+4930100");
    f.Tell({f.OnLeg("agent-2", F::CALL_ANSWERED, 9)});
    f.Await(f.id, S::CONNECTED);
    CHECK(f.Orders().back() == "RESUME");
    // Back in the call, it ends with the agent's leg as before.
    f.Tell({f.OnLeg("agent-2", F::CALL_ENDED, 30)});
    CHECK(f.Get(f.id)->status() == S::COMPLETED);
  }
  SECTION("unannounced, and the agent is gone: the call ends") {
    REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk());
    f.Tell({f.OnLeg("consult-1", F::CALL_NO_ANSWER, 2)});
    EventuallyTrue([&] { return f.peers.count("ControlCall DIAL_PARTY agent-2") == 1; }, "ring");
    f.Tell({f.OnLeg("agent-2", F::CALL_NO_ANSWER, 30)});
    CHECK(f.Get(f.id)->status() == S::COMPLETED);
    CHECK(f.Get(f.id)->end_reason() == v1::AGENT_NO_ANSWER);
    EventuallyTrue([&] { return f.peers.count("ControlCall HANG_UP") == 1; }, "hang-up");
  }
}

TEST_CASE("a customer whose last hang-up failed is not left on hold", "[session][transfers]") {
  TalkFixture f;
  std::atomic<bool> is_away = true;
  f.peers.control =
      [&](const ControlCallRequest& request) -> absl::StatusOr<dispatch::v1::ControlCallResponse> {
    const bool refused = request.action() == ControlCallRequest::HANG_UP && is_away;
    if (refused) return base::MakeError(base::kProviderUnreachable, "restarting");
    return dispatch::v1::ControlCallResponse();
  };
  REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_NO_ANSWER, 2)});
  EventuallyTrue([&] { return f.peers.count("ControlCall DIAL_PARTY agent-2") == 1; }, "ring");
  f.Tell({f.OnLeg("agent-2", F::CALL_NO_ANSWER, 30)});
  CHECK(f.Get(f.id)->status() == S::COMPLETED);
  EventuallyTrue([&] { return f.peers.count("ControlCall HANG_UP") >= 1; }, "hang-up");
  EventuallyTrue([&] { return f.process->tasks == 0; }, "the call is being settled");
  const int in_vain = f.peers.count("ControlCall HANG_UP");
  is_away = false;
  if (GENERATE(false, true)) f.NewProcess();
  const std::string due =
      "SELECT COUNT(*) FROM click_to_call_session WHERE watchdog_at IS NOT NULL";
  CHECK(f.Scalar(due) == "1");
  f.clock.Advance(absl::Seconds(11));
  f.Sweep();
  CHECK(f.peers.count("ControlCall HANG_UP") == in_vain + 1);
  CHECK(f.Scalar(due) == "0");
  f.clock.Advance(absl::Seconds(11));
  f.Sweep();
  CHECK(f.peers.count("ControlCall HANG_UP") == in_vain + 1);
  CHECK(f.Get(f.id)->status() == S::COMPLETED);
}

TEST_CASE("an ended call that cannot be hung up is given up after a quarter of an hour",
          "[session][transfers]") {
  TalkFixture f;
  f.peers.control = Refusing(ControlCallRequest::HANG_UP, base::kProviderUnreachable);
  REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_NO_ANSWER, 2)});
  EventuallyTrue([&] { return f.peers.count("ControlCall DIAL_PARTY agent-2") == 1; }, "ring");
  f.Tell({f.OnLeg("agent-2", F::CALL_NO_ANSWER, 30)});
  EventuallyTrue([&] { return f.peers.count("ControlCall HANG_UP") >= 1; }, "hang-up");
  EventuallyTrue([&] { return f.process->tasks == 0; }, "the call is being settled");
  const int at_once = f.peers.count("ControlCall HANG_UP");
  f.clock.Advance(absl::Minutes(16));
  f.Sweep();
  CHECK(f.peers.count("ControlCall HANG_UP") == at_once + 1);
  f.clock.Advance(absl::Minutes(1));
  f.Sweep();
  CHECK(f.peers.count("ControlCall HANG_UP") == at_once + 1);
}

TEST_CASE("a target that the provider does not ring fails at once", "[session][transfers]") {
  TalkFixture f;
  f.peers.control = Refusing(ControlCallRequest::DIAL_PARTY, base::kInvalidDestination);
  CHECK_THAT(f.Transfer(T::BLIND).status(), HasError(base::kInvalidDestination));
  CHECK(f.Newest().status() == T::FAILED);
  CHECK(f.Newest().error_message() == "no such extension");
  CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "RESUME"});
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  CHECK(f.Leg(f.id, "consult-1").state() == v1::Leg::ENDED);
}

TEST_CASE("an outcome that is not known is waited for", "[session][transfers]") {
  TalkFixture f;
  f.peers.control = Refusing(ControlCallRequest::DIAL_PARTY, base::kProviderTimeout);
  const auto asked = f.Transfer(T::ATTENDED);
  REQUIRE_THAT(asked.status(), IsOk());
  CHECK(asked->status() == T::REQUESTED);
  SECTION("the target answers") {
    f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
    f.AwaitTransfer(T::CONSULTING);
  }
  SECTION("nothing is ever heard: it is called off, also by another process") {
    f.NewProcess();
    f.clock.Advance(absl::Seconds(46));
    f.Sweep();
    f.AwaitTransfer(T::FAILED);
    CHECK(f.Newest().error_message() == "The target did not answer in time");
    f.AwaitOrders({"HOLD", "DIAL_PARTY consult-1", "DROP_PARTY consult-1", "RESUME"});
    f.Await(f.id, S::CONNECTED);
  }
}

TEST_CASE("a process that dies in a transfer is followed by another", "[session][transfers]") {
  TalkFixture f;
  REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk());
  // The answer is committed, but nobody acts on it.
  f.peers.control = Refusing(ControlCallRequest::HAND_OVER, base::kProviderUnreachable);
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
  EventuallyTrue([&] { return f.peers.count("ControlCall HAND_OVER") == 1; }, "hand-over");
  f.NewProcess();
  f.peers.control = [](const auto&) { return dispatch::v1::ControlCallResponse(); };
  f.clock.Advance(absl::Seconds(11));
  f.Sweep();
  f.AwaitTransfer(T::COMPLETED);
  CHECK(f.Get(f.id)->status() == S::TRANSFERRED);
  CHECK(f.Get(f.Newest().new_session_id())->agent_id() == "agent-b");
}

TEST_CASE("a target that is never handed over is given up", "[session][transfers]") {
  TalkFixture f;
  REQUIRE_THAT(f.Transfer(T::BLIND).status(), IsOk());
  f.peers.control = Refusing(ControlCallRequest::HAND_OVER, base::kProviderRefused);
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
  EventuallyTrue([&] { return f.peers.count("ControlCall HAND_OVER") == 1; }, "hand-over");
  f.clock.Advance(absl::Seconds(60));
  f.Sweep();
  EventuallyTrue([&] { return f.peers.count("ControlCall DIAL_PARTY agent-2") == 1; }, "ring");
  CHECK(f.Newest().status() == T::FAILED);
  EventuallyTrue([&] { return f.peers.count("ControlCall DROP_PARTY consult-1") == 1; }, "drop");
}

TEST_CASE("a customer who hangs up calls the transfer off", "[session][transfers]") {
  TalkFixture f;
  REQUIRE_THAT(f.Transfer(T::ATTENDED).status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
  f.AwaitTransfer(T::CONSULTING);
  f.Tell({f.OnLeg("customer", F::CALL_ENDED, 10)});
  f.AwaitTransfer(T::CANCELLED);
  CHECK(f.Get(f.id)->status() == S::COMPLETED);
  EventuallyTrue([&] { return f.peers.count("ControlCall DROP_PARTY consult-1") == 1; }, "drop");
  EventuallyTrue([&] { return f.peers.count("ControlCall HANG_UP") == 1; }, "hang-up");
}

TEST_CASE("an agent who drops while consulting has handed over", "[session][transfers]") {
  TalkFixture f;
  REQUIRE_THAT(f.Transfer(T::ATTENDED).status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
  f.AwaitTransfer(T::CONSULTING);
  f.Tell({f.OnLeg("agent", F::CALL_ENDED, 10)});
  f.AwaitTransfer(T::COMPLETED);
  CHECK(f.Get(f.id)->status() == S::TRANSFERRED);
}

TEST_CASE("a target that drops while consulting leaves the customer on hold",
          "[session][transfers]") {
  TalkFixture f;
  REQUIRE_THAT(f.Transfer(T::ATTENDED).status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3), f.OnLeg("consult-1", F::CALL_ENDED, 8)});
  f.AwaitTransfer(T::FAILED);
  CHECK(f.Newest().error_message() == "The target hung up");
}

TEST_CASE("hanging up ends a transfer and everybody in it", "[session][transfers]") {
  TalkFixture f;
  REQUIRE_THAT(f.Transfer(T::ATTENDED).status(), IsOk());
  v1::EndCallRequest end;
  end.set_id(f.id);
  REQUIRE_THAT(f.process->Run(f.process->service.EndCall(f.Context(), end)).status(), IsOk());
  f.AwaitTransfer(T::CANCELLED);
  EventuallyTrue([&] { return f.peers.count("ControlCall DROP_PARTY consult-1") == 1; }, "drop");
}

}  // namespace ctc::session
