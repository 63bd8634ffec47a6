#include "libs/providers/mcube/flow.h"

#include <catch2/catch.hpp>

#include "libs/base/error.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowInput;
using routing::v1::FlowStep;

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.auth_token = base::Secret("the-token");
  account.webhook_secret = base::Secret("whsec");
  return account;
}

ReadFlowResponse Ask(const std::string& query, const std::string& token = "whsec") {
  common::v1::HttpRequest request;
  request.set_method("GET");
  request.set_query("tenant=t1&token=" + token + "&" + query);
  return ReadPull(AnAccount(), request);
}

std::string MissingOf(const FlowStep& step) {
  const base::ErrorDetail detail = base::DetailOf(RenderAgent(step).status());
  return detail.code == "CAPABILITY_MISSING" ? detail.metadata.at("capability") : "";
}

TEST_CASE("mCube asks for the agent of a caller", "[mcube][flow]") {
  const ReadFlowResponse read =
      Ask("callid=90000000011741066553&callfrom=9800000002&landingnumber=8040000003");
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.provider_id() == "p1");
  CHECK(read.call().provider_call_id() == "90000000011741066553");
  CHECK(read.call().from_phone() == "+919800000002");
  CHECK(read.call().to_phone() == "+918040000003");
  CHECK(read.input().kind() == FlowInput::STARTED);
}

TEST_CASE("an agent who did not take the call makes room for the next", "[mcube][flow]") {
  using Case = std::pair<std::string, FlowInput::Kind>;
  const auto [word, kind] = GENERATE(values<Case>({
      {"NOANSWER", FlowInput::DIAL_NO_ANSWER},
      {"Busy", FlowInput::DIAL_BUSY},
      {"Executive+Busy", FlowInput::DIAL_BUSY},
      {"CANCEL", FlowInput::CALLER_GONE},
      {"CONNECTING", FlowInput::STARTED},
  }));
  CHECK(Ask("callid=1&callfrom=9800000002&dialstatus=" + word).input().kind() == kind);
}

TEST_CASE("a pull without token or id is refused", "[mcube][flow]") {
  CHECK(Ask("callid=1", "guess").verdict() == ReadWebhookResponse::FORGED);
  CHECK(Ask("callid=1", "").verdict() == ReadWebhookResponse::UNSIGNED);
  CHECK(Ask("callfrom=9800000002").verdict() == ReadWebhookResponse::UNREADABLE);
  CHECK(Ask("refid=r").verdict() == ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("the answer is one agent's ten digits, or nobody", "[mcube][flow]") {
  FlowStep step;
  step.mutable_dial()->set_phone("+919000000001");
  step.mutable_dial()->set_ring_seconds(20);
  const auto answer = RenderAgent(step);
  REQUIRE(answer.ok());
  CHECK(answer->status() == 200);
  CHECK(answer->body() == R"({"agent":"9000000001","ring_seconds":20})");
  step.mutable_hang_up();
  step.add_prompts()->set_text("Good-bye");
  CHECK(RenderAgent(step)->body() == R"({"agent":"","ring_seconds":0})");
}

TEST_CASE("whatever is no agent to ring is named", "[mcube][flow]") {
  FlowStep step;
  step.mutable_gather();
  CHECK(MissingOf(step) == "gather");
  step.mutable_voicemail();
  CHECK(MissingOf(step) == "voicemail");
  step.mutable_wait();
  CHECK(MissingOf(step) == "wait");
  step.mutable_dial()->set_phone("PJSIP/ann");
  CHECK(MissingOf(step) == "agents without a number");
  step.add_prompts()->set_text("Hello");
  CHECK(MissingOf(step) == "prompts");
  CHECK(MissingOf(FlowStep()) == "prompts");
}

}  // namespace
}  // namespace ctc::providers::mcube
