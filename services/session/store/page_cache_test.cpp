// Which writes make a page bad, and which do not.
#include "services/session/store/page_cache.h"

#include <catch2/catch.hpp>

namespace ctc::session::store {
namespace {

const base::TenantId kTenant("tenant-1");

ListQuery Of(const std::string& agent, const base::TenantId& tenant = kTenant) {
  ListQuery query;
  query.tenant = tenant;
  if (!agent.empty()) query.filter.set_agent_id(agent);
  return query;
}

void Fill(PageCache& cache, const ListQuery& query, int64_t total = 1) {
  IdPage page;
  page.total = total;
  cache.Put(query, std::move(page), cache.StampOf(query));
}

}  // namespace

TEST_CASE("a page is found again until a session of its agent is written", "[session][pages]") {
  PageCache cache(10);
  Fill(cache, Of("anna"), 7);
  REQUIRE(cache.Find(Of("anna")));
  CHECK(cache.Find(Of("anna"))->total == 7);
  cache.Touch(kTenant, "ben");
  CHECK(cache.Find(Of("anna")));
  cache.Touch(kTenant, "anna");
  CHECK_FALSE(cache.Find(Of("anna")));
}

TEST_CASE("a list of all agents goes with any write of its tenant", "[session][pages]") {
  PageCache cache(10);
  const base::TenantId other("tenant-2");
  Fill(cache, Of(""));
  Fill(cache, Of("", other));
  cache.Touch(kTenant, "ben");
  CHECK_FALSE(cache.Find(Of("")));
  CHECK(cache.Find(Of("", other)));
  cache.Touch(other, "");
  CHECK_FALSE(cache.Find(Of("", other)));
}

TEST_CASE("an agent's own token lists by that agent", "[session][pages]") {
  PageCache cache(10);
  ListQuery own = Of("");
  own.own_agent_id = "anna";
  Fill(cache, own);
  CHECK_FALSE(cache.Find(Of("")));
  cache.Touch(kTenant, "ben");
  CHECK(cache.Find(own));
  cache.Touch(kTenant, "anna");
  CHECK_FALSE(cache.Find(own));
}

TEST_CASE("a page read before a write is not kept", "[session][pages]") {
  PageCache cache(10);
  const PageCache::Stamp before = cache.StampOf(Of("anna"));
  cache.Touch(kTenant, "anna");
  cache.Put(Of("anna"), IdPage{}, before);
  CHECK_FALSE(cache.Find(Of("anna")));
  const PageCache::Stamp later = cache.StampOf(Of("anna"));
  cache.Clear();
  cache.Put(Of("anna"), IdPage{}, later);
  CHECK_FALSE(cache.Find(Of("anna")));
}

TEST_CASE("other pages, filters and orders are other pages", "[session][pages]") {
  PageCache cache(10);
  Fill(cache, Of("anna"));
  ListQuery next = Of("anna");
  next.filter.set_offset(10);
  CHECK_FALSE(cache.Find(next));
  ListQuery busy = Of("anna");
  busy.filter.set_status("BUSY");
  CHECK_FALSE(cache.Find(busy));
}

TEST_CASE("the page asked for longest ago goes first", "[session][pages]") {
  PageCache cache(2);
  Fill(cache, Of("anna"));
  Fill(cache, Of("ben"));
  REQUIRE(cache.Find(Of("anna")));
  Fill(cache, Of("carl"));
  CHECK(cache.Find(Of("anna")));
  CHECK_FALSE(cache.Find(Of("ben")));
  cache.Clear();
  CHECK_FALSE(cache.Find(Of("anna")));
}

}  // namespace ctc::session::store
