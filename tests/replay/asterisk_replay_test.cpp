// Whole calls as Asterisk tells them, in both ways that it has: its event socket, and the seed's
// webhook signed by X-Signature, which a dialplan or a proxy posts.
#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "libs/providers/asterisk/call_machine.h"
#include "libs/providers/asterisk/samples_for_test.h"
#include "libs/providers/signed_webhook.h"
#include "tests/replay/replay.h"

namespace ctc::replay {
namespace {

namespace asterisk = providers::asterisk;
using dispatch::v1::ReadWebhookResponse;

// The moment of the samples, 2026-11-22T17:15:25Z.
const absl::Time kStart = absl::FromUnixSeconds(1'795'367'725);

std::string TimeText(const char* format, int seconds) {
  return absl::FormatTime(format, kStart + absl::Seconds(seconds), absl::UTCTimeZone());
}
std::string AriTime(int seconds) { return TimeText("%Y-%m-%d%ET%H:%M:%S.000+0000", seconds); }

providers::Account AnAccount() {
  providers::Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_provider_type(common::v1::ProviderType::ASTERISK);
  account.webhook_secret = base::Secret("whsec");
  return account;
}

// The seed's webhook.
Callback Told(const std::string& event, const std::string& status, int seconds,
              const std::string& more = "") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_body(R"({"event_type":")" + event + R"(","session_id":"sess_a","correlation_id":)" +
                   R"("corr_a","from_phone":"+15550199","to_phone":"+15550100","status":")" +
                   status + R"(","timestamp":")" + TimeText("%Y-%m-%d%ET%H:%M:%SZ", seconds) +
                   "\"" + more + "}");
  auto& header = *request.add_headers();
  header.set_name("x-signature");
  header.set_value(crypto::ToHex(crypto::HmacSha256("whsec", request.body())));
  return [request](absl::Time now) {
    return providers::ReadSignedWebhook(AnAccount(), request, now, {});
  };
}

// What the event socket's words become, each fact a callback of its own: the socket keeps its
// order, but what follows from it goes to the session beside the webhooks.
std::vector<Callback> Heard(const std::vector<std::string>& words) {
  const asterisk::CallMachine machine({});
  asterisk::Call call;
  call.plan.call = asterisk::kCall;
  std::vector<Callback> callbacks;
  for (const std::string& text : words) {
    const auto event = asterisk::ReadEvent(text);
    REQUIRE(event.ok());
    for (const asterisk::Told& told : machine.Apply(call, *event).facts) {
      callbacks.push_back([fact = told.fact](absl::Time now) {
        ReadWebhookResponse response;
        response.set_verdict(ReadWebhookResponse::GENUINE);
        session::v1::CallFact& copy = *response.add_facts()->mutable_fact();
        copy = fact;
        copy.mutable_received_time()->set_seconds(absl::ToUnixSeconds(now));
        return response;
      });
    }
  }
  return callbacks;
}

const std::vector<std::string>& Talk() {
  static const std::vector<std::string> words = {
      asterisk::StateEvent("agent", "Ringing", AriTime(1)),
      asterisk::StateEvent("agent", "Up", AriTime(3)),
      asterisk::StartEvent("agent"),
      asterisk::DialEvent("customer", "RINGING", AriTime(4)),
      asterisk::StateEvent("customer", "Up", AriTime(9)),
      asterisk::StartEvent("customer"),
      asterisk::EnteredEvent("customer", true),
      asterisk::DestroyedEvent("customer", 16, "Up", AriTime(29)),
      asterisk::DestroyedEvent("agent", 16, "Up", AriTime(29)),
  };
  return words;
}

Story StoryOf(std::vector<Callback> callbacks) {
  Story story;
  story.start = {kStart, session::v1::Session::OUTBOUND, "PJSIP/ann", "+15550100"};
  story.callbacks = std::move(callbacks);
  story.arrival = kStart + absl::Seconds(100);
  return story;
}

}  // namespace

TEST_CASE("a talk told by the seed's webhook is the same in every order", "[replay][asterisk]") {
  const Story story = StoryOf({
      Told("CALL_RINGING", "RINGING", 1, R"(,"party":"AGENT")"),
      Told("CALL_ANSWERED", "CONNECTED", 3, R"(,"party":"AGENT")"),
      Told("CALL_RINGING", "RINGING", 4, R"(,"party":"CUSTOMER")"),
      Told("CALL_ANSWERED", "CONNECTED", 9, R"(,"party":"CUSTOMER")"),
      Told("CALL_HELD", "ON_HOLD", 12),
      Told("CALL_ENDED", "COMPLETED", 29, R"(,"recording_url":"https://pbx/r.wav")"),
  });
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 20 hold 17"));
  CHECK(Has(Recorded(story), "https://pbx/r.wav"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("the printed webhooks, which name no leg, are the same in every order",
          "[replay][asterisk][seed]") {
  const Story story =
      StoryOf({Told("CALL_INITIATED", "INITIATED", 0), Told("CALL_RINGING", "RINGING", 4),
               Told("CALL_ANSWERED", "CONNECTED", 9), Told("CALL_HELD", "", 12),
               Told("CALL_RESUMED", "", 17), Told("CALL_ENDED", "COMPLETED", 29)});
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 20 hold 5 ring 5"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("each ending told by the seed's webhook is the same in every order",
          "[replay][asterisk]") {
  const auto [event, status, outcome] = GENERATE(table<const char*, const char*, const char*>({
      {"CALL_BUSY", "BUSY", "BUSY CUSTOMER_BUSY"},
      {"CALL_ENDED", "NO_ANSWER", "NO_ANSWER CUSTOMER_NO_ANSWER"},
      {"CALL_FAILED", "FAILED", "FAILED "},
  }));
  INFO(event);
  const Story story = StoryOf({Told("CALL_RINGING", "RINGING", 1, R"(,"party":"AGENT")"),
                               Told("CALL_ANSWERED", "CONNECTED", 3, R"(,"party":"AGENT")"),
                               Told("CALL_RINGING", "RINGING", 4, R"(,"party":"CUSTOMER")"),
                               Told(event, status, 34, R"(,"party":"CUSTOMER")")});
  CHECK(Has(Recorded(story), outcome));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a talk heard over the event socket is the same in every order", "[replay][asterisk]") {
  const Story story = StoryOf(Heard(Talk()));
  CHECK(story.callbacks.size() == 6);
  // The samples join the legs three seconds after the start.
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 26"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("an event that the socket tells twice says nothing new", "[replay][asterisk]") {
  std::vector<std::string> twice;
  for (const std::string& word : Talk()) twice.insert(twice.end(), 2, word);
  CHECK(Recorded(StoryOf(Heard(twice))) == Recorded(StoryOf(Heard(Talk()))));
  CHECK(Heard(twice).size() == Heard(Talk()).size());
}

TEST_CASE("a phone that does not answer at Asterisk is the same in every order",
          "[replay][asterisk]") {
  const auto [leg, cause, outcome] = GENERATE(table<const char*, int, const char*>({
      {"agent", 19, "NO_ANSWER AGENT_NO_ANSWER"},
      {"agent", 17, "BUSY AGENT_REJECTED"},
      {"customer", 17, "BUSY CUSTOMER_BUSY"},
      {"customer", 19, "NO_ANSWER CUSTOMER_NO_ANSWER"},
      {"customer", 1, "FAILED INVALID_NUMBER"},
  }));
  INFO(leg << ' ' << cause);
  std::vector<std::string> words = {asterisk::StateEvent("agent", "Ringing", AriTime(1))};
  if (std::string(leg) == "customer") {
    words.push_back(asterisk::StateEvent("agent", "Up", AriTime(3)));
    words.push_back(asterisk::StartEvent("agent"));
    words.push_back(asterisk::DialEvent("customer", "RINGING", AriTime(4)));
  }
  words.push_back(asterisk::DestroyedEvent(leg, cause, "Ringing", AriTime(29)));
  if (std::string(leg) == "customer") {
    words.push_back(asterisk::DestroyedEvent("agent", 16, "Up", AriTime(29)));
  }
  const Story story = StoryOf(Heard(words));
  CHECK(Has(Recorded(story), outcome));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("the socket and the webhooks together are the same in every order",
          "[replay][asterisk]") {
  std::vector<Callback> both = Heard(Talk());
  both.push_back(Told("CALL_RINGING", "RINGING", 4));
  both.push_back(Told("CALL_ANSWERED", "CONNECTED", 3));
  both.push_back(Told("CALL_ENDED", "COMPLETED", 29));
  const Story story = StoryOf(std::move(both));
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a forged or expired webhook of Asterisk's tells nothing", "[replay][asterisk]") {
  const Callback genuine = Told("CALL_ENDED", "COMPLETED", 29);
  CHECK(genuine(kStart + absl::Seconds(30)).facts_size() == 1);
  const ReadWebhookResponse old = genuine(kStart + absl::Hours(48));
  CHECK(old.verdict() == ReadWebhookResponse::OUTSIDE_WINDOW);
  CHECK(old.facts().empty());
  const ReadWebhookResponse early = genuine(kStart - absl::Hours(1));
  CHECK(early.verdict() == ReadWebhookResponse::OUTSIDE_WINDOW);
}

}  // namespace ctc::replay
