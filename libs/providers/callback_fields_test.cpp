#include "libs/providers/callback_fields.h"

#include <catch2/catch.hpp>

namespace ctc::providers {
namespace {

common::v1::HttpRequest Post(const std::string& type, const std::string& body) {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t1&Status=query");
  request.set_body(body);
  auto& header = *request.add_headers();
  header.set_name("content-type");
  header.set_value(type);
  return request;
}

TEST_CASE("the same values come out of every encoding", "[callback]") {
  using Case = std::pair<std::string, std::string>;
  const auto [type, body] = GENERATE(values<Case>({
      {"application/json", R"({"Status":"busy","Legs":[{"Status":"a","N":7},{"Status":null}]})"},
      {"text/plain", R"( {"Status":"busy","Legs":[{"Status":"a","N":"7"}]})"},
      {"application/x-www-form-urlencoded",
       "Status=busy&Legs%5B0%5D%5BStatus%5D=a&Legs[0][N]=7&Legs[1][Status]=null"},
      {"", "Status=+busy+&Legs[0][Status]=a&Legs[0][N]=7"},
      {"Multipart/Form-Data; boundary=b",
       "--b\r\nContent-Disposition: form-data; name=\"Status\"\r\n\r\nbusy\r\n"
       "--b\r\nContent-Disposition: form-data; name=\"Legs[0][Status]\"\r\n\r\na\r\n"
       "--b\r\nContent-Disposition: form-data; name=\"Legs[0][N]\"\r\n\r\n7\r\n--b--"},
  }));
  INFO(type);
  const auto fields = CallbackFields::Read(Post(type, body));
  REQUIRE(fields.ok());
  CHECK(fields->Get("Status") == "busy");
  CHECK(fields->Get("Legs[0][Status]") == "a");
  CHECK(fields->Number("Legs[0][N]") == 7);
  CHECK(fields->Get("Legs[1][Status]").empty());
  CHECK(fields->Number("Status") == -1);
}

TEST_CASE("a GET has its values in the query", "[callback]") {
  common::v1::HttpRequest request;
  request.set_method("GET");
  request.set_query("digits=%221%22&RecordingUrl=None");
  const auto fields = CallbackFields::Read(request);
  REQUIRE(fields.ok());
  CHECK(fields->Get("digits") == "\"1\"");
  CHECK(fields->Get("RecordingUrl").empty());
  CHECK(fields->Raw("RecordingUrl") == "None");
  CHECK(fields->Has("RecordingUrl"));
  CHECK_FALSE(fields->Has("other"));
  CHECK(fields->GetAny({"RecordingUrl", "digits"}) == "\"1\"");
}

TEST_CASE("what cannot be read is named, not guessed", "[callback]") {
  const std::string deep = "{\"a\":" + std::string(20, '[') + std::string(20, ']') + "}";
  std::string many;
  for (int i = 0; i < 600; ++i) many += "a=1&";
  using Case = std::pair<std::string, std::string>;
  const auto [type, body] = GENERATE_COPY(values<Case>({
      {"application/json", R"({"Status":"busy")"},
      {"application/json", "{\"Status\":\"\xff\"}"},
      {"application/json", deep},
      {"multipart/form-data", "--b--"},
      {"application/x-www-form-urlencoded", "a=%zz"},
      {"application/x-www-form-urlencoded", many},
      {"application/x-www-form-urlencoded", "a=" + std::string(5000, 'x')},
      {"application/json", "{\"a\":\"" + std::string(70000, 'x') + "\"}"},
  }));
  INFO(body.substr(0, 40));
  CHECK(CallbackFields::Read(Post(type, body)).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

TEST_CASE("an array alone is no callback", "[callback]") {
  CHECK_FALSE(CallbackFields::ReadJson("[1]").ok());
  CHECK_FALSE(CallbackFields::ReadJson("").ok());
  CHECK(CallbackFields::ReadJson(R"({"a":{"b":[true]}})")->Get("a[b][0]") == "true");
}

}  // namespace
}  // namespace ctc::providers
