// Reading the log: filters, pages and who may see what.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/status_matchers.h"
#include "services/webhook/service/world_for_test.h"

namespace ctc::webhook {
namespace {

using testing::HasError;
using testing::IsOk;

// Two applied events of sess_1, one refused of sess_2.
std::unique_ptr<Process> WithThreeLines(World& world) {
  world.session.Know("sess_1");
  auto process = world.NewProcess();
  process->Start();
  for (const char* body : {"GENUINE sess_1 k1", "GENUINE sess_1 k2", "FORGED sess_2 k3"}) {
    const auto ignored = process->Receive(body);
    world.clock.Advance(absl::Milliseconds(10));
  }
  process->WaitFor("APPLIED", 2);
  return process;
}

TEST_CASE("the log comes newest first, in pages, without bodies") {
  World world;
  const auto process = WithThreeLines(world);
  v1::ListWebhookLogsRequest request;
  request.set_limit(2);
  const auto page = process->List(request);
  REQUIRE_THAT(page.status(), IsOk());
  CHECK(page->total() == 3);
  CHECK(page->limit() == 2);
  REQUIRE(page->logs_size() == 2);
  CHECK(page->logs(0).session_id() == "sess_2");
  CHECK(page->logs(0).payload().empty());
  request.set_offset(2);
  CHECK(process->List(request)->logs_size() == 1);
}

TEST_CASE("the log can be filtered by session, state and type") {
  World world;
  const auto process = WithThreeLines(world);
  v1::ListWebhookLogsRequest request;
  SECTION("session") {
    request.set_session_id("sess_1");
    CHECK(process->List(request)->total() == 2);
  }
  SECTION("session that is not there") {
    request.set_session_id("sess_2");
    CHECK(process->List(request)->total() == 1);
  }
  SECTION("session and state") {
    request.set_session_id("sess_1");
    request.set_state("REFUSED");
    CHECK(process->List(request)->total() == 0);
  }
  SECTION("type, as people write it") {
    request.set_provider_type("asterisk");
    CHECK(process->List(request)->total() == 3);
    request.set_provider_type("TWILIO");
    CHECK(process->List(request)->total() == 0);
  }
}

TEST_CASE("bad filters are refused by name") {
  World world;
  const auto process = world.NewProcess();
  v1::ListWebhookLogsRequest request;
  std::string field;
  SECTION("limit 0") {
    request.set_limit(0);
    field = "limit";
  }
  SECTION("limit 201") {
    request.set_limit(201);
    field = "limit";
  }
  SECTION("offset -1") {
    request.set_offset(-1);
    field = "offset";
  }
  SECTION("state") {
    request.set_state("GONE");
    field = "state";
  }
  SECTION("type") {
    request.set_provider_type("pigeon");
    field = "provider_type";
  }
  CHECK(testing::NamesField(process->List(request).status(), field));
}

TEST_CASE("another tenant's log cannot be told from none") {
  World world;
  const auto process = WithThreeLines(world);
  const std::string id = process->Log().at(0).id();
  CHECK(process->List(v1::ListWebhookLogsRequest(), "other")->total() == 0);
  for (const std::string& what :
       {id, std::string(kAccount), std::string("nonsense"), std::string()}) {
    CAPTURE(what);
    CHECK_THAT(process->Get(what, "other").status(), HasError(base::kNotFound));
    CHECK_THAT(process->Replay(what, "other").status(), HasError(base::kNotFound));
  }
  CHECK_THAT(process->Get(id, "").status(), HasError(base::kTenantRequired));
  CHECK_THAT(process->List(v1::ListWebhookLogsRequest(), "").status(),
             HasError(base::kTenantRequired));
  CHECK_THAT(process->Get(id).status(), IsOk());
}

TEST_CASE("a refused event cannot be replayed") {
  World world;
  const auto process = WithThreeLines(world);
  const auto replayed = process->Replay(process->Log().back().id());
  REQUIRE_THAT(replayed.status(), IsOk());
  CHECK_FALSE(replayed->success());
  CHECK(replayed->message() == "refused");
}

TEST_CASE("an applied event is not applied again") {
  World world;
  const auto process = WithThreeLines(world);
  const int calls = world.session.calls();
  const auto replayed = process->Replay(process->Log().front().id());
  REQUIRE_THAT(replayed.status(), IsOk());
  CHECK(replayed->success());
  CHECK(replayed->message() == "duplicate");
  CHECK(world.session.calls() == calls);
}

}  // namespace
}  // namespace ctc::webhook
