// The writer: batches, and several processes on one database.
#include <catch2/catch.hpp>

#include <future>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"  // lint-allow(store-arrow): a test of both

namespace ctc::session {
namespace {

using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;

template <class T>
std::future<T> Begin(Process& process, Task<T> task) {
  return asio::co_spawn(asio::make_strand(process.threads.context()), std::move(task),
                        asio::use_future);
}

void CheckDense(Fixture& f, int64_t expected) {
  CHECK(f.Scalar("SELECT COUNT(*) FROM call_event") == std::to_string(expected));
  CHECK(f.Scalar("SELECT MAX(seq) FROM call_event") == std::to_string(expected));
  CHECK(f.Scalar("SELECT MIN(seq) FROM call_event") == "1");
  CHECK(f.Scalar("SELECT last_seq FROM feed_sequence") == std::to_string(expected));
}

}  // namespace

TEST_CASE("ten at once with one key make one session and one call", "[session][writer]") {
  Fixture f;
  auto context = f.Context();
  context.idempotency_key = "key-1";
  const auto click = f.Click();
  std::vector<std::future<absl::StatusOr<v1::InitiateCallResponse>>> answers;
  for (int i = 0; i < 10; ++i) {
    answers.push_back(Begin(*f.process, f.process->service.InitiateCall(context, click)));
  }
  std::set<std::string> ids;
  for (auto& answer : answers) {
    const auto response = answer.get();
    REQUIRE_THAT(response.status(), IsOk());
    ids.insert(response->session().id());
  }
  CHECK(ids.size() == 1);
  CHECK(f.peers.count("PlaceCall") == 1);
}

TEST_CASE("a refused item leaves its neighbours alone", "[session][writer]") {
  Fixture f;
  std::vector<v1::InitiateCallRequest> clicks;
  for (int i = 0; i < 24; ++i) clicks.push_back(f.Click("+10000000" + std::to_string(10 + i / 2)));
  std::vector<std::future<absl::StatusOr<v1::InitiateCallResponse>>> answers;
  for (const auto& click : clicks) {
    answers.push_back(Begin(*f.process, f.process->service.InitiateCall(f.Context(), click)));
  }
  int placed = 0;
  int refused = 0;
  for (auto& answer : answers) {
    const auto response = answer.get();
    placed += response.ok() ? 1 : 0;
    refused += base::IsError(response.status(), base::kCallAlreadyRunning) ? 1 : 0;
  }
  CHECK(placed == 12);
  CHECK(refused == 12);
  CheckDense(f, 12);
}

TEST_CASE("two processes on one database agree and keep the feed dense", "[session][writer]") {
  Fixture f;
  const std::unique_ptr<Process> neighbour = f.NewNeighbour();
  Process& other = *neighbour;
  Process* both[] = {f.process.get(), &other};
  std::vector<std::string> ids;
  for (int i = 0; i < 6; ++i) {
    const auto made = both[i % 2]->Run(both[i % 2]->service.InitiateCall(
        f.Context(), f.Click("+10000000" + std::to_string(10 + i))));
    REQUIRE_THAT(made.status(), IsOk());
    ids.push_back(made->session().id());
  }
  // Each session's facts arrive at both processes at once, twice.
  std::vector<std::future<absl::StatusOr<v1::ApplyFactsResponse>>> answers;
  std::vector<std::unique_ptr<v1::ApplyFactsRequest>> requests;
  for (int round = 0; round < 2; ++round) {
    for (const std::string& id : ids) {
      for (const auto kind : {F::CALL_RINGING, F::CALL_ANSWERED, F::CALL_ENDED}) {
        for (Process* process : both) {
          requests.push_back(std::make_unique<v1::ApplyFactsRequest>());
          *requests.back()->add_facts() = f.Fact(id, kind, static_cast<int>(kind) * 10);
          answers.push_back(
              Begin(*process, process->service.ApplyFacts(f.Context(), *requests.back())));
        }
      }
    }
  }
  int applied = 0;
  for (auto& answer : answers) {
    const auto response = answer.get();
    REQUIRE_THAT(response.status(), IsOk());
    applied += response->results(0) == v1::ApplyFactsResponse::APPLIED ? 1 : 0;
  }
  CHECK(applied == 18);
  REQUIRE_THAT(f.process->Run(f.process->writer.Refresh(absl::InfiniteFuture())), IsOk());
  REQUIRE_THAT(f.process->Run(f.process->writer.Refresh(absl::InfiniteFuture())), IsOk());
  REQUIRE_THAT(other.Run(other.writer.Refresh(absl::InfiniteFuture())), IsOk());
  REQUIRE_THAT(other.Run(other.writer.Refresh(absl::InfiniteFuture())), IsOk());
  v1::GetSessionRequest get;
  for (const std::string& id : ids) {
    get.set_id(id);
    const auto here = f.process->Run(f.process->service.GetSession(f.Context(), get));
    const auto there = other.Run(other.service.GetSession(f.Context(), get));
    CHECK(here->session().status() == S::COMPLETED);
    CHECK(here->session().SerializeAsString() == there->session().SerializeAsString());
  }
  CheckDense(f, 6 + 18);
}

TEST_CASE("news of another process wake who waits here", "[session][writer]") {
  Fixture f;
  const std::unique_ptr<Process> neighbour = f.NewNeighbour();
  Process& other = *neighbour;
  REQUIRE_THAT(f.Initiate().status(), IsOk());
  v1::ReadFeedRequest request;
  request.set_after_seq(1);
  request.set_wait_ms(20000);
  auto waiting = Begin(*f.process, f.process->service.ReadFeed(f.Context(), request));
  const auto click = f.Click("+1000000002");
  REQUIRE_THAT(other.Run(other.service.InitiateCall(f.Context(), click)).status(), IsOk());
  while (waiting.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready) {
    REQUIRE_THAT(f.process->Run(f.process->writer.Refresh(absl::InfiniteFuture())), IsOk());
  }
  CHECK(waiting.get()->events_size() == 1);
}

TEST_CASE("a write that meets a dead database fails, and the next one works", "[session][writer]") {
  testing::MariaDb::Options durable;
  durable.durable = true;  // what was committed must be there after the crash
  testing::MariaDb own(durable);
  Fixture f(own);
  const auto made = f.Initiate();
  REQUIRE_THAT(made.status(), IsOk());
  own.Kill9();
  CHECK_THAT(f.Get(made->id()).status(), IsOk());  // from the cache
  const auto refused = f.Apply({f.Fact(made->id(), F::CALL_RINGING, 1)});
  CHECK(absl::IsUnavailable(refused.status()));
  own.Start();
  // A connection that was tried for long in vain is not tried again at once.
  testing::Eventually([&]() -> std::string {
    const auto applied = f.Apply({f.Fact(made->id(), F::CALL_RINGING, 1)});
    if (!applied.ok()) return std::string(applied.status().ToString());
    return applied->results(0) == v1::ApplyFactsResponse::APPLIED ? "" : "not applied";
  });
  CHECK(f.Get(made->id())->status() == S::RINGING);
}

TEST_CASE("an agent whose call ends in the same batch is free", "[session][writer]") {
  Fixture f;
  f.peers.route.set_agent_registered(true);
  f.peers.route.set_agent_active(true);
  f.peers.route.set_agent_capacity(1);
  const auto first = f.Initiate();
  REQUIRE_THAT(first.status(), IsOk());
  f.NewProcess();  // which does not know the agent's load yet
  Process& process = *f.process;
  store::Change ending;
  ending.tenant = base::TenantId("t1");
  ending.id = first->id();
  ending.facts.push_back(f.Fact(first->id(), F::CALL_ENDED, 5).fact());
  const auto seen =
      process.Run(process.reader.Get(ending.tenant, ending.id, absl::InfiniteFuture()));
  REQUIRE_THAT(seen.status(), IsOk());
  store::NewSession next;
  next.agent_capacity = 1;
  next.record = **seen;
  next.record.session.set_id(process.ids.Uuid());
  next.record.session.set_session_id(process.ids.SessionId());
  next.record.idempotency_key.clear();
  next.record.dial_guard.clear();

  // The next one goes to the database, as nothing was written since.
  REQUIRE_THAT(process.Run(process.writer.Refresh(absl::InfiniteFuture())), IsOk());

  const auto strand = asio::make_strand(process.threads.context());
  std::future<absl::Status> refreshed;
  std::future<absl::StatusOr<store::RecordPtr>> ended;
  std::future<absl::StatusOr<store::CreateOutcome>> created;
  const absl::Status held = f.database->RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(c.Query("SELECT id FROM feed_sequence WHERE id = 1 FOR UPDATE").status());
    // A batch that waits for the lock: the other two gather behind it, in one.
    refreshed = Begin(process, process.writer.Refresh(absl::InfiniteFuture()));
    testing::EventuallyTrue(
        [&] {
          const auto waiting = c.Query(
              "SELECT COUNT(*) FROM information_schema.processlist "
              "WHERE id <> CONNECTION_ID() AND info LIKE '%feed_sequence%FOR UPDATE%'");
          return waiting.ok() && waiting->at(0).Int(0) == 1;
        },
        "somebody waits for the lock");
    const auto queue = [&strand](auto task) {
      return asio::co_spawn(strand, std::move(task), asio::use_future);
    };
    ended = queue(process.writer.Apply(std::move(ending), absl::InfiniteFuture()));
    created = queue(process.writer.Create(std::move(next), absl::InfiniteFuture()));
    auto behind = []() -> Task<int> { co_return 0; };
    queue(behind()).get();
    return absl::OkStatus();
  });
  REQUIRE_THAT(held, IsOk());
  CHECK_THAT(refreshed.get(), IsOk());
  CHECK_THAT(ended.get().status(), IsOk());
  CHECK_THAT(created.get().status(), IsOk());
}

TEST_CASE("a capacity holds against a crowd", "[session][writer]") {
  Fixture f;
  f.peers.route.set_agent_registered(true);
  f.peers.route.set_agent_active(true);
  f.peers.route.set_agent_capacity(3);
  std::vector<v1::InitiateCallRequest> clicks;
  for (int i = 0; i < 20; ++i) clicks.push_back(f.Click("+10000000" + std::to_string(10 + i)));
  std::vector<std::future<absl::StatusOr<v1::InitiateCallResponse>>> answers;
  for (const auto& click : clicks) {
    answers.push_back(Begin(*f.process, f.process->service.InitiateCall(f.Context(), click)));
  }
  int placed = 0;
  for (auto& answer : answers) placed += answer.get().ok() ? 1 : 0;
  CHECK(placed == 3);
}

}  // namespace ctc::session
