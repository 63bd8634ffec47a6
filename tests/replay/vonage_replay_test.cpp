// Whole calls as Vonage tells them: events carry times to the millisecond, and no order of their
// own.
#include <catch2/catch.hpp>

#include "libs/providers/vonage/samples_for_test.h"
#include "libs/providers/vonage/webhook.h"
#include "services/session/domain/inbound.h"
#include "tests/replay/replay.h"

namespace ctc::replay {
namespace {

namespace vonage = providers::vonage;
using Json = nlohmann::json;

const absl::Time kStart = vonage::kSignedAt;

std::string TimeText(double seconds) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", kStart + absl::Seconds(seconds),
                          absl::UTCTimeZone());
}

Callback At(const std::string& query, const Json& event) {
  const common::v1::HttpRequest request = vonage::APost(query, event.dump());
  return [request](absl::Time now) {
    return vonage::ReadEvent(vonage::AnAccount(), request, now, {});
  };
}

Callback Leg(const std::string& leg, const std::string& status, double seconds,
             const Json& more = Json::object()) {
  Json event = {{"headers", Json::object()},    {"from", "15551230001"},
                {"to", "15551230003"},          {"uuid", leg.substr(0, leg.find('&')) + "-uuid"},
                {"conversation_uuid", "CON-1"}, {"status", status},
                {"direction", "outbound"},      {"timestamp", TimeText(seconds)}};
  event.update(more);
  return At(vonage::OfSession("&leg=" + leg), event);
}

// The caller's own leg, told at the application's URL.
Callback Caller(const std::string& status, double seconds) {
  return At("", {{"from", "447700900000"},
                 {"to", "15551230001"},
                 {"uuid", "caller-uuid"},
                 {"status", status},
                 {"direction", "inbound"},
                 {"duration", "70"},
                 {"timestamp", TimeText(seconds)}});
}

Callback Moved(const std::string& leg, double seconds) {
  return At(vonage::OfSession("&leg=" + leg), {{"conversation_uuid_from", "CON-1"},
                                               {"conversation_uuid_to", "CON-2"},
                                               {"type", "transfer"},
                                               {"uuid", leg + "-uuid"},
                                               {"timestamp", TimeText(seconds)}});
}

Callback Recording(double seconds) {
  return At(vonage::OfSession("&leg=recording"),
            {{"recording_url", "https://api.nexmo.com/v1/files/f1"},
             {"recording_uuid", "r1"},
             {"conversation_uuid", "CON-2"},
             {"size", 18990},
             {"timestamp", TimeText(seconds)}});
}

Story StoryOf(session::v1::Session::Direction direction, std::vector<Callback> callbacks) {
  Story story;
  story.start = {kStart, direction, "+15551230002", "+15551230003"};
  story.callbacks = std::move(callbacks);
  story.arrival = kStart + absl::Seconds(100);
  if (direction == session::v1::Session::INBOUND) {
    story.known = {session::domain::OfferFact(2, kStart + absl::Seconds(9), "+15551230002")};
  }
  return story;
}

Story Outbound(std::vector<Callback> callbacks) {
  return StoryOf(session::v1::Session::OUTBOUND, std::move(callbacks));
}
Story Inbound(std::vector<Callback> callbacks) {
  return StoryOf(session::v1::Session::INBOUND, std::move(callbacks));
}

std::vector<Callback> AgentUp() {
  return {Leg("agent", "started", 1), Leg("agent", "ringing", 1.02), Leg("agent", "answered", 5)};
}

std::vector<Callback> With(std::vector<Callback> callbacks, std::vector<Callback> more) {
  for (Callback& one : more) callbacks.push_back(std::move(one));
  return callbacks;
}

}  // namespace

TEST_CASE("a busy customer and its completed are told the same in every order",
          "[replay][vonage]") {
  const Story story =
      Outbound({Leg("agent", "ringing", 1), Leg("agent", "answered", 5),
                Leg("customer", "ringing", 7), Leg("customer", "busy", 12, {{"sip_code", 486}}),
                Leg("customer", "completed", 12, {{"duration", "0"}}),
                Leg("agent", "completed", 13, {{"duration", "8"}})});
  CHECK(Has(Recorded(story), "BUSY CUSTOMER_BUSY"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("an agent that does not answer is told the same in every Vonage order",
          "[replay][vonage]") {
  const Story story = Outbound({Leg("agent", "started", 1), Leg("agent", "ringing", 1.01),
                                Leg("agent", "timeout", 46), Leg("agent", "completed", 46.2)});
  CHECK(Has(Recorded(story), "NO_ANSWER AGENT_NO_ANSWER"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a recorded talk is the same in any order", "[replay][vonage]") {
  const Story story = Outbound(
      With(AgentUp(),
           {Moved("agent", 5.1), Leg("customer&records=1", "started", 6),
            Leg("customer&records=1", "ringing", 6.01), Leg("customer&records=1", "answered", 12),
            Moved("customer", 12.1),
            Leg("customer&records=1", "completed", 52, {{"duration", "40"}, {"price", "0.1"}}),
            Leg("agent", "completed", 52.5, {{"duration", "47"}}), Recording(55)}));
  const std::string recorded = Recorded(story);
  INFO(recorded);
  CHECK(Has(recorded, "COMPLETED NORMAL"));
  CHECK(Has(recorded, "talk 40"));
  CHECK(Has(recorded, "https://api.nexmo.com/v1/files/f1"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller taken by an agent is the same in every Vonage order", "[replay][vonage]") {
  const Story story =
      Inbound({Leg("agent", "started", 10), Leg("agent", "ringing", 10.1),
               Leg("agent", "answered", 15), Leg("agent", "completed", 60, {{"duration", "45"}}),
               Caller("answered", 1), Caller("completed", 60.2)});
  const std::string recorded = Recorded(story);
  INFO(recorded);
  CHECK(Has(recorded, "COMPLETED NORMAL"));
  CHECK(Has(recorded, "talk 45"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller that gives up is the same in every Vonage order", "[replay][vonage]") {
  const Story story = Inbound({Leg("agent", "started", 10), Leg("agent", "ringing", 10.1),
                               Leg("agent", "cancelled", 21), Leg("agent", "completed", 21.1),
                               Caller("answered", 1), Caller("completed", 20)});
  CHECK(Has(Recorded(story), "CALLER_ABANDONED"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a consultation is the same in any Vonage order", "[replay][vonage]") {
  const Story story = Outbound(With(
      AgentUp(),
      {Leg("customer", "ringing", 7), Leg("customer", "answered", 12),
       Leg("consult-1", "started", 21), Leg("consult-1", "ringing", 21.1),
       Leg("consult-1", "answered", 25), Leg("consult-1", "completed", 40, {{"duration", "15"}}),
       Leg("customer", "completed", 52, {{"duration", "40"}}), Leg("agent", "completed", 52.4)}));
  const std::string recorded = Recorded(story);
  INFO(recorded);
  CHECK(Has(recorded, "COMPLETED NORMAL"));
  CHECK(Has(recorded, "id: \"consult-1\" party: CONSULT state: ENDED"));
  CHECK(FirstDifference(story) == "");
}

}  // namespace ctc::replay
