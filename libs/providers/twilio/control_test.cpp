#include "libs/providers/twilio/control.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/twilio/incoming.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::ControlCallRequest;
using session::v1::Leg;

const std::string kFirst = "01930000-0000-7000-8000-000000000001";
const std::string kSecond = "01930000-0000-7000-8000-000000000002";
const std::string kNewParty = "/Conferences/" + kFirst + "/Participants.json";
const std::string kRoom = "/Conferences/{conference}/Participants";

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_phone_number("+15550009999");
  account.public_url = "https://crm.example.com";
  return account;
}

ControlCallRequest ARequest(ControlCallRequest::Action action) {
  ControlCallRequest request;
  request.set_action(action);
  request.set_provider_call_id("CAagent");
  auto& order = *request.mutable_order();
  order.set_id(kFirst);
  order.set_room(kFirst);
  order.set_agent_phone("+15551230002");
  order.set_from_phone("+15551230001");
  order.set_to_phone("+15551230003");
  return request;
}

ControlCallRequest WithTarget(ControlCallRequest request, Leg::Party party, const char* leg_id,
                              const char* phone = "+15551230004") {
  request.mutable_target()->set_party(party);
  request.mutable_target()->set_leg_id(leg_id);
  request.mutable_target()->set_phone(phone);
  return request;
}

ControlCallRequest Inbound(ControlCallRequest request) {
  auto& order = *request.mutable_order();
  order.set_direction(session::v1::Session::INBOUND);
  order.set_from_phone("+15551230003");
  order.set_to_phone("+15551230001");
  request.set_provider_call_id("CAcaller");
  return request;
}

void AddLeg(ControlCallRequest& request, Leg::Party party, const char* id, const char* sid,
            Leg::State state = Leg::ANSWERED) {
  Leg& leg = *request.add_legs();
  leg.set_party(party);
  leg.set_id(id);
  leg.set_provider_leg_id(sid);
  leg.set_state(state);
}

std::vector<RestStep> Plan(const ControlCallRequest& request) {
  return PlanControl(AnAccount(), request).value();
}

// "POST /path A=1 B=2" of each step; a plan is read as its steps are sent.
std::vector<std::string> Lines(const ControlCallRequest& request) {
  std::vector<std::string> lines;
  for (const RestStep& step : Plan(request)) {
    std::string line = step.method + " " + step.path;
    for (const auto& [name, value] : step.form) line += " " + name + "=" + value;
    lines.push_back(std::move(line));
  }
  return lines;
}

using Text = std::vector<std::string>;

}  // namespace

TEST_CASE("a party is dialled into the room under its leg's name", "[twilio][control]") {
  auto request = WithTarget(ARequest(ControlCallRequest::DIAL_PARTY), Leg::GUEST, "party-1");
  request.mutable_target()->set_ring_seconds(20);
  const auto plan = Plan(request);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].path == kNewParty);
  const Form& form = plan[0].form;
  CHECK(ValueOf(form, "From") == "+15551230001");
  CHECK(ValueOf(form, "To") == "+15551230004");
  CHECK(ValueOf(form, "Label") == "party-1");
  CHECK(ValueOf(form, "Timeout") == "20");
  CHECK(ValueOf(form, "EarlyMedia") == "false");
  CHECK(ValueOf(form, "StartConferenceOnEnter") == "true");
  CHECK(ValueOf(form, "EndConferenceOnExit") == "false");
  CHECK(ValueOf(form, "StatusCallback") ==
        "https://crm.example.com/api/v1/webhooks/voip/twilio?tenant=t1&session=" + kFirst +
            "&leg=party-1#rc=3&rp=ct,rt,5xx");
  CHECK(ValueOf(form, "ConferenceStatusCallback").find("&leg=conference#") != std::string::npos);
  CHECK(ValueOf(form, "ConferenceRecord").empty());
}

TEST_CASE("how long a phone rings stays within Twilio's bounds", "[twilio][control]") {
  auto request = WithTarget(ARequest(ControlCallRequest::DIAL_PARTY), Leg::GUEST, "party-1");
  const auto timeout = [&](int seconds) {
    request.mutable_target()->set_ring_seconds(seconds);
    return ValueOf(Plan(request)[0].form, "Timeout");
  };
  CHECK(timeout(0) == "45");
  CHECK(timeout(1) == "5");
  CHECK(timeout(601) == "600");
}

TEST_CASE("an inbound call's agent sees our number, and its answer joins", "[twilio][control]") {
  auto request = Inbound(WithTarget(ARequest(ControlCallRequest::DIAL_PARTY), Leg::AGENT, "agent"));
  request.mutable_order()->set_record(true);
  const Form form = Plan(request)[0].form;
  CHECK(ValueOf(form, "From") == "+15551230001");
  CHECK(ValueOf(form, "EndConferenceOnExit") == "true");
  CHECK(ValueOf(form, "StatusCallback").find("&leg=agent&answer=joins#") != std::string::npos);
  CHECK(ValueOf(form, "ConferenceStatusCallback").find("&leg=room#") != std::string::npos);
  CHECK(ValueOf(form, "ConferenceRecord") == "record-from-start");
  CHECK(ValueOf(form, "ConferenceRecordingStatusCallback").find("&leg=recording#") !=
        std::string::npos);
  request.mutable_order()->clear_to_phone();
  CHECK(ValueOf(Plan(request)[0].form, "From") == "+15550009999");
}

TEST_CASE("a consultation keeps the room when the agent goes, and gives it back",
          "[twilio][control]") {
  const auto dial =
      Plan(WithTarget(ARequest(ControlCallRequest::DIAL_PARTY), Leg::CONSULT, "consult-1"));
  REQUIRE(dial.size() == 2);
  CHECK(dial[0].path == kRoom + "/CAagent.json");
  CHECK(ValueOf(dial[0].form, "EndConferenceOnExit") == "false");
  CHECK(dial[0].gone == Gone::kNothing);
  CHECK(Lines(WithTarget(ARequest(ControlCallRequest::DROP_PARTY), Leg::CONSULT, "consult-1")) ==
        Text{"POST " + kRoom + "/CAagent.json EndConferenceOnExit=true",
             "DELETE " + kRoom + "/consult-1.json"});
}

TEST_CASE("after a consultation that failed the room ends with its agent again",
          "[twilio][control]") {
  auto request = ARequest(ControlCallRequest::RESUME);
  const std::string resume = "POST " + kRoom + "/customer.json Hold=false";
  CHECK(Lines(request) == Text{resume});
  AddLeg(request, Leg::CONSULT, "consult-1", "CAconsult");
  CHECK(Lines(request) == Text{resume});  // three talk
  request.mutable_legs(0)->set_state(Leg::ENDED);
  CHECK(Lines(request) == Text{resume, "POST " + kRoom + "/CAagent.json EndConferenceOnExit=true"});
}

TEST_CASE("an agent that is taken out leaves the room standing", "[twilio][control]") {
  CHECK(Lines(WithTarget(ARequest(ControlCallRequest::DROP_PARTY), Leg::AGENT, "agent")) ==
        Text{"POST " + kRoom + "/CAagent.json EndConferenceOnExit=false",
             "DELETE " + kRoom + "/CAagent.json"});
}

TEST_CASE("a call is handed over in the order that loses nobody", "[twilio][control]") {
  auto request = WithTarget(ARequest(ControlCallRequest::HAND_OVER), Leg::CONSULT, "consult-1");
  AddLeg(request, Leg::CONSULT, "consult-1", "CAconsult");
  CHECK(Lines(request) == Text{"POST " + kRoom + "/CAconsult.json EndConferenceOnExit=true",
                               "POST " + kRoom + "/CAagent.json EndConferenceOnExit=false",
                               "DELETE " + kRoom + "/CAagent.json",
                               "POST " + kRoom + "/customer.json Hold=false"});
  const auto plan = Plan(request);
  CHECK(plan[0].gone == Gone::kRefuse);
  CHECK(plan[2].gone == Gone::kNothing);
  CHECK(plan[3].gone == Gone::kCall);
}

TEST_CASE("the session after a transfer speaks of the same room", "[twilio][control]") {
  auto request = ARequest(ControlCallRequest::MUTE);
  request.mutable_order()->set_id(kSecond);
  request.clear_provider_call_id();
  AddLeg(request, Leg::AGENT, "agent", "CAconsult");
  CHECK(Lines(request) == Text{"POST " + kRoom + "/CAconsult.json Muted=true"});
  request.set_action(ControlCallRequest::DIAL_PARTY);
  const auto dial = Plan(WithTarget(request, Leg::CONSULT, "consult-1"));
  CHECK(ValueOf(dial[1].form, "Label") == "consult-1." + kSecond);
  CHECK(ValueOf(dial[1].form, "StatusCallback").find("session=" + kSecond + "&leg=consult-1#") !=
        std::string::npos);
}

TEST_CASE("an agent's leg that ended is not spoken to by its old sid", "[twilio][control]") {
  auto request = ARequest(ControlCallRequest::MUTE);
  AddLeg(request, Leg::AGENT, "agent", "CAagent", Leg::ENDED);
  CHECK(Lines(request) == Text{"POST " + kRoom + "/agent.json Muted=true"});
}

TEST_CASE("an agent that was rung again is the agent", "[twilio][control]") {
  auto request = ARequest(ControlCallRequest::MUTE);
  AddLeg(request, Leg::AGENT, "agent", "CAagent", Leg::ENDED);
  AddLeg(request, Leg::AGENT, "agent-2", "");
  CHECK(Lines(request) == Text{"POST " + kRoom + "/agent-2.json Muted=true"});
  request.mutable_legs(1)->set_provider_leg_id("CAagain");
  CHECK(Lines(request) == Text{"POST " + kRoom + "/CAagain.json Muted=true"});
}

TEST_CASE("a supervisor listens, whispers or talks", "[twilio][control]") {
  struct Case {
    ControlCallRequest::Mode mode;
    const char* muted;
    const char* coaching;
    const char* coached;
  };
  const Case c = GENERATE(values<Case>({{ControlCallRequest::LISTEN, "true", "false", ""},
                                        {ControlCallRequest::WHISPER, "false", "true", "CAagent"},
                                        {ControlCallRequest::BARGE, "false", "false", ""}}));
  auto request =
      WithTarget(ARequest(ControlCallRequest::DIAL_PARTY), Leg::SUPERVISOR, "supervisor-1");
  request.mutable_target()->set_mode(c.mode);
  for (const auto action : {ControlCallRequest::DIAL_PARTY, ControlCallRequest::CHANGE_MODE}) {
    request.set_action(action);
    const auto plan = Plan(request);
    REQUIRE(plan.size() == 1);
    CHECK(ValueOf(plan[0].form, "Muted") == c.muted);
    CHECK(ValueOf(plan[0].form, "Coaching") == c.coaching);
    CHECK(ValueOf(plan[0].form, "CallSidToCoach") == c.coached);
  }
  request.clear_provider_call_id();
  CHECK(PlanControl(AnAccount(), request).ok() == (c.mode != ControlCallRequest::WHISPER));
}

TEST_CASE("a caller is taken back to its flow with the outcome", "[twilio][control]") {
  auto request = Inbound(ARequest(ControlCallRequest::ASK_FLOW));
  request.mutable_flow_input()->set_kind(routing::v1::FlowInput::DIAL_NO_ANSWER);
  request.mutable_flow_input()->set_step_number(3);
  CHECK(Lines(request) ==
        Text{"POST /Calls/CAcaller.json "
             "Url=https://crm.example.com/api/v1/webhooks/voip/twilio/flow?tenant=t1&session=" +
             kFirst + "&step=3&on=asked&outcome=no-answer#rc=3&rp=ct,rt,5xx Method=POST"});
  request.mutable_flow_input()->set_kind(routing::v1::FlowInput::DIGITS);
  CHECK(base::IsError(PlanControl(AnAccount(), request).status(), base::kValidationFailed));
  request.clear_provider_call_id();
  CHECK(base::IsError(PlanControl(AnAccount(), request).status(), base::kCallNotLive));
}

TEST_CASE("hanging up ends every leg once", "[twilio][control]") {
  auto request = Inbound(ARequest(ControlCallRequest::HANG_UP));
  AddLeg(request, Leg::CUSTOMER, "customer", "CAcaller");
  AddLeg(request, Leg::AGENT, "agent", "CAagent");
  AddLeg(request, Leg::CONSULT, "consult-1", "CAconsult", Leg::RINGING);
  AddLeg(request, Leg::GUEST, "party-1", "CAgone", Leg::ENDED);
  AddLeg(request, Leg::GUEST, "party-2", "../evil");
  const auto plan = Plan(request);
  CHECK(Lines(request) == Text{"POST /Calls/CAcaller.json Status=completed",
                               "POST /Calls/CAagent.json Status=completed",
                               "POST /Calls/CAconsult.json Status=completed"});
  CHECK(plan[0].gone == Gone::kVote);
}

TEST_CASE("what Twilio cannot ring, or is no leg, is refused before anything is sent",
          "[twilio][control]") {
  const auto fault = [](const char* leg_id, const char* phone) {
    return PlanControl(AnAccount(), WithTarget(ARequest(ControlCallRequest::DIAL_PARTY),
                                               Leg::CONSULT, leg_id, phone))
        .status();
  };
  CHECK(base::IsError(fault("consult-1", "PJSIP/agent-b"), base::kInvalidDestination));
  CHECK(base::IsError(fault("consult-1", ""), base::kInvalidDestination));
  CHECK(base::IsError(fault("pet", "+15551230004"), base::kValidationFailed));
  CHECK(base::IsError(fault("", "+15551230004"), base::kValidationFailed));
}

}  // namespace ctc::providers::twilio
