// Placing a call: every outcome of every step.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::PlaceCallResponse;
using testing::HasError;
using testing::IsOk;
using S = v1::Session;

PlaceCallResponse Outcome(PlaceCallResponse::Outcome outcome, bool may_fail_over,
                          const base::ErrorSpec& error) {
  PlaceCallResponse answer;
  answer.set_outcome(outcome);
  answer.set_may_fail_over(may_fail_over);
  answer.set_error_code(std::string(error.code));
  answer.set_error_message("as the provider said");
  return answer;
}

std::string SessionOf(const absl::Status& status) {
  const auto metadata = base::DetailOf(status).metadata;
  const auto found = metadata.find("session_id");
  return found == metadata.end() ? "" : found->second;
}

}  // namespace

TEST_CASE("the seed's click answers with the session it made", "[session][initiate]") {
  Fixture f;
  const auto session = f.Initiate();
  REQUIRE_THAT(session.status(), IsOk());
  CHECK(session->status() == S::INITIATED);
  CHECK(session->from_phone() == "+0987654321");
  CHECK(session->to_phone() == "+1234567890");
  CHECK(session->provider_id() == "p1");
  CHECK(session->provider_call_id() == "call-" + session->id());
  CHECK(session->submission() == S::ACCEPTED);
  CHECK(session->metadata().fields().at("custom_field").string_value() == "value");
  CHECK(session->session_id().starts_with("sess_"));
  CHECK(f.Feed().size() == 1);
  CHECK(f.Feed()[0].type() == "session.initiated");
}

TEST_CASE("a session reads the same after a restart", "[session][initiate]") {
  Fixture f;
  auto click = f.Click();
  click.set_priority(7);
  click.set_callback_url("https://crm.example/hook");
  click.set_agent_phone("PJSIP/agent-a");
  const auto made = f.Initiate(click, f.Context());
  REQUIRE_THAT(made.status(), IsOk());
  f.NewProcess();
  const auto read = f.Get(made->session_id());
  REQUIRE_THAT(read.status(), IsOk());
  CHECK(read->SerializeAsString() == made->SerializeAsString());
}

TEST_CASE("the session is committed before anything is dialled", "[session][initiate]") {
  Fixture f;
  std::string submission;
  f.peers.place = [&](const auto& request) {
    submission = f.Scalar("SELECT submission FROM click_to_call_session WHERE id = '" +
                          request.order().id() + "'");
    return Outcome(PlaceCallResponse::ACCEPTED, false, base::kInternal);
  };
  REQUIRE_THAT(f.Initiate().status(), IsOk());
  CHECK(submission == "SENT");
}

TEST_CASE("bad input is refused by name and dials nothing", "[session][initiate]") {
  Fixture f;
  auto click = f.Click();
  std::string field;
  SECTION("no number") { click.clear_to_phone(), field = "to_phone"; }
  SECTION("letters") { click.set_to_phone("+12ab"), field = "to_phone"; }
  SECTION("dial string injection") { click.set_to_phone("+1234567890@evil"), field = "to_phone"; }
  SECTION("line break") { click.set_to_phone("+1234567890\r\nX: y"), field = "to_phone"; }
  SECTION("bad from_phone") { click.set_from_phone("x"), field = "from_phone"; }
  SECTION("bad agent_phone") { click.set_agent_phone("PJSIP/a,b"), field = "agent_phone"; }
  SECTION("long lead_id") { click.set_lead_id(std::string(129, 'x')), field = "lead_id"; }
  SECTION("long contact_name") {
    click.set_contact_name(std::string(256, 'x')), field = "contact_name";
  }
  SECTION("control character") { click.set_contact_name("John\x01"), field = "contact_name"; }
  SECTION("large metadata") {
    (*click.mutable_metadata()->mutable_fields())["x"].set_string_value(std::string(17000, 'x'));
    field = "metadata";
  }
  SECTION("phone_type") { click.set_phone_type("LUNAR"), field = "phone_type"; }
  SECTION("priority") { click.set_priority(10), field = "priority"; }
  SECTION("callback scheme") { click.set_callback_url("ftp://x/"), field = "callback_url"; }
  SECTION("callback user") { click.set_callback_url("https://a@b/"), field = "callback_url"; }
  const auto session = f.Initiate(click, f.Context());
  REQUIRE_THAT(session.status(), HasError(base::kValidationFailed));
  CHECK(base::DetailOf(session.status()).fields.front().field == field);
  CHECK(f.peers.asked().empty());
}

TEST_CASE("a name of 255 characters of four bytes fits", "[session][initiate]") {
  Fixture f;
  auto click = f.Click();
  std::string name;
  for (int i = 0; i < 255; ++i) name += "\xF0\x9F\x93\x9E";
  click.set_contact_name(name);
  REQUIRE_THAT(f.Initiate(click, f.Context()).status(), IsOk());
}

TEST_CASE("a forbidden call makes no session and names each rule", "[session][initiate]") {
  Fixture f;
  f.peers.check = [](const auto&) {
    recording::v1::CheckCallResponse verdict;
    verdict.set_verdict("DENY");
    verdict.add_reasons()->set_code("NUMBER_BLACKLISTED");
    verdict.add_reasons()->set_code("CALLING_HOURS");
    return verdict;
  };
  const auto session = f.Initiate();
  REQUIRE_THAT(session.status(), HasError(base::kBlockedByPolicy));
  CHECK(base::DetailOf(session.status()).fields.size() == 2);
  CHECK(f.peers.count("PlaceCall") == 0);
  CHECK(f.Scalar("SELECT COUNT(*) FROM click_to_call_session") == "0");
}

TEST_CASE("without a candidate the answer says why", "[session][initiate]") {
  Fixture f;
  f.peers.route.clear_candidates();
  SECTION("no account at all") {
    CHECK_THAT(f.Initiate().status(), HasError(base::kNoActiveProvider));
  }
  SECTION("all out of order") {
    f.peers.route.add_skipped()->set_reason("circuit open");
    const auto session = f.Initiate();
    CHECK_THAT(session.status(), HasError(base::kProvidersUnavailable));
    CHECK(base::DetailOf(session.status()).retry_after.has_value());
  }
  SECTION("unknown account") {
    f.peers.route.set_provider_unknown(true);
    CHECK_THAT(f.Initiate().status(), HasError(base::kValidationFailed));
  }
  SECTION("agent switched off") {
    f.peers.route.set_agent_registered(true);
    CHECK_THAT(f.Initiate().status(), HasError(base::kAgentInactive));
  }
}

TEST_CASE("a second click on a number that rings is refused with the session",
          "[session][initiate]") {
  Fixture f;
  const auto first = f.Initiate();
  REQUIRE_THAT(first.status(), IsOk());
  const auto second = f.Initiate();
  REQUIRE_THAT(second.status(), HasError(base::kCallAlreadyRunning));
  CHECK(SessionOf(second.status()) == first->session_id());
  CHECK(f.peers.count("PlaceCall") == 1);
  REQUIRE_THAT(f.Apply({f.Fact(first->id(), v1::CallFact::CALL_BUSY, 1)}).status(), IsOk());
  CHECK_THAT(f.Initiate().status(), IsOk());
}

TEST_CASE("a repeated Idempotency-Key gives the first session", "[session][initiate]") {
  Fixture f;
  auto context = f.Context();
  context.idempotency_key = "key-1";
  const auto first = f.Initiate(f.Click(), context);
  REQUIRE_THAT(first.status(), IsOk());
  f.NewProcess();
  const auto again = f.Initiate(f.Click(), context);
  REQUIRE_THAT(again.status(), IsOk());
  CHECK(again->id() == first->id());
  CHECK(f.peers.count("PlaceCall") == 1);
  SECTION("also when the call would be refused by now") {
    f.peers.route.clear_candidates();
    CHECK(f.Initiate(f.Click(), context)->id() == first->id());
  }
  SECTION("keys of tenants are apart") {
    auto other = f.Context("t2");
    other.idempotency_key = "key-1";
    CHECK(f.Initiate(f.Click(), other)->id() != first->id());
  }
  SECTION("not to another number, another agent, or a day later") {
    auto colleague = f.Click();
    colleague.set_agent_id("agent-b");
    CHECK_THAT(f.Initiate(f.Click("+1234567891"), context).status(),
               HasError(base::kIdempotencyKeyReused));
    CHECK_THAT(f.Initiate(colleague, context).status(), HasError(base::kIdempotencyKeyReused));
    f.clock.Advance(absl::Hours(24) + absl::Seconds(1));
    CHECK_THAT(f.Initiate(f.Click(), context).status(), HasError(base::kIdempotencyKeyReused));
    CHECK(f.peers.count("PlaceCall") == 1);
  }
}

TEST_CASE("an agent at capacity is refused with a session at hand", "[session][initiate]") {
  Fixture f;
  f.peers.route.set_agent_registered(true);
  f.peers.route.set_agent_active(true);
  f.peers.route.set_agent_capacity(1);
  const auto first = f.Initiate(f.Click("+1000000001"), f.Context());
  REQUIRE_THAT(first.status(), IsOk());
  const auto second = f.Initiate(f.Click("+1000000002"), f.Context());
  REQUIRE_THAT(second.status(), HasError(base::kAgentBusy));
  CHECK(SessionOf(second.status()) == first->session_id());
  f.NewProcess();
  CHECK_THAT(f.Initiate(f.Click("+1000000002"), f.Context()).status(), HasError(base::kAgentBusy));
  REQUIRE_THAT(f.Apply({f.Fact(first->id(), v1::CallFact::CALL_BUSY, 1)}).status(), IsOk());
  CHECK_THAT(f.Initiate(f.Click("+1000000002"), f.Context()).status(), IsOk());
}

TEST_CASE("the next account is tried only when the first certainly did not call",
          "[session][initiate]") {
  Fixture f;
  f.AddCandidate("p2", "+0999999999");
  SECTION("not sent") {
    f.peers.place = [](const auto& request) {
      return request.provider_id() == "p1"
                 ? Outcome(PlaceCallResponse::NOT_SENT, true, base::kProviderUnreachable)
                 : Outcome(PlaceCallResponse::ACCEPTED, false, base::kInternal);
    };
    const auto session = f.Initiate();
    REQUIRE_THAT(session.status(), IsOk());
    CHECK(session->provider_id() == "p2");
    CHECK(session->from_phone() == "+0999999999");
    CHECK(session->attempts() == 2);
    f.NewProcess();
    v1::GetSessionRouteRequest request;
    request.set_id(session->id());
    const auto route = f.process->Run(f.process->service.GetSessionRoute(f.Context(), request));
    REQUIRE_THAT(route.status(), IsOk());
    CHECK(route->candidates(0).outcome() == "not_sent");
    CHECK(route->candidates(1).outcome() == "accepted");
  }
  SECTION("refused for the destination: final") {
    f.peers.place = [](const auto&) {
      auto answer = Outcome(PlaceCallResponse::REFUSED, false, base::kInvalidDestination);
      answer.set_end_reason(v1::INVALID_NUMBER);
      return answer;
    };
    const auto session = f.Initiate();
    REQUIRE_THAT(session.status(), HasError(base::kInvalidDestination));
    CHECK(f.peers.count("PlaceCall") == 1);
    const auto failed = f.Get(SessionOf(session.status()));
    REQUIRE_THAT(failed.status(), IsOk());
    CHECK(failed->status() == S::FAILED);
    CHECK(failed->end_reason() == v1::INVALID_NUMBER);
    CHECK(failed->error_code() == "INVALID_DESTINATION");
    CHECK(failed->error_message() == "as the provider said");
  }
  SECTION("every account refused: the last one's error") {
    f.peers.place = [](const auto&) {
      return Outcome(PlaceCallResponse::REFUSED, true, base::kProviderRateLimited);
    };
    const auto session = f.Initiate();
    REQUIRE_THAT(session.status(), HasError(base::kProviderRateLimited));
    CHECK(f.peers.count("PlaceCall") == 2);
    CHECK(f.Get(SessionOf(session.status()))->submission() == S::REFUSED);
  }
  SECTION("unknown: never dialled again") {
    const bool timed_out = GENERATE(true, false);
    f.peers.place = [timed_out](const auto&) {
      return Outcome(PlaceCallResponse::UNKNOWN_OUTCOME, false,
                     timed_out ? base::kProviderTimeout : base::kProviderError);
    };
    const auto session = f.Initiate();
    REQUIRE_THAT(session.status(),
                 HasError(timed_out ? base::kProviderTimeout : base::kSubmissionUnknown));
    CHECK(f.peers.count("PlaceCall") == 1);
    const auto open = f.Get(SessionOf(session.status()));
    CHECK(open->status() == S::INITIATED);
    CHECK(open->submission() == S::UNKNOWN_OUTCOME);
  }
  SECTION("the dispatch service lost: unknown as well") {
    f.peers.place = [](const auto&) { return absl::UnavailableError("gone"); };
    CHECK_THAT(f.Initiate().status(), HasError(base::kSubmissionUnknown));
    CHECK(f.peers.count("PlaceCall") == 1);
  }
}

TEST_CASE("respond-async answers before the provider does", "[session][initiate]") {
  Fixture f;
  auto context = f.Context();
  context.prefer_async = true;
  const auto session = f.Initiate(f.Click(), context);
  REQUIRE_THAT(session.status(), IsOk());
  CHECK(session->submission() == S::SENT);
  testing::Eventually([&]() -> std::string {
    const auto now = f.Get(session->id());
    return now.ok() && now->submission() == S::ACCEPTED ? "" : "not accepted yet";
  });
}

TEST_CASE("an agent's token places calls for that agent only", "[session][initiate]") {
  Fixture f;
  auto context = f.Context();
  context.principal.role = rpc::Role::kAgent;
  context.principal.agent_id = "someone-else";
  CHECK_THAT(f.Initiate(f.Click(), context).status(), HasError(base::kScopeMissing));
  auto click = f.Click();
  click.clear_agent_id();
  const auto session = f.Initiate(click, context);
  REQUIRE_THAT(session.status(), IsOk());
  CHECK(session->agent_id() == "someone-else");
}

}  // namespace ctc::session
