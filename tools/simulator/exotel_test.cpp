// Exotel as an adapter sees it: form requests, Basic credentials, callbacks without a signature.
#include <catch2/catch.hpp>

#include "libs/http/multipart.h"
#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

const std::string kAccount = "/v1/Accounts/acme1";
constexpr const char* kForm = "application/x-www-form-urlencoded";

Json Post(Fixture& f, const std::string& form, const std::string& path = "/Calls/connect.json") {
  const http::ClientResult result = f.Send("POST", kAccount + path, form, kForm);
  return Json::parse(result.response.body, nullptr, false);
}

std::string Connect(const Receiver& receiver, const std::string& to, const std::string& more) {
  return "From=09800000001&To=" + to + "&CallerId=08040000003&CustomField=s1&StatusCallback=" +
         http::Encode(receiver.Url("/status")) + more;
}

constexpr const char* kAllEvents =
    "&StatusCallbackEvents%5B0%5D=terminal&StatusCallbackEvents%5B1%5D=answered"
    "&StatusCallbackContentType=application/json&Record=true";

// "answered:in-progress/ ..." of what came, as JSON.
std::string Told(const Receiver& receiver) {
  std::string text;
  for (const Form& form : receiver.Received()) {
    const Json json = Json::parse(ValueOf(form, "_body"), nullptr, false);
    text += json.value("EventType", "-") + ":";
    for (const Json& leg : json["Legs"]) {
      text += (leg["Status"].is_null() ? "-" : leg["Status"].get<std::string>()) + "/";
    }
    text += " ";
  }
  return text;
}

TEST_CASE("both legs are rung one after the other, and told", "[exotel]") {
  Receiver receiver;
  Fixture f;
  const Json call = Post(f, Connect(receiver, "09800009920", kAllEvents))["Call"];
  const std::string sid = call["Sid"];
  CHECK(sid.size() == 32);
  CHECK(call["Status"] == "in-progress");
  CHECK(call["From"] == "09800000001");
  CHECK(call["PhoneNumberSid"] == "08040000003");
  testing::EventuallyTrue([&] { return receiver.Received().size() == 3; }, "three callbacks");
  CHECK(Told(receiver) ==
        "answered:in-progress/-/ answered:in-progress/in-progress/ terminal:completed/completed/ ");
  const Json last = Json::parse(ValueOf(receiver.Received()[2], "_body"));
  CHECK(last["CustomField"] == "s1");
  const auto details = f.Send("GET", kAccount + "/Calls/" + sid + ".json?details=true");
  const Json record = Json::parse(details.response.body)["Call"];
  CHECK(record["Status"] == "completed");
  CHECK(record["Details"]["Leg2Status"] == "completed");
  CHECK(f.Dials("919800009920") == 1);
  CHECK(f.Send("GET", "/_stats?reference=s1").response.body == "{\"dials\":1}");
  const std::string recording = last["RecordingUrl"];
  const std::string path = recording.substr(recording.find("/exotelrecordings"));
  CHECK(f.Send("GET", path).response.headers.Get("Content-Type") == "audio/mpeg");
}

TEST_CASE("each leg that does not come about ends the call", "[exotel]") {
  using Case = std::pair<std::string, std::string>;
  const auto [form, told] = GENERATE(values<Case>({
      {"From=09800000001&To=09800009901", "answered:in-progress/-/ terminal:completed/busy/ "},
      {"From=09800000001&To=09800009902", "answered:in-progress/-/ terminal:completed/no-answer/ "},
      {"From=09800000001&To=09800009904", "answered:in-progress/-/ terminal:completed/failed/ "},
      {"From=09800009901&To=09800000002", "terminal:busy/-/ "},
      {"From=09800009902&To=09800000002", "terminal:no-answer/-/ "},
  }));
  INFO(form);
  Receiver receiver;
  Fixture f;
  Post(f, form + "&CallerId=08040000003&TimeOut=10&StatusCallback=" +
              http::Encode(receiver.Url("/status")) + kAllEvents);
  testing::EventuallyTrue([&] { return Told(receiver).find("terminal") != std::string::npos; },
                          "the end");
  CHECK(Told(receiver) == told);
}

TEST_CASE("without subscription four fields come once, as multipart", "[exotel]") {
  Receiver receiver;
  Fixture f;
  const Json call = Post(f, Connect(receiver, "09800009923", ""))["Call"];
  testing::EventuallyTrue([&] { return receiver.Received().size() == 1; }, "one callback");
  const std::string body = ValueOf(receiver.Received()[0], "_body");
  const auto fields =
      http::ParseMultipart("multipart/form-data; boundary=simulator-boundary", body).value();
  REQUIRE(fields.size() == 4);
  CHECK(fields[0].second == call["Sid"].get<std::string>());
  CHECK(fields[1].second == "completed");
  CHECK(fields[3].second.empty());
}

TEST_CASE("bad requests are refused as Exotel does", "[exotel]") {
  Fixture f;
  struct Case {
    const char* form;
    int status;
    const char* says;
  };
  const Case c = GENERATE(values<Case>({
      {"To=09800000002&CallerId=08040000003", 400, "From"},
      {"From=09800000001&CallerId=08040000003", 400, "To"},
      {"From=09800000001&To=09800000002&CallerId=x", 400, "CallerId"},
      {"From=09800000001&To=09800009930&CallerId=08040000003", 403, "TRAI NDNC"},
      {"From=09800000001&To=09800009912&CallerId=08040000003", 429, "RestException"},
      {"From=09800000001&To=09800009926&CallerId=08040000003", 401, "RestException"},
  }));
  INFO(c.form);
  const auto result = f.Send("POST", kAccount + "/Calls/connect.json", c.form, kForm);
  CHECK(result.response.status == c.status);
  CHECK(result.response.body.find(c.says) != std::string::npos);
  CHECK(result.response.headers.Has("Retry-After") == (c.status == 429));
}

TEST_CASE("the list finds a call by numbers and time; XML is the default", "[exotel]") {
  Receiver receiver;
  Fixture f;
  Post(f, Connect(receiver, "09800009921", ""));
  const auto list = [&](const std::string& query) {
    return Json::parse(f.Send("GET", kAccount + "/Calls.json?" + query).response.body)["Calls"];
  };
  CHECK(list("From=9800000001&To=%2B919800009921").size() == 1);
  CHECK(list("From=9800000001&To=9800000002").empty());
  CHECK(list("DateCreated=gte:2020-01-01%2000:00:00").size() == 1);
  CHECK(list("DateCreated=gte:2020-01-01%2000:00:00;lte:2020-01-02%2000:00:00").empty());
  CHECK(f.Send("GET", kAccount).response.body.find("<TwilioResponse>") != std::string::npos);
  CHECK(f.Send("GET", kAccount + "/Calls/none.json").response.status == 404);
}

}  // namespace
}  // namespace ctc::simulator
