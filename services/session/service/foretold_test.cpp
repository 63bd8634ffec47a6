// Calls that a look-up finds by their order: answered, shown and written along.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::PlaceCallResponse;
using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;
using Which = store::Foretold::Which;

PlaceCallResponse FoundByOrder(const dispatch::v1::PlaceCallRequest& request) {
  PlaceCallResponse answer;
  answer.set_outcome(PlaceCallResponse::ACCEPTED);
  answer.set_provider_call_id("call-" + request.order().id());
  answer.set_found_by_order(true);
  return answer;
}

struct ForetoldFixture : Fixture {
  ForetoldFixture() { peers.place = FoundByOrder; }

  // What is written of the submission, and how often the session was.
  std::string Row(const std::string& id) {
    return Scalar(
        "SELECT CONCAT_WS(' ', submission, provider_call_id, version)"
        " FROM click_to_call_session WHERE id = '" +
        id + "'");
  }
  std::string Placed(const v1::InitiateCallRequest& click) {
    const auto session = Initiate(click, Context());
    REQUIRE_THAT(session.status(), IsOk());
    CHECK(session->submission() == S::ACCEPTED);
    CHECK(session->provider_call_id() == "call-" + session->id());
    return session->id();
  }
  std::string Placed() { return Placed(Click()); }
  void CheckShown(const std::string& id) {
    const auto read = Get(id);
    REQUIRE_THAT(read.status(), IsOk());
    CHECK(read->submission() == S::ACCEPTED);
    CHECK(read->provider_call_id() == "call-" + id);
  }
  void AwaitRow(const std::string& id, const std::string& row) {
    testing::EventuallyTrue([&] { return Row(id) == row; }, "the acceptance is written");
  }
};

}  // namespace

TEST_CASE("the acceptance is shown at once and costs no write of its own", "[session][foretold]") {
  ForetoldFixture f;
  // The first sweep of a process asks for every call that stands as not answered.
  REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
  const std::string id = f.Placed();
  f.CheckShown(id);
  CHECK(f.process->tasks == 0);  // nothing is under way that would write it
  CHECK(f.Row(id) == "SENT 1");
  SECTION("an event writes it along") {
    REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_RINGING, 1)}).status(), IsOk());
    CHECK(f.Row(id) == "ACCEPTED call-" + id + " 3");
    f.process->submission.SettleForetold(Which::kAll);
    CHECK(f.process->tasks == 0);
    CHECK_FALSE(f.process->writer.has_foretold());
  }
  SECTION("so does the next look of the watchdog") {
    f.clock.Advance(f.process->settings.watchdog.submit + absl::Seconds(1));
    REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
    CHECK(f.Row(id) == "ACCEPTED call-" + id + " 3");
    CHECK(f.peers.count("LookUpCall") == 0);  // it is not late yet: it is known to be accepted
  }
  SECTION("a process that ends writes it") {
    f.process->submission.SettleForetold(Which::kAll);
    f.AwaitRow(id, "ACCEPTED call-" + id + " 3");
    CHECK_FALSE(f.process->writer.has_foretold());
  }
  SECTION("after a crash the provider is asked") {
    f.NewProcess();
    f.peers.look_up = [&](const auto&) {
      dispatch::v1::LookUpCallResponse answer;
      answer.set_found(dispatch::v1::LookUpCallResponse::LIVE);
      answer.set_provider_call_id("call-" + id);
      return answer;
    };
    f.clock.Advance(absl::Seconds(10));  // the first one's lease is over
    REQUIRE_THAT(f.process->Run(f.process->watchdog->Sweep()).status(), IsOk());
    testing::EventuallyTrue([&] { return f.Row(id).starts_with("ACCEPTED call-" + id); },
                            "the look-up is written");
    CHECK(f.peers.count("PlaceCall") == 1);
  }
}

TEST_CASE("a process that is alone waits for the ringing, too", "[session][foretold]") {
  ForetoldFixture f;
  const bool is_alone = GENERATE(false, true);
  f.process->submission.SetAlone(is_alone);
  const std::string id = f.Placed();
  const std::string seconds = f.Scalar(
      "SELECT TIMESTAMPDIFF(SECOND, created_at, watchdog_at) FROM click_to_call_session"
      " WHERE id = '" +
      id + "'");
  CHECK(seconds == (is_alone ? "45" : "30"));
}

TEST_CASE("all that a crash left unwritten is asked for soon", "[session][foretold]") {
  ForetoldFixture f;
  for (int i = 0; i < 40; ++i) f.Placed(f.Click("+10000000" + std::to_string(10 + i)));
  f.NewProcess();
  f.clock.Advance(absl::Seconds(10));  // the first one's lease is over
  f.Sweep();
  CHECK(f.peers.count("LookUpCall") == 20);  // at once
  f.clock.Advance(absl::Milliseconds(200));
  f.Sweep();
  CHECK(f.peers.count("LookUpCall") == 40);
}

TEST_CASE("an acceptance outlives its place in the cache", "[session][foretold]") {
  ForetoldFixture f;
  const std::string id = f.Placed();
  f.process->cache.Clear();
  SECTION("for who asks by the session's id") { f.CheckShown(id); }
  SECTION("for a list") {
    v1::ListSessionsRequest list;
    const auto answer = f.process->Run(f.process->service.ListSessions(f.Context(), list));
    REQUIRE_THAT(answer.status(), IsOk());
    REQUIRE(answer->sessions_size() == 1);
    CHECK(answer->sessions(0).provider_call_id() == "call-" + id);
  }
  SECTION("for an event that names the provider's call") {
    v1::SessionFact fact = f.Fact("", F::CALL_RINGING, 1);
    fact.clear_session();
    fact.set_provider_id("p1");
    fact.set_provider_call_id("call-" + id);
    REQUIRE_THAT(f.Apply({fact}).status(), IsOk());
    CHECK(f.Row(id) == "ACCEPTED call-" + id + " 3");
  }
  SECTION("for an event that names the session") {
    REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_RINGING, 1)}).status(), IsOk());
    CHECK(f.Row(id) == "ACCEPTED call-" + id + " 3");
  }
  CHECK(f.Row(id).ends_with("SENT 1") == f.process->writer.has_foretold());
}

TEST_CASE("who gives up after the acceptance hangs up by himself", "[session][foretold]") {
  ForetoldFixture f;
  const std::string id = f.Placed();
  v1::EndCallRequest end;
  end.set_id(id);
  REQUIRE_THAT(f.process->Run(f.process->service.EndCall(f.Context(), end)).status(), IsOk());
  CHECK(f.peers.count("ControlCall HANG_UP") == 1);
  CHECK(f.Row(id).starts_with("ACCEPTED call-" + id));
  const auto read = f.Get(id);
  REQUIRE_THAT(read.status(), IsOk());
  CHECK(read->status() == S::CANCELLED);
}

TEST_CASE("a click that is repeated by its key shows the acceptance", "[session][foretold]") {
  ForetoldFixture f;
  auto context = f.Context();
  context.idempotency_key = "key-1";
  const auto first = f.Initiate(f.Click(), context);
  REQUIRE_THAT(first.status(), IsOk());
  const auto again = f.Initiate(f.Click(), context);
  REQUIRE_THAT(again.status(), IsOk());
  CHECK(again->SerializeAsString() == first->SerializeAsString());
  f.CheckShown(first->id());
  CHECK(f.peers.count("PlaceCall") == 1);
}

TEST_CASE("a process that ends leaves nothing to be written along", "[session][foretold]") {
  ForetoldFixture f;
  f.process->submission.Stop();
  const std::string id = f.Placed();
  CHECK_FALSE(f.process->writer.has_foretold());
  f.AwaitRow(id, "ACCEPTED call-" + id + " 2");
}

TEST_CASE("an event that comes before the provider's answer does not hide the acceptance",
          "[session][foretold]") {
  ForetoldFixture f;
  f.peers.place = [&](const dispatch::v1::PlaceCallRequest& request) {
    CHECK_THAT(f.Apply({f.Fact(request.order().id(), F::CALL_RINGING, 1)}).status(), IsOk());
    return FoundByOrder(request);
  };
  const std::string id = f.Placed();
  f.AwaitRow(id, "ACCEPTED call-" + id + " 3");
  const auto read = f.Get(id);
  REQUIRE_THAT(read.status(), IsOk());
  CHECK(read->status() == S::RINGING);
  CHECK(read->provider_call_id() == "call-" + id);
}

TEST_CASE("who gives up while the provider is asked is hung up", "[session][foretold]") {
  ForetoldFixture f;
  std::atomic<bool> is_there = false;
  f.peers.control = [&](const auto&) {
    dispatch::v1::ControlCallResponse answer;
    answer.set_call_is_gone(!is_there);
    return answer;
  };
  const auto end = [&](Process& process, const std::string& id) {
    v1::EndCallRequest request;
    request.set_id(id);
    return process.Run(process.service.EndCall(f.Context(), request)).status();
  };
  SECTION("in the same process") {
    f.peers.place = [&](const dispatch::v1::PlaceCallRequest& request) {
      CHECK_THAT(end(*f.process, request.order().id()), IsOk());
      is_there = true;
      return FoundByOrder(request);
    };
    f.Placed();
  }
  SECTION("in another one") {
    const std::unique_ptr<Process> neighbour = f.NewNeighbour();
    f.peers.place = [&](const dispatch::v1::PlaceCallRequest& request) {
      CHECK_THAT(end(*neighbour, request.order().id()), IsOk());
      is_there = true;
      return FoundByOrder(request);
    };
    const std::string id = f.Placed();
    f.process->writer.OthersWrote();  // whatever it was before
    SECTION("of which the first hears by itself") {
      REQUIRE_THAT(f.process->Run(f.process->writer.Refresh(absl::InfiniteFuture())), IsOk());
      REQUIRE_THAT(f.process->Run(f.process->writer.Refresh(absl::InfiniteFuture())), IsOk());
      CHECK(f.process->writer.OthersWrote());
      f.process->submission.SettleForetold(Which::kAll);
    }
    SECTION("of which the first hears with an event") {
      REQUIRE_THAT(f.Apply({f.Fact(id, F::CALL_RINGING, 1)}).status(), IsOk());
      CHECK(f.process->writer.OthersWrote());
      f.process->submission.SettleForetold(Which::kDue);
    }
  }
  testing::EventuallyTrue([&] { return f.peers.count("ControlCall HANG_UP") == 2; },
                          "it is hung up once it is there");
}

}  // namespace ctc::session
