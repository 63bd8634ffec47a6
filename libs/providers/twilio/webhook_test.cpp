#include "libs/providers/twilio/webhook.h"

#include <catch2/catch.hpp>

#include "libs/http/message.h"
#include "libs/providers/twilio/digits.h"
#include "libs/providers/twiml/signature.h"

namespace ctc::providers::twilio {
namespace {

using twiml::Form;

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

const std::string kSession = "01930000-0000-7000-8000-000000000001";
const absl::Time kNow = absl::FromUnixSeconds(1'767'268'860);  // 2026-01-01T12:01:00Z

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_provider_type(common::v1::ProviderType::TWILIO);
  account.api_key = base::Secret("AC0123456789abcdef0123456789abcdef");
  account.api_secret = base::Secret("the-auth-token");
  return account;
}

std::string Encode(const Form& form) {
  std::string body;
  for (const auto& [name, value] : form) {
    body += (body.empty() ? "" : "&") + http::Encode(name) + "=" + http::Encode(value);
  }
  return body;
}

common::v1::HttpRequest Callback(const std::string& leg, const Form& form,
                                 const std::string& token = "the-auth-token") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t1&session=" + kSession + "&leg=" + leg);
  request.set_url("https://crm.example.com/api/v1/webhooks/voip/twilio?" + request.query());
  request.set_body(Encode(form));
  auto& type = *request.add_headers();
  type.set_name("content-type");
  type.set_value("application/x-www-form-urlencoded; charset=UTF-8");
  auto& signature = *request.add_headers();
  signature.set_name("x-twilio-signature");
  signature.set_value(twiml::Signature(base::Secret(token), request.url(), form));
  return request;
}

// The same signed as if it had been sent to that address.
common::v1::HttpRequest SignedFor(const std::string& address, const Form& form) {
  common::v1::HttpRequest request = Callback("agent", form);
  const std::string url =
      address + request.url().substr(std::string("https://crm.example.com").size());
  request.mutable_headers()->rbegin()->set_value(
      twiml::Signature(base::Secret("the-auth-token"), url, form));
  return request;
}

Form Progress(const std::string& status, const Form& more = {}) {
  Form form = {{"CallSid", "CA1"},
               {"AccountSid", "AC0123456789abcdef0123456789abcdef"},
               {"CallStatus", status},
               {"SequenceNumber", "2"},
               {"Timestamp", "Thu, 01 Jan 2026 12:00:00 +0000"}};
  form.insert(form.end(), more.begin(), more.end());
  return form;
}

ReadWebhookResponse Read(const std::string& leg, const Form& form) {
  return ReadCallback(AnAccount(), Callback(leg, form), kNow, {});
}

TEST_CASE("an account's own callback_url may be what is signed", "[twilio][webhook]") {
  Account account = AnAccount();
  const auto verdict = [&](const std::string& address) {
    const common::v1::HttpRequest request = SignedFor(address, Progress("ringing"));
    return ReadCallback(account, request, kNow, {}).verdict();
  };
  CHECK(verdict("https://hooks.example") == ReadWebhookResponse::FORGED);
  account.config.set_callback_url("https://hooks.example/");
  CHECK(verdict("https://hooks.example") == ReadWebhookResponse::GENUINE);
  CHECK(verdict("https://crm.example.com") == ReadWebhookResponse::GENUINE);
  CHECK(verdict("https://other.example") == ReadWebhookResponse::FORGED);
}

TEST_CASE("a leg's progress is told in our words", "[twilio][webhook]") {
  struct Case {
    const char* leg;
    const char* status;
    Form more;
    CallFact::Kind kind;
    session::v1::EndReason reason;
  };
  const Case c = GENERATE(values<Case>({
      {"agent", "initiated", {}, CallFact::CALL_INITIATED, session::v1::END_REASON_UNSPECIFIED},
      {"agent", "ringing", {}, CallFact::CALL_RINGING, session::v1::END_REASON_UNSPECIFIED},
      {"agent", "in-progress", {}, CallFact::CALL_ANSWERED, session::v1::END_REASON_UNSPECIFIED},
      {"agent", "busy", {}, CallFact::CALL_BUSY, session::v1::AGENT_REJECTED},
      {"agent", "no-answer", {}, CallFact::CALL_NO_ANSWER, session::v1::AGENT_NO_ANSWER},
      {"agent", "failed", {}, CallFact::CALL_FAILED, session::v1::UNREACHABLE},
      {"customer", "in-progress", {}, CallFact::CALL_ANSWERED, session::v1::END_REASON_UNSPECIFIED},
      {"customer",
       "in-progress",
       {{"AnsweredBy", "machine_start"}},
       CallFact::CALL_MACHINE,
       session::v1::END_REASON_UNSPECIFIED},
      {"customer", "busy", {}, CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY},
      {"customer",
       "busy",
       {{"SipResponseCode", "603"}},
       CallFact::CALL_REJECTED,
       session::v1::CUSTOMER_REJECTED},
      {"customer", "no-answer", {}, CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER},
      {"customer", "canceled", {}, CallFact::CALL_CANCELLED, session::v1::CANCELLED_BY_AGENT},
      {"customer",
       "failed",
       {{"SipResponseCode", "404"}},
       CallFact::CALL_FAILED,
       session::v1::INVALID_NUMBER},
      {"customer", "failed", {}, CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR},
      {"customer", "completed", {}, CallFact::CALL_ENDED, session::v1::END_REASON_UNSPECIFIED},
  }));
  INFO(c.leg << " " << c.status);
  const ReadWebhookResponse read = Read(c.leg, Progress(c.status, c.more));
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).session() == kSession);
  CHECK(read.facts(0).tenant_id() == "t1");
  const CallFact& fact = read.facts(0).fact();
  CHECK(fact.kind() == c.kind);
  CHECK(fact.reason() == c.reason);
  CHECK(fact.party() == (std::string(c.leg) == "agent" ? Leg::AGENT : Leg::CUSTOMER));
  CHECK(fact.provider_leg_id() == "CA1");
  CHECK(fact.sequence() == 3);  // Twilio counts from 0, we from 1
  CHECK(fact.provider_time().seconds() == 1'767'268'800);
}

TEST_CASE("when a fact was heard of is kept to the millisecond", "[twilio][webhook]") {
  const absl::Time now = kNow + absl::Milliseconds(437);
  const auto read = ReadCallback(AnAccount(), Callback("agent", Progress("ringing")), now, {});
  CHECK(read.facts(0).fact().received_time().seconds() == absl::ToUnixSeconds(kNow));
  CHECK(read.facts(0).fact().received_time().nanos() == 437'000'000);
}

TEST_CASE("the customer's duration counts, the agent's does not", "[twilio][webhook]") {
  const Form form = Progress("completed", {{"CallDuration", "37"}});
  CHECK(Read("customer", form).facts(0).fact().duration_seconds() == 37);
  CHECK_FALSE(Read("agent", form).facts(0).fact().has_duration_seconds());
}

TEST_CASE("a retry has the same key whatever its idempotency token says", "[twilio][webhook]") {
  common::v1::HttpRequest retry = Callback("agent", Progress("ringing"));
  auto& header = *retry.add_headers();
  header.set_name("i-twilio-idempotency-token");
  header.set_value("another");
  CHECK(ReadCallback(AnAccount(), retry, kNow, {}).facts(0).fact().event_key() ==
        Read("agent", Progress("ringing")).facts(0).fact().event_key());
}

TEST_CASE("a conference tells holds and mutes by label", "[twilio][webhook]") {
  const auto read = [](const std::string& event, const std::string& label) {
    return Read("conference", {{"ConferenceSid", "CF1"},
                               {"FriendlyName", kSession},
                               {"SequenceNumber", "4"},
                               {"StatusCallbackEvent", event},
                               {"CallSid", "CA2"},
                               {"ParticipantLabel", label}});
  };
  CHECK(read("participant-hold", "customer").facts(0).fact().kind() == CallFact::CALL_HELD);
  CHECK(read("participant-unhold", "customer").facts(0).fact().kind() == CallFact::CALL_RESUMED);
  CHECK(read("participant-mute", "agent").facts(0).fact().kind() == CallFact::CALL_MUTED);
  CHECK(read("participant-unmute", "agent").facts(0).fact().kind() == CallFact::CALL_UNMUTED);
  for (const char* event : {"participant-join", "participant-leave", "conference-start", "new"}) {
    const ReadWebhookResponse other = read(event, "customer");
    CHECK(other.verdict() == ReadWebhookResponse::GENUINE);
    CHECK(other.facts_size() == 0);
  }
}

TEST_CASE("every leg's progress is of its own party", "[twilio][webhook]") {
  struct Case {
    const char* leg;
    Leg::Party party;
    const char* leg_id;
  };
  const Case c = GENERATE(values<Case>({{"agent", Leg::AGENT, ""},
                                        {"agent-2", Leg::AGENT, "agent-2"},
                                        {"customer", Leg::CUSTOMER, ""},
                                        {"consult-1", Leg::CONSULT, "consult-1"},
                                        {"party-2", Leg::GUEST, "party-2"},
                                        {"supervisor-1", Leg::SUPERVISOR, "supervisor-1"}}));
  INFO(c.leg);
  const ReadWebhookResponse read = Read(c.leg, Progress("in-progress"));
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).fact().party() == c.party);
  CHECK(read.facts(0).fact().leg_id() == c.leg_id);
  const CallFact busy = Read(c.leg, Progress("busy")).facts(0).fact();
  CHECK(busy.kind() == CallFact::CALL_BUSY);
  const bool decides = c.party == Leg::AGENT || c.party == Leg::CUSTOMER;
  CHECK((busy.reason() != session::v1::END_REASON_UNSPECIFIED) == decides);
}

TEST_CASE("an inbound call talks as long as its agent's leg", "[twilio][webhook]") {
  const Form form = Progress("completed", {{"CallDuration", "37"}});
  CHECK(Read("agent&answer=joins", form).facts(0).fact().duration_seconds() == 37);
  CHECK(Read("agent&answer=joins", Progress("in-progress")).facts_size() == 1);
}

Form Leaving(const std::string& status, const std::string& label = "customer") {
  return {{"ConferenceSid", "CF1"},    {"SequenceNumber", "4"},
          {"CallSid", "CA1"},          {"StatusCallbackEvent", "participant-leave"},
          {"ParticipantLabel", label}, {"ParticipantCallStatus", status}};
}

TEST_CASE("a caller that hangs up leaves its room for good", "[twilio][webhook]") {
  const ReadWebhookResponse left = Read("room", Leaving("completed"));
  REQUIRE(left.facts_size() == 1);
  CHECK(left.facts(0).fact().kind() == CallFact::CALL_ENDED);
  CHECK(left.facts(0).fact().party() == Leg::CUSTOMER);
  // It may have left to be asked what is next.
  CHECK(Read("room", Leaving("in-progress")).facts_size() == 0);
  CHECK(Read("room", Leaving("completed", "agent")).facts_size() == 0);
  CHECK(Read("conference", Leaving("completed")).facts_size() == 0);
}

TEST_CASE("a label names the session of a leg that joined after a transfer", "[twilio][webhook]") {
  const std::string second = "01930000-0000-7000-8000-000000000002";
  const auto muted = [](const std::string& label) {
    return Read("conference", {{"ConferenceSid", "CF1"},
                               {"SequenceNumber", "4"},
                               {"StatusCallbackEvent", "participant-mute"},
                               {"CallSid", "CA2"},
                               {"ParticipantLabel", label}});
  };
  CHECK(muted("agent." + second).facts(0).session() == second);
  CHECK(muted("agent.nonsense").facts(0).session() == kSession);
}

ReadWebhookResponse ReadOfNumber(const Form& form) {
  common::v1::HttpRequest request = Callback("", form);
  request.set_query("tenant=t1");
  request.set_url("https://crm.example.com/api/v1/webhooks/voip/twilio?tenant=t1");
  request.mutable_headers(1)->set_value(
      twiml::Signature(base::Secret("the-auth-token"), request.url(), form));
  return ReadCallback(AnAccount(), request, kNow, {});
}

TEST_CASE("the number's own callback tells that a caller is gone", "[twilio][webhook]") {
  const Form ended = Progress("completed", {{"Direction", "inbound"}, {"CallDuration", "37"}});
  const ReadWebhookResponse read = ReadOfNumber(ended);
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  REQUIRE(read.facts_size() == 1);
  CHECK(read.facts(0).session().empty());
  CHECK(read.facts(0).provider_id() == "p1");
  CHECK(read.facts(0).provider_call_id() == "CA1");
  CHECK(read.facts(0).fact().kind() == CallFact::CALL_ENDED);
  CHECK_FALSE(read.facts(0).fact().has_duration_seconds());
  CHECK(ReadOfNumber(Progress("in-progress", {{"Direction", "inbound"}})).facts_size() == 0);
  CHECK(ReadOfNumber(Progress("completed", {{"Direction", "outbound-api"}})).verdict() ==
        ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("a recording's callback says where it is", "[twilio][webhook]") {
  const ReadWebhookResponse read =
      Read("recording", {{"RecordingSid", "RE1"},
                         {"RecordingStatus", "completed"},
                         {"RecordingUrl", "https://api.twilio.com/2010-04-01/Accounts/AC/R/RE1"}});
  REQUIRE(read.facts_size() == 2);
  CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_READY);
  CHECK(read.facts(1).fact().recording_url() ==
        "https://api.twilio.com/2010-04-01/Accounts/AC/R/RE1.wav");
  CHECK(Read("recording", {{"RecordingSid", "RE1"},
                           {"RecordingStatus", "completed"},
                           {"RecordingUrl", "file:///etc/passwd"}})
            .verdict() == ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("a recording without audio failed, and says why", "[twilio][webhook]") {
  const auto failure = [](const char* status, const char* code) {
    const ReadWebhookResponse read = Read(
        "recording", {{"RecordingSid", "RE1"}, {"RecordingStatus", status}, {"ErrorCode", code}});
    REQUIRE(read.facts_size() == 2);
    CHECK(read.facts(0).fact().kind() == CallFact::RECORDING_STOPPED);
    CHECK(read.facts(1).fact().kind() == CallFact::RECORDING_FAILED);
    CHECK(read.facts(1).fact().event_key() != read.facts(0).fact().event_key());
    return read.facts(1).fact().message();
  };
  CHECK(failure("absent", "") == "The provider has no audio: too short or silent");
  CHECK(failure("failed", "13710") == "The provider could not record the call (error 13710)");
  CHECK(Read("recording", {{"RecordingSid", "RE1"}, {"RecordingStatus", "paused"}}).facts_size() ==
        1);
}

TEST_CASE("a recording by the verb for messages is a message left", "[twilio][webhook]") {
  const auto kinds = [](const char* source, const char* status) {
    const ReadWebhookResponse read =
        Read("recording", {{"RecordingSid", "RE1"},
                           {"RecordingStatus", status},
                           {"RecordingSource", source},
                           {"RecordingUrl", "https://api.twilio.com/R/RE1"}});
    REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
    std::vector<CallFact::Kind> told;
    for (const auto& item : read.facts()) told.push_back(item.fact().kind());
    return told;
  };
  using Kinds = std::vector<CallFact::Kind>;
  const Kinds recording = {CallFact::RECORDING_STOPPED, CallFact::RECORDING_READY};
  CHECK(kinds("RecordVerb", "completed") ==
        Kinds{CallFact::RECORDING_STOPPED, CallFact::RECORDING_READY, CallFact::CALL_MACHINE});
  CHECK(kinds("RecordVerb", "absent") ==
        Kinds{CallFact::RECORDING_STOPPED, CallFact::RECORDING_FAILED});
  CHECK(kinds("DialVerb", "completed") == recording);
  CHECK(kinds("Conference", "completed") == recording);
}

TEST_CASE("a recording's events are placed by when it began and how long it is",
          "[twilio][webhook]") {
  const Form form = {{"RecordingSid", "RE1"},
                     {"RecordingStatus", "completed"},
                     {"RecordingUrl", "https://api.twilio.com/R/RE1"},
                     {"RecordingDuration", "20"},
                     {"RecordingStartTime", "Thu, 01 Jan 2026 12:00:00 +0000"}};
  const ReadWebhookResponse read = Read("recording", form);
  CHECK(read.facts_size() == 2);
  for (const auto& item : read.facts()) {
    CHECK(item.fact().provider_time().seconds() == 1'767'268'820);
  }
  Form running = form;
  running[1].second = "in-progress";
  CHECK(Read("recording", running).facts(0).fact().provider_time().seconds() == 1'767'268'800);
  running[4].second = "yesterday";
  CHECK_FALSE(Read("recording", running).facts(0).fact().has_provider_time());
}

TEST_CASE("what is unsigned, forged or changed is refused", "[twilio][webhook]") {
  common::v1::HttpRequest unsigned_request = Callback("agent", Progress("ringing"));
  unsigned_request.mutable_headers()->RemoveLast();
  CHECK(ReadCallback(AnAccount(), unsigned_request, kNow, {}).verdict() ==
        ReadWebhookResponse::UNSIGNED);
  CHECK(ReadCallback(AnAccount(), Callback("agent", Progress("ringing"), "other"), kNow, {})
            .verdict() == ReadWebhookResponse::FORGED);
  common::v1::HttpRequest changed = Callback("agent", Progress("ringing"));
  changed.mutable_body()->replace(changed.body().find("CA1"), 3, "CA2");
  CHECK(ReadCallback(AnAccount(), changed, kNow, {}).verdict() == ReadWebhookResponse::FORGED);
  common::v1::HttpRequest moved = Callback("agent", Progress("ringing"));
  moved.mutable_url()->replace(moved.url().find("leg=agent"), 9, "leg=other");
  CHECK(ReadCallback(AnAccount(), moved, kNow, {}).verdict() == ReadWebhookResponse::FORGED);
  common::v1::HttpRequest twice = Callback("agent", Progress("ringing"));
  *twice.add_headers() = twice.headers(1);
  CHECK(ReadCallback(AnAccount(), twice, kNow, {}).verdict() == ReadWebhookResponse::FORGED);
}

TEST_CASE("genuine but senseless callbacks are unreadable", "[twilio][webhook]") {
  Form no_sid = Progress("ringing");
  no_sid.erase(no_sid.begin());
  Form bad_date = Progress("ringing");
  bad_date.back().second = "tomorrow";
  CHECK(Read("agent", no_sid).reason() == "CallSid: is missing or malformed");
  CHECK(Read("agent", Progress("dancing")).reason() == "CallStatus: is not known");
  CHECK(Read("agent", bad_date).verdict() == ReadWebhookResponse::UNREADABLE);
  CHECK(Read("pet", Progress("ringing")).verdict() == ReadWebhookResponse::UNREADABLE);
  CHECK(Read("agent", Progress("ringing", {{"X", std::string(3000, 'x')}})).verdict() ==
        ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("digits are given to Twilio's question for them alone", "[twilio][webhook]") {
  const std::string url = DigitsUrl(AnAccount(), kSession, "98765432#").value();
  const size_t at = url.find("&leg=digits&digits=");
  REQUIRE(at != std::string::npos);
  CHECK(url.find("98765432") == std::string::npos);
  const std::string leg = url.substr(at + 5, url.find('#') - at - 5);
  const Form form = {{"CallSid", "CA1"}, {"CallStatus", "in-progress"}};
  const ReadWebhookResponse asked = Read(leg, form);
  CHECK(asked.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(asked.event_type() == "digits-asked");
  CHECK(asked.facts().empty());
  CHECK(asked.answer().status() == 200);
  CHECK(asked.answer().content_type() == "text/xml; charset=utf-8");
  CHECK(asked.answer().body() ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Play "
        "digits=\"98765432#\"/></Response>");
  CHECK(ReadCallback(AnAccount(), Callback(leg, form, "other"), kNow, {}).verdict() ==
        ReadWebhookResponse::FORGED);
  // Those of another call, and what we did not seal.
  const std::string other = "01930000-0000-7000-8000-000000000002";
  const std::string foreign = DigitsUrl(AnAccount(), other, "98765432#").value();
  for (const std::string& digits : {foreign.substr(at + 19, foreign.find('#') - at - 19),
                                    std::string("98765432"), std::string()}) {
    const ReadWebhookResponse refused = Read("digits&digits=" + digits, form);
    CHECK(refused.verdict() == ReadWebhookResponse::UNREADABLE);
    CHECK_FALSE(refused.has_answer());
  }
}

TEST_CASE("old and early callbacks stay outside", "[twilio][webhook]") {
  Form old = Progress("ringing");
  old.back().second = "Wed, 31 Dec 2025 12:00:59 +0000";
  CHECK(Read("agent", old).verdict() == ReadWebhookResponse::OUTSIDE_WINDOW);
  old.back().second = "Thu, 01 Jan 2026 12:06:01 +0000";
  CHECK(Read("agent", old).verdict() == ReadWebhookResponse::OUTSIDE_WINDOW);
}

}  // namespace
}  // namespace ctc::providers::twilio
