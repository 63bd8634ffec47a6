// Handovers over a real database: what is asked of the provider, what clients and the feed see, and
// what is left of it after a crash.
#include <catch2/catch.hpp>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

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

// Agent A talks with a customer; agent B is registered.
struct TalkFixture : Fixture {
  TalkFixture() {
    AddAgent("agent-uuid", "+4930100");
    AddAgent("agent-b", "+4930200");
    peers.route.set_agent_registered(true);
    peers.route.set_agent_active(true);
    peers.route.set_agent_phone("+4930100");
    const auto made = Initiate();
    REQUIRE_THAT(made.status(), IsOk());
    id = made->id();
    Tell({OnLeg("agent", F::CALL_ANSWERED, 2), OnLeg("customer", F::CALL_ANSWERED, 5)});
    clock.Advance(absl::Seconds(60));
    talk_began = static_cast<int>(peers.asked().size());
  }
  void AddAgent(const std::string& agent, const std::string& phone) {
    peers.agents[agent].set_id(agent);
    peers.agents[agent].set_phone(phone);
    peers.agents[agent].set_is_active(true);
  }
  v1::SessionFact OnLeg(const std::string& leg, F::Kind kind, int seconds) {
    v1::SessionFact fact = Fact(id, kind, seconds);
    fact.mutable_fact()->set_leg_id(leg);
    fact.mutable_fact()->set_event_key(fact.fact().event_key() + leg);
    fact.mutable_fact()->set_provider_leg_id("CA-" + leg);
    return fact;
  }
  void Tell(const std::vector<v1::SessionFact>& facts) {
    REQUIRE_THAT(Apply(facts).status(), IsOk());
  }
  absl::StatusOr<T> Transfer(T::Type type, const std::string& agent = "agent-b",
                             const std::string& key = "") {
    v1::TransferCallRequest request;
    request.set_id(id);
    request.set_transfer_type(type);
    request.set_to_agent_id(agent);
    request.set_reason("billing question");
    return Transfer(request, key);
  }
  absl::StatusOr<T> Transfer(const v1::TransferCallRequest& request, const std::string& key = "") {
    rpc::Context context = Context();
    context.idempotency_key = key;
    auto answer = process->Run(process->transfers.TransferCall(std::move(context), request));
    if (!answer.ok()) return answer.status();
    return answer->transfer();
  }
  absl::StatusOr<T> Complete(const std::string& transfer) {
    v1::CompleteTransferRequest request;
    request.set_id(id);
    request.set_transfer_id(transfer);
    auto answer = process->Run(process->transfers.CompleteTransfer(Context(), request));
    if (!answer.ok()) return answer.status();
    return answer->transfer();
  }
  absl::StatusOr<T> Cancel(const std::string& transfer) {
    v1::CancelTransferRequest request;
    request.set_id(id);
    request.set_transfer_id(transfer);
    auto answer = process->Run(process->transfers.CancelTransfer(Context(), request));
    if (!answer.ok()) return answer.status();
    return answer->transfer();
  }
  T Newest() {
    v1::ListTransfersRequest request;
    request.set_id(id);
    auto answer = process->Run(process->transfers.ListTransfers(Context(), request));
    REQUIRE_THAT(answer.status(), IsOk());
    REQUIRE(answer->total() == answer->transfers_size());
    return answer->transfers_size() == 0 ? T() : *answer->transfers().rbegin();
  }
  void AwaitTransfer(T::Status status) {
    EventuallyTrue([&] { return Newest().status() == status; }, T::Status_Name(status));
  }
  void Await(const std::string& session, S::Status status) {
    EventuallyTrue([&] { return Get(session)->status() == status; }, S::Status_Name(status));
  }
  // What was asked of the provider since the talk began, without look-ups.
  Lines Orders() {
    Lines orders;
    const Lines all = peers.asked();
    for (auto line = all.begin() + talk_began; line != all.end(); ++line) {
      if (line->starts_with("ControlCall ")) orders.push_back(line->substr(12));
    }
    return orders;
  }
  void AwaitOrders(const Lines& wanted) {
    EventuallyTrue([&] { return Orders() == wanted; }, "orders to the provider");
  }
  Lines FeedTypes(const std::string& session) {
    Lines types;
    for (const auto& event : Feed()) {
      if (event.id() == session) types.push_back(event.type());
    }
    return types;
  }
  bool Told(const std::string& type) {
    const Lines types = FeedTypes(id);
    return std::find(types.begin(), types.end(), type) != types.end();
  }
  v1::Leg Leg(const std::string& session, const std::string& leg_id) {
    const auto found = Get(session);
    for (const v1::Leg& leg : found->legs()) {
      if (leg.id() == leg_id) return leg;
    }
    return {};
  }

  std::string id;
  int talk_began = 0;
};

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
    REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
    f.AwaitTransfer(T::FAILED);
    CHECK(f.Newest().error_message() == "The target did not answer in time");
    CHECK(f.Orders() == Lines{"HOLD", "DIAL_PARTY consult-1", "DROP_PARTY consult-1", "RESUME"});
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
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
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
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
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

TEST_CASE("a transfer that cannot be is refused before anything changed", "[session][transfers]") {
  TalkFixture f;
  const auto untouched = [&] {
    CHECK(f.Orders().empty());
    CHECK(f.Newest().id().empty());
    CHECK(f.Get(f.id)->status() == S::CONNECTED);
  };
  v1::TransferCallRequest request;
  request.set_id(f.id);
  SECTION("a provider that cannot") {
    f.peers.capabilities = {"hold"};
    const auto refused = f.Transfer(T::BLIND);
    REQUIRE_THAT(refused.status(), HasError(base::kCapabilityMissing));
    CHECK(base::DetailOf(refused.status()).metadata.at("capability") == "transfer");
    untouched();
  }
  SECTION("no target, or two") {
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    request.set_to_agent_id("agent-b");
    request.set_to_phone("+4930300");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    untouched();
  }
  SECTION("to oneself, to the customer, to nobody, to somebody switched off") {
    CHECK_THAT(f.Transfer(T::BLIND, "agent-uuid").status(), HasError(base::kValidationFailed));
    request.set_to_phone("+1234567890");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    request.set_to_phone("call me");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kValidationFailed));
    CHECK_THAT(f.Transfer(T::BLIND, "nobody").status(), HasError(base::kValidationFailed));
    f.peers.agents["agent-b"].set_is_active(false);
    CHECK_THAT(f.Transfer(T::BLIND).status(), HasError(base::kAgentInactive));
    untouched();
  }
  SECTION("a number that a rule forbids") {
    f.peers.check = [](const auto&) {
      recording::v1::CheckCallResponse answer;
      answer.set_verdict("BLOCK");
      answer.add_reasons()->set_code("DNC");
      return answer;
    };
    request.set_to_phone("+4930300");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kBlockedByPolicy));
    untouched();
  }
  SECTION("a queue in which nobody is free") {
    request.set_to_queue_id("0190b0a0-0000-7000-8000-000000000001");
    f.peers.queue.add_available_agents("agent-uuid");
    CHECK_THAT(f.Transfer(request).status(), HasError(base::kNoAgentAvailable));
    untouched();
  }
  SECTION("of a call that is not connected") {
    f.Tell({f.OnLeg("customer", F::CALL_ENDED, 10)});
    CHECK_THAT(f.Transfer(T::BLIND).status(), HasError(base::kCallNotLive));
    CHECK(f.Orders().empty());
  }
  SECTION("of another tenant's or another agent's call") {
    request.set_to_agent_id("agent-b");
    CHECK_THAT(f.process->Run(f.process->transfers.TransferCall(f.Context("t2"), request)).status(),
               HasError(base::kNotFound));
    auto other = f.Context();
    other.principal.role = rpc::Role::kAgent;
    other.principal.agent_id = "someone-else";
    CHECK_THAT(f.process->Run(f.process->transfers.TransferCall(other, request)).status(),
               HasError(base::kNotFound));
    untouched();
  }
}

TEST_CASE("a second transfer meets the open one, a repeated request its own",
          "[session][transfers]") {
  TalkFixture f;
  const auto first = f.Transfer(T::ATTENDED, "agent-b", "key-1");
  REQUIRE_THAT(first.status(), IsOk());
  const auto second = f.Transfer(T::ATTENDED);
  REQUIRE_THAT(second.status(), HasError(base::kTransferOpen));
  CHECK(base::DetailOf(second.status()).metadata.at("transfer_id") == first->id());
  CHECK(f.Transfer(T::ATTENDED, "agent-b", "key-1")->id() == first->id());
  CHECK(f.peers.count("ControlCall DIAL_PARTY") == 1);
}

TEST_CASE("a queue's first free agent takes over, and a number without an agent",
          "[session][transfers]") {
  TalkFixture f;
  v1::TransferCallRequest request;
  request.set_id(f.id);
  request.set_transfer_type(T::COLD);
  SECTION("queue") {
    const std::string queue = "0190b0a0-0000-7000-8000-000000000001";
    request.set_to_queue_id(queue);
    f.peers.queue.add_available_agents("agent-uuid");
    f.peers.queue.add_available_agents("agent-b");
    const auto asked = f.Transfer(request);
    REQUIRE_THAT(asked.status(), IsOk());
    CHECK(asked->to_agent_id() == "agent-b");
    CHECK(asked->to_queue_id() == queue);
  }
  SECTION("number") {
    request.set_to_phone("+49 30 300");
    const auto asked = f.Transfer(request);
    REQUIRE_THAT(asked.status(), IsOk());
    CHECK(asked->to_phone() == "+4930300");
    for (const auto& event : f.Feed()) CHECK(event.detail().find("4930300") == std::string::npos);
    f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 3)});
    f.AwaitTransfer(T::COMPLETED);
    const auto next = f.Get(f.Newest().new_session_id());
    CHECK_FALSE(next->has_agent_id());
    CHECK(next->agent_phone() == "+4930300");
  }
}

}  // namespace ctc::session
