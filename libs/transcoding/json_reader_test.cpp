#include "libs/transcoding/json_reader.h"

#include <catch2/catch.hpp>

#include "ctc/recording/v1/recording_service.pb.h"
#include "ctc/routing/v1/routing_service.pb.h"
#include "ctc/session/v1/session_service.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/transcoding/field_text.h"
#include "libs/transcoding/json_writer.h"

namespace ctc::transcoding {
namespace {

template <class Message>
absl::Status Read(std::string_view text, Message& message) {
  return ReadJson(text, TableOf(Message::descriptor()), message);
}

absl::Status ReadInitiate(std::string_view text) {
  session::v1::InitiateCallRequest request;
  return Read(text, request);
}

// "CODE field", what a client would look at first.
std::string Verdict(const absl::Status& status) {
  if (status.ok()) return "OK";
  const base::ErrorDetail detail = base::DetailOf(status);
  return detail.fields.empty() ? detail.code : detail.code + " " + detail.fields[0].field;
}

TEST_CASE("every kind of field is read", "[transcoding][reader]") {
  session::v1::InitiateCallRequest request;
  REQUIRE(Read(R"({"to_phone":"+1","record":true,"priority":9,"lead_id":null,
                   "metadata":{"a":[1,"x",null,{"b":false}],"c":-2.5}})",
               request)
              .ok());
  CHECK(request.to_phone() == "+1");
  CHECK(request.record());
  CHECK(request.priority() == 9);
  CHECK_FALSE(request.has_lead_id());
  CHECK(ToJson(request.metadata()) == R"({"a":[1,"x",null,{"b":false}],"c":-2.5})");
}

TEST_CASE("maps, lists and enums are read", "[transcoding][reader]") {
  routing::v1::UpdateAgentRequest agent;
  REQUIRE(Read(R"({"skills":{"spanish":5,"sales":2},"teams":["a","b"]})", agent).ok());
  CHECK(agent.skills().at("spanish") == 5);
  CHECK(agent.teams_size() == 2);
  session::v1::UpdateSessionStatusRequest status;
  REQUIRE(Read(R"({"status":"CONNECTED"})", status).ok());
  CHECK(status.status() == session::v1::Session::CONNECTED);
}

TEST_CASE("a map of very many keys is read, and a key that is given twice is found",
          "[transcoding][reader]") {
  std::string body = R"({"skills":{"k":1)";
  for (int i = 0; i < 130000; ++i) body += ",\"" + std::to_string(i) + "\":1";
  routing::v1::UpdateAgentRequest agent;
  CHECK(Read(body + "}}", agent).ok());
  CHECK(agent.skills_size() == 130001);
  routing::v1::UpdateAgentRequest twice;
  CHECK(Verdict(Read(body + R"(,"77":1}})", twice)) == "MALFORMED_JSON");
}

TEST_CASE("lists and maps that are given and empty are told", "[transcoding][reader]") {
  routing::v1::UpdateAgentRequest agent;
  REQUIRE(Read(R"({"skills":{},"teams":[]})", agent).ok());
  REQUIRE(agent.emptied_size() == 2);
  CHECK(agent.emptied(0) == "skills");
  CHECK(agent.emptied(1) == "teams");
  routing::v1::UpdateAgentRequest none;
  REQUIRE(Read(R"({"skills":null,"teams":["a"]})", none).ok());
  CHECK(none.emptied().empty());
  CHECK(Verdict(Read(R"({"emptied":["teams"]})", none)) == "UNKNOWN_FIELD emptied");
}

TEST_CASE("an error names the field by its path", "[transcoding][reader]") {
  CHECK(Verdict(ReadInitiate(R"({"to_fone":"1"})")) == "UNKNOWN_FIELD to_fone");
  CHECK(Verdict(ReadInitiate(R"({"to_phone":1})")) == "VALIDATION_FAILED to_phone");
  CHECK(Verdict(ReadInitiate(R"({"priority":"1"})")) == "VALIDATION_FAILED priority");
  CHECK(Verdict(ReadInitiate(R"({"priority":1.5})")) == "VALIDATION_FAILED priority");
  CHECK(Verdict(ReadInitiate(R"({"priority":2147483648})")) == "VALIDATION_FAILED priority");
  CHECK(Verdict(ReadInitiate(R"({"record":"true"})")) == "VALIDATION_FAILED record");
  CHECK(Verdict(ReadInitiate(R"({"record":[]})")) == "VALIDATION_FAILED record");
  CHECK(Verdict(ReadInitiate(R"({"to_phone":{}})")) == "VALIDATION_FAILED to_phone");
  CHECK(Verdict(ReadInitiate(R"({"metadata":"x"})")) == "VALIDATION_FAILED metadata");
  CHECK(Verdict(ReadInitiate(R"({"metadata":{"a":[0,{"b":12345678901234567890}]}})")) ==
        "VALIDATION_FAILED metadata.a[1].b");
  CHECK(Verdict(ReadInitiate("{\"metadata\":{\"a\":[\"\\u0000\"]}}")) ==
        "VALIDATION_FAILED metadata.a[0]");
  routing::v1::UpdateAgentRequest agent;
  CHECK(Verdict(Read(R"({"skills":{"x":"high"}})", agent)) == "VALIDATION_FAILED skills.x");
  routing::v1::UpdateAgentRequest teams;
  CHECK(Verdict(Read(R"({"teams":["a",2]})", teams)) == "VALIDATION_FAILED teams[1]");
  routing::v1::UpdateAgentRequest null_team;
  CHECK(Verdict(Read(R"({"teams":[null]})", null_team)) == "VALIDATION_FAILED teams[0]");
}

TEST_CASE("an enum is refused unless it is a known name", "[transcoding][reader]") {
  const char* body = GENERATE(R"({"status":"STATUS_UNSPECIFIED"})", R"({"status":"connected"})",
                              R"({"status":3})", R"({"status":""})");
  session::v1::UpdateSessionStatusRequest request;
  INFO(body);
  CHECK(Verdict(Read(body, request)) == "VALIDATION_FAILED status");
}

TEST_CASE("what is not one JSON object is refused as malformed", "[transcoding][reader]") {
  const char* body = GENERATE(
      "", " ", "{", "}", "[]", "null", "1", "\"x\"", "{}{}", "{} x", "{\"to_phone\":}", "{'a':1}",
      "{\"to_phone\":\"a\",}", "{\"to_phone\":NaN}", "{\"priority\":1e999}", "{\"priority\":01}",
      "{\"to_phone\":\"1\",\"to_phone\":\"2\"}", "{\"metadata\":{\"a\":1,\"a\":2}}",
      "{\"to_phone\":\"\\ud800\"}", "{\"to_phone\":\"\\udc00\\ud800\"}",
      "{\"to_phone\":\"\xc0\xaf\"}", "{\"to_phone\":\"\xed\xa0\x80\"}", "{\"to_phone\":\"\xff\"}",
      "{\"to_phone\":\"a\nb\"}", "{\"metadata\":{\"a\\u0000b\":1}}", "/* x */{}");
  INFO(body);
  CHECK(Verdict(ReadInitiate(body)) == "MALFORMED_JSON");
}

TEST_CASE("a number is the nearest double, however it is written", "[transcoding][reader]") {
  const std::string zeros(5000, '0');
  const std::string nines(400, '9');
  const auto [text, value] = GENERATE_COPY(table<std::string, double>({
      {"0." + zeros + "1", 0.0},
      {"0." + std::string(400, '0') + "1e80", 1e-321},
      {"-0." + zeros + "1E-7", -0.0},
      {"1." + zeros + "1", 1.0},
      {"1" + std::string(300, '0') + ".5", 1e300},
      {"0.1000000000000000055511151231257827", 0.1},
      {"2.2250738585072011e-308", 2.2250738585072011e-308},
      {"5e-324", 5e-324},
      {"1e-400", 0.0},
      {"1.0000000000e-2147483640", 0.0},
      {"1.7976931348623157e308", 1.7976931348623157e308},
      {"9007199254740993.0", 9007199254740992.0},
      {"18446744073709551616", 18446744073709551616.0},
      {"-9223372036854775809", -9223372036854775808.0},
      {"-0", 0.0},
      {"12", 12.0},
  }));
  INFO(text.substr(0, 60));
  session::v1::InitiateCallRequest request;
  REQUIRE(Verdict(Read(R"({"to_phone":"+1","metadata":{"n":)" + text + "}}", request)) == "OK");
  CHECK(request.metadata().fields().at("n").number_value() == value);
  session::v1::InitiateCallRequest refused;
  CHECK(Verdict(Read(R"({"metadata":{"n":)" + nines + "}}", refused)) == "MALFORMED_JSON");
}

TEST_CASE("nesting ends at 32 levels, however deep it goes", "[transcoding][reader]") {
  const auto nested = [](int levels) {
    const std::string open(static_cast<size_t>(levels), '[');
    const std::string close(static_cast<size_t>(levels), ']');
    return R"({"metadata":{"a":)" + open + close + "}}";
  };
  CHECK(ReadInitiate(nested(30)).ok());
  CHECK(Verdict(ReadInitiate(nested(31))) == "MALFORMED_JSON");
  CHECK(Verdict(ReadInitiate(nested(100000))) == "MALFORMED_JSON");
}

TEST_CASE("a text of more than 64 kB is refused", "[transcoding][reader]") {
  const auto body = [](size_t size) { return R"({"to_phone":")" + std::string(size, '1') + "\"}"; };
  CHECK(ReadInitiate(body(kMaxTextBytes)).ok());
  CHECK(Verdict(ReadInitiate(body(kMaxTextBytes + 1))) == "VALIDATION_FAILED to_phone");
}

TEST_CASE("the contract may allow a longer text", "[transcoding][reader]") {
  recording::v1::ImportPhoneNumbersRequest request;
  const auto read = [&](size_t size) {
    request.Clear();
    return ReadJson(R"({"csv":")" + std::string(size, '1') + "\"}",
                    TableOf(request.GetDescriptor()), request);
  };
  CHECK(read(3 << 20).ok());
  CHECK(Verdict(read((3 << 20) + 1)) == "VALIDATION_FAILED csv");
}

TEST_CASE("no part of the body is repeated in an error", "[transcoding][reader]") {
  const absl::Status status = ReadInitiate(R"({"to_phone":"s3cr3t" oops})");
  CHECK(std::string(status.message()).find("s3cr3t") == std::string::npos);
}

TEST_CASE("a text is cut between characters", "[transcoding]") {
  CHECK(Clip("abc", 3) == "abc");
  CHECK(Clip("abc", 2) == "ab");
  CHECK(Clip("a\xc3\xa9", 3) == "a\xc3\xa9");
  CHECK(Clip("a\xc3\xa9", 2) == "a");
  CHECK(Clip("a\xf0\x9f\x93\x9e.", 4) == "a");
  CHECK(Clip("a\xf0\x9f\x93\x9e.", 5) == "a\xf0\x9f\x93\x9e");
  CHECK(Clip("\xa9\xa9", 1).empty());
}

TEST_CASE("a long name is told up to a whole character", "[transcoding][reader]") {
  std::string name = "a";
  for (int i = 0; i < 40; ++i) name += "\xc3\xa9";
  const std::string told = name.substr(0, 63);
  CHECK(Verdict(ReadInitiate("{\"" + name + "\":1}")) == "UNKNOWN_FIELD " + told);
  CHECK(Verdict(ReadInitiate(R"({"metadata":{")" + name + R"(":"\u0000"}})")) ==
        "VALIDATION_FAILED metadata." + told);
  const absl::Status twice =
      ReadInitiate(R"({"metadata":{")" + name + R"(":1,")" + name + R"(":2}})");
  CHECK(std::string(twice.message()).find("\"" + told + "\"") != std::string::npos);
}

TEST_CASE("query values fit their field's type or are refused", "[transcoding][query]") {
  session::v1::ListSessionsRequest request;
  const MessageTable& table = TableOf(session::v1::ListSessionsRequest::descriptor());
  const auto set = [&](const char* name, std::string_view text) {
    return SetFromText(text, *table.Find(name), request).ok();
  };
  CHECK(set("limit", "10"));
  CHECK(request.limit() == 10);
  CHECK(set("started_after", "2025-12-03T10:30:00Z"));
  CHECK(request.started_after().seconds() == 1764757800);
  CHECK(set("status", "' OR 1=1 --"));
  CHECK(request.status() == "' OR 1=1 --");
  CHECK_FALSE(set("limit", ""));
  CHECK_FALSE(set("limit", "ten"));
  CHECK_FALSE(set("limit", "1e3"));
  CHECK_FALSE(set("limit", "+5"));
  CHECK_FALSE(set("limit", "99999999999999999999"));
  CHECK_FALSE(set("started_after", "yesterday"));
  CHECK_FALSE(set("agent_id", std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace ctc::transcoding
