#include "libs/providers/sip/mapped_webhook.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/sip/adapter.h"
#include "libs/providers/sip/switch_template.h"
#include "libs/testing/fake_clock.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kSecret = "topsecret";
const std::string kUuid = "01930000-0000-7000-8000-000000000001";
const absl::Time kNow = absl::FromUnixSeconds(1'735'787'050);  // 2025-01-02T03:04:10Z

struct Sender {
  Account account;
  explicit Sender(const std::string& settings = "{}") {
    account.tenant = base::TenantId("t1");
    account.config.set_id("p1");
    account.config.set_provider_type(common::v1::ProviderType::SIP);
    account.webhook_secret = base::Secret(std::string(kSecret));
    REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
                .ok());
  }
  ReadWebhookResponse Send(const std::string& body, const Headers& headers) const {
    FakeHttp http;
    testing::FakeClock clock;
    common::v1::HttpRequest request;
    request.set_method("POST");
    request.set_body(body);
    for (const auto& [name, value] : headers) {
      auto& header = *request.add_headers();
      header.set_name(name);
      header.set_value(value);
    }
    return MakeAdapter({http, clock, {}}, {})->ReadWebhook(account, request, kNow);
  }
  ReadWebhookResponse Signed(const std::string& body) const {
    return Send(body, {{"x-signature", crypto::ToHex(crypto::HmacSha256(kSecret, body))}});
  }
};

std::string Event(const std::string& event, const std::string& more = "") {
  return R"({"event_id":"e_)" + event + R"(","event":")" + event + R"(","id":"c_1","reference":")" +
         kUuid + R"(","seq":3,"at":"2025-01-02T03:04:05.678Z")" + more + "}";
}

CallFact OnlyFact(const ReadWebhookResponse& read) {
  INFO(read.reason());
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  REQUIRE(read.facts_size() == 1);
  return read.facts(0).fact();
}

TEST_CASE("an event of the reference contract becomes a fact", "[sip][webhook]") {
  const ReadWebhookResponse read = Sender().Signed(Event("call.answered", R"(,"leg":"customer")"));
  const CallFact fact = OnlyFact(read);
  CHECK(read.provider_id() == "p1");
  CHECK(read.event_type() == "call.answered");
  CHECK(read.facts(0).tenant_id() == "t1");
  CHECK(read.facts(0).session() == kUuid);
  CHECK(read.facts(0).provider_call_id() == "c_1");
  CHECK(fact.kind() == CallFact::CALL_ANSWERED);
  CHECK(fact.party() == Leg::CUSTOMER);
  CHECK(fact.sequence() == 3);
  CHECK(fact.event_key() == "sip:p1:c_1:e_call.answered");
  CHECK(fact.provider_time().seconds() == 1'735'787'045);
  CHECK(fact.provider_time().nanos() == 678'000'000);
  CHECK(fact.source() == session::v1::WEBHOOK);
}

TEST_CASE("how a call ended is read from status and cause", "[sip][webhook]") {
  struct Case {
    std::string more;
    CallFact::Kind kind;
    session::v1::EndReason reason;
  };
  const auto none = session::v1::END_REASON_UNSPECIFIED;
  const std::vector<Case> cases = {
      {R"(,"leg":null,"cause":"normal","sip_status":200,"talk_s":12)", CallFact::CALL_ENDED, none},
      {R"(,"sip_status":486)", CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY},
      {R"(,"sip_status":600)", CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY},
      {R"(,"sip_status":408)", CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER},
      {R"(,"sip_status":480)", CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER},
      {R"(,"sip_status":487)", CallFact::CALL_CANCELLED, none},
      {R"(,"sip_status":603)", CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED},
      {R"(,"sip_status":404)", CallFact::CALL_FAILED, session::v1::INVALID_NUMBER},
      {R"(,"sip_status":403)", CallFact::CALL_FAILED, session::v1::PROVIDER_REJECTED},
      {R"(,"sip_status":503)", CallFact::CALL_FAILED, session::v1::PROVIDER_ERROR},
      {R"(,"cause":"timeout")", CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER},
      {R"(,"leg":"agent","sip_status":480)", CallFact::CALL_NO_ANSWER,
       session::v1::AGENT_NO_ANSWER},
      {R"(,"cause":"agent_busy","sip_status":486)", CallFact::CALL_BUSY,
       session::v1::AGENT_REJECTED},
  };
  for (const Case& c : cases) {
    INFO(c.more);
    const CallFact fact = OnlyFact(Sender().Signed(Event("call.ended", c.more)));
    CHECK(fact.kind() == c.kind);
    CHECK(fact.reason() == c.reason);
  }
}

TEST_CASE("a recording that failed says why", "[sip][webhook]") {
  const CallFact fact =
      OnlyFact(Sender().Signed(Event("call.recording_failed", R"(,"cause":"disk full")")));
  CHECK(fact.kind() == CallFact::RECORDING_FAILED);
  CHECK(fact.message() == "disk full");
  CHECK(fact.cause().empty());
  // Its address, told along, is where the audio would have been.
  const CallFact addressed = OnlyFact(Sender().Signed(
      Event("call.recording_failed", R"(,"cause":"disk full","recording_url":"https://s/r.wav")")));
  CHECK(addressed.kind() == CallFact::RECORDING_FAILED);
}

TEST_CASE("a recording is ready when its address is there", "[sip][webhook]") {
  const CallFact fact =
      OnlyFact(Sender().Signed(Event("call.recording", R"(,"recording_url":"https://s/r.wav")")));
  CHECK(fact.kind() == CallFact::RECORDING_READY);
  CHECK(fact.recording_url() == "https://s/r.wav");
  for (const char* bad :
       {"", R"(,"recording_url":"file:///etc/passwd")", R"(,"recording_url":7)"}) {
    CHECK(Sender().Signed(Event("call.recording", bad)).verdict() ==
          ReadWebhookResponse::UNREADABLE);
  }
  const ReadWebhookResponse two = Sender().Signed(
      Event("call.ended", R"(,"cause":"normal","recording_url":"https://s/r.wav")"));
  REQUIRE(two.facts_size() == 2);
  CHECK(two.facts(1).fact().kind() == CallFact::RECORDING_READY);
  CHECK(two.facts(1).fact().event_key() != two.facts(0).fact().event_key());
}

TEST_CASE("legs of further parties keep their names", "[sip][webhook]") {
  const CallFact consult =
      OnlyFact(Sender().Signed(Event("call.answered", R"(,"leg":"consult-1")")));
  CHECK(consult.party() == Leg::CONSULT);
  CHECK(consult.leg_id() == "consult-1");
  const CallFact again = OnlyFact(Sender().Signed(Event("call.answered", R"(,"leg":"agent-2")")));
  CHECK(again.party() == Leg::AGENT);  // rung again after a failed transfer
  CHECK(again.leg_id() == "agent-2");
  CHECK(OnlyFact(Sender().Signed(Event("call.ringing", R"(,"leg":"party-2")"))).party() ==
        Leg::GUEST);
}

TEST_CASE("an event that says nothing to us is genuine and brings no facts", "[sip][webhook]") {
  const ReadWebhookResponse read = Sender().Signed(Event("call.quality"));
  CHECK(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(read.facts_size() == 0);
  const Sender strict(R"({"preset":"reference","webhook":{"unknown":"refuse"}})");
  CHECK(strict.Signed(Event("call.quality")).verdict() == ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("the known signatures fit, with and without the time", "[sip][webhook][signature]") {
  const std::string body =
      R"({"event":"answered","id":"S-1","ref":"c-42","at":"2025-01-02T03:04:05Z"})";
  const std::string plain = "cef6934eb97de8675f075f646821f56ec495c21390a3698f01ad0ce566bddf40";
  const std::string timed = "c5781e0358ac46fbc3b8ac860b809f024ec01220ad4543995f345b2f4b99de8b";
  const Sender sender;
  const auto verdict = [&](const Headers& headers) { return sender.Send(body, headers).verdict(); };
  CHECK(verdict({{"x-signature", plain}}) == ReadWebhookResponse::GENUINE);
  CHECK(verdict({{"x-signature", "sha256=" + plain}}) == ReadWebhookResponse::GENUINE);
  CHECK(verdict({{"x-signature", timed}, {"x-timestamp", "1735787045"}}) ==
        ReadWebhookResponse::GENUINE);
  CHECK(verdict({{"x-signature", plain}, {"x-timestamp", "1735787045"}}) ==
        ReadWebhookResponse::FORGED);
  CHECK(verdict({{"x-signature", timed}, {"x-timestamp", "1735787046"}}) ==
        ReadWebhookResponse::FORGED);
  CHECK(verdict({{"x-signature", timed}, {"x-timestamp", "soon"}}) == ReadWebhookResponse::FORGED);
  CHECK(verdict({{"x-signature", timed}}) == ReadWebhookResponse::FORGED);
  CHECK(verdict({{"x-signature", plain}, {"x-signature", plain}}) == ReadWebhookResponse::FORGED);
  CHECK(verdict({}) == ReadWebhookResponse::UNSIGNED);
}

TEST_CASE("a signed time that is old is outside the window", "[sip][webhook][signature]") {
  const std::string body = R"({"event":"call.quality","id":"c"})";
  const auto verdict = [&](int64_t at) {
    const std::string stamp = std::to_string(at);
    const std::string signature = crypto::ToHex(crypto::HmacSha256(kSecret, stamp + "." + body));
    return Sender().Send(body, {{"x-signature", signature}, {"x-timestamp", stamp}}).verdict();
  };
  const int64_t now = absl::ToUnixSeconds(kNow);
  CHECK(verdict(now - 3600) == ReadWebhookResponse::GENUINE);
  CHECK(verdict(now - 90'000) == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(verdict(now + 600) == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(verdict(253'402'300'800) == ReadWebhookResponse::FORGED);
}

TEST_CASE("jambonz signs the time along in one header", "[sip][webhook][signature]") {
  const Sender sender(R"({"preset":"jambonz"})");
  const std::string body =
      R"({"call_sid":"j1","parent_call_sid":"j0","call_status":"in-progress","sip_status":200,)"
      R"("customerData":{"session_id":")" +
      kUuid + "\"}}";
  const std::string signature = crypto::ToHex(crypto::HmacSha256(kSecret, "1735787045." + body));
  const CallFact fact =
      OnlyFact(sender.Send(body, {{"jambonz-signature", "t=1735787045,v1=" + signature}}));
  CHECK(fact.kind() == CallFact::CALL_ANSWERED);
  CHECK(fact.party() == Leg::CUSTOMER);
  for (const std::string& bad :
       {"t=1735787045," + signature, "v1=" + signature, "t=,v1=" + signature,
        "t=1735787046,v1=" + signature, signature, std::string("t=1735787045,v1=")}) {
    INFO(bad);
    CHECK(sender.Send(body, {{"jambonz-signature", bad}}).verdict() == ReadWebhookResponse::FORGED);
  }
  // A vector computed elsewhere.
  Sender other(R"({"preset":"jambonz"})");
  other.account.webhook_secret = base::Secret("whsec");
  const std::string vector = "090bf636c71cc9e83b484260dec892dff634af36f76fd46f2b591c215d2a5010";
  CHECK(other.Send(R"({"a":1})", {{"jambonz-signature", "t=1735787045,v1=" + vector}}).verdict() ==
        ReadWebhookResponse::UNREADABLE);
}

std::string Cdr(const std::string& leg, const std::string& cause,
                const std::string& sip_status = "") {
  const std::string status =
      sip_status.empty() ? "" : R"(,"sip_term_status":")" + sip_status + "\"";
  return R"({"channel_data":{"state":"CS_REPORTING"},"variables":{"uuid":"u-1","ctc_session":")" +
         kUuid + R"(","ctc_leg":")" + leg + R"(","end_uepoch":"1735787045678000",)" +
         R"("hangup_cause":")" + cause + R"(","billsec":"12")" + status + "}}";
}

TEST_CASE("FreeSWITCH's call records are read as JSON and as a form", "[sip][webhook]") {
  const std::string basic = "Basic " + crypto::ToBase64(kSecret);
  const Sender sender(R"({"preset":"freeswitch"})");
  CallFact fact =
      OnlyFact(sender.Send(Cdr("customer", "NORMAL_CLEARING"), {{"authorization", basic}}));
  CHECK(fact.kind() == CallFact::CALL_ENDED);
  CHECK(fact.party() == Leg::CUSTOMER);
  CHECK(fact.duration_seconds() == 12);
  CHECK(fact.provider_time().nanos() == 678'000'000);
  fact = OnlyFact(sender.Send(Cdr("agent", "NO_ANSWER"), {{"authorization", basic}}));
  CHECK(fact.reason() == session::v1::AGENT_NO_ANSWER);
  const Sender form(R"({"preset":"freeswitch","webhook":{"body":"form","json_field":"cdr"}})");
  const std::string encoded = "cdr=" + http::Encode(Cdr("customer", "USER_BUSY"));
  CHECK(OnlyFact(form.Send(encoded, {{"authorization", basic}})).kind() == CallFact::CALL_BUSY);
  for (const std::string& bad :
       {std::string("other=1"), std::string("cdr=%7B"), std::string("cdr=%zz"), std::string()}) {
    CHECK(form.Send(bad, {{"authorization", basic}}).verdict() == ReadWebhookResponse::UNREADABLE);
  }
}

TEST_CASE("FreeSWITCH has one word for a person's refusal and the trunk's", "[sip][webhook]") {
  struct Case {
    const char* cause;
    const char* sip_status;
    CallFact::Kind kind;
    session::v1::EndReason reason;
  };
  const Headers basic = {{"authorization", "Basic " + crypto::ToBase64(kSecret)}};
  const Sender sender(R"({"preset":"freeswitch"})");
  for (const Case& c : {
           Case{"CALL_REJECTED", "", CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED},
           Case{"CALL_REJECTED", "603", CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED},
           Case{"CALL_REJECTED", "403", CallFact::CALL_FAILED, session::v1::PROVIDER_REJECTED},
           Case{"CALL_REJECTED", "407", CallFact::CALL_FAILED, session::v1::PROVIDER_REJECTED},
           Case{"RECOVERY_ON_TIMER_EXPIRE", "408", CallFact::CALL_NO_ANSWER,
                session::v1::CUSTOMER_NO_ANSWER},
           Case{"RECOVERY_ON_TIMER_EXPIRE", "504", CallFact::CALL_FAILED,
                session::v1::PROVIDER_ERROR},
           Case{"USER_BUSY", "403", CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY},
       }) {
    INFO(c.cause << " " << c.sip_status);
    const CallFact fact = OnlyFact(sender.Send(Cdr("customer", c.cause, c.sip_status), basic));
    CHECK(fact.kind() == c.kind);
    CHECK(fact.reason() == c.reason);
    const std::string status(c.sip_status);
    CHECK(fact.cause() == (status.empty() ? "" : "sip:" + status));
  }
}

TEST_CASE("wrong credentials let nothing in", "[sip][webhook][signature]") {
  const Sender basic(R"({"preset":"freeswitch"})");
  const std::string body = Cdr("customer", "NORMAL_CLEARING");
  for (const std::string& bad :
       {std::string("Basic x"), "Basic " + crypto::ToBase64("topsecre"),
        "Basic " + crypto::ToBase64("topsecret "), "Bearer " + std::string(kSecret),
        std::string(kSecret), std::string("Basic ")}) {
    INFO(bad);
    CHECK(basic.Send(body, {{"authorization", bad}}).verdict() == ReadWebhookResponse::FORGED);
  }
  CHECK(basic.Send(body, {}).verdict() == ReadWebhookResponse::UNSIGNED);
  Sender keyless(R"({"preset":"freeswitch"})");
  keyless.account.webhook_secret = base::Secret();
  CHECK(keyless.Send(body, {{"authorization", "Basic "}}).verdict() == ReadWebhookResponse::FORGED);
  const Sender bearer(R"({"preset":"reference","webhook":{"verify":{"mode":"bearer"}}})");
  CHECK(bearer.Send(Event("call.held"), {{"authorization", "bearer topsecret"}}).verdict() ==
        ReadWebhookResponse::GENUINE);
}

TEST_CASE("poison is unreadable and says why", "[sip][webhook]") {
  const std::vector<std::string> poison = {
      std::string(),
      std::string("[]"),
      std::string("\"x\""),
      std::string("{"),
      std::string(100'000, '['),
      std::string("{}"),
      std::string(R"({"event":"call.held"})"),
      std::string(R"({"event":7.5,"reference":"not ours"})"),
      Event("call.held", R"(,"at":"yesterday")"),
      Event("call.held", R"(,"at":5)"),
      R"({"event":"call.held","id":")" + std::string(192, 'x') + "\"}",
      "{\"event\":\"\xff\"}"};
  for (const std::string& body : poison) {
    INFO(body.substr(0, 100));
    const ReadWebhookResponse read = Sender().Signed(body);
    CHECK(read.verdict() == ReadWebhookResponse::UNREADABLE);
    CHECK_FALSE(read.reason().empty());
    CHECK(read.facts_size() == 0);
  }
  CHECK(Sender().Signed(std::string(300 << 10, ' ')).verdict() == ReadWebhookResponse::UNREADABLE);
}

TEST_CASE("the seed's flat body is read beside the mapping and only when signed",
          "[sip][webhook]") {
  const std::string body = R"({"event_type":"CALL_ANSWERED","session_id":"sess_1",
    "correlation_id":"c","status":"CONNECTED","timestamp":"2025-01-02T03:04:05Z"})";
  CHECK(OnlyFact(Sender().Signed(body)).kind() == CallFact::CALL_ANSWERED);
  const Sender basic(R"({"preset":"freeswitch"})");
  CHECK(basic.Send(body, {{"authorization", "Basic " + crypto::ToBase64(kSecret)}}).verdict() ==
        ReadWebhookResponse::UNSIGNED);
  const Sender unmapped(R"({"operations":{"place":{"path":"/p","id":"/id"}}})");
  CHECK(OnlyFact(unmapped.Signed(body)).kind() == CallFact::CALL_ANSWERED);
}

}  // namespace
}  // namespace ctc::providers::sip
