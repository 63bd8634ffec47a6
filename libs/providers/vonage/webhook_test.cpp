#include "libs/providers/vonage/webhook.h"

#include <catch2/catch.hpp>

#include "libs/providers/vonage/leg_fact.h"
#include "libs/providers/vonage/samples_for_test.h"

namespace ctc::providers::vonage {
namespace {

using Json = nlohmann::json;
using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

ReadWebhookResponse Read(const common::v1::HttpRequest& request) {
  return ReadEvent(AnAccount(), request, kSignedAt + absl::Minutes(1), {});
}

Json AnEvent(const char* status) {
  return {{"headers", Json::object()},    {"from", "15551230001"},
          {"to", "15551230003"},          {"uuid", kUuid},
          {"conversation_uuid", "CON-1"}, {"status", status},
          {"direction", "outbound"},      {"timestamp", "2026-01-01T12:00:00.250Z"}};
}

ReadWebhookResponse ReadLeg(const Json& event, std::string_view leg = "customer") {
  return Read(APost(OfSession("&leg=" + std::string(leg)), event.dump()));
}

CallFact FactOfLeg(const Json& event, std::string_view leg = "customer") {
  const ReadWebhookResponse read = ReadLeg(event, leg);
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  REQUIRE(read.facts_size() == 1);
  return read.facts(0).fact();
}

TEST_CASE("a leg's event becomes a fact of the session in our URL", "[vonage][webhook]") {
  const ReadWebhookResponse read = ReadLeg(AnEvent("answered"));
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.provider_id() == kProvider);
  CHECK(read.event_type() == "answered");
  CHECK(read.session() == kSession);
  CHECK(read.answer().status() == 204);
  CHECK(read.answer().body().empty());
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).tenant_id() == "t 1");
  CHECK(read.facts(0).session() == kSession);
  const CallFact& fact = read.facts(0).fact();
  CHECK(fact.kind() == CallFact::CALL_ANSWERED);
  CHECK(fact.party() == Leg::CUSTOMER);
  CHECK(fact.leg_id().empty());
  CHECK(fact.provider_leg_id() == kUuid);
  CHECK(fact.source() == session::v1::WEBHOOK);
  CHECK(fact.provider_time().seconds() == 1767268800);
  CHECK(fact.provider_time().nanos() == 250'000'000);
  CHECK(fact.event_key() == "vonage:" + std::string(kUuid) + ":answered");
}

TEST_CASE("each word of Vonage has its meaning for the customer and the agent",
          "[vonage][webhook]") {
  struct Case {
    const char* status;
    const char* detail;
    int sip_code;
    CallFact::Kind kind;
    session::v1::EndReason customers;
    session::v1::EndReason agents;
  };
  const Case c = GENERATE(values<Case>({
      {"started", "", 0, CallFact::CALL_INITIATED, {}, {}},
      {"ringing", "", 0, CallFact::CALL_RINGING, {}, {}},
      {"answered", "", 0, CallFact::CALL_ANSWERED, {}, {}},
      {"human", "", 0, CallFact::CALL_ANSWERED, {}, {}},
      {"completed", "", 200, CallFact::CALL_ENDED, {}, {}},
      {"cancelled", "", 487, CallFact::CALL_CANCELLED, {}, {}},
      {"busy", "", 486, CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY,
       session::v1::AGENT_REJECTED},
      {"unanswered", "unavailable", 480, CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER,
       session::v1::AGENT_NO_ANSWER},
      {"unanswered", "timeout", 603, CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED,
       session::v1::AGENT_REJECTED},
      {"timeout", "", 0, CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER,
       session::v1::AGENT_NO_ANSWER},
      {"rejected", "declined", 0, CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED,
       session::v1::AGENT_REJECTED},
      {"rejected", "", 603, CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED,
       session::v1::AGENT_REJECTED},
      {"rejected", "invalid_number", 0, CallFact::CALL_FAILED, session::v1::INVALID_NUMBER,
       session::v1::UNREACHABLE},
      {"rejected", "restricted", 603, CallFact::CALL_FAILED, session::v1::PROVIDER_REJECTED,
       session::v1::PROVIDER_REJECTED},
      {"failed", "number_out_of_service", 0, CallFact::CALL_FAILED, session::v1::INVALID_NUMBER,
       session::v1::UNREACHABLE},
      {"failed", "", 404, CallFact::CALL_FAILED, session::v1::INVALID_NUMBER,
       session::v1::UNREACHABLE},
      {"failed", "cannot_route", 0, CallFact::CALL_FAILED, session::v1::UNREACHABLE,
       session::v1::UNREACHABLE},
      {"failed", "internal_error", 500, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR,
       session::v1::PROVIDER_ERROR},
      {"disconnected", "", 0, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR,
       session::v1::PROVIDER_ERROR},
  }));
  INFO(c.status << " " << c.detail << " " << c.sip_code);
  const LegStatus leg = {c.status, c.detail, c.sip_code};
  const CallFact customer = FactOf(Leg::CUSTOMER, leg);
  const CallFact agent = FactOf(Leg::AGENT, leg);
  CHECK(customer.kind() == c.kind);
  CHECK(agent.kind() == c.kind);
  CHECK(customer.reason() == c.customers);
  CHECK(agent.reason() == c.agents);
  CHECK(customer.cause() ==
        (c.sip_code >= 300 ? "sip:" + std::to_string(c.sip_code) : std::string()));
  CHECK((c.kind == CallFact::CALL_FAILED) == !customer.error_code().empty());
}

TEST_CASE("a machine is the customer's matter only", "[vonage][webhook]") {
  Json event = AnEvent("machine");
  event["call_uuid"] = event["uuid"];
  event.erase("uuid");
  CHECK(FactOfLeg(event).kind() == CallFact::CALL_MACHINE);
  CHECK(FactOfLeg(event).provider_leg_id() == kUuid);
  CHECK(FactOfLeg(event, "agent").kind() == CallFact::CALL_ANSWERED);
}

TEST_CASE("the customer's talk seconds come as text or number", "[vonage][webhook]") {
  Json event = AnEvent("completed");
  event["duration"] = "7";
  CHECK(FactOfLeg(event).duration_seconds() == 7);
  event["duration"] = 8;
  CHECK(FactOfLeg(event).duration_seconds() == 8);
  event["duration"] = "seven";
  CHECK_FALSE(FactOfLeg(event).has_duration_seconds());
  event["duration"] = "7";
  CHECK_FALSE(FactOfLeg(event, "agent").has_duration_seconds());
}

TEST_CASE("further legs have their id and party", "[vonage][webhook]") {
  const auto party = [](const char* leg) {
    const CallFact fact = FactOfLeg(AnEvent("ringing"), leg);
    CHECK(fact.leg_id() == leg);
    return fact.party();
  };
  CHECK(party("agent-2") == Leg::AGENT);  // rung again after a failed transfer
  CHECK(party("consult-1") == Leg::CONSULT);
  CHECK(party("party-12") == Leg::GUEST);
  CHECK(party("supervisor-2") == Leg::SUPERVISOR);
  for (const char* leg : {"boss", "consult-", "consult-x", "consult--1", "consult-99999999"}) {
    CHECK(ReadLeg(AnEvent("ringing"), leg).verdict() == ReadWebhookResponse::UNREADABLE);
  }
}

TEST_CASE("a recorded room records from the answer that our URL names", "[vonage][webhook]") {
  const ReadWebhookResponse read = ReadLeg(AnEvent("answered"), "customer&records=1");
  REQUIRE(read.facts_size() == 2);
  CHECK(read.facts(0).fact().kind() == CallFact::CALL_ANSWERED);
  CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_STARTED);
  CHECK(ReadLeg(AnEvent("ringing"), "customer&records=1").facts_size() == 1);
}

TEST_CASE("of a caller's own leg only the end is told", "[vonage][webhook]") {
  Json event = AnEvent("completed");
  event["direction"] = "inbound";
  event["duration"] = "61";
  const ReadWebhookResponse read = Read(APost("", event.dump()));
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).session().empty());
  CHECK(read.facts(0).provider_call_id() == kUuid);
  CHECK(read.facts(0).provider_id() == kProvider);
  const CallFact& fact = read.facts(0).fact();
  CHECK(fact.kind() == CallFact::CALL_ENDED);
  CHECK(fact.party() == Leg::CUSTOMER);
  CHECK_FALSE(fact.has_duration_seconds());  // a minute of menus is no talk
  for (const char* status : {"started", "ringing", "answered"}) {
    event["status"] = status;
    CHECK(Read(APost("", event.dump())).facts_size() == 0);
  }
  event["status"] = "completed";
  event["direction"] = "outbound";
  CHECK(Read(APost("", event.dump())).facts_size() == 0);
}

TEST_CASE("a recording stops and can be fetched", "[vonage][webhook]") {
  const char* body =
      R"({"start_time":"2020-07-14T01:23:04Z","recording_url":"https://api.nexmo.com/v1/files/87b8851a-1","size":18990,"recording_uuid":"2e7855d6-1","end_time":"2020-07-14T01:23:06Z","conversation_uuid":"CON-1","timestamp":"2026-01-01T12:00:00.000Z"})";
  const ReadWebhookResponse read = Read(APost(OfSession("&leg=recording"), body));
  CHECK(read.event_type() == "record");
  REQUIRE(read.facts_size() == 2);
  CHECK(read.facts(0).fact().kind() == CallFact::RECORDING_STOPPED);
  CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_READY);
  CHECK(read.facts(1).fact().recording_url() == "https://api.nexmo.com/v1/files/87b8851a-1");
  CHECK(Read(APost("", body)).verdict() == ReadWebhookResponse::UNREADABLE);
  CHECK(Read(APost(OfSession("&leg=recording"),
                   R"({"recording_url":"file:///etc/passwd","recording_uuid":"a"})"))
            .verdict() == ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("an error where a recording is told of is the recording's", "[vonage][webhook]") {
  const char* body =
      R"({"reason":"no storage","conversation_uuid":"CON-1","timestamp":"2026-01-01T12:00:00.000Z"})";
  const ReadWebhookResponse read = Read(APost(OfSession("&leg=recording"), body));
  REQUIRE(read.facts_size() == 2);
  CHECK(read.facts(0).fact().kind() == CallFact::RECORDING_STOPPED);
  CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_FAILED);
  CHECK(read.facts(1).fact().message() == "no storage");
  CHECK(read.facts(1).fact().event_key() != read.facts(0).fact().event_key());
  CHECK(Read(APost("&leg=recording", body)).facts_size() == 0);
  CHECK(Read(APost(OfSession("&leg=message"), body)).facts_size() == 0);
}

TEST_CASE("a message is told as one, however the caller ended it", "[vonage][webhook]") {
  const std::string query = OfSession("&leg=message");
  const ReadWebhookResponse read = Read(APost(
      query,
      R"({"recording_url":"https://api.nexmo.com/v1/files/87b8851a-1","recording_uuid":"2e7855d6-1"})"));
  REQUIRE(read.facts_size() == 3);
  CHECK(read.facts(0).fact().kind() == CallFact::RECORDING_STOPPED);
  CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_READY);
  CHECK(read.facts(2).fact().kind() == CallFact::CALL_MACHINE);
  CHECK(read.facts(2).fact().event_key() == "vonage:2e7855d6-1:message");
  for (const char* body :
       {R"({"conversation_uuid":"CON-1","recording_uuid":"r","status":"transcribed"})",
        R"({"conversation_uuid":"CON-1","uuid":"a","status":"completed"})",
        R"({"conversation_uuid":"CON-1"})"}) {
    INFO(body);
    CHECK(Read(APost(query, body)).verdict() == ReadWebhookResponse::GENUINE);
    CHECK(Read(APost(query, body)).facts_size() == 0);
  }
}

TEST_CASE("what cannot be done is a failure of the leg it was for", "[vonage][webhook]") {
  const char* body =
      R"({"reason":"Syntax error in NCCO. Invalid value type or action.","conversation_uuid":"CON-1","timestamp":"2026-01-01T12:00:00.000Z"})";
  const ReadWebhookResponse read = Read(APost(OfSession("&leg=agent"), body));
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).fact().kind() == CallFact::CALL_FAILED);
  CHECK(read.facts(0).fact().message().find("Syntax error") != std::string::npos);
  CHECK(Read(APost("", body)).facts_size() == 0);
}

TEST_CASE("events that say nothing of a call are genuine and silent", "[vonage][webhook]") {
  for (
      const char* body :
      {R"({"conversation_uuid_from":"CON-1","type":"transfer","uuid":"0A1","conversation_uuid_to":"CON-2","timestamp":"2020-07-01T20:45:36.850Z"})",
       R"({"speech":{"error":"Speech was not enabled"},"dtmf":{"digits":"2","timed_out":true},"uuid":"0A1"})",
       R"({"payload":{"a":1},"conversation_uuid":"CON-1"})",
       R"({"status":"invented","uuid":"0A1"})",
       R"({"conversation_uuid":"CON-1","recording_uuid":"r","status":"transcribed","type":"record"})"}) {
    INFO(body);
    const ReadWebhookResponse read = Read(APost(OfSession("&leg=customer"), body));
    CHECK(read.verdict() == ReadWebhookResponse::GENUINE);
    CHECK(read.facts_size() == 0);
    CHECK_FALSE(read.event_type().empty());
  }
}

TEST_CASE("what cannot be read is said, field by field", "[vonage][webhook]") {
  struct Case {
    std::string query;
    std::string body;
    const char* reason;
  };
  const std::string legs = OfSession("&leg=customer");
  for (const Case& c : std::vector<Case>{
           {legs, "<html>", "body"},
           {legs, "", "body"},
           {legs, R"({"status":"answ)", "body"},
           {legs, "[]", "body"},
           {legs, std::string(70000, ' ') + "{}", "body"},
           {legs, "{}", "status"},
           {legs, R"({"status":"answered"})", "uuid"},
           {legs, R"({"status":"answered","uuid":"../x"})", "uuid"},
           {legs, R"({"status":"answered","uuid":7})", "uuid"},
           {legs, R"({"status":"answered","uuid":"a","timestamp":"yesterday"})", "timestamp"},
           {legs, R"({"status":"answered","uuid":"a","timestamp":"infinite-future"})", "timestamp"},
           {legs, R"({"status":"answered","uuid":"a","x":")" + std::string(3000, 'x') + "\"}",
            "x:"},
           {"&session=1&leg=customer", R"({"status":"answered","uuid":"a"})", "session"},
           {"&leg=customer", R"({"status":"answered","uuid":"a"})", "session"},
           {"&session=%zz", R"({"status":"answered","uuid":"a"})", "body"},
       }) {
    INFO(c.query << " " << c.body.substr(0, 80));
    const ReadWebhookResponse read = Read(APost(c.query, c.body));
    CHECK(read.verdict() == ReadWebhookResponse::UNREADABLE);
    CHECK(read.reason().find(c.reason) != std::string::npos);
    CHECK(read.facts_size() == 0);
  }
}

TEST_CASE("an event by GET reads like one by POST", "[vonage][webhook]") {
  const ReadWebhookResponse read =
      Read(AGet(OfSession("&leg=agent&status=busy&sip_code=486&uuid=") + kUuid, ""));
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).fact().kind() == CallFact::CALL_BUSY);
  CHECK(read.facts(0).fact().cause() == "sip:486");
}

TEST_CASE("forged events say nothing", "[vonage][webhook]") {
  common::v1::HttpRequest request = APost(OfSession("&leg=customer"), AnEvent("answered").dump());
  request.set_body(AnEvent("completed").dump());
  CHECK(Read(request).verdict() == ReadWebhookResponse::FORGED);
  CHECK(Read(request).facts_size() == 0);
  CHECK(Read(request).session().empty());
}

TEST_CASE("times come in two forms", "[vonage][webhook]") {
  CHECK(ReadTime("2020-01-01 12:00:00") == absl::FromUnixSeconds(1577880000));
  CHECK(ReadTime("2020-01-01T12:00:00.000Z") == absl::FromUnixSeconds(1577880000));
  for (const char* text : {"", "2020-01-01", "now", "9999-01-01 12:00:00", "infinite-past"}) {
    CHECK_FALSE(ReadTime(text).has_value());
  }
}

}  // namespace
}  // namespace ctc::providers::vonage
