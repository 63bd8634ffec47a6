// Questions what to do with a caller: what is answered, what is refused, what the log tells.
#include "services/webhook/service/flow_intake.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/status_matchers.h"
#include "services/webhook/service/world_for_test.h"

namespace ctc::webhook {
namespace {

using routing::v1::FlowInput;
using testing::HasCode;
using testing::HasError;
using testing::IsOk;

v1::ReceiveFlowRequest QuestionOf(const std::string& body) {
  v1::ReceiveFlowRequest request;
  request.set_provider("twilio");
  request.mutable_raw()->set_method("POST");
  request.mutable_raw()->set_query("tenant=acme");
  request.mutable_raw()->set_body(body);
  return request;
}

}  // namespace

TEST_CASE("a genuine question gets the step in the provider's language", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  const auto answer = process->Ask(QuestionOf("GENUINE new 0"));
  REQUIRE_THAT(answer.status(), IsOk());
  CHECK(answer->raw().status() == 200);
  CHECK(answer->raw().content_type() == "text/xml");
  CHECK(answer->raw().body() == "<Gather room='room' step='1'/>");

  const auto asked = world.session.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].provider_id() == kAccount);
  CHECK(asked[0].provider_type() == common::v1::ProviderType::TWILIO);
  CHECK(asked[0].provider_call_id() == "CA1");
  CHECK(asked[0].from_phone() == "+1234567890");
  CHECK(asked[0].to_phone() == "+0987654321");
  CHECK(asked[0].input().digits() == "4");
  CHECK(asked[0].source() == session::v1::WEBHOOK);

  const v1::WebhookLog line = process->Log().at(0);
  CHECK(line.event_type() == "flow");
  CHECK(line.state() == "APPLIED");
  CHECK(line.session_id() == "sess_new");
  CHECK(line.provider_id() == kAccount);
  CHECK(line.signature_valid());
}

TEST_CASE("a question by GET is read like one by POST", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  v1::ReceiveFlowRequest question = QuestionOf("GENUINE new 0");
  question.mutable_raw()->set_method("GET");
  CHECK_THAT(process->Ask(question).status(), IsOk());
}

TEST_CASE("a question that is not genuine is refused, logged and not asked on", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  const std::pair<std::string, const base::ErrorSpec*> vectors[] = {
      {"UNSIGNED", &base::kSignatureMissing},
      {"FORGED", &base::kSignatureInvalid},
      {"NO_ACCOUNT", &base::kSignatureInvalid},
      {"OUTSIDE_WINDOW", &base::kWebhookOutsideWindow},
      {"UNREADABLE", &base::kWebhookUnreadable}};
  for (const auto& [verdict, error] : vectors) {
    CAPTURE(verdict);
    CHECK_THAT(process->Ask(QuestionOf(verdict + " new 0")).status(), HasError(*error));
    const v1::WebhookLog line = process->Log().back();
    world.clock.Advance(absl::Milliseconds(1));  // so that the next line is the newest
    CHECK(line.state() == "REFUSED");
    CHECK(line.event_type() == "flow");
    CHECK(line.error_code() == error->code);
    CHECK(line.error_message() == "because of " + verdict);
  }
  CHECK(world.session.asked().empty());
}

TEST_CASE("a question in a wrong frame is refused", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  v1::ReceiveFlowRequest question = QuestionOf("GENUINE new 0");
  SECTION("unknown type") {
    question.set_provider("pigeon");
    CHECK_THAT(process->Ask(question).status(), HasError(base::kUnknownProviderType));
  }
  SECTION("no tenant") {
    question.mutable_raw()->clear_query();
    CHECK_THAT(process->Ask(question).status(), HasError(base::kTenantRequired));
  }
  SECTION("too long") {
    question.mutable_raw()->set_body(std::string((64 << 10) + 1, 'x'));
    CHECK_THAT(process->Ask(question).status(), HasError(base::kBodyTooLarge));
  }
  CHECK(world.session.asked().empty());
}

TEST_CASE("another tenant's session is not advanced", "[flow]") {
  World world;
  world.session.Know("sess_1");
  const auto process = world.NewProcess();
  CHECK_THAT(process->Ask(QuestionOf("GENUINE sess_1 1")).status(), IsOk());
  CHECK_THAT(process->Ask(QuestionOf("GENUINE sess_2 1")).status(),
             HasError(base::kUnknownSession));
  v1::ReceiveFlowRequest other = QuestionOf("GENUINE sess_1 1");
  other.mutable_raw()->set_query("tenant=other");
  CHECK_THAT(process->Ask(other).status(), HasError(base::kUnknownSession));
  CHECK(world.session.asked().size() == 1);
}

TEST_CASE("while a part is away the provider is told to do without us", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  CHECK_THAT(process->Ask(QuestionOf("dispatch-away")).status(),
             HasCode(absl::StatusCode::kUnavailable));
  world.session.SetAway(true);
  CHECK_THAT(process->Ask(QuestionOf("GENUINE new 0")).status(),
             HasCode(absl::StatusCode::kUnavailable));
  CHECK(process->Log().back().state() == "REFUSED");
}

TEST_CASE("a step the provider cannot do is told by its name", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  CHECK_THAT(process->Ask(QuestionOf("GENUINE new 0 cannot")).status(),
             HasError(base::kCapabilityMissing));
}

TEST_CASE("a socket's question is answered with the step itself", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  v1::IngestFlowRequest question;
  question.set_provider_type(common::v1::ProviderType::ASTERISK);
  question.set_provider_id(kAccount);
  question.set_provider_call_id("1764757800.1");
  question.mutable_input()->set_kind(FlowInput::DIGITS);
  question.mutable_input()->set_digits("4711");
  question.mutable_input()->set_step_number(2);
  const auto answer = process->AskBySocket(question);
  REQUIRE_THAT(answer.status(), IsOk());
  CHECK(answer->session() == "uuid");
  CHECK(answer->session_id() == "sess_new");
  CHECK(answer->step().number() == 3);
  CHECK(world.session.asked().at(0).source() == session::v1::EVENT_SOCKET);
  const v1::WebhookLog line = process->Log().at(0);
  CHECK(line.source() == "EVENT_SOCKET");
  CHECK(process->Get(line.id())->log().payload() == R"({"kind":"DIGITS","step_number":2})");
  CHECK_THAT(process->AskBySocket(question, "").status(), HasError(base::kTenantRequired));
}

TEST_CASE("a question cannot be replayed", "[flow]") {
  World world;
  const auto process = world.NewProcess();
  REQUIRE_THAT(process->Ask(QuestionOf("GENUINE new 0")).status(), IsOk());
  CHECK(testing::NamesField(process->Replay(process->Log().at(0).id()).status(), "id"));
}

}  // namespace ctc::webhook
