// Whole calls as a switch of the reference contract tells them.
#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/sip/adapter.h"
#include "libs/testing/fake_clock.h"
#include "tests/replay/replay.h"

namespace ctc::replay {
namespace {

const std::string kUuid = "01930000-0000-7000-8000-000000000001";
const absl::Time kStart = absl::FromUnixSeconds(1'735'787'000);

providers::Account AnAccount() {
  providers::Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.webhook_secret = base::Secret("secret");
  return account;
}

struct Reader {
  providers::FakeHttp http;
  testing::FakeClock clock;
  const std::unique_ptr<providers::Adapter> adapter =
      providers::sip::MakeAdapter({http, clock, {}}, {});
};

dispatch::v1::ReadWebhookResponse Read(const std::string& body, absl::Time now) {
  static const Reader reader;  // thousands of orders are read
  common::v1::HttpRequest request;
  request.set_body(body);
  auto& header = *request.add_headers();
  header.set_name("x-signature");
  header.set_value(crypto::ToHex(crypto::HmacSha256("secret", body)));
  return reader.adapter->ReadWebhook(AnAccount(), request, now);
}

// What a switch tells of one call, each event with the next number.
class Teller {
 public:
  Teller& Tell(const std::string& event, const std::string& leg, int at,
               const std::string& more = "") {
    const std::string number = std::to_string(story_.callbacks.size() + 1);
    const std::string body =
        R"({"event_id":"e)" + number + R"(","seq":)" + number + R"(,"event":")" + event +
        R"(","id":"c1","reference":")" + kUuid + R"(","leg":)" +
        (leg.empty() ? "null" : "\"" + leg + "\"") + R"(,"at":")" +
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", kStart + absl::Seconds(at), absl::UTCTimeZone()) +
        "\"" + more + "}";
    story_.callbacks.push_back([body](absl::Time now) { return Read(body, now); });
    return *this;
  }

  Story Finish() {
    story_.start = {kStart, session::v1::Session::OUTBOUND, "1001", "+1234567890"};
    story_.arrival = kStart + absl::Seconds(60);
    return std::move(story_);
  }

 private:
  Story story_;
};

}  // namespace

TEST_CASE("a recorded talk is the same in every order a switch tells it", "[replay][sip]") {
  const Story story = Teller()
                          .Tell("call.ringing", "agent", 1)
                          .Tell("call.answered", "agent", 3)
                          .Tell("call.ringing", "customer", 4)
                          .Tell("call.answered", "customer", 9)
                          .Tell("call.recording", "", 29, R"(,"recording_url":"https://s/r.wav")")
                          .Tell("call.ended", "customer", 29, R"(,"cause":"normal","talk_s":20)")
                          .Finish();
  const std::string recorded = Recorded(story);
  INFO(recorded);
  CHECK(Has(recorded, "COMPLETED NORMAL"));
  CHECK(Has(recorded, "talk 20 hold 0"));
  CHECK(Has(recorded, "https://s/r.wav"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a whole call, held and muted between, is the same in any order", "[replay][sip]") {
  const Story story = Teller()
                          .Tell("call.initiated", "", 0)
                          .Tell("call.ringing", "agent", 1)
                          .Tell("call.answered", "agent", 3)
                          .Tell("call.ringing", "customer", 4)
                          .Tell("call.answered", "customer", 9)
                          .Tell("call.held", "customer", 12)
                          .Tell("call.resumed", "customer", 17)
                          .Tell("call.muted", "agent", 18)
                          .Tell("call.unmuted", "agent", 20)
                          .Tell("call.dtmf", "customer", 21, R"(,"digits":"5")")
                          .Tell("call.ended", "", 29, R"(,"cause":"normal")")
                          .Finish();
  const std::string recorded = Recorded(story);
  INFO(recorded);
  CHECK(Has(recorded, "COMPLETED NORMAL"));
  CHECK(Has(recorded, "hold 5"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a customer who does not answer is told the same in every order a switch has",
          "[replay][sip]") {
  const Story story =
      Teller()
          .Tell("call.initiated", "", 0)
          .Tell("call.ringing", "agent", 1)
          .Tell("call.answered", "agent", 3)
          .Tell("call.ringing", "customer", 4)
          .Tell("call.ended", "customer", 40, R"(,"cause":"timeout","sip_status":480)")
          .Finish();
  CHECK(Has(Recorded(story), "NO_ANSWER CUSTOMER_NO_ANSWER"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("an agent who does not answer is told the same in every order a switch has",
          "[replay][sip]") {
  const Story story = Teller()
                          .Tell("call.initiated", "", 0)
                          .Tell("call.ringing", "agent", 1)
                          .Tell("call.leg_ended", "agent", 46, R"(,"sip_status":408)")
                          .Tell("call.ended", "", 46, R"(,"cause":"agent_no_answer")")
                          .Finish();
  CHECK(Has(Recorded(story), "NO_ANSWER AGENT_NO_ANSWER"));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a consultation is the same in any order a switch tells it", "[replay][sip]") {
  const Story story = Teller()
                          .Tell("call.answered", "agent", 3)
                          .Tell("call.answered", "customer", 9)
                          .Tell("call.held", "customer", 20)
                          .Tell("call.ringing", "consult-1", 21)
                          .Tell("call.answered", "consult-1", 25)
                          .Tell("call.leg_ended", "consult-1", 40, R"(,"cause":"normal")")
                          .Tell("call.resumed", "customer", 41)
                          .Tell("call.ended", "", 52, R"(,"cause":"normal")")
                          .Finish();
  const std::string recorded = Recorded(story);
  INFO(recorded);
  CHECK(Has(recorded, "COMPLETED NORMAL"));
  CHECK(Has(recorded, "id: \"consult-1\" party: CONSULT state: ENDED"));
  CHECK(FirstDifference(story) == "");
}

}  // namespace ctc::replay
