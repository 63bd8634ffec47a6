// Whole calls as Twilio tells them.
#include <catch2/catch.hpp>

#include "libs/http/message.h"
#include "libs/providers/twilio/request_text.h"
#include "libs/providers/twilio/webhook.h"
#include "libs/providers/twiml/signature.h"
#include "services/session/domain/inbound.h"
#include "tests/replay/replay.h"

namespace ctc::replay {
namespace {

namespace twilio = providers::twilio;
namespace twiml = providers::twiml;
using twiml::Form;

const std::string kSession = "01930000-0000-7000-8000-000000000001";
const absl::Time kStart = absl::FromUnixSeconds(1'767'268'800);  // 2026-01-01T12:00:00Z

providers::Account AnAccount() {
  providers::Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.auth_token = base::Secret("the-auth-token");
  account.public_url = "https://crm.example.com";
  return account;
}

std::string TimeText(int seconds) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S +0000", kStart + absl::Seconds(seconds),
                          absl::UTCTimeZone());
}

// The request as Twilio would send it to one of our URLs.
Callback At(const std::string& url, const Form& form) {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_url(url.substr(0, url.find('#')));
  request.set_query(request.url().substr(request.url().find('?') + 1));
  request.set_body(twilio::Encode(form));
  auto& type = *request.add_headers();
  type.set_name("content-type");
  type.set_value("application/x-www-form-urlencoded");
  auto& signature = *request.add_headers();
  signature.set_name("x-twilio-signature");
  signature.set_value(twiml::Signature(AnAccount().auth_token, request.url(), form));
  return [request](absl::Time now) { return twilio::ReadCallback(AnAccount(), request, now, {}); };
}

// A leg's status, with its own order.
Callback Leg(const std::string& leg, const std::string& sid, int sequence,
             const std::string& status, int seconds, const Form& more = {}) {
  Form form = {{"CallSid", sid},
               {"CallStatus", status},
               {"SequenceNumber", std::to_string(sequence)},
               {"Timestamp", TimeText(seconds)}};
  form.insert(form.end(), more.begin(), more.end());
  return At(twilio::CallbackUrl(AnAccount(), kSession, leg), form);
}

Callback Room(const std::string& room, int sequence, const std::string& event,
              const std::string& label, int seconds, const std::string& call_status = "") {
  return At(twilio::CallbackUrl(AnAccount(), kSession, room),
            {{"ConferenceSid", "CF1"},
             {"CallSid", "CA" + label},
             {"ParticipantLabel", label},
             {"SequenceNumber", std::to_string(sequence)},
             {"StatusCallbackEvent", event},
             {"ParticipantCallStatus", call_status},
             {"Timestamp", TimeText(seconds)}});
}

Callback Recording(const std::string& status, int began, int length) {
  return At(twilio::CallbackUrl(AnAccount(), kSession, "recording"),
            {{"RecordingSid", "RE1"},
             {"RecordingStatus", status},
             {"RecordingUrl", "https://api.twilio.com/R/RE1"},
             {"RecordingDuration", std::to_string(length)},
             {"RecordingStartTime", TimeText(began)}});
}

Callback OfNumber(int seconds) {
  return At("https://crm.example.com/api/v1/webhooks/voip/twilio?tenant=t1",
            {{"CallSid", "CAcaller"},
             {"CallStatus", "completed"},
             {"Direction", "inbound"},
             {"CallDuration", "70"},
             {"Timestamp", TimeText(seconds)}});
}

Story Outbound(std::vector<Callback> callbacks) {
  Story story;
  story.start = {kStart, session::v1::Session::OUTBOUND, "+15551230002", "+15551230003"};
  story.callbacks = std::move(callbacks);
  story.arrival = kStart + absl::Seconds(100);
  return story;
}

Story Inbound(std::vector<Callback> callbacks) {
  Story story;
  story.start = {kStart, session::v1::Session::INBOUND, "+15551230002", "+15551230003"};
  story.known = {session::domain::OfferFact(2, kStart + absl::Seconds(9), "+15551230002")};
  story.callbacks = std::move(callbacks);
  story.arrival = kStart + absl::Seconds(100);
  return story;
}

std::vector<Callback> Talked() {
  return {Leg("agent", "CAagent", 0, "initiated", 1),
          Leg("agent", "CAagent", 1, "ringing", 2),
          Leg("agent", "CAagent", 2, "in-progress", 5),
          Leg("customer", "CAcustomer", 0, "initiated", 6),
          Leg("customer", "CAcustomer", 1, "ringing", 7),
          Leg("customer", "CAcustomer", 2, "in-progress", 12),
          Leg("customer", "CAcustomer", 3, "completed", 52, {{"CallDuration", "40"}}),
          Leg("agent", "CAagent", 3, "completed", 52, {{"CallDuration", "47"}})};
}

}  // namespace

TEST_CASE("a replay notices an outcome that depends on the order", "[replay]") {
  std::vector<Callback> callbacks = Talked();
  const std::string url = twilio::CallbackUrl(AnAccount(), kSession, "recording");
  // Two recordings, whose callbacks say nothing of when they were made.
  for (const char* sid : {"RE1", "RE2"}) {
    callbacks.push_back(At(url, {{"RecordingSid", sid},
                                 {"RecordingStatus", "completed"},
                                 {"RecordingUrl", std::string("https://api.twilio.com/") + sid}}));
  }
  CHECK(FirstDifference(Outbound(std::move(callbacks))) != "");
}

TEST_CASE("a customer that is busy is told the same in every order", "[replay][twilio]") {
  const Story story = Outbound({Leg("agent", "CAagent", 1, "ringing", 2),
                                Leg("agent", "CAagent", 2, "in-progress", 5),
                                Leg("customer", "CAcustomer", 0, "initiated", 6),
                                Leg("customer", "CAcustomer", 1, "ringing", 7),
                                Leg("customer", "CAcustomer", 2, "busy", 12,
                                    {{"SipResponseCode", "486"}, {"CallDuration", "0"}}),
                                Leg("agent", "CAagent", 3, "completed", 12)});
  CHECK(Has(Recorded(story), "BUSY CUSTOMER_BUSY"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("an agent that does not answer is told the same in every order", "[replay][twilio]") {
  const Story story = Outbound({Leg("agent", "CAagent", 0, "initiated", 1),
                                Leg("agent", "CAagent", 1, "ringing", 2),
                                Leg("agent", "CAagent", 2, "no-answer", 47)});
  CHECK(Has(Recorded(story), "NO_ANSWER AGENT_NO_ANSWER"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a talk with a hold and a recording is the same in any order", "[replay][twilio]") {
  std::vector<Callback> callbacks = Talked();
  callbacks.push_back(Room("conference", 4, "participant-hold", "customer", 20));
  callbacks.push_back(Room("conference", 5, "participant-unhold", "customer", 30));
  callbacks.push_back(Room("conference", 6, "participant-mute", "agent", 32));
  callbacks.push_back(Room("conference", 7, "participant-unmute", "agent", 33));
  callbacks.push_back(Recording("in-progress", 12, 0));
  callbacks.push_back(Recording("completed", 12, 40));
  const Story story = Outbound(std::move(callbacks));
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 40 hold 10 ring 10 recorded 13 https://api.twilio.com/R/RE1"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller taken by an agent is the same in every order", "[replay][twilio]") {
  const std::string agent = "agent&answer=joins";
  const Story story =
      Inbound({Leg(agent, "CAagent", 0, "initiated", 10), Leg(agent, "CAagent", 1, "ringing", 11),
               Leg(agent, "CAagent", 2, "in-progress", 15),
               Leg(agent, "CAagent", 3, "completed", 60, {{"CallDuration", "45"}}),
               Room("room", 9, "participant-leave", "customer", 60, "completed"), OfNumber(60)});
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 45"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller that gives up while the agent rings is the same in every order",
          "[replay][twilio]") {
  const std::string agent = "agent&answer=joins";
  const Story story =
      Inbound({Leg(agent, "CAagent", 0, "initiated", 10), Leg(agent, "CAagent", 1, "ringing", 11),
               Leg(agent, "CAagent", 2, "canceled", 20),
               Room("room", 9, "participant-leave", "customer", 20, "completed"), OfNumber(20)});
  CHECK(Has(Recorded(story), "CALLER_ABANDONED"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a consultation and a handed over customer are the same in any order",
          "[replay][twilio]") {
  std::vector<Callback> callbacks = Talked();
  callbacks.push_back(Room("conference", 4, "participant-hold", "customer", 20));
  callbacks.push_back(Leg("consult-1", "CAconsult", 0, "initiated", 21));
  callbacks.push_back(Leg("consult-1", "CAconsult", 1, "ringing", 22));
  callbacks.push_back(Leg("consult-1", "CAconsult", 2, "in-progress", 25));
  callbacks.push_back(Room("conference", 7, "participant-unhold", "customer", 30));
  callbacks.push_back(Leg("consult-1", "CAconsult", 3, "completed", 52, {{"CallDuration", "27"}}));
  const Story story = Outbound(std::move(callbacks));
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "hold 10"));
  CHECK(Has(Recorded(story), "id: \"consult-1\" party: CONSULT state: ENDED"));
  CHECK(FirstDifference(story) == "");
}

}  // namespace ctc::replay
