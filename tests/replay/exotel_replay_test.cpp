// Whole calls as Exotel tells them.
#include <catch2/catch.hpp>

#include "libs/http/message.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/exotel/webhook.h"
#include "libs/providers/indian.h"
#include "services/session/domain/inbound.h"
#include "tests/replay/replay.h"

namespace ctc::replay {
namespace {

namespace exotel = providers::exotel;

const std::string kSession = "01930000-0000-7000-8000-000000000001";
const absl::Time kStart = absl::FromUnixSeconds(1'767'268'800);

providers::Account AnAccount() {
  providers::Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_api_url("https://api.in.exotel.com");
  account.webhook_secret = base::Secret("whsec");
  return account;
}

std::string At(int seconds) { return providers::IndianTimeText(kStart + absl::Seconds(seconds)); }

Callback Read(const common::v1::HttpRequest& request) {
  return [request](absl::Time now) { return exotel::ReadCallback(AnAccount(), request, now, {}); };
}

// A status callback in JSON; `more` begins with a comma.
Callback Status(const std::string& event, const std::string& status, const std::string& leg1,
                const std::string& leg2, int seconds, const std::string& more = "") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t1&session=" + kSession +
                    "&token=" + providers::CallToken(AnAccount(), base::Secret(), kSession));
  request.set_body(R"({"CallSid":"a1","EventType":")" + event + R"(","Status":")" + status +
                   R"(","DateUpdated":")" + At(seconds) + R"(","Legs":[{"Status":")" + leg1 +
                   R"(","OnCallDuration":)" + std::to_string(leg1 == "completed" ? 47 : 0) +
                   R"(},{"Status":")" + leg2 + "\"}]" + more + "}");
  return Read(request);
}

// What an applet of the caller's flow tells.
Callback Applet(int seconds, const std::string& query) {
  common::v1::HttpRequest request;
  request.set_method("GET");
  request.set_query("tenant=t1&token=whsec&CallSid=a1&CurrentTime=" + http::Encode(At(seconds)) +
                    "&" + query);
  return Read(request);
}

Story Outbound(std::vector<Callback> callbacks) {
  Story story;
  story.start = {kStart, session::v1::Session::OUTBOUND, "+919000000001", "+919800000002"};
  story.callbacks = std::move(callbacks);
  story.arrival = kStart + absl::Seconds(100);
  return story;
}

Story Inbound(std::vector<Callback> callbacks) {
  Story story = Outbound(std::move(callbacks));
  story.start.direction = session::v1::Session::INBOUND;
  story.known = {session::domain::OfferFact(2, kStart + absl::Seconds(9), "+919000000001")};
  return story;
}

Callback AgentUp() { return Status("answered", "in-progress", "in-progress", "", 5); }
Callback Joined() { return Status("answered", "in-progress", "in-progress", "in-progress", 12); }

}  // namespace

TEST_CASE("a talk at Exotel is the same in every order", "[replay][exotel]") {
  const Story story = Outbound(
      {AgentUp(), Joined(),
       Status(
           "terminal", "completed", "completed", "completed", 53,
           R"(,"EndTime":")" + At(52) +
               R"(","ConversationDuration":40,"RecordingUrl":"https://recordings.exotel.com/a")")});
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 40"));
  CHECK(Has(Recorded(story), "https://recordings.exotel.com/a"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a call of Exotel's that loses callbacks ends as it did", "[replay][exotel]") {
  const Callback end = Status("terminal", "completed", "completed", "completed", 53,
                              R"(,"EndTime":")" + At(52) + R"(","ConversationDuration":40)");
  for (const Story& story :
       {Outbound({end}), Outbound({AgentUp(), end}), Outbound({Joined(), end})}) {
    CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
    CHECK(Has(Recorded(story), "talk 40"));
    CHECK(FirstDifference(story) == "");
  }
}

TEST_CASE("each leg that fails at Exotel is told the same in every order", "[replay][exotel]") {
  using Case = std::pair<std::vector<Callback>, std::string>;
  const Case cases[] = {
      {{AgentUp(), Status("terminal", "busy", "completed", "busy", 20)}, "BUSY CUSTOMER_BUSY"},
      {{AgentUp(), Status("terminal", "no-answer", "completed", "no-answer", 50)},
       "NO_ANSWER CUSTOMER_NO_ANSWER"},
      {{Status("terminal", "no-answer", "no-answer", "", 45),
        Status("terminal", "no-answer", "no-answer", "null", 45)},
       "NO_ANSWER AGENT_NO_ANSWER"},
      {{AgentUp(), Status("terminal", "failed", "completed", "failed", 20)},
       "FAILED PROVIDER_ERROR"},
  };
  for (const auto& [callbacks, outcome] : cases) {
    const Story story = Outbound(callbacks);
    CHECK(Has(Recorded(story), outcome));
    CHECK(FirstDifference(story) == "");
  }
}

TEST_CASE("a caller at Exotel taken by an agent is the same in every order", "[replay][exotel]") {
  const std::string done =
      "CallType=completed&DialCallStatus=completed&DialCallDuration=50&"
      "Legs[1][OnCallDuration]=45";
  const Story story =
      Inbound({Applet(1, "CallStatus=ringing"),
               Applet(10, "EventType=Dial&Status=busy&DialWhomNumber=09000000001"),
               Applet(15, "EventType=Dial&Status=answered&DialWhomNumber=09000000001"),
               Applet(60, "EventType=Dial&Status=free&DialWhomNumber=09000000001"),
               Applet(60, done), Applet(60, "applet=end&" + done)});
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 45"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller who leaves Exotel's flow is the same in every order", "[replay][exotel]") {
  const Story story = Inbound({Applet(1, "CallStatus=ringing"),
                               Applet(10, "EventType=Dial&Status=busy&DialWhomNumber=09000000001"),
                               Applet(20, "EventType=Dial&Status=free&DialWhomNumber=09000000001"),
                               Applet(20, "applet=end&CallType=client-hangup")});
  CHECK(Has(Recorded(story), "CALLER_ABANDONED"));
  CHECK(FirstDifference(story) == "");
}

}  // namespace ctc::replay
