// Guests and supervisors: what is asked of the provider, and what the timeline keeps of it.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/domain/transfer.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallRequest;
using testing::EventuallyTrue;
using testing::HasError;
using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;

struct RoomFixture : Fixture {
  RoomFixture() {
    peers.agents["sup-1"].set_phone("+4930900");
    peers.agents["sup-1"].set_is_active(true);
    peers.route.set_agent_phone("+4930100");
    const auto made = Initiate();
    REQUIRE_THAT(made.status(), IsOk());
    id = made->id();
    Tell("agent", F::CALL_ANSWERED, 2);
    Tell("customer", F::CALL_ANSWERED, 5);
  }
  void Tell(const std::string& leg, F::Kind kind, int seconds) {
    v1::SessionFact fact = Fact(id, kind, seconds);
    fact.mutable_fact()->set_leg_id(leg);
    fact.mutable_fact()->set_event_key(fact.fact().event_key() + leg);
    REQUIRE_THAT(Apply({fact}).status(), IsOk());
  }
  absl::StatusOr<v1::Leg> Add(const std::string& phone, const std::string& agent = "") {
    v1::AddPartyRequest request;
    request.set_id(id);
    if (!phone.empty()) request.set_phone(phone);
    if (!agent.empty()) request.set_agent_id(agent);
    auto answer = process->Run(process->transfers.AddParty(Context(), request));
    if (!answer.ok()) return answer.status();
    return answer->leg();
  }
  absl::Status Remove(const std::string& leg) {
    v1::RemovePartyRequest request;
    request.set_id(id);
    request.set_leg_id(leg);
    return process->Run(process->transfers.RemoveParty(Context(), request)).status();
  }
  absl::StatusOr<v1::Leg> Monitor(const std::string& mode,
                                  const std::string& supervisor = "sup-1") {
    v1::MonitorCallRequest request;
    request.set_id(id);
    request.set_mode(mode);
    request.set_supervisor_id(supervisor);
    rpc::Context context = Context();
    context.principal.subject = "key_boss";
    auto answer = process->Run(process->transfers.MonitorCall(std::move(context), request));
    if (!answer.ok()) return answer.status();
    return answer->leg();
  }
  std::vector<std::string> Details(const std::string& type) {
    std::vector<std::string> details;
    for (const auto& event : Feed()) {
      if (event.type() == type) details.push_back(event.detail());
    }
    return details;
  }
  std::string id;
};

}  // namespace

TEST_CASE("guests join, are taken out, and leave the call as it is", "[session][conference]") {
  RoomFixture f;
  const auto first = f.Add("+4930300");
  REQUIRE_THAT(first.status(), IsOk());
  CHECK(first->id() == "party-1");
  CHECK(first->party() == v1::Leg::GUEST);
  CHECK(first->state() == v1::Leg::DIALLING);
  CHECK(first->phone() == "+4930300");
  CHECK(f.Add("", "sup-1")->id() == "party-2");
  f.Tell("party-1", F::CALL_ANSWERED, 20);
  f.Tell("party-2", F::CALL_BUSY, 20);
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  REQUIRE_THAT(f.Remove("party-1"), IsOk());
  CHECK_THAT(f.Remove("party-1"), IsOk());
  CHECK(f.peers.count("ControlCall DROP_PARTY party-1") == 1);
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  CHECK_THAT(f.Remove("party-7"), HasError(base::kNotFound));
  CHECK_THAT(f.Remove("agent"), HasError(base::kValidationFailed));
}

TEST_CASE("the customer goes on with a guest, and is not left alone", "[session][conference]") {
  RoomFixture f;
  REQUIRE_THAT(f.Add("+4930300").status(), IsOk());
  f.Tell("party-1", F::CALL_ANSWERED, 20);
  f.Tell("agent", F::CALL_ENDED, 30);
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  CHECK(f.peers.count("ControlCall HANG_UP") == 0);
  f.Tell("party-1", F::CALL_ENDED, 40);
  EventuallyTrue([&] { return f.Get(f.id)->status() == S::COMPLETED; }, "the end");
  CHECK(f.peers.count("ControlCall HANG_UP") == 1);
}

TEST_CASE("the end of the call ends its guests", "[session][conference]") {
  bool shown_alive = false;  // before what writes it in the background
  RoomFixture f;
  REQUIRE_THAT(f.Add("+4930300").status(), IsOk());
  f.Tell("party-1", F::CALL_ANSWERED, 20);
  f.peers.control = [&](const ControlCallRequest& request) {
    for (const v1::Leg& leg : request.legs()) {
      shown_alive |= leg.id() == "party-1" && leg.state() != v1::Leg::ENDED;
    }
    return dispatch::v1::ControlCallResponse();
  };
  f.Tell("customer", F::CALL_ENDED, 40);
  EventuallyTrue([&] { return f.peers.count("ControlCall HANG_UP") == 1; }, "hang-up");
  CHECK(f.peers.count("ControlCall DROP_PARTY party-1") == 1);
  CHECK(shown_alive);
}

TEST_CASE("a guest whom the provider does not ring is told as such", "[session][conference]") {
  RoomFixture f;
  f.peers.control = [](const auto&) {
    return base::MakeError(base::kInvalidDestination, "no such number");
  };
  CHECK_THAT(f.Add("+4930300").status(), HasError(base::kInvalidDestination));
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
  f.peers.control = [](const auto&) { return dispatch::v1::ControlCallResponse(); };
  CHECK(f.Add("+4930300")->id() == "party-2");
}

TEST_CASE("a guest of whom nothing is heard is given up", "[session][conference]") {
  RoomFixture f;
  REQUIRE_THAT(f.Add("+4930300").status(), IsOk());
  f.NewProcess();
  f.clock.Advance(absl::Seconds(46));
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
  EventuallyTrue([&] { return f.peers.count("ControlCall DROP_PARTY party-1") == 1; }, "drop");
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
}

TEST_CASE("a party that cannot be is refused before anything changed", "[session][conference]") {
  RoomFixture f;
  CHECK_THAT(f.Add("").status(), HasError(base::kValidationFailed));
  CHECK_THAT(f.Add("+4930300", "sup-1").status(), HasError(base::kValidationFailed));
  CHECK_THAT(f.Add("", "nobody").status(), HasError(base::kValidationFailed));
  CHECK_THAT(f.Add("", "agent-uuid").status(), HasError(base::kValidationFailed));
  CHECK_THAT(f.Monitor("EAVESDROP").status(), HasError(base::kValidationFailed));
  f.peers.capabilities = {"hold"};
  CHECK_THAT(f.Add("+4930300").status(), HasError(base::kCapabilityMissing));
  CHECK_THAT(f.Monitor("LISTEN").status(), HasError(base::kCapabilityMissing));
  CHECK(f.peers.count("ControlCall") == 0);
  f.peers.capabilities = {"conference"};
  for (int i = 0; i < domain::kMostGuests; ++i) REQUIRE_THAT(f.Add("+4930300").status(), IsOk());
  CHECK_THAT(f.Add("+4930300").status(), HasError(base::kPartyLimit));
  f.Tell("customer", F::CALL_ENDED, 40);
  CHECK_THAT(f.Add("+4930300").status(), HasError(base::kCallNotLive));
}

TEST_CASE("a supervisor listens and whispers, and the timeline keeps who asked",
          "[session][conference]") {
  RoomFixture f;
  std::vector<ControlCallRequest::Mode> modes;
  f.peers.control = [&](const ControlCallRequest& request) {
    modes.push_back(request.target().mode());
    return dispatch::v1::ControlCallResponse();
  };
  const auto leg = f.Monitor("LISTEN");
  REQUIRE_THAT(leg.status(), IsOk());
  CHECK(leg->id() == "supervisor-1");
  CHECK(leg->party() == v1::Leg::SUPERVISOR);
  f.Tell("supervisor-1", F::CALL_ANSWERED, 20);
  CHECK(f.Monitor("WHISPER")->id() == "supervisor-1");
  CHECK(modes == std::vector{ControlCallRequest::LISTEN, ControlCallRequest::WHISPER});
  CHECK(f.peers.count("ControlCall DIAL_PARTY") == 1);
  CHECK(f.Details("monitor.started") ==
        std::vector<std::string>{"LISTEN by sup-1, asked for by key_boss"});
  CHECK(f.Details("monitor.changed") ==
        std::vector<std::string>{"WHISPER by sup-1, asked for by key_boss"});
  const auto refused = f.Monitor("BARGE");
  REQUIRE_THAT(refused.status(), HasError(base::kCapabilityMissing));
  CHECK(base::DetailOf(refused.status()).metadata.at("capability") == "barge");
  // Who left is rung again.
  f.Tell("supervisor-1", F::CALL_ENDED, 30);
  CHECK(f.Monitor("LISTEN")->id() == "supervisor-2");
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
}

}  // namespace ctc::session
