// What is taken in, what is refused, and what each leaves in the log.
#include <algorithm>
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/observability/metrics.h"
#include "libs/testing/status_matchers.h"
#include "services/webhook/service/world_for_test.h"

namespace ctc::webhook {
namespace {

using testing::HasCode;
using testing::HasError;
using testing::IsOk;

TEST_CASE("a genuine event is acknowledged, logged and applied once") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  process->Start();
  const auto answer = process->Receive("GENUINE sess_1 k1 k2");
  REQUIRE_THAT(answer.status(), IsOk());
  CHECK(answer->raw().status() == 200);
  CHECK(answer->raw().content_type() == "application/json");
  CHECK(answer->raw().body() == R"({"success":true,"message":"Webhook processed successfully"})");

  process->WaitFor("APPLIED", 1);
  CHECK(world.session.applied() == std::vector<std::string>{"k1", "k2"});
  const v1::WebhookLog line = process->Log().at(0);
  CHECK(line.provider_type() == common::v1::ProviderType::ASTERISK);
  CHECK(line.provider_id() == kAccount);
  CHECK(line.event_type() == "CALL_ENDED");
  CHECK(line.session_id() == "sess_1");
  CHECK(line.signature_valid());
  CHECK(line.source() == "WEBHOOK");
  CHECK(line.attempts() == 1);
  CHECK(line.has_processed_at());
  CHECK(line.error_code().empty());
  CHECK(process->Get(line.id())->log().payload() == "GENUINE sess_1 k1 k2");
}

TEST_CASE("a provider that executes answers gets its own") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  CHECK(process->Receive("GENUINE sess_1 k1 answer")->raw().body() == "<Response/>");
}

TEST_CASE("an event that says nothing of a call is done once it is logged") {
  World world;
  const auto process = world.NewProcess();
  CHECK_THAT(process->Receive("GENUINE sess_1 answer").status(), IsOk());
  CHECK(process->Log().at(0).state() == "APPLIED");
}

TEST_CASE("what is not genuine is refused with its reason and changes nothing but the log") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  process->Start();
  const std::pair<std::string, const base::ErrorSpec*> vectors[] = {
      {"UNSIGNED", &base::kSignatureMissing},
      {"FORGED", &base::kSignatureInvalid},
      {"NO_ACCOUNT", &base::kSignatureInvalid},
      {"VERDICT_UNSPECIFIED", &base::kSignatureInvalid},
      {"OUTSIDE_WINDOW", &base::kWebhookOutsideWindow},
      {"UNREADABLE", &base::kWebhookUnreadable}};
  size_t lines = 0;
  for (const auto& [verdict, error] : vectors) {
    CAPTURE(verdict);
    CHECK_THAT(process->Receive(verdict + " sess_1 k1").status(), HasError(*error));
    const auto log = process->Log();
    REQUIRE(log.size() == ++lines);
    world.clock.Advance(absl::Milliseconds(1));  // so that the next line is the newest
    CHECK(log.back().state() == "REFUSED");
    CHECK(log.back().error_code() == error->code);
    CHECK(log.back().error_message() == "because of " + verdict);
    CHECK_FALSE(log.back().has_processed_at());
  }
  CHECK(world.session.calls() == 0);
}

TEST_CASE("a forged signature is logged as not valid") {
  World world;
  const auto process = world.NewProcess();
  CHECK_FALSE(process->Receive("FORGED sess_1 k1").ok());
  CHECK_FALSE(process->Log().at(0).signature_valid());
}

TEST_CASE("a flood of forged events is refused, and sixty of it in a minute are logged") {
  World world;
  const auto process = world.NewProcess();
  const std::vector<std::string> flood(100, "FORGED sess_1 k1");
  const auto all_refused = [&] {
    const auto answers = process->ReceiveAll(flood);
    return std::all_of(answers.begin(), answers.end(), [](const absl::Status& status) {
      return base::IsError(status, base::kSignatureInvalid) &&
             base::DetailOf(status).http_status == 401;
    });
  };
  CHECK(all_refused());
  CHECK(process->Log().size() == 60);

  SECTION("which takes nothing from senders that sign rightly, nor from other types") {
    CHECK_THAT(process->Receive("GENUINE sess_none k1").status(), HasError(base::kUnknownSession));
    CHECK(process->Log().size() == 61);
    auto request = WebhookOf("FORGED sess_1 k1");
    request.set_provider("twilio");
    CHECK_THAT(process->Receive(request).status(), HasError(base::kSignatureInvalid));
    CHECK(process->Log().size() == 62);
  }
  SECTION("and begins anew with the next minute") {
    world.clock.Advance(absl::Minutes(1));
    CHECK(all_refused());
    CHECK(process->Log().size() == 120);
  }
}

TEST_CASE("events to tenants that do not exist are logged by one limit for all") {
  World world;
  const auto process = world.NewProcess();
  int refused = 0;
  for (int i = 0; i < 700; ++i) {
    auto request = WebhookOf("NO_ACCOUNT sess_1 k1");
    request.mutable_raw()->set_query("tenant=t" + std::to_string(i));
    refused += base::IsError(process->Receive(request).status(), base::kSignatureInvalid) ? 1 : 0;
  }
  CHECK(refused == 700);
  CHECK_FALSE(process->Receive("NO_ACCOUNT sess_1 k1").ok());
  CHECK(process->Log().empty());
  CHECK_FALSE(process->Receive("FORGED sess_1 k1").ok());
  CHECK(process->Log().size() == 1);
}

TEST_CASE("an unreadable event names the field at fault") {
  World world;
  const auto process = world.NewProcess();
  CHECK(testing::NamesField(process->Receive("UNREADABLE sess_1 k1").status(), "body"));
}

TEST_CASE("an event is refused before its signature is looked at when its frame is wrong") {
  World world;
  const auto process = world.NewProcess();
  auto request = WebhookOf("GENUINE sess_1 k1");
  const base::ErrorSpec* error = nullptr;
  bool of_acme = true;
  SECTION("unknown type") {
    request.set_provider("pigeon");
    error = &base::kUnknownProviderType;
  }
  SECTION("type that stands for none") {
    request.set_provider("provider_type_unspecified");
    error = &base::kUnknownProviderType;
  }
  SECTION("no tenant") {
    request.mutable_raw()->set_query("a=b");
    error = &base::kTenantRequired;
    of_acme = false;
  }
  SECTION("tenant that cannot be") {
    request.mutable_raw()->set_query("tenant=%27%00");
    error = &base::kValidationFailed;
    of_acme = false;
  }
  SECTION("two tenants") {
    auto& header = *request.mutable_raw()->add_headers();
    header.set_name("x-tenant-id");
    header.set_value("other");
    error = &base::kTenantMismatch;
  }
  SECTION("too long") {
    request.mutable_raw()->set_body(std::string((64 << 10) + 1, 'x'));
    error = &base::kBodyTooLarge;
  }
  CHECK_THAT(process->Receive(request).status(), HasError(*error));
  const auto log = process->Log();
  REQUIRE(log.size() == (of_acme ? 1 : 0));
  if (of_acme) CHECK(log.at(0).error_code() == error->code);
  if (of_acme) CHECK(process->Get(log.at(0).id())->log().payload().size() <= 4096);
}

TEST_CASE("an event of an unknown session is refused and stands in nobody's way") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  process->Start();
  CHECK_THAT(process->Receive("GENUINE sess_unknown k1").status(), HasError(base::kUnknownSession));
  world.clock.Advance(absl::Milliseconds(1));
  CHECK_THAT(process->Receive("GENUINE sess_1 k2").status(), IsOk());
  process->WaitFor("APPLIED", 1);
  CHECK(world.session.applied() == std::vector<std::string>{"k2"});
  CHECK(process->Log().at(0).error_code() == "UNKNOWN_SESSION");
  CHECK(process->Log().at(0).session_id() == "sess_unknown");
}

TEST_CASE("a provider may be faster than the commit of its own id of the call") {
  World world;
  world.session.KnowAfter("C1", 2);
  const auto process = world.NewProcess();
  process->Start();
  CHECK_THAT(process->Receive("GENUINE call:C1 k1").status(), IsOk());
  process->WaitFor("APPLIED", 1);
  CHECK_THAT(process->Receive("GENUINE call:C2 k2").status(), HasError(base::kUnknownSession));
}

TEST_CASE("secrets and pressed digits do not get into the log") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  CHECK_THAT(process->Receive("GENUINE sess_1 k1 Digits=4711&token=abc").status(), IsOk());
  const auto line = process->Get(process->Log().at(0).id());
  CHECK(line->log().payload() == "GENUINE sess_1 k1 Digits=***&token=***");
}

TEST_CASE("while dispatch is away, nothing is taken and the sender is told to come again") {
  World world;
  const auto process = world.NewProcess();
  CHECK_THAT(process->Receive("AWAY").status(), HasCode(absl::StatusCode::kUnavailable));
  CHECK(process->Log().empty());
}

TEST_CASE("a repeated event changes nothing and is acknowledged each time") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  process->Start();
  const std::vector<std::string> forty(40, "GENUINE sess_1 k1");
  for (const absl::Status& status : process->ReceiveAll(forty)) CHECK_THAT(status, IsOk());
  process->WaitFor("APPLIED", 1);
  process->WaitFor("DUPLICATE", 39);
  CHECK(world.session.applied() == std::vector<std::string>{"k1"});
}

TEST_CASE("facts of an event socket go the same way") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  process->Start();
  v1::IngestFactsRequest request;
  request.set_provider_type(common::v1::ProviderType::ASTERISK);
  request.set_provider_id(kAccount);
  request.set_event_type("ChannelDestroyed");
  request.set_payload("{\"digit\":\"5\"}");
  session::v1::SessionFact& fact = *request.add_facts();
  fact.set_tenant_id("acme");
  fact.set_session("sess_1");
  fact.mutable_fact()->set_event_key("k1");
  CHECK_THAT(process->Ingest(request).status(), IsOk());
  process->WaitFor("APPLIED", 1);
  CHECK(world.session.applied() == std::vector<std::string>{"k1"});
  const auto line = process->Get(process->Log().at(0).id());
  CHECK(line->log().source() == "EVENT_SOCKET");
  CHECK(line->log().event_type() == "ChannelDestroyed");
  CHECK(line->log().payload() == "{\"digit\":\"***\"}");

  SECTION("but must be of one tenant") {
    request.add_facts()->set_tenant_id("other");
    CHECK_THAT(process->Ingest(request).status(), HasError(base::kValidationFailed));
  }
  SECTION("and no more than the session service takes") {
    for (int i = 0; i < 1000; ++i)
      *request.add_facts() = session::v1::SessionFact(request.facts(0));
    CHECK_THAT(process->Ingest(request).status(), HasError(base::kValidationFailed));
  }
  SECTION("and must name one") {
    request.mutable_facts(0)->set_tenant_id("");
    CHECK_THAT(process->Ingest(request).status(), HasError(base::kValidationFailed));
  }
}

TEST_CASE("what came in is counted by type and verdict") {
  World world;
  const auto process = world.NewProcess();
  auto request = WebhookOf("FORGED sess_1 k1");
  request.set_provider("Vonage");
  CHECK_FALSE(process->Receive(request).ok());
  CHECK(observability::ExposeMetrics().find(
            "ctc_webhook_received_total{provider_type=\"VONAGE\",verdict=\"forged\"} 1") !=
        std::string::npos);
}

}  // namespace
}  // namespace ctc::webhook
