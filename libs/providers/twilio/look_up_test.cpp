#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/twilio/adapter_world_for_test.h"

namespace ctc::providers::twilio {
namespace {

using dispatch::v1::LookUpCallResponse;

TEST_CASE("what Twilio will not say now was not asked", "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  world.http.When("GET", 429, "");
  const auto limited = [&](Task<absl::StatusOr<LookUpCallResponse>> task) {
    return base::IsError(RunTask(std::move(task)).status(), base::kProviderRateLimited);
  };
  CHECK(limited(world.adapter->LookUp(world.account, request)));
  CHECK(limited(world.adapter->LookUpCustomer(world.account, request)));
  request.set_provider_call_id("CA1");
  CHECK(limited(world.adapter->LookUp(world.account, request)));
}

TEST_CASE("a call is looked up by its sid", "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  request.set_provider_call_id("CA1");
  const auto found = [&] { return RunTask(world.adapter->LookUp(world.account, request)).value(); };
  world.http.When("", 200, R"({"sid":"CA1","status":"ringing","start_time":null})");
  CHECK(found().found() == LookUpCallResponse::LIVE);
  world.http.When(
      "", 200,
      R"({"sid":"CA1","status":"no-answer","end_time":"Wed, 06 Nov 2024 05:15:00 +0000"})");
  CHECK(found().found() == LookUpCallResponse::ENDED);
  REQUIRE(found().facts_size() == 1);
  CHECK(found().facts(0).kind() == session::v1::CallFact::CALL_NO_ANSWER);
  CHECK(found().facts(0).source() == session::v1::POLL);
  world.http.When("", 404, R"({"code":20404})");
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
  world.http.When("", 503, "");
  CHECK(found().found() == LookUpCallResponse::FOUND_UNSPECIFIED);
}

TEST_CASE("a lost customer leg is found by its label in the room", "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  const auto found = [&] { return RunTask(world.adapter->LookUpCustomer(world.account, request)); };
  int status = 200;
  std::string rooms = R"({"conferences":[]})";
  std::string participant;
  world.http.When("GET", [&](const http::ClientRequest& asked) {
    http::ClientResult result;
    const bool list =
        asked.url.find("/Conferences.json?FriendlyName=" + kUuid) != std::string::npos;
    result.response.status = list ? 200 : status;
    result.response.body = list ? rooms : participant;
    return result;
  });
  CHECK(found()->found() == LookUpCallResponse::NOT_FOUND);
  rooms = R"({"conferences":[{"sid":"CF1","status":"init"}]})";
  status = 404;
  CHECK(found()->found() == LookUpCallResponse::NOT_FOUND);
  CHECK(world.http.Lines().back().ends_with("/Conferences/CF1/Participants/customer.json"));
  status = 200;
  participant = R"({"call_sid":"CA9","label":"customer","status":"ringing"})";
  CHECK(found()->found() == LookUpCallResponse::LIVE);
  CHECK(found()->provider_call_id() == "CA9");
  participant = "<html>";
  CHECK(found()->found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  status = 503;
  CHECK(found()->found() == LookUpCallResponse::FOUND_UNSPECIFIED);
  rooms = "<html>";
  CHECK_FALSE(found().ok());
}

TEST_CASE("a lost first leg is recognised by numbers and time, and by being nobody else's",
          "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  const auto found = [&] { return RunTask(world.adapter->LookUp(world.account, request)).value(); };
  world.http.When(
      "", 200,
      R"({"calls":[{"sid":"CAold","status":"completed","date_created":"Wed, 06 Nov 2024 04:43:40 +0000"}]})");
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
  world.http.When(
      "", 200,
      R"({"calls":[{"sid":"CA8","status":"ringing","date_created":"Wed, 06 Nov 2024 05:44:35 +0000"},)"
      R"({"sid":"CA9","status":"completed","date_created":"Wed, 06 Nov 2024 05:44:30 +0000"}]})");
  CHECK(found().found() == LookUpCallResponse::LIVE);
  CHECK(found().provider_call_id() == "CA8");
  CHECK(world.http.Lines().back().find("To=%2B15551230002&From=%2B15551230001") !=
        std::string::npos);
  request.add_calls_of_others("CA8");
  CHECK(found().found() == LookUpCallResponse::ENDED);
  CHECK(found().provider_call_id() == "CA9");
  request.add_calls_of_others("CA9");
  CHECK(found().found() == LookUpCallResponse::NOT_FOUND);
}

TEST_CASE("of a caller's record only the end is told", "[twilio][adapter]") {
  World world;
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = world.order;
  request.mutable_order()->set_direction(session::v1::Session::INBOUND);
  request.set_provider_call_id("CA1");
  const auto found = [&] { return RunTask(world.adapter->LookUp(world.account, request)).value(); };
  world.http.When("", 200, R"({"sid":"CA1","status":"in-progress"})");
  CHECK(found().found() == LookUpCallResponse::LIVE);
  CHECK(found().facts_size() == 0);
  world.http.When("", 200, R"({"sid":"CA1","status":"no-answer","duration":"40"})");
  REQUIRE(found().facts_size() == 1);
  CHECK(found().facts(0).kind() == session::v1::CallFact::CALL_ENDED);
  CHECK(found().facts(0).party() == session::v1::Leg::CUSTOMER);
  CHECK(found().facts(0).reason() == session::v1::END_REASON_UNSPECIFIED);
  CHECK_FALSE(found().facts(0).has_duration_seconds());
}

}  // namespace
}  // namespace ctc::providers::twilio
