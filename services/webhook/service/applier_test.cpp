// Acknowledged is applied, exactly once and in order, whatever dies in between.
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/webhook/service/world_for_test.h"

namespace ctc::webhook {
namespace {

using testing::IsOk;

std::vector<std::string> Events(int count) {
  std::vector<std::string> bodies;
  for (int i = 0; i < count; ++i) bodies.push_back("GENUINE sess_1 k" + std::to_string(i));
  return bodies;
}

std::vector<std::string> Keys(int count) {
  std::vector<std::string> keys;
  for (int i = 0; i < count; ++i) keys.push_back("k" + std::to_string(i));
  return keys;
}

TEST_CASE("what a process acknowledged before it died, the next one applies, in order") {
  World world;
  world.session.Know("sess_1");
  {
    const auto process = world.NewProcess();
    for (const std::string& body : Events(5)) {
      CHECK_THAT(process->Receive(body).status(), IsOk());
      world.clock.Advance(absl::Milliseconds(10));
    }
    process->WaitFor("RECEIVED", 5);
  }
  const auto next = world.NewProcess();
  next->Start();
  world.clock.Advance(absl::Seconds(6));
  next->WaitFor("APPLIED", 5);
  CHECK(world.session.applied() == Keys(5));
}

TEST_CASE("events are left to the process that took them for five seconds") {
  World world;
  world.session.Know("sess_1");
  const auto first = world.NewProcess();
  CHECK_THAT(first->Receive("GENUINE sess_1 k0").status(), IsOk());
  const auto second = world.NewProcess();
  second->Start();
  CHECK_THAT(second->Receive("GENUINE sess_1 k1").status(), IsOk());
  second->WaitFor("APPLIED", 1);
  CHECK(world.session.applied() == std::vector<std::string>{"k1"});
  world.clock.Advance(absl::Seconds(6));
  second->WaitFor("APPLIED", 2);
}

TEST_CASE("while the session service is away, events are taken and later applied in order") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  process->Start();
  world.session.SetAway(true);
  for (const std::string& body : Events(20)) {
    CHECK_THAT(process->Receive(body).status(), IsOk());
    world.clock.Advance(absl::Seconds(1));
  }
  process->WaitFor("RECEIVED", 20);
  world.session.SetAway(false);
  process->WaitFor("APPLIED", 20);
  CHECK(world.session.applied() == Keys(20));
}

TEST_CASE("a lost answer of the session service does not apply an event twice") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  process->Start();
  world.session.LoseNextAnswer();
  CHECK_THAT(process->Receive("GENUINE sess_1 k0").status(), IsOk());
  process->WaitFor("DUPLICATE", 1);
  CHECK(world.session.applied() == Keys(1));
}

TEST_CASE("more events than fit into memory are applied all the same") {
  World world;
  world.session.Know("sess_1");
  world.session.SetAway(true);
  const auto process = world.NewProcess();
  process->Start();
  for (const absl::Status& status : process->ReceiveAll(Events(1500))) CHECK_THAT(status, IsOk());
  world.session.SetAway(false);
  world.clock.Advance(absl::Seconds(6));
  testing::Eventually(
      [&] {
        const size_t applied = world.session.applied().size();
        return applied == 1500 ? "" : std::to_string(applied) + " applied";
      },
      absl::Seconds(60));
  process->WaitFor("RECEIVED", 0);
}

TEST_CASE("an event whose session never comes is parked after ten minutes and can be replayed") {
  World world;
  const auto process = world.NewProcess();
  process->Start();
  world.session.SetAway(true);  // so that it is taken unseen
  CHECK_THAT(process->Receive("GENUINE sess_late k0").status(), IsOk());
  world.session.SetAway(false);
  testing::EventuallyTrue([&] { return process->Log().at(0).attempts() >= 1; }, "not tried");
  CHECK(process->Log().at(0).error_code() == "UNKNOWN_SESSION");
  // Each try is waited for: the clock alone would run past the ten minutes before the second one.
  for (int tries = 2; tries <= 4; ++tries) {
    world.clock.Advance(absl::Minutes(1));
    testing::EventuallyTrue([&] { return process->Log().at(0).attempts() >= tries; }, "not tried");
  }
  CHECK(process->Log().at(0).state() == "RECEIVED");
  world.clock.Advance(absl::Minutes(10));
  process->WaitFor("PARKED", 1);
  const v1::WebhookLog line = process->Log().at(0);

  const auto too_early = process->Replay(line.id());
  REQUIRE_THAT(too_early.status(), IsOk());
  CHECK_FALSE(too_early->success());
  CHECK(too_early->message() == "refused");
  world.session.Know("sess_late");
  const auto replayed = process->Replay(line.id());
  REQUIRE_THAT(replayed.status(), IsOk());
  CHECK(replayed->success());
  CHECK(replayed->message() == "applied");
  CHECK(process->Log().at(0).state() == "APPLIED");
  CHECK(process->Replay(line.id())->message() == "duplicate");
  CHECK(world.session.applied() == Keys(1));
}

TEST_CASE("an event that the session service cannot digest does not hold up the others") {
  World world;
  world.session.Know("sess_1");
  world.session.FailOn("k1");
  const auto process = world.NewProcess();
  process->Start();
  for (const std::string& body : Events(3)) {
    CHECK_THAT(process->Receive(body).status(), IsOk());
    world.clock.Advance(absl::Milliseconds(1));
  }
  process->WaitFor("APPLIED", 2);
  CHECK(world.session.applied() == std::vector<std::string>{"k0", "k2"});
  testing::EventuallyTrue([&] { return !process->Log().at(1).error_code().empty(); },
                          "no reason noted");
  world.session.FailOn("");
  world.clock.Advance(absl::Minutes(1));
  process->WaitFor("APPLIED", 3);
}

TEST_CASE("an event that the session service calls wrong is parked at once") {
  World world;
  world.session.Know("sess_1");
  world.session.FailOn("k1", base::InvalidField("facts[0]", "needs a kind"));
  const auto process = world.NewProcess();
  process->Start();
  for (const std::string& body : Events(3)) CHECK_THAT(process->Receive(body).status(), IsOk());
  process->WaitFor("APPLIED", 2);
  process->WaitFor("PARKED", 1);
}

TEST_CASE("more facts than the session service takes at once go in parts") {
  World world;
  world.session.Know("sess_1");
  world.session.SetAway(true);
  const auto process = world.NewProcess();
  process->Start();
  for (int i = 0; i < 6; ++i) {
    v1::IngestFactsRequest request;
    for (int k = 0; k < 300; ++k) {
      session::v1::SessionFact& fact = *request.add_facts();
      fact.set_tenant_id("acme");
      fact.set_session("sess_1");
      fact.mutable_fact()->set_event_key(std::to_string(i * 300 + k));
    }
    CHECK_THAT(process->Ingest(request).status(), IsOk());
  }
  world.session.SetAway(false);
  process->WaitFor("APPLIED", 6);
  CHECK(world.session.applied().size() == 1800);
}

TEST_CASE("more bytes than an rpc takes at once go in parts") {
  World world;
  world.session.Know("sess_1");
  world.session.SetAway(true);
  const auto process = world.NewProcess();
  process->Start();
  for (int i = 0; i < 200; ++i) {
    v1::IngestFactsRequest request;
    session::v1::SessionFact& fact = *request.add_facts();
    fact.set_tenant_id("acme");
    fact.set_session("sess_1");
    fact.mutable_fact()->set_event_key(std::to_string(i) + std::string(30000, 'k'));
    CHECK_THAT(process->Ingest(request).status(), IsOk());
  }
  world.session.SetAway(false);
  process->WaitFor("APPLIED", 200);
  CHECK(world.session.applied().size() == 200);
}

TEST_CASE("an event too large for any rpc is set back, and its neighbours are applied") {
  World world;
  world.session.Know("sess_1");
  world.session.FailOn("k1", absl::ResourceExhaustedError("too large"));
  const auto process = world.NewProcess();
  process->Start();
  for (const std::string& body : Events(3)) {
    CHECK_THAT(process->Receive(body).status(), IsOk());
    world.clock.Advance(absl::Milliseconds(1));
  }
  process->WaitFor("APPLIED", 2);
  testing::EventuallyTrue([&] { return process->Log().at(1).attempts() >= 1; }, "not tried");
}

TEST_CASE("a database killed under load loses no acknowledged event", "[crash]") {
  testing::MariaDb::Options options;
  options.durable = true;
  testing::MariaDb server(options);
  World world(server);
  world.session.Know("sess_1");
  std::set<std::string> acknowledged;
  {
    const auto process = world.NewProcess();
    process->Start();
    for (int round = 0; round < 3; ++round) {
      std::vector<std::string> bodies;
      for (int i = 0; i < 300; ++i) {
        bodies.push_back("GENUINE sess_1 r" + std::to_string(round) + "_" + std::to_string(i));
      }
      std::vector<absl::Status> answers;
      std::thread killer([&] {
        if (round == 1) server.Kill9();
      });
      answers = process->ReceiveAll(bodies);
      killer.join();
      for (size_t i = 0; i < bodies.size(); ++i) {
        if (answers[i].ok()) acknowledged.insert(bodies[i].substr(15));
      }
    }
  }
  server.Start();
  const auto next = world.NewProcess();
  next->Start();
  v1::ListWebhookLogsRequest waiting;
  waiting.set_state("RECEIVED");
  testing::EventuallyTrue(
      [&] {
        world.clock.Advance(absl::Seconds(6));  // a look into the log that failed is made again
        const auto page = next->List(waiting);
        return page.ok() && page->total() == 0;
      },
      "events wait", absl::Seconds(30));
  const std::vector<std::string> applied = world.session.applied();
  const std::set<std::string> once(applied.begin(), applied.end());
  CHECK(once.size() == applied.size());
  CHECK(acknowledged.size() >= 300);
  for (const std::string& key : acknowledged) CHECK(once.count(key) == 1);
}

}  // namespace
}  // namespace ctc::webhook
