// Whole calls as mCube tells them: two pushes, the first one optional.
#include <catch2/catch.hpp>

#include "libs/providers/indian.h"
#include "libs/providers/mcube/push.h"
#include "services/session/domain/inbound.h"
#include "tests/replay/replay.h"

namespace ctc::replay {
namespace {

namespace mcube = providers::mcube;

const std::string kSession = "01930000-0000-7000-8000-000000000001";
const absl::Time kStart = absl::FromUnixSeconds(1'767'268'800);

providers::Account AnAccount() {
  providers::Account account;
  account.tenant = base::TenantId("t1");
  account.config.set_id("p1");
  account.config.set_api_url("https://api.mcube.com");
  account.webhook_secret = base::Secret("whsec");
  return account;
}

std::string At(int seconds) { return providers::IndianTimeText(kStart + absl::Seconds(seconds)); }

Callback Push(const std::string& word, const std::string& more, const std::string& agent = "1") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("tenant=t1&token=whsec");
  request.set_body(R"({"callid":"90000000011767268800","emp_phone":"900000000)" + agent +
                   R"(","callto":"9800000002","starttime":")" + At(1) + R"(","dialstatus":")" +
                   word + "\"" + more + "}");
  return
      [request](absl::Time now) { return mcube::ReadPushWebhook(AnAccount(), request, now, {}); };
}

const std::string kOutbound = R"(,"direction":"outbound","refid":")" + kSession + "\"";
const std::string kInbound = R"(,"direction":"inbound")";

std::string End(int seconds, const std::string& answered) {
  return R"(,"endtime":")" + At(seconds) + R"(","answeredtime":")" + answered +
         R"(","filename":"2026/x.wav")";
}

Story Outbound(std::vector<Callback> callbacks) {
  Story story;
  story.start = {kStart, session::v1::Session::OUTBOUND, "+919000000001", "+919800000002"};
  story.callbacks = std::move(callbacks);
  story.arrival = kStart + absl::Seconds(100);
  return story;
}

}  // namespace

TEST_CASE("a talk at mCube is the same in every order", "[replay][mcube]") {
  const Callback on_call = Push("ANSWER", kOutbound);
  const Callback hang_up = Push("ANSWER", kOutbound + End(60, "00:00:45"));
  for (const Story& story :
       {Outbound({Push("CONNECTING", kOutbound), on_call, hang_up}), Outbound({hang_up})}) {
    CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
    CHECK(Has(Recorded(story), "talk 45"));
    CHECK(Has(Recorded(story), "https://recordings.mcube.com/2026/x.wav"));
    CHECK(FirstDifference(story) == "");
  }
}

TEST_CASE("each ending of a click at mCube is the same in every order", "[replay][mcube]") {
  using Case = std::pair<std::string, std::string>;
  const auto [word, outcome] = GENERATE(values<Case>({
      {"Busy", "BUSY CUSTOMER_BUSY"},
      {"Executive Busy", "BUSY AGENT_REJECTED"},
      {"NoAnswer", "NO_ANSWER CUSTOMER_NO_ANSWER"},
      {"CANCEL", "CANCELLED CANCELLED_BY_AGENT"},
  }));
  INFO(word);
  const Story story =
      Outbound({Push("CONNECTING", kOutbound), Push(word, kOutbound + End(30, ""))});
  CHECK(Has(Recorded(story), outcome));
  CHECK(FirstDifference(story) == "");
}

TEST_CASE("a caller at mCube is the same in every order", "[replay][mcube]") {
  Story story = Outbound({Push("CONNECTING", kInbound), Push("ANSWER", kInbound),
                          Push("ANSWER", kInbound + End(60, "45"))});
  story.start.direction = session::v1::Session::INBOUND;
  story.known = {session::domain::OfferFact(1, kStart, "+919000000001")};
  CHECK(Has(Recorded(story), "COMPLETED NORMAL"));
  CHECK(Has(Recorded(story), "talk 45"));
  CHECK(FirstDifference(story) == "");
}

}  // namespace ctc::replay
