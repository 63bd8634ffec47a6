// Which requests for figures are understood, and what an agent's token may ask.
#include "services/stats/service/query.h"

#include <catch2/catch.hpp>

#include "libs/testing/status_matchers.h"

namespace ctc::stats {
namespace {

using testing::IsOk;
using testing::NamesField;

const absl::Time kNow = absl::FromUnixSeconds(1764757800);  // 2025-12-03T10:30:00Z

rpc::Context Admin() {
  return rpc::Context::ForService(base::TenantId("t"), absl::InfiniteFuture());
}

rpc::Context Agent(const std::string& id) {
  rpc::Context context = Admin();
  context.principal.role = rpc::Role::kAgent;
  context.principal.agent_id = id;
  return context;
}

TEST_CASE("an empty request asks for everything of the tenant") {
  const auto query = ReadQuery(Admin(), v1::GetCallStatsRequest());
  REQUIRE_THAT(query.status(), IsOk());
  CHECK(query->IsDefault());
  CHECK(query->subject.tenant.value() == "t");
}

TEST_CASE("a filter or a time makes it a question to the table") {
  v1::GetCallStatsRequest request;
  SECTION("agent") { request.set_agent_id("a"); }
  SECTION("provider") { request.set_provider_id("p"); }
  SECTION("campaign") { request.set_campaign_id("c"); }
  SECTION("from") { request.mutable_from()->set_seconds(5); }
  SECTION("to") { request.mutable_to()->set_seconds(5); }
  const auto query = ReadQuery(Admin(), request);
  REQUIRE_THAT(query.status(), IsOk());
  CHECK_FALSE(query->IsDefault());
}

TEST_CASE("what cannot be answered is refused, naming the field") {
  v1::GetCallStatsRequest request;
  std::string field;
  SECTION("two filters") {
    request.set_agent_id("a");
    request.set_campaign_id("c");
    field = "campaign_id";
  }
  SECTION("an empty filter") {
    request.set_provider_id("");
    field = "provider_id";
  }
  SECTION("a filter that is too long") {
    request.set_agent_id(std::string(129, 'x'));
    field = "agent_id";
  }
  SECTION("an unknown group") {
    request.set_group_by("hour");
    field = "group_by";
  }
  SECTION("a group of a filter") {
    request.set_agent_id("a");
    request.set_group_by("provider");
    field = "group_by";
  }
  SECTION("an interval that ends before it begins") {
    request.mutable_from()->set_seconds(10);
    request.mutable_to()->set_seconds(10);
    field = "to";
  }
  SECTION("a time that is none") {
    request.mutable_from()->set_seconds(253402300800);
    field = "from";
  }
  CHECK(NamesField(ReadQuery(Admin(), request).status(), field));
}

TEST_CASE("an agent's token sees the agent's own figures") {
  v1::GetCallStatsRequest request;
  CHECK(ReadQuery(Agent("a1"), request)->subject.id == "a1");
  CHECK(ReadQuery(Agent("a1"), request)->subject.dimension == Dimension::kAgent);
  request.set_agent_id("a1");
  CHECK(ReadQuery(Agent("a1"), request)->subject.id == "a1");
  request.set_agent_id("a2");
  CHECK(ReadQuery(Agent("a1"), request)->subject.id.empty());
  request.clear_agent_id();
  request.set_provider_id("p");
  CHECK(NamesField(ReadQuery(Agent("a1"), request).status(), "provider_id"));
  request.clear_provider_id();
  request.set_campaign_id("c");
  CHECK(NamesField(ReadQuery(Agent("a1"), request).status(), "campaign_id"));
  request.clear_campaign_id();
  request.set_group_by("agent");
  CHECK(NamesField(ReadQuery(Agent("a1"), request).status(), "group_by"));
}

TEST_CASE("a series begins with the interval of its begin and ends now when not told") {
  v1::GetTimeSeriesRequest request;
  request.mutable_from()->set_seconds(absl::ToUnixSeconds(kNow) - 5000);
  auto query = ReadQuery(Admin(), request, kNow);
  REQUIRE_THAT(query.status(), IsOk());
  CHECK(query->segment.period == Period::kHour);
  CHECK(query->segment.from == HourOf(kNow - absl::Seconds(5000)));
  CHECK(query->segment.to == kNow);
  request.set_interval("day");
  CHECK(ReadQuery(Admin(), request, kNow)->segment.from == DayOf(kNow));
  CHECK(ReadQuery(Agent("a"), request, kNow)->subject.id == "a");
}

TEST_CASE("a series that cannot be is refused, naming the field") {
  v1::GetTimeSeriesRequest request;
  CHECK(NamesField(ReadQuery(Admin(), request, kNow).status(), "from"));
  request.mutable_from()->set_seconds(absl::ToUnixSeconds(kNow));
  CHECK(NamesField(ReadQuery(Admin(), request, kNow).status(), "to"));
  request.mutable_from()->set_seconds(0);
  CHECK(NamesField(ReadQuery(Admin(), request, kNow).status(), "from"));
  request.mutable_from()->set_seconds(absl::ToUnixSeconds(kNow) - 10);
  request.set_interval("week");
  CHECK(NamesField(ReadQuery(Admin(), request, kNow).status(), "interval"));
}

}  // namespace
}  // namespace ctc::stats
