// A whole call's webhooks in every order, and twice, give the same session.
#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>
#include <set>

#include "libs/crypto/crypto.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/sip/adapter.h"
#include "libs/testing/fake_clock.h"
#include "services/session/domain/fold.h"

namespace ctc::providers::sip {
namespace {

using session::domain::Facts;
using session::domain::SessionState;

const std::string kUuid = "01930000-0000-7000-8000-000000000001";
const absl::Time kStart = absl::FromUnixSeconds(1'735'787'000);

// Event, leg, seconds after the start, and what else it says.
struct Event {
  std::string event;
  std::string leg;
  int at;
  std::string more;
};

std::string Body(const Event& event, int number) {
  return R"({"event_id":"e)" + std::to_string(number) + R"(","seq":)" + std::to_string(number) +
         R"(,"event":")" + event.event + R"(","id":"c1","reference":")" + kUuid + R"(","leg":)" +
         (event.leg.empty() ? "null" : "\"" + event.leg + "\"") + R"(,"at":")" +
         absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", kStart + absl::Seconds(event.at),
                          absl::UTCTimeZone()) +
         "\"" + event.more + "}";
}

Facts FactsOf(const std::vector<Event>& events) {
  FakeHttp http;
  testing::FakeClock clock;
  const auto adapter = MakeAdapter({http, clock, {}}, nullptr);
  Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.webhook_secret = base::Secret("secret");
  Facts facts;
  for (size_t i = 0; i < events.size(); ++i) {
    common::v1::HttpRequest request;
    request.set_body(Body(events[i], static_cast<int>(i) + 1));
    auto& header = *request.add_headers();
    header.set_name("x-signature");
    header.set_value(crypto::ToHex(crypto::HmacSha256("secret", request.body())));
    const auto read = adapter->ReadWebhook(account, request, kStart + absl::Seconds(60));
    REQUIRE(read.verdict() == dispatch::v1::ReadWebhookResponse::GENUINE);
    for (const auto& item : read.facts()) facts.push_back(item.fact());
  }
  return facts;
}

SessionState FoldOf(const Facts& facts) {
  return session::domain::Fold({kStart, session::v1::Session::OUTBOUND, "1001", "+1234567890"},
                               facts);
}

std::string Describe(const SessionState& state) {
  std::string text = session::v1::Session::Status_Name(state.status) + " " +
                     session::v1::EndReason_Name(state.end_reason) + " " +
                     std::to_string(state.duration_seconds) + " " +
                     std::to_string(state.hold_seconds) + " " + state.recording_url + " " +
                     absl::FormatTime(state.answered_at.value_or(absl::InfinitePast()));
  for (const session::v1::Leg& leg : state.legs) text += "\n" + leg.ShortDebugString();
  return text;
}

void CheckEveryOrder(const std::vector<Event>& events, const std::string& begins) {
  const Facts facts = FactsOf(events);
  const std::string right = Describe(FoldOf(facts));
  INFO(right);
  CHECK(right.starts_with(begins));
  std::vector<size_t> order(facts.size());
  std::iota(order.begin(), order.end(), 0);
  int wrong = 0;
  do {
    Facts shuffled;
    for (const size_t i : order) shuffled.push_back(facts[i]);
    if (Describe(FoldOf(shuffled)) != right) ++wrong;
    // Delivered again: the event's key is the same, so nothing is added.
    std::set<std::string> keys;
    for (const size_t i : order) keys.insert(facts[i].event_key());
    if (keys.size() != facts.size()) ++wrong;
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(wrong == 0);
  CHECK(Describe(FoldOf(FactsOf(events))) == right);
}

TEST_CASE("an answered call's webhooks give one session in every order", "[sip][order]") {
  CheckEveryOrder({{"call.ringing", "agent", 1, ""},
                   {"call.answered", "agent", 3, ""},
                   {"call.ringing", "customer", 4, ""},
                   {"call.answered", "customer", 9, ""},
                   {"call.recording", "", 29, R"(,"recording_url":"https://s/r.wav")"},
                   {"call.ended", "customer", 29, R"(,"cause":"normal","talk_s":20)"}},
                  "COMPLETED NORMAL 20 0 https://s/r.wav");
}

TEST_CASE("a held call's webhooks give one session in every order", "[sip][order]") {
  CheckEveryOrder({{"call.answered", "agent", 3, ""},
                   {"call.answered", "customer", 9, ""},
                   {"call.held", "customer", 12, ""},
                   {"call.resumed", "customer", 17, ""},
                   {"call.ended", "", 29, R"(,"cause":"normal")"}},
                  "COMPLETED NORMAL 20 5");
}

TEST_CASE("an unanswered call's webhooks give one session in every order", "[sip][order]") {
  CheckEveryOrder({{"call.initiated", "", 0, ""},
                   {"call.ringing", "agent", 1, ""},
                   {"call.answered", "agent", 3, ""},
                   {"call.ringing", "customer", 4, ""},
                   {"call.ended", "customer", 40, R"(,"cause":"timeout","sip_status":480)"}},
                  "NO_ANSWER CUSTOMER_NO_ANSWER");
}

}  // namespace
}  // namespace ctc::providers::sip
