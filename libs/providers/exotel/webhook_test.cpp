#include "libs/providers/exotel/webhook.h"

#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/callback_token.h"

namespace ctc::providers::exotel {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

const std::string kSession = "01930000-0000-7000-8000-000000000001";
const absl::Time kNow = absl::FromUnixSeconds(1'741'066'600);  // 2025-03-04 11:06:40 IST
constexpr char kSid[] = "5f0c9d1be2a44f0a9b1c7d3e8a6f2b10";

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_provider_type(common::v1::ProviderType::EXOTEL);
  account.config.set_api_url("https://api.in.exotel.com");
  account.api_key = base::Secret("key");
  account.api_secret = base::Secret("token");
  account.webhook_secret = base::Secret("whsec");
  return account;
}

common::v1::HttpRequest Callback(const std::string& body, const std::string& type,
                                 const std::string& more = "") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t1&session=" + kSession +
                    "&token=" + CallToken(AnAccount(), base::Secret(), kSession) + more);
  request.set_body(body);
  auto& header = *request.add_headers();
  header.set_name("content-type");
  header.set_value(type);
  return request;
}

ReadWebhookResponse ReadJson(const std::string& body, const std::string& more = "") {
  return ReadCallback(AnAccount(), Callback(body, "application/json", more), kNow, {});
}

// A GET of an applet, with the token that a person put into its URL.
ReadWebhookResponse ReadApplet(const std::string& query) {
  common::v1::HttpRequest request;
  request.set_method("GET");
  request.set_query("tenant=t1&token=whsec&" + query);
  return ReadCallback(AnAccount(), request, kNow, {});
}

std::string Event(const std::string& type, const std::string& status, const std::string& leg1,
                  const std::string& leg2, const std::string& more = "") {
  return "{\"CallSid\":\"" + std::string(kSid) + "\",\"EventType\":\"" + type + "\",\"Status\":\"" +
         status + "\",\"DateUpdated\":\"2025-03-04 11:05:10\",\"Legs\":[{\"Status\":\"" + leg1 +
         "\"},{\"Status\":\"" + leg2 + "\"}]" + more + "}";
}

// "CALL_ANSWERED/AGENT ..." of all facts.
std::string Told(const ReadWebhookResponse& response) {
  std::string text;
  for (const auto& item : response.facts()) {
    text += (text.empty() ? "" : " ") + CallFact::Kind_Name(item.fact().kind()) + "/" +
            Leg::Party_Name(item.fact().party());
  }
  return text;
}

TEST_CASE("a whole call is told by two answers and an end", "[exotel][webhook]") {
  const auto agent = ReadJson(Event("answered", "in-progress", "in-progress", ""));
  CHECK(Told(agent) == "CALL_ANSWERED/AGENT CALL_RINGING/CUSTOMER");
  const auto joined = ReadJson(Event("answered", "in-progress", "in-progress", "in-progress"));
  CHECK(Told(joined) == "CALL_ANSWERED/AGENT CALL_ANSWERED/CUSTOMER");
  CHECK(joined.facts(0).fact().event_key() != agent.facts(0).fact().event_key());
  CHECK(joined.session() == kSession);
  CHECK(joined.provider_id() == "p1");
  CHECK(joined.event_type() == "answered in-progress");
  CHECK(joined.facts(0).tenant_id() == "t1");
  CHECK(joined.facts(0).provider_call_id() == kSid);
  CHECK(joined.facts(0).fact().source() == session::v1::WEBHOOK);
  // 11:05:10 in India.
  CHECK(joined.facts(0).fact().provider_time().seconds() == 1'741'066'510);
}

// The example of the reference.
constexpr char kTerminal[] = R"({"CallSid":"5f0c9d1be2a44f0a9b1c7d3e8a6f2b10",
  "EventType":"terminal","Status":"completed","DateCreated":"2025-03-04 11:02:33",
  "DateUpdated":"2025-03-04 11:05:10","StartTime":"2025-03-04 11:02:35",
  "EndTime":"2025-03-04 11:05:06","From":"09800000001","To":"09800000002",
  "PhoneNumberSid":"08040000003","Direction":"outbound-api","ConversationDuration":121,
  "CustomField":"01930000-0000-7000-8000-000000000001",
  "RecordingUrl":"https://recordings.exotel.com/exotelrecordings/acme1/5f0c9d1be2a44f0a9b1c.mp3",
  "Legs":[{"OnCallDuration":146,"Status":"completed","AnsweredBy":"NA"},
          {"OnCallDuration":121,"Status":"completed","AnsweredBy":"HUMAN"}]})";

TEST_CASE("the end tells talk seconds, both legs and the recording", "[exotel][webhook]") {
  const auto read = ReadJson(kTerminal);
  CHECK(Told(read) == "CALL_ANSWERED/AGENT CALL_ENDED/CUSTOMER RECORDING_READY/CUSTOMER");
  // 11:05:06 less 146 s.
  CHECK(read.facts(0).fact().provider_time().seconds() == 1'741'066'506 - 146);
  CHECK(read.facts(1).fact().duration_seconds() == 121);
  CHECK(read.facts(1).fact().provider_time().seconds() == 1'741'066'506);
  CHECK(read.facts(2).fact().recording_url() ==
        "https://recordings.exotel.com/exotelrecordings/acme1/5f0c9d1be2a44f0a9b1c.mp3");
  CHECK(read.correlation_id() == kSession);
}

TEST_CASE("form, multipart and JSON say the same", "[exotel][webhook]") {
  const std::string expected = Told(ReadJson(kTerminal));
  const std::vector<std::pair<std::string, std::string>> fields = {
      {"CallSid", kSid},
      {"EventType", "terminal"},
      {"Status", "completed"},
      {"DateUpdated", "2025-03-04 11:05:10"},
      {"EndTime", "2025-03-04 11:05:06"},
      {"ConversationDuration", "121"},
      {"RecordingUrl", "https://recordings.exotel.com/exotelrecordings/acme1/x.mp3"},
      {"Legs[0][OnCallDuration]", "146"},
      {"Legs[0][Status]", "completed"},
      {"Legs[1][Status]", "completed"}};
  std::string form;
  std::string multipart;
  for (const auto& [name, value] : fields) {
    form += (form.empty() ? "" : "&") + http::Encode(name) + "=" + http::Encode(value);
    multipart +=
        "--bnd\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  }
  const auto by_form =
      ReadCallback(AnAccount(), Callback(form, "application/x-www-form-urlencoded"), kNow, {});
  const auto by_parts = ReadCallback(
      AnAccount(), Callback(multipart + "--bnd--\r\n", "multipart/form-data; boundary=bnd"), kNow,
      {});
  CHECK(Told(by_form) == expected);
  CHECK(Told(by_parts) == expected);
  CHECK(by_form.facts(1).fact().event_key() == ReadJson(kTerminal).facts(1).fact().event_key());
  CHECK(by_parts.facts(1).fact().event_key() == by_form.facts(1).fact().event_key());
}

TEST_CASE("every ending names the leg that did not come about", "[exotel][webhook]") {
  struct Case {
    const char* status;
    const char* leg1;
    const char* leg2;
    const char* more;
    const char* told;
    session::v1::EndReason reason;
  };
  const Case c = GENERATE(values<Case>({
      {"no-answer", "no-answer", "", "", "CALL_NO_ANSWER/AGENT", session::v1::AGENT_NO_ANSWER},
      {"busy", "busy", "", "", "CALL_BUSY/AGENT", session::v1::AGENT_REJECTED},
      {"busy", "busy", "null", "", "CALL_BUSY/AGENT", session::v1::AGENT_REJECTED},
      {"no-answer", "completed", "no-answer", "", "CALL_NO_ANSWER/CUSTOMER",
       session::v1::CUSTOMER_NO_ANSWER},
      {"busy", "completed", "busy", "", "CALL_BUSY/CUSTOMER", session::v1::CUSTOMER_BUSY},
      {"failed", "completed", "failed", "", "CALL_FAILED/CUSTOMER", session::v1::PROVIDER_ERROR},
      {"failed", "failed", "", "", "CALL_FAILED/AGENT", session::v1::UNREACHABLE},
      {"canceled", "canceled", "", "", "CALL_CANCELLED/AGENT", session::v1::END_REASON_UNSPECIFIED},
      {"completed", "completed", "busy", ",\"ConversationDuration\":0", "CALL_BUSY/CUSTOMER",
       session::v1::CUSTOMER_BUSY},
      {"completed", "completed", "failed", ",\"ConversationDuration\":\"0\"",
       "CALL_FAILED/CUSTOMER", session::v1::PROVIDER_ERROR},
      {"completed", "completed", "canceled", "", "CALL_CANCELLED/CUSTOMER",
       session::v1::END_REASON_UNSPECIFIED},
      {"completed", "completed", "", "", "CALL_NO_ANSWER/CUSTOMER",
       session::v1::CUSTOMER_NO_ANSWER},
  }));
  INFO(c.status << " " << c.leg1 << " " << c.leg2);
  const auto read = ReadJson(Event("terminal", c.status, c.leg1, c.leg2, c.more));
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(Told(read) == c.told);
  CHECK(read.facts(0).fact().reason() == c.reason);
}

TEST_CASE("talk without a count is told by the second leg", "[exotel][webhook]") {
  CHECK(Told(ReadJson(Event("terminal", "completed", "completed", "completed"))) ==
        "CALL_ANSWERED/CUSTOMER CALL_ENDED/CUSTOMER");
  CHECK(Told(ReadJson(Event("terminal", "completed", "completed", "completed",
                            ",\"ConversationDuration\":0"))) ==
        "CALL_ANSWERED/CUSTOMER CALL_ENDED/CUSTOMER");
}

TEST_CASE("a machine is told as one", "[exotel][webhook]") {
  const auto read = ReadJson(R"({"CallSid":"a1","EventType":"terminal","Status":"completed",
      "ConversationDuration":9,"Legs":[{"Status":"completed"},
      {"Status":"completed","AnsweredBy":"Machine"}]})");
  CHECK(Told(read) == "CALL_MACHINE/CUSTOMER CALL_ENDED/CUSTOMER");
}

TEST_CASE("a status that says nothing changes nothing", "[exotel][webhook]") {
  for (const char* status : {"null", "", "queued", "in-progress", "nonsense"}) {
    INFO(status);
    const auto read = ReadJson(Event("answered", status, "", ""));
    CHECK(read.verdict() == ReadWebhookResponse::GENUINE);
    CHECK(Told(read).empty());
  }
}

TEST_CASE("a call into a flow has the customer's leg alone", "[exotel][webhook]") {
  const std::string body = R"({"CallSid":"a1","Status":"completed","RecordingUrl":"",
      "DateUpdated":"2025-03-04 11:05:10"})";
  CHECK(Told(ReadJson(body, "&leg=customer")) == "CALL_ANSWERED/CUSTOMER CALL_ENDED/CUSTOMER");
  std::string busy = body;
  busy.replace(busy.find("completed"), 9, "busy");
  CHECK(Told(ReadJson(busy, "&leg=customer")) == "CALL_BUSY/CUSTOMER");
}

TEST_CASE("a recording elsewhere than at Exotel is not taken", "[exotel][webhook]") {
  for (const char* url : {"https://evil.io/a.mp3", "https://exotel.com.evil.io/a", "file:///etc",
                          "null", "https://s3-ap-south-1.amazonaws.com/other/a.mp3"}) {
    INFO(url);
    const auto read = ReadJson(
        Event("terminal", "busy", "busy", "", ",\"RecordingUrl\":\"" + std::string(url) + "\""));
    CHECK(Told(read) == "CALL_BUSY/AGENT");
  }
  CHECK(IsRecordingHost(AnAccount(), "https://api.in.exotel.com/r.mp3"));
  CHECK(IsRecordingHost(AnAccount(),
                        "https://s3-ap-south-1.amazonaws.com/exotel-mum1-recordings/a/b.mp3"));
}

TEST_CASE("the applets of a flow tell of a caller", "[exotel][webhook]") {
  using Case = std::pair<std::string, std::string>;
  const auto [query, told] = GENERATE(values<Case>({
      {"EventType=Dial&Status=busy&DialWhomNumber=09800000001", "CALL_RINGING/AGENT"},
      {"EventType=Dial&Status=free&DialWhomNumber=09800000001", ""},
      {"EventType=Dial&Status=answered", "CALL_ANSWERED/AGENT CALL_ANSWERED/CUSTOMER"},
      {"CallStatus=ringing", "CALL_INITIATED/CUSTOMER"},
      {"CallType=call-attempt&CallStatus=completed", "CALL_INITIATED/CUSTOMER"},
      {"CallType=completed&DialCallStatus=completed&DialCallDuration=31",
       "CALL_ANSWERED/AGENT CALL_ENDED/CUSTOMER"},
      {"CallType=incomplete&DialCallStatus=no-answer", "CALL_NO_ANSWER/AGENT"},
      {"CallType=incomplete&DialCallStatus=busy", "CALL_BUSY/AGENT"},
      {"CallType=incomplete&DialCallStatus=failed", "CALL_FAILED/AGENT"},
      {"CallType=client-hangup", "CALL_CANCELLED/CUSTOMER"},
      {"CallType=voicemail", "CALL_MACHINE/CUSTOMER"},
      {"CallType=nonsense", ""},
  }));
  INFO(query);
  const auto read = ReadApplet("CallSid=a1&CurrentTime=2025-03-04+11:05:10&" + query);
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(Told(read) == told);
  CHECK(read.session().empty());
  if (read.facts_size() > 0) CHECK(read.facts(0).provider_call_id() == "a1");
}

TEST_CASE("talk with a caller is the agent's leg, else the dialling on", "[exotel][webhook]") {
  const std::string query = "CallSid=a1&CallType=completed&DialCallDuration=31";
  CHECK(ReadApplet(query).facts(1).fact().duration_seconds() == 31);
  CHECK(ReadApplet(query + "&Legs[1][OnCallDuration]=22").facts(1).fact().duration_seconds() == 22);
}

TEST_CASE("our reference brings a panel's callback to its session", "[exotel][webhook]") {
  CHECK(ReadApplet("CallSid=a1&CallType=completed&CustomField=" + kSession).session() == kSession);
  CHECK(ReadApplet("CallSid=a1&CallType=completed&CustomField=else").session().empty());
}

TEST_CASE("the seed's own words are taken when signed", "[exotel][webhook]") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t1");
  request.set_body(R"({"event_type":"answered","session_id":"sess_1",
                       "timestamp":"2025-03-04T05:35:10Z"})");
  auto& header = *request.add_headers();
  header.set_name("x-signature");
  header.set_value(crypto::ToHex(crypto::HmacSha256("whsec", request.body())));
  const auto read = ReadCallback(AnAccount(), request, kNow, {});
  CHECK(Told(read) == "CALL_ANSWERED/PARTY_UNSPECIFIED");
  CHECK(read.session() == "sess_1");
}

TEST_CASE("a callback without our token is refused", "[exotel][webhook]") {
  common::v1::HttpRequest request = Callback(kTerminal, "application/json");
  request.set_query("tenant=t1&session=" + kSession);
  CHECK(ReadCallback(AnAccount(), request, kNow, {}).verdict() == ReadWebhookResponse::UNSIGNED);
  request.set_query("tenant=t1&token=guess&session=" + kSession);
  const auto forged = ReadCallback(AnAccount(), request, kNow, {});
  CHECK(forged.verdict() == ReadWebhookResponse::FORGED);
  CHECK(forged.facts_size() == 0);
}

TEST_CASE("poison is unreadable, with the field named", "[exotel][webhook]") {
  using Case = std::pair<std::string, std::string>;
  const auto [body, reason] = GENERATE(values<Case>({
      {"{\"CallSid\":", "body"},
      {"", "CallSid"},
      {"{}", "CallSid"},
      {R"({"CallSid":"../x","Status":"busy"})", "CallSid"},
      {R"({"CallSid":{"a":1},"Status":"busy"})", "CallSid"},
      {"[1]", "CallSid"},
  }));
  INFO(body);
  const auto read = ReadJson(body);
  CHECK(read.verdict() == ReadWebhookResponse::UNREADABLE);
  CHECK(read.reason().find(reason) != std::string::npos);
  CHECK(read.facts_size() == 0);
}

TEST_CASE("callbacks outside the window are kept out", "[exotel][webhook]") {
  const auto at = [](const std::string& time) {
    return ReadJson(R"({"CallSid":"a1","Status":"busy","DateUpdated":")" + time + "\"}").verdict();
  };
  CHECK(at("2025-03-03 11:05:10") == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(at("2025-03-04 11:12:00") == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(at("2025-03-04 11:11:00") == ReadWebhookResponse::GENUINE);
  CHECK(at("soon") == ReadWebhookResponse::GENUINE);
}

}  // namespace
}  // namespace ctc::providers::exotel
