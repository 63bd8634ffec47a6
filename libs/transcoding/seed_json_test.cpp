// Golden JSON: each request body of the user's document is read, each response body is printed with
// the names and values it prints.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "ctc/dispatch/v1/provider_service.pb.h"
#include "ctc/routing/v1/routing_service.pb.h"
#include "ctc/session/v1/session_service.pb.h"
#include "ctc/stats/v1/stats_service.pb.h"
#include "libs/transcoding/json_reader.h"
#include "libs/transcoding/json_writer.h"

namespace ctc::transcoding {
namespace {

using nlohmann::json;

template <class Message>
Message Parse(std::string_view text) {
  Message message;
  const absl::Status status = ReadJson(text, TableOf(Message::descriptor()), message);
  INFO(status);
  REQUIRE(status.ok());
  return message;
}

// True when all of `expected` is in what `message` prints.
void CheckPrints(const google::protobuf::Message& message, std::string_view expected) {
  const json printed = json::parse(ToJson(message));
  json merged = printed;
  merged.merge_patch(json::parse(expected));
  CHECK(merged == printed);
}

TEST_CASE("the seed's initiate body is read", "[seed]") {
  const auto request = Parse<session::v1::InitiateCallRequest>(R"({
    "to_phone": "+1234567890", "phone_type": "EXTERNAL", "lead_id": "lead-uuid",
    "agent_id": "agent-uuid", "contact_name": "John Doe", "contact_email": "john@example.com",
    "campaign_id": "campaign-uuid", "metadata": {"custom_field": "value"}})");
  CHECK(request.to_phone() == "+1234567890");
  CHECK(request.contact_email() == "john@example.com");
  CHECK(request.metadata().fields().at("custom_field").string_value() == "value");
}

TEST_CASE("the seed's initiate response is printed", "[seed]") {
  session::v1::InitiateCallResponse response;
  response.set_success(true);
  auto& session = *response.mutable_session();
  session.set_id("session-uuid");
  session.set_session_id("sess_1234567890");
  session.set_status(session::v1::Session::INITIATED);
  session.set_from_phone("+0987654321");
  session.set_to_phone("+1234567890");
  session.set_provider_id("provider-uuid");
  session.set_provider_type(common::v1::ProviderType::ASTERISK);
  CheckPrints(response, R"({"success": true, "session": {"id": "session-uuid",
    "session_id": "sess_1234567890", "status": "INITIATED", "from_phone": "+0987654321",
    "to_phone": "+1234567890", "provider_id": "provider-uuid", "provider_type": "ASTERISK"}})");
}

TEST_CASE("the seed's session is printed", "[seed]") {
  session::v1::Session session;
  session.set_id("session-uuid");
  session.set_status(session::v1::Session::CONNECTED);
  session.set_from_phone("+0987654321");
  session.set_to_phone("+1234567890");
  session.mutable_call_started_at()->set_seconds(1764757800);
  session.set_duration_seconds(180);
  session.set_is_recorded(true);
  session.set_recording_url("https://...");
  CheckPrints(session, R"({"id": "session-uuid", "status": "CONNECTED",
    "from_phone": "+0987654321", "to_phone": "+1234567890",
    "call_started_at": "2025-12-03T10:30:00Z", "duration_seconds": 180, "is_recorded": true,
    "recording_url": "https://..."})");
}

TEST_CASE("the seed's list of sessions is printed", "[seed]") {
  session::v1::ListSessionsResponse response;
  response.set_total(150);
  response.set_limit(10);
  CHECK(ToJson(response) == R"({"total":150,"limit":10,"offset":0,"sessions":[]})");
}

TEST_CASE("the seed's status and end bodies are read", "[seed]") {
  CHECK(Parse<session::v1::UpdateSessionStatusRequest>(R"({"status": "CONNECTED"})").status() ==
        session::v1::Session::CONNECTED);
  CHECK(Parse<session::v1::EndCallRequest>(R"({"reason": "call_completed"})").reason() ==
        "call_completed");
}

TEST_CASE("the seed's provider bodies are read", "[seed]") {
  const auto request = Parse<dispatch::v1::CreateProviderRequest>(R"({
    "provider_name": "My Asterisk Server", "provider_type": "ASTERISK",
    "api_url": "http://asterisk-server:8088", "auth_token": "asterisk-auth-token",
    "phone_number": "+1234567890", "caller_id": "MyCompany", "dial_plan_prefix": "100",
    "is_active": true, "retry_count": 3, "timeout_seconds": 30, "priority": 1})");
  CHECK(request.provider_type() == common::v1::ProviderType::ASTERISK);
  CHECK(request.retry_count() == 3);
  const char* other = GENERATE(
      R"({"provider_type": "ASTERISK", "api_url": "http://asterisk-server:8088",
          "auth_token": "your-asterisk-token", "phone_number": "+1234567890",
          "dial_plan_prefix": "100"})",
      R"({"provider_type": "EXOTEL", "api_url": "https://api.exotel.com",
          "api_key": "exotel-api-key", "api_secret": "exotel-api-secret",
          "phone_number": "+1234567890", "caller_id": "MyCompany"})",
      R"({"provider_type": "MCUBE", "api_url": "https://api.mcube.com",
          "auth_token": "mcube-bearer-token", "phone_number": "+1234567890"})",
      R"({"provider_type": "TWILIO", "api_url": "https://api.twilio.com", "api_key": "account-sid",
          "api_secret": "auth-token", "phone_number": "+1234567890",
          "callback_url": "https://your-domain.com/webhook/twilio"})",
      R"({"provider_type": "SIP", "api_url": "http://sip-provider.com/api", "api_key": "api-key",
          "phone_number": "+1234567890"})");
  Parse<dispatch::v1::CreateProviderRequest>(other);
}

TEST_CASE("the seed's list of providers is printed", "[seed]") {
  dispatch::v1::ListProvidersResponse response;
  response.set_total(2);
  auto& provider = *response.add_providers();
  provider.set_id("provider-1");
  provider.set_provider_name("Primary Asterisk");
  provider.set_provider_type(common::v1::ProviderType::ASTERISK);
  provider.set_is_active(true);
  provider.set_priority(1);
  const json printed = json::parse(ToJson(response));
  CHECK(printed["total"] == 2);
  CheckPrints(provider, R"({"id": "provider-1", "provider_name": "Primary Asterisk",
    "provider_type": "ASTERISK", "is_active": true, "priority": 1})");
  CHECK(printed["providers"][0] == json::parse(ToJson(provider)));
}

TEST_CASE("the seed's agent activity is read", "[seed]") {
  const auto request = Parse<routing::v1::LogAgentActivityRequest>(R"({
    "agent_id": "agent-uuid", "activity_type": "ON_CALL", "session_id": "session-uuid",
    "is_available": true, "duration_seconds": 300})");
  CHECK(request.activity_type() == routing::v1::AgentActivity::ON_CALL);
  CHECK(request.duration_seconds() == 300);
}

TEST_CASE("the seed's routing rule is read", "[seed]") {
  const auto request = Parse<routing::v1::CreateRoutingRuleRequest>(R"({
    "rule_name": "Skill-Based Routing", "rule_type": "SKILL_BASED",
    "condition_json": {"required_skills": ["spanish", "sales"], "available_agents_only": true},
    "action_json": {"target": "agent_pool", "agent_filter": "skills LIKE '%spanish%'"},
    "provider_id": "primary-asterisk", "fallback_provider_id": "backup-exotel"})");
  CHECK(request.rule_name() == "Skill-Based Routing");
  CHECK(ToJson(request.condition_json()) ==
        R"({"available_agents_only":true,"required_skills":["spanish","sales"]})");
}

TEST_CASE("the seed's statistics are printed", "[seed]") {
  stats::v1::GetCallStatsResponse response;
  response.set_total_calls(500);
  response.set_completed_calls(480);
  response.set_failed_calls(20);
  response.set_total_duration(45000);
  response.set_average_duration(94);
  (*response.mutable_by_status())["COMPLETED"] = 480;
  (*response.mutable_by_status())["FAILED"] = 20;
  CheckPrints(response, R"({"total_calls": 500, "completed_calls": 480, "failed_calls": 20,
    "total_duration": 45000, "average_duration": 94,
    "by_status": {"COMPLETED": 480, "FAILED": 20}})");
}

}  // namespace
}  // namespace ctc::transcoding
