#include "libs/providers/mcube/push.h"

#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/callback_token.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

const std::string kSession = "01930000-0000-7000-8000-000000000001";
const absl::Time kNow = absl::FromUnixSeconds(1'741'066'800);  // 2025-03-04 11:10:00 IST

Account AnAccount() {
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_provider_type(common::v1::ProviderType::MCUBE);
  account.config.set_api_url("https://api.mcube.com");
  account.auth_token = base::Secret("the-token");
  account.webhook_secret = base::Secret("whsec");
  return account;
}

common::v1::HttpRequest Post(const std::string& body, const std::string& type) {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t1&token=whsec");
  request.set_body(body);
  auto& header = *request.add_headers();
  header.set_name("content-type");
  header.set_value(type);
  return request;
}

ReadWebhookResponse Read(const std::string& body, const Account& account = AnAccount()) {
  return ReadPushWebhook(account, Post(body, "application/json"), kNow, {});
}

// The sample of the reference with other words.
std::string Cloud(const std::string& word, const std::string& direction, const std::string& more) {
  return R"({"starttime":"2025-03-04 11:05:53","callid":"90000000011741066553",
    "emp_phone":"9000000001","clicktocalldid":"8040000003","callto":"9800000002","dialstatus":")" +
         word + R"(","direction":")" + direction +
         R"(","groupname":"Sales","agentname":"Asha","refid":")" +
         (direction == "outbound" ? kSession : "") + "\"" + more + "}";
}

constexpr char kEnd[] =
    R"(,"endtime":"2025-03-04 11:08:20","answeredtime":"00:02:06","disconnectedby":"Customer",
    "filename":"https://s3.ap-south-1.amazonaws.com/app.mcube.com/recordings/x.wav")";

std::string Told(const ReadWebhookResponse& response) {
  std::string text;
  for (const auto& item : response.facts()) {
    text += (text.empty() ? "" : " ") + CallFact::Kind_Name(item.fact().kind()) + "/" +
            Leg::Party_Name(item.fact().party());
  }
  return text;
}

TEST_CASE("a click is told by two pushes", "[mcube][push]") {
  const auto on_call = Read(Cloud("ANSWER", "outbound", ""));
  CHECK(Told(on_call) == "CALL_RINGING/AGENT CALL_ANSWERED/CUSTOMER");
  CHECK(on_call.session() == kSession);
  CHECK(on_call.correlation_id() == kSession);
  CHECK(on_call.event_type() == "on-call answer");
  CHECK(on_call.facts(0).provider_call_id() == "90000000011741066553");
  // The id ends in the epoch second of starttime.
  CHECK(on_call.facts(0).fact().provider_time().seconds() == 1'741'066'553);
  CHECK_FALSE(on_call.facts(1).fact().has_provider_time());
  const auto hang_up = Read(Cloud("ANSWER", "outbound", kEnd));
  CHECK(Told(hang_up) ==
        "CALL_RINGING/AGENT CALL_ANSWERED/CUSTOMER CALL_ENDED/CUSTOMER RECORDING_READY/CUSTOMER");
  CHECK(hang_up.facts(0).fact().event_key() == on_call.facts(0).fact().event_key());
  CHECK(hang_up.facts(1).fact().provider_time().seconds() == 1'741'066'700 - 126);
  CHECK(hang_up.facts(2).fact().duration_seconds() == 126);
  CHECK(hang_up.facts(3).fact().recording_url() ==
        "https://s3.ap-south-1.amazonaws.com/app.mcube.com/recordings/x.wav");
}

TEST_CASE("every word has its meaning", "[mcube][push]") {
  struct Case {
    const char* word;
    const char* direction;
    const char* more;
    const char* told;  // after the ringing
  };
  const char* const end = R"(,"endtime":"2025-03-04 11:08:20")";
  const char* const zero = R"(,"endtime":"2025-03-04 11:08:20","answeredtime":"0")";
  const Case c = GENERATE_REF(values<Case>({
      {"CONNECTING", "outbound", "", ""},
      {"", "inbound", "", ""},
      {"ANSWER", "inbound", "", " CALL_ANSWERED/AGENT"},
      {"ANSWER", "inbound", end, " CALL_ANSWERED/AGENT CALL_ENDED/CUSTOMER"},
      {"Busy", "outbound", end, " CALL_BUSY/CUSTOMER"},
      {"BUSY", "inbound", end, " CALL_BUSY/AGENT"},
      {"Executive Busy", "outbound", end, " CALL_BUSY/AGENT"},
      {"ExecutiveBusy", "outbound", "", " CALL_BUSY/AGENT"},
      {"NoAnswer", "outbound", end, " CALL_NO_ANSWER/PARTY_UNSPECIFIED"},
      {"NOANSWER", "inbound", end, " CALL_NO_ANSWER/AGENT"},
      {"CANCEL", "inbound", end, " CALL_CANCELLED/CUSTOMER"},
      {"nonsense", "outbound", "", ""},
      {"nonsense", "outbound", kEnd,
       " CALL_ANSWERED/CUSTOMER CALL_ENDED/CUSTOMER "
       "RECORDING_READY/CUSTOMER"},
      {"nonsense", "outbound", zero, " CALL_NO_ANSWER/PARTY_UNSPECIFIED"},
      {"nonsense", "outbound", end, " CALL_FAILED/CUSTOMER"},
      {"Answered", "outbound", end, " CALL_ANSWERED/CUSTOMER CALL_ENDED/CUSTOMER"},
      {"COMPLETED", "outbound", R"(,"endtime":"0000-00-00 00:00:00")", " CALL_ANSWERED/CUSTOMER"},
  }));
  INFO(c.word << " " << c.direction << " " << c.more);
  const auto read = Read(Cloud(c.word, c.direction, c.more));
  REQUIRE(read.verdict() == ReadWebhookResponse::GENUINE);
  CHECK(Told(read) == "CALL_RINGING/AGENT" + std::string(c.told));
}

TEST_CASE("the talk is counted as the account says, and never beyond the call", "[mcube][push]") {
  const auto talk = [](const std::string& answered, const std::string& setting) {
    Account account = AnAccount();
    auto& settings = *account.config.mutable_settings()->mutable_fields();
    if (!setting.empty()) settings["answeredtime_counts"].set_string_value(setting);
    // The call takes 147 seconds.
    const auto read =
        Read(Cloud("ANSWER", "outbound",
                   R"(,"endtime":"2025-03-04 11:08:20","answeredtime":")" + answered + "\""),
             account);
    return read.facts(2).fact().duration_seconds();
  };
  CHECK(talk("00:02:06", "") == 126);
  CHECK(talk("02:06", "") == 126);
  CHECK(talk("126", "") == 126);
  CHECK(talk("0", "") == 0);
  CHECK(talk("", "") == 147);
  CHECK(talk("None", "") == 147);
  CHECK(talk("01:00:00", "") == 147);
  CHECK(talk("00:00:20", "wait") == 127);
}

TEST_CASE("an account can say that the first push is the agent's", "[mcube][push]") {
  Account account = AnAccount();
  (*account.config.mutable_settings()->mutable_fields())["on_call_reports"].set_string_value(
      "agent");
  CHECK(Told(Read(Cloud("ANSWER", "outbound", ""), account)) ==
        "CALL_RINGING/AGENT CALL_ANSWERED/AGENT");
  CHECK(Told(Read(Cloud("ANSWER", "inbound", ""), account)) ==
        "CALL_RINGING/AGENT CALL_ANSWERED/AGENT");
}

TEST_CASE("every encoding says the same", "[mcube][push]") {
  const std::string json = Cloud("Busy", "outbound", R"(,"endtime":"2025-03-04 11:08:20")");
  const std::string form =
      "starttime=2025-03-04+11:05:53&endtime=2025-03-04%2011:08:20&callid=90000000011741066553&"
      "emp_phone=9000000001&callto=9800000002&dialstatus=Busy&direction=outbound&refid=" +
      kSession;
  const std::string multipart =
      "--b\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n" + json + "\r\n--b--";
  const auto expected = Read(json);
  CHECK(Told(expected) == "CALL_RINGING/AGENT CALL_BUSY/CUSTOMER");
  const std::pair<std::string, std::string> bodies[] = {
      {"application/x-www-form-urlencoded", form},
      {"application/x-www-form-urlencoded", "data=" + http::Encode(json)},
      {"multipart/form-data; boundary=b", multipart},
      {"text/plain", json},
  };
  for (const auto& [type, body] : bodies) {
    INFO(type << ": " << body);
    const auto read = ReadPushWebhook(AnAccount(), Post(body, type), kNow, {});
    CHECK(Told(read) == Told(expected));
    CHECK(read.session() == kSession);
    CHECK(read.facts(0).fact().event_key() == expected.facts(0).fact().event_key());
  }
  common::v1::HttpRequest get;
  get.set_method("GET");
  get.set_query("tenant=t1&token=whsec&" + form);
  CHECK(Told(ReadPushWebhook(AnAccount(), get, kNow, {})) == Told(expected));
}

TEST_CASE("callto is the customer in the cloud and the agent in a classic push", "[mcube][push]") {
  const auto cloud = ReadPush(Post(Cloud("ANSWER", "inbound", ""), "application/json"));
  CHECK(cloud->inbound);
  CHECK(cloud->agent == "+919000000001");
  CHECK(cloud->customer == "+919800000002");
  CHECK(cloud->did == "+918040000003");
  const auto classic = ReadPush(
      Post("data=" + http::Encode(R"({"callid":"1","callfrom":"09800000002","callto":"919000000001",
          "landingnumber":"8040000003","dialstatus":"CONNECTING"})"),
           "application/x-www-form-urlencoded"));
  CHECK(classic->inbound);
  CHECK(classic->agent == "+919000000001");
  CHECK(classic->customer == "+919800000002");
  CHECK(classic->did == "+918040000003");
  const auto dialler = ReadPush(Post("callid=2&executive=9000000001&customer=9800000002&refid=r",
                                     "application/x-www-form-urlencoded"));
  CHECK_FALSE(dialler->inbound);
  CHECK(dialler->agent == "+919000000001");
  CHECK(dialler->customer == "+919800000002");
}

TEST_CASE("an outbound callback of the classic API says status", "[mcube][push]") {
  const auto read = Read(R"({"callid":"1","refid":")" + kSession +
                         R"(","starttime":"04-03-2025 11:05:53","endtime":"04-03-2025 11:08:20",
                            "answeredtime":"10","status":"ANSWER","filename":"call1.wav"})");
  CHECK(Told(read) ==
        "CALL_RINGING/AGENT CALL_ANSWERED/CUSTOMER CALL_ENDED/CUSTOMER RECORDING_READY/CUSTOMER");
  CHECK(read.facts(3).fact().recording_url() ==
        "https://mcube.vmctechnologies.com/sounds/call1.wav");
}

TEST_CASE("recordings are completed, and taken from mCube's hosts only", "[mcube][push]") {
  const Account account = AnAccount();
  CHECK(RecordingUrlOf(account, "2025/03/x.wav") == "https://recordings.mcube.com/2025/03/x.wav");
  CHECK(RecordingUrlOf(account, "/2025/x.wav") == "https://recordings.mcube.com/2025/x.wav");
  CHECK(RecordingUrlOf(account, "x.wav") == "https://mcube.vmctechnologies.com/sounds/x.wav");
  for (const char* name : {"", "https://evil.io/x.wav", "../../x.wav", "javascript://x",
                           "https://s3.ap-south-1.amazonaws.com/other/x.wav", "a b.wav"}) {
    INFO(name);
    CHECK(RecordingUrlOf(account, name).empty());
  }
}

TEST_CASE("seconds come in three forms", "[mcube][push]") {
  CHECK(SecondsOf("00:00:04") == 4);
  CHECK(SecondsOf("1:02:03") == 3723);
  CHECK(SecondsOf("90") == 90);
  CHECK(SecondsOf("168:00:00") == 604'800);
  for (const char* text : {"", ":", "1:", "1:60", "a", "1:2:3:4", "-1", "1234567", "+5",
                           "168:00:01", "604801", "999999:59:59"}) {
    INFO(text);
    CHECK(SecondsOf(text) == -1);
  }
}

TEST_CASE("a URL of ours brings its session without a reference", "[mcube][push]") {
  common::v1::HttpRequest request =
      Post(R"({"callid":"7","dialstatus":"CONNECTING"})", "application/json");
  request.set_query("tenant=t1&session=" + kSession +
                    "&token=" + CallToken(AnAccount(), base::Secret(), kSession));
  const auto read = ReadPushWebhook(AnAccount(), request, kNow, {});
  CHECK(read.session() == kSession);
  CHECK(read.facts(0).session() == kSession);
  // It is a click's, though nothing says so.
  request.set_body(R"({"callid":"7","status":"Busy"})");
  CHECK(Told(ReadPushWebhook(AnAccount(), request, kNow, {})) == "CALL_BUSY/CUSTOMER");
}

TEST_CASE("a push without the token is refused", "[mcube][push]") {
  common::v1::HttpRequest request = Post(Cloud("ANSWER", "inbound", ""), "application/json");
  request.set_query("tenant=t1");
  CHECK(ReadPushWebhook(AnAccount(), request, kNow, {}).verdict() == ReadWebhookResponse::UNSIGNED);
  request.set_query("tenant=t1&token=the-token");
  CHECK(ReadPushWebhook(AnAccount(), request, kNow, {}).verdict() == ReadWebhookResponse::FORGED);
}

TEST_CASE("the seed's own words are taken when signed", "[mcube][push]") {
  common::v1::HttpRequest request = Post(
      R"({"event_type":"CALL_ENDED","session_id":"sess_1","timestamp":"2025-03-04T05:39:00Z"})",
      "application/json");
  request.set_query("tenant=t1");
  auto& header = *request.add_headers();
  header.set_name("x-signature");
  header.set_value(crypto::ToHex(crypto::HmacSha256("whsec", request.body())));
  CHECK(Told(ReadPushWebhook(AnAccount(), request, kNow, {})) == "CALL_ENDED/PARTY_UNSPECIFIED");
}

TEST_CASE("poison is unreadable", "[mcube][push]") {
  for (const char* body :
       {"", "{}", "{\"callid\":", "[1]", R"({"callid":"a/b"})",
        R"({"refid":"theirs","dialstatus":"Busy"})", R"({"callid":{"x":1}})", "data=%7Bbroken"}) {
    INFO(body);
    const auto read = Read(body);
    CHECK(read.verdict() == ReadWebhookResponse::UNREADABLE);
    CHECK(read.facts_size() == 0);
    CHECK_FALSE(read.reason().empty());
  }
}

TEST_CASE("pushes outside the window are kept out", "[mcube][push]") {
  const auto at = [](const std::string& time) {
    return Read(R"({"callid":"1","dialstatus":"Busy","endtime":")" + time + "\"}").verdict();
  };
  CHECK(at("2025-03-03 11:00:00") == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(at("2035-03-04 11:00:00") == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(at("2025-03-04 11:09:00") == ReadWebhookResponse::GENUINE);
}

}  // namespace
}  // namespace ctc::providers::mcube
