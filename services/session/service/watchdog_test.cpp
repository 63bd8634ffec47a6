// Silence: the provider is asked, and the session ends truthfully.
#include <absl/cleanup/cleanup.h>

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/talk_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::LookUpCallResponse;
using dispatch::v1::PlaceCallResponse;
using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;

LookUpCallResponse Found(LookUpCallResponse::Found found) {
  LookUpCallResponse answer;
  answer.set_found(found);
  return answer;
}

// Sweeps, and waits until the tasks it began have settled `id`. The clock goes on: a look may put
// the next one off by the clock as it is by then.
void SweepUntil(Fixture& f, const std::string& id, S::Status status) {
  testing::Eventually([&]() -> std::string {
    f.clock.Advance(absl::Seconds(11));
    const auto swept = f.process->Run(f.process->watchdog->Sweep());
    if (!swept.ok()) return std::string(swept.status().message());
    const auto session = f.Get(id);
    return session->status() == status ? "" : S::Status_Name(session->status());
  });
}

}  // namespace

TEST_CASE("a request left by a process that died is looked up at once", "[session][watchdog]") {
  Fixture f;
  f.peers.place = [](const auto&) { return absl::UnavailableError("the process dies here"); };
  std::string id;
  f.peers.look_up = [&](const auto& request) {
    auto answer = Found(LookUpCallResponse::LIVE);
    answer.set_provider_call_id("found-" + request.order().id());
    return answer;
  };
  REQUIRE_FALSE(f.Initiate().ok());
  id = f.Scalar("SELECT id FROM click_to_call_session");
  f.NewProcess();
  testing::Eventually([&]() -> std::string {
    const auto swept = f.process->Run(f.process->watchdog->Sweep());
    const auto session = f.Get(id);
    return session->submission() == S::ACCEPTED ? "" : "not found yet";
  });
  CHECK(f.Get(id)->provider_call_id() == "found-" + id);
  CHECK(f.Get(id)->status() == S::INITIATED);
  CHECK(f.peers.count("PlaceCall") == 1);
  SECTION("a webhook for it still applies") {
    CHECK(f.Apply({f.Fact(id, F::CALL_RINGING, 1)})->results(0) == v1::ApplyFactsResponse::APPLIED);
  }
}

TEST_CASE("an unknown outcome that the provider never heard of ends as lost",
          "[session][watchdog]") {
  Fixture f;
  f.peers.place = [](const auto&) {
    PlaceCallResponse answer;
    answer.set_outcome(PlaceCallResponse::UNKNOWN_OUTCOME);
    return answer;
  };
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::NOT_FOUND); };
  REQUIRE_FALSE(f.Initiate().ok());
  const std::string id = f.Scalar("SELECT id FROM click_to_call_session");
  f.clock.Advance(absl::Seconds(3));
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
  CHECK(f.Get(id)->status() == S::INITIATED);
  f.clock.Advance(absl::Seconds(120));
  SweepUntil(f, id, S::FAILED);
  CHECK(f.Get(id)->end_reason() == v1::LOST);
  CHECK(f.Get(id)->known_by() == v1::TIMEOUT);
  SECTION("the provider's later word replaces the inference") {
    REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_BUSY, -50)}).status(), IsOk());
    CHECK(f.Get(id)->status() == S::BUSY);
  }
}

TEST_CASE("each silent state ends as the provider's answer says", "[session][watchdog]") {
  Fixture f;
  const auto made = f.Initiate();
  REQUIRE_THAT(made.status(), IsOk());
  const std::string& id = made->id();
  SECTION("accepted and forgotten") {
    f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::NOT_FOUND); };
    f.clock.Advance(absl::Seconds(50));
    SweepUntil(f, id, S::FAILED);
    CHECK(f.Get(id)->end_reason() == v1::LOST);
  }
  SECTION("ringing too long") {
    REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_RINGING, 1)}).status(), IsOk());
    f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::CANNOT_ASK); };
    f.clock.Advance(absl::Seconds(100));
    SweepUntil(f, id, S::NO_ANSWER);
    CHECK(f.Get(id)->end_reason() == v1::RING_TIMEOUT);
    CHECK(f.peers.count("ControlCall HANG_UP") >= 1);
  }
  SECTION("the end of a conversation got lost") {
    REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_ANSWERED, 1)}).status(), IsOk());
    const auto end = base::ToProto(f.clock.Now() + absl::Seconds(61));
    f.peers.look_up = [end](const auto&) {
      auto answer = Found(LookUpCallResponse::ENDED);
      F& fact = *answer.add_facts();
      fact.set_kind(F::CALL_ENDED);
      fact.set_event_key("record:end");
      *fact.mutable_provider_time() = end;
      return answer;
    };
    f.clock.Advance(absl::Minutes(16));
    SweepUntil(f, id, S::COMPLETED);
    CHECK(f.Get(id)->duration_seconds() == 60);
    CHECK(f.Get(id)->known_by() == v1::POLL);
  }
  SECTION("a conversation that goes on is left alone, and hung up at the limit") {
    REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_ANSWERED, 1)}).status(), IsOk());
    f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
    f.clock.Advance(absl::Minutes(16));
    testing::Eventually([&]() -> std::string {
      const auto swept = f.process->Run(f.process->watchdog->Sweep());
      return f.peers.count("LookUpCall") >= 1 ? "" : "not asked yet";
    });
    CHECK(f.Get(id)->status() == S::CONNECTED);
    f.clock.Advance(absl::Hours(5));
    SweepUntil(f, id, S::COMPLETED);
    CHECK(f.Get(id)->end_reason() == v1::MAX_DURATION);
  }
}

TEST_CASE("a provider's clock does not cut a conversation short", "[session][watchdog]") {
  Fixture f;
  const auto made = f.Initiate();
  REQUIRE_THAT(made.status(), IsOk());
  REQUIRE_THAT(f.Apply({f.Fact(made->id(), F::CALL_ANSWERED, -5 * 3600)}).status(), IsOk());
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  f.clock.Advance(absl::Seconds(100));
  for (int i = 0; i < 2; ++i) f.Sweep();
  CHECK(f.peers.count("ControlCall HANG_UP") == 0);
  CHECK(f.Get(made->id())->status() == S::CONNECTED);
}

TEST_CASE("a transfer does not keep a call alive whose end nobody told", "[session][watchdog]") {
  TalkFixture f;
  const auto transfer = f.Transfer(v1::Transfer::ATTENDED);
  REQUIRE_THAT(transfer.status(), IsOk());
  f.Tell({f.OnLeg("consult-1", F::CALL_ANSWERED, 70)});
  f.AwaitTransfer(v1::Transfer::CONSULTING);
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::NOT_FOUND); };
  f.clock.Advance(absl::Minutes(10));
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
  CHECK(f.peers.count("LookUpCall") == 0);  // long talks are usual
  f.clock.Advance(absl::Minutes(6));
  SweepUntil(f, f.id, S::COMPLETED);
  CHECK(f.Get(f.id)->end_reason() == v1::LOST);
}

TEST_CASE("a cancelled call ends though the provider cannot hang it up", "[session][watchdog]") {
  Fixture f;
  const auto made = f.Initiate();
  REQUIRE_THAT(made.status(), IsOk());
  REQUIRE_THAT(f.Apply({f.Fact(made->id(), F::CALL_RINGING, 1)}).status(), IsOk());
  f.peers.control = [](const auto&) { return absl::UnavailableError("out of order"); };
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  v1::EndCallRequest end;
  end.set_id(made->id());
  REQUIRE_FALSE(f.process->Run(f.process->service.EndCall(f.Context(), end)).ok());
  f.clock.Advance(absl::Minutes(4));  // beyond the ringing limit and its grace
  SweepUntil(f, made->id(), S::CANCELLED);
}

TEST_CASE("a provider that hangs keeps its own sessions waiting only", "[session][watchdog]") {
  Fixture f;
  for (int i = 0; i < 40; ++i) {
    const auto click = f.Click("+10000000" + std::to_string(10 + i));
    REQUIRE_THAT(f.Initiate(click, f.Context()).status(), IsOk());
  }
  f.clock.Advance(absl::Seconds(1));
  f.peers.route.mutable_candidates(0)->set_provider_id("p2");
  REQUIRE_THAT(f.Initiate(f.Click("+1000000099"), f.Context()).status(), IsOk());
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  f.peers.Hang("p1");
  const absl::Cleanup answer = [&f] { f.peers.Hang(""); };
  f.clock.Advance(absl::Seconds(50));
  for (int i = 0; i < 10; ++i) {
    REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
    f.clock.Advance(absl::Milliseconds(100));
  }
  testing::EventuallyTrue([&] { return f.peers.count("LookUpCall p2") == 1; }, "not asked");
  testing::EventuallyTrue([&] { return f.peers.count("LookUpCall p1") == 24; }, "not asked");
}

TEST_CASE("calls that fell silent together are asked for one after the other",
          "[session][watchdog]") {
  Fixture f;
  for (int i = 0; i < 150; ++i) {
    const auto click = f.Click("+1000000" + std::to_string(100 + i));
    f.peers.route.mutable_candidates(0)->set_provider_id("p" + std::to_string(i % 5));
    REQUIRE_THAT(f.Initiate(click, f.Context()).status(), IsOk());
  }
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  f.clock.Advance(absl::Seconds(50));
  f.Sweep();
  CHECK(f.peers.count("LookUpCall") == 20);
  f.Sweep();  // in the same moment: the others wait, and nothing is written of them
  CHECK(f.peers.count("LookUpCall") == 20);
  CHECK(f.Scalar("SELECT COUNT(*) FROM click_to_call_session WHERE version = 2") == "130");
  for (int looked = 30; looked <= 150; looked += 10) {
    f.clock.Advance(absl::Milliseconds(100));
    f.Sweep();
    CHECK(f.peers.count("LookUpCall") == looked);
  }
}

TEST_CASE("calls of an account that hangs are put off together, not again and again",
          "[session][watchdog]") {
  Fixture f;
  for (int i = 0; i < 240; ++i) {
    const auto click = f.Click("+1000000" + std::to_string(100 + i));
    REQUIRE_THAT(f.Initiate(click, f.Context()).status(), IsOk());
  }
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  f.peers.Hang("p1");
  const absl::Cleanup answer = [&f] { f.peers.Hang(""); };
  f.clock.Advance(absl::Seconds(50));
  const auto sweep_for_a_second = [&] {
    for (int i = 0; i < 10; ++i) {
      REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
      f.clock.Advance(absl::Milliseconds(100));
    }
  };
  const auto written = [&](int times) {
    return f.Scalar("SELECT COUNT(*) FROM click_to_call_session WHERE version = " +
                    std::to_string(2 + times));
  };
  sweep_for_a_second();
  CHECK(written(1) == "200");  // as many as are read at once, besides 24 that are looked at
  CHECK(written(0) == "40");
  sweep_for_a_second();
  CHECK(written(1) == "200");
  f.clock.Advance(absl::Minutes(1));
  sweep_for_a_second();
  CHECK(f.Scalar("SELECT MAX(version) FROM click_to_call_session") == "4");
}

TEST_CASE("a session that cannot be read keeps nobody else waiting", "[session][watchdog]") {
  Fixture f;
  for (int i = 0; i < 5; ++i) {
    const auto click = f.Click("+10000000" + std::to_string(10 + i));
    REQUIRE_THAT(f.Initiate(click, f.Context()).status(), IsOk());
    f.clock.Advance(absl::Seconds(1));
  }
  f.NewProcess();
  f.Change("UPDATE click_to_call_session SET facts = 'no facts' ORDER BY id LIMIT 1");
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  f.clock.Advance(absl::Seconds(60));
  for (int i = 0; i < 2; ++i) {
    f.Sweep();
    CHECK(f.peers.count("LookUpCall") == 4);
  }
}

TEST_CASE("a look that fails is not begun again at once", "[session][watchdog]") {
  Fixture f;
  REQUIRE_THAT(f.Initiate().status(), IsOk());
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  f.Change(
      "CREATE TRIGGER refuse BEFORE UPDATE ON click_to_call_session FOR EACH ROW"
      " SIGNAL SQLSTATE '45000'");
  const auto sweep = [&](int wanted) {
    f.Sweep();
    CHECK(f.peers.count("LookUpCall") == wanted);
  };
  f.clock.Advance(absl::Seconds(50));
  sweep(1);
  sweep(1);
  f.clock.Advance(absl::Seconds(6));
  sweep(2);
}

TEST_CASE("who waits on hold is not behind calls that fell silent", "[session][watchdog]") {
  TalkFixture f;
  for (int i = 0; i < 60; ++i) {
    const auto click = f.Click("+10000000" + std::to_string(10 + i));
    REQUIRE_THAT(f.Initiate(click, f.Context()).status(), IsOk());
  }
  f.peers.look_up = [](const auto&) { return Found(LookUpCallResponse::LIVE); };
  f.clock.Advance(absl::Seconds(300));
  f.Sweep();
  const std::string next_look =
      "SELECT watchdog_at FROM click_to_call_session WHERE id = '" + f.id + "'";
  REQUIRE_THAT(f.Transfer(v1::Transfer::ATTENDED).status(), IsOk());
  const std::string before = f.Scalar(next_look);
  const int asked = f.peers.count("LookUpCall");
  f.clock.Advance(absl::Seconds(10));
  for (int i = 0; i < 5; ++i) f.Sweep();
  CHECK(f.Scalar(next_look) > before);
  CHECK(f.peers.count("LookUpCall") == asked + 19);  // others were due before
}

TEST_CASE("only one of two processes sweeps", "[session][watchdog]") {
  Fixture f;
  const std::unique_ptr<Process> neighbour = f.NewNeighbour();
  Process& other = *neighbour;
  REQUIRE_THAT(f.Initiate().status(), IsOk());
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
  f.clock.Advance(absl::Seconds(5));
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
  f.clock.Advance(absl::Seconds(5));
  CHECK(f.process->watchdog->is_alone());
  CHECK(other.Run(other.watchdog->Sweep())->settled == 0);
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
  CHECK_FALSE(f.process->watchdog->is_alone());
  CHECK_FALSE(other.watchdog->is_alone());
  f.clock.Advance(absl::Seconds(60));  // the first one died
  CHECK(other.Run(other.watchdog->Sweep())->settled == 1);
  CHECK(other.watchdog->is_alone());
}

}  // namespace ctc::session
