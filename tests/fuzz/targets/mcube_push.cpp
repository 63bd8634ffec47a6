// Pushes and pulls of mCube, and its answers to us: a line of query, then the body. First byte: 's'
// adds the right token, 'm' picks multipart with it, 'a' is an answer to a submission, 'f' the step
// of a caller: its kind, then the texts of MakeStep.
#include <nlohmann/json.hpp>

#include "libs/providers/mcube/flow.h"
#include "libs/providers/mcube/push.h"
#include "libs/providers/mcube/request.h"
#include "tests/fuzz/flow_step.h"

namespace ctc::fuzz {
namespace {

using dispatch::v1::PlaceCallResponse;
using dispatch::v1::ReadWebhookResponse;
namespace mcube = providers::mcube;

providers::Account MakeAccount() {
  providers::Account account;
  account.tenant = base::TenantId("tenant-id");
  account.config.set_id("019a0000-0000-7000-8000-000000000002");
  account.config.set_api_url("https://api.mcube.com");
  account.webhook_secret = base::Secret("a1b2c3d4e5f60718293a4b5c6d7e8f90");
  return account;
}

void CheckSubmission(std::string_view body) {
  http::ClientResult result;
  result.response.status = 200;
  result.response.body = std::string(body);
  const PlaceCallResponse outcome = mcube::OutcomeOf(result);
  Require(outcome.outcome() != PlaceCallResponse::OUTCOME_UNSPECIFIED,
          "every answer is an outcome");
  Require(outcome.error_message().size() <= 200, "little of an answer is told");
  Require(outcome.outcome() == PlaceCallResponse::ACCEPTED || !outcome.error_code().empty(),
          "what is no call has a code");
}

void CheckFacts(const ReadWebhookResponse& read, bool right) {
  const bool genuine = read.verdict() == ReadWebhookResponse::GENUINE;
  if (!right) Require(!genuine, "nobody without the token is genuine");
  if (!genuine) {
    Require(read.facts_size() == 0 && !read.reason().empty(), "what is refused says why alone");
  }
  for (const auto& item : read.facts()) {
    Require(item.tenant_id() == "tenant-id", "a fact is of the account's tenant");
    Require(!item.session().empty() || !item.provider_call_id().empty(), "a fact is of a call");
    Require(!item.fact().event_key().empty(), "a fact has a key");
    Require(item.fact().kind() != session::v1::CallFact::KIND_UNSPECIFIED, "a fact has a kind");
    Require(item.fact().duration_seconds() >= 0, "no talk is shorter than none");
    const std::string& url = item.fact().recording_url();
    Require(url.empty() || mcube::IsRecordingHost(MakeAccount(), url), "a recording is mCube's");
  }
}

void CheckAgent(std::string_view bytes) {
  const uint8_t kind = TakeByte(bytes);
  routing::v1::FlowStep step = MakeStep(kind, bytes);
  if (kind < 128) step.clear_prompts();
  const auto answer = mcube::RenderAgent(step);
  if (!answer.ok()) return;
  const auto json = nlohmann::json::parse(answer->body());
  const std::string agent = json.at("agent");
  Require(agent.find_first_not_of("0123456789") == std::string::npos, "an agent is a number");
  Require(json.at("ring_seconds") >= (agent.empty() ? 0 : 1), "a phone rings for some time");
}

}  // namespace

void McubePush(std::string_view bytes) {
  const uint8_t how = TakeByte(bytes);
  if (how == 'a') return CheckSubmission(bytes);
  if (how == 'f') return CheckAgent(bytes);
  const bool right = how == 's' || how == 'm';
  common::v1::HttpRequest request;
  request.set_query(std::string(TakeLine(bytes)));
  if (right) request.set_query("token=a1b2c3d4e5f60718293a4b5c6d7e8f90&" + request.query());
  request.set_method(bytes.empty() ? "GET" : "POST");
  request.set_body(std::string(bytes));
  auto& type = *request.add_headers();
  type.set_name("content-type");
  type.set_value(how == 'm' ? "multipart/form-data; boundary=b"
                            : "application/x-www-form-urlencoded");
  const absl::Time now = absl::FromUnixSeconds(1'741'066'800);
  CheckFacts(mcube::ReadPushWebhook(MakeAccount(), request, now, {}), right);
  const auto pull = mcube::ReadPull(MakeAccount(), request);
  if (!right) Require(pull.verdict() != ReadWebhookResponse::GENUINE, "no pull without the token");
  (void)mcube::SecondsOf(bytes);
  (void)mcube::TokenEnd(base::Secret(std::string(bytes)));
}

}  // namespace ctc::fuzz
