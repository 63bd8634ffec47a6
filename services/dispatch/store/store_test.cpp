// The dispatch service's SQL against a real MariaDB.
#include <absl/strings/str_cat.h>

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/fake_random.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/dispatch/store/lease_store.h"
#include "services/dispatch/store/provider_store.h"
#include "services/dispatch/store/submission_store.h"

namespace ctc::dispatch {
namespace {

const base::TenantId kTenant("t1");
const absl::Time kNow = absl::FromUnixSeconds(1'767'225'600);

class World {
 public:
  template <class T>
  T Run(Task<T> task) {
    return io_.Run(std::move(task));
  }
  absl::Status Do(const db::Work& work) { return database_->RunBlocking(work); }
  absl::Time deadline() const { return base::SystemClock().Now() + absl::Seconds(10); }
  StoredProvider Row(const std::string& name, int priority = 1) {
    StoredProvider row;
    row.tenant = kTenant;
    v1::Provider& p = row.provider;
    p.set_id(ids_.Uuid());
    p.set_provider_name(name);
    p.set_provider_type(common::v1::ProviderType::ASTERISK);
    p.set_api_url("http://pbx:8088");
    p.set_phone_number("+1234567890");
    p.set_caller_id("Müller & Söhne");
    p.set_is_active(true);
    p.set_retry_count(3);
    p.set_timeout_seconds(30);
    p.set_priority(priority);
    (*p.mutable_settings()->mutable_fields())["app"].set_string_value("ctc");
    p.add_credentials_set("auth_token");
    p.add_credentials_set("webhook_secret");
    p.mutable_created_at()->set_seconds(absl::ToUnixSeconds(kNow));
    *p.mutable_updated_at() = p.created_at();
    row.sealed = "1:c2VhbGVk";
    return row;
  }

 private:
  testing::IoThreads io_{2};
  std::unique_ptr<db::Database> database_ = testing::MariaDb::Shared().OpenFresh();
  testing::FakeRandom random_;
  base::IdGenerator ids_{base::SystemClock(), random_};

 public:
  ProviderStore providers{*database_};
  LeaseStore leases{*database_};
  SubmissionStore submissions{*database_};
};

TEST_CASE("an account comes back as it was stored", "[dispatch][store]") {
  World world;
  const StoredProvider row = world.Row("Primary");
  REQUIRE(world.Run(world.providers.Insert(row, world.deadline())).ok());
  const auto read = world.Run(world.providers.Get(kTenant, row.provider.id(), world.deadline()));
  REQUIRE(read.ok());
  CHECK(read->provider.SerializeAsString() == row.provider.SerializeAsString());
  CHECK(read->sealed == row.sealed);
  CHECK(read->version == 1);
}

TEST_CASE("another tenant's account is not there", "[dispatch][store]") {
  World world;
  const StoredProvider row = world.Row("Primary");
  REQUIRE(world.Run(world.providers.Insert(row, world.deadline())).ok());
  const base::TenantId other("t2");
  const std::string& id = row.provider.id();
  CHECK(base::IsError(world.Run(world.providers.Get(other, id, world.deadline())).status(),
                      base::kNotFound));
  CHECK(base::IsError(world.Run(world.providers.Delete(other, id, world.deadline())),
                      base::kNotFound));
  CHECK(world.Run(world.providers.All(other, world.deadline()))->empty());
  CHECK(world.Run(world.providers.Get(kTenant, id, world.deadline())).ok());
}

TEST_CASE("of two changes made from one reading the second loses", "[dispatch][store]") {
  World world;
  StoredProvider row = world.Row("Primary");
  REQUIRE(world.Run(world.providers.Insert(row, world.deadline())).ok());
  row.provider.set_provider_name("Renamed");
  CHECK(world.Run(world.providers.Update(row, world.deadline())).ok());
  CHECK(base::IsError(world.Run(world.providers.Update(row, world.deadline())), base::kConflict));
  const auto read = world.Run(world.providers.Get(kTenant, row.provider.id(), world.deadline()));
  CHECK(read->provider.provider_name() == "Renamed");
  CHECK(read->version == 2);
}

TEST_CASE("lists are filtered, paged and ordered by priority", "[dispatch][store]") {
  World world;
  for (const int priority : {3, 1, 2}) {
    StoredProvider row = world.Row("p" + std::to_string(priority), priority);
    row.provider.set_is_active(priority != 2);
    REQUIRE(world.Run(world.providers.Insert(row, world.deadline())).ok());
  }
  const auto names = [&](ProviderFilter filter, int limit = 50, int offset = 0) {
    const db::ListPage asked(kProviderOrders, kTenant, limit, offset);
    const auto page = world.Run(world.providers.List(kTenant, filter, asked, world.deadline()));
    std::string text = std::to_string(page->total) + ":";
    for (const StoredProvider& row : page->providers) text += " " + row.provider.provider_name();
    return text;
  };
  ProviderFilter filter;
  CHECK(names(filter) == "3: p1 p2 p3");
  filter.is_active = 1;
  CHECK(names(filter) == "2: p1 p3");
  CHECK(names(filter, 1, 1) == "2: p3");
  filter.type = "TWILIO";
  CHECK(names(filter) == "0:");
}

TEST_CASE("every write changes the fingerprint", "[dispatch][store]") {
  World world;
  const auto seen = [&] {
    return world.Run(world.providers.Fingerprint(world.deadline())).value();
  };
  const std::string empty = seen();
  StoredProvider row = world.Row("Primary");
  REQUIRE(world.Run(world.providers.Insert(row, world.deadline())).ok());
  const std::string inserted = seen();
  CHECK(inserted != empty);
  REQUIRE(world.Run(world.providers.Update(row, world.deadline())).ok());
  CHECK(seen() != inserted);
  REQUIRE(world.Run(world.providers.Delete(kTenant, row.provider.id(), world.deadline())).ok());
  CHECK(seen() == empty);
}

TEST_CASE("a lease has one holder until it is given up", "[dispatch][store]") {
  World world;
  const auto take = [&](const std::string& holder) {
    return world.Run(world.leases.Take("socket", holder, absl::Seconds(30), world.deadline()))
        .value();
  };
  CHECK(take("a"));
  CHECK(take("a"));  // renewed
  CHECK_FALSE(take("b"));
  REQUIRE(world.Run(world.leases.Release("socket", "b", world.deadline())).ok());
  CHECK_FALSE(take("b"));  // only the holder can give it up
  CHECK(world.Run(world.leases.HolderOf("socket", world.deadline())).value() == "a");
  CHECK(world.Run(world.leases.HolderOf("another", world.deadline())).value().empty());
  REQUIRE(world.Run(world.leases.Release("socket", "a", world.deadline())).ok());
  CHECK(take("b"));
}

TEST_CASE("who has leases of one kind is known, and those of nobody are forgotten",
          "[dispatch][store]") {
  World world;
  const auto take = [&](const std::string& name, const std::string& holder,
                        absl::Duration ttl = absl::Seconds(30)) {
    return world.Run(world.leases.Take(name, holder, ttl, world.deadline())).value();
  };
  const auto holders = [&] {
    return world.Run(world.leases.HoldersOf("calls/", world.deadline())).value();
  };
  CHECK(holders().empty());
  CHECK(take("calls/a", "a"));
  CHECK(take("calls/b", "b"));
  CHECK(take("calls", "c"));
  CHECK(take("socket", "a"));
  CHECK(holders() == std::vector<Holder>{{"a", false}, {"b", false}});
  REQUIRE(world.Run(world.leases.Release("calls/a", "a", world.deadline())).ok());
  REQUIRE(world.Run(world.leases.Release("socket", "a", world.deadline())).ok());
  CHECK(holders() == std::vector<Holder>{{"b", false}});
  CHECK(take("calls/d", "d", -absl::Seconds(1)));
  CHECK(take("calls/e", "e", -absl::Hours(2)));
  CHECK(holders() == std::vector<Holder>{{"b", false}, {"d", true}, {"e", true}});
  REQUIRE(world.Run(world.leases.RemoveExpired("calls/", world.deadline())).ok());
  const auto last = [&](const std::string& name) {
    return world.Run(world.leases.HolderOf(name, world.deadline())).value();
  };
  CHECK(last("calls/a").empty());
  CHECK(last("calls/b") == "b");
  CHECK(last("calls/d") == "d");
  CHECK(last("calls/e").empty());
  CHECK(last("socket") == "a");
}

TEST_CASE("only the first to write the row dials", "[dispatch][store]") {
  World world;
  const std::string provider = world.Row("x").provider.id();
  const std::string session = world.Row("y").provider.id();
  const std::vector<Submission> wanted = {{kTenant, session, provider}};
  const auto begin = [&](int64_t seq) {
    return world.Run(world.submissions.Begin(wanted, "c", seq, kNow, world.deadline())).value();
  };
  CHECK(world.Run(world.submissions.LoadCursor("c", world.deadline())).value() == -1);
  CHECK(begin(7).size() == 1);
  CHECK(begin(5).empty());
  CHECK(world.Run(world.submissions.LoadCursor("c", world.deadline())).value() == 7);

  // Its replica died: another claims it once, and not again before it is old again.
  using Legs = SubmissionStore::Legs;
  const auto claim = [&](absl::Time now, Legs legs = Legs::kCustomers) {
    return world
        .Run(
            world.submissions.ClaimAbandoned(legs, now - absl::Seconds(150), now, world.deadline()))
        .value();
  };
  CHECK(claim(kNow + absl::Seconds(100)).empty());
  const std::vector<Submission> claimed = claim(kNow + absl::Seconds(200));
  REQUIRE(claimed.size() == 1);
  CHECK(claimed[0].session == session);
  CHECK(claim(kNow + absl::Seconds(201)).empty());
  REQUIRE(world
              .Run(world.submissions.Finish(claimed[0], v1::PlaceCallResponse::ACCEPTED, "CA1",
                                            kNow + absl::Seconds(202), world.deadline()))
              .ok());
  CHECK(claim(kNow + absl::Hours(1)).empty());
}

TEST_CASE("each offer of a call to an agent has a row of its own", "[dispatch][store]") {
  World world;
  const std::string provider = world.Row("x").provider.id();
  const std::string session = world.Row("y").provider.id();
  const auto begin = [&](const std::string& leg) {
    std::vector<Submission> wanted = {{kTenant, session, provider, leg}};
    return world.Run(world.submissions.Begin(std::move(wanted), "c", 1, kNow, world.deadline()))
        .value()
        .size();
  };
  CHECK(begin("agent-1") == 1);
  CHECK(begin("agent-1") == 0);
  CHECK(begin("agent-4") == 1);
  CHECK(begin("customer") == 1);

  const absl::Time later = kNow + absl::Hours(1);
  const auto claim = [&](SubmissionStore::Legs legs, absl::Time now) {
    return world
        .Run(world.submissions.ClaimAbandoned(legs, now - absl::Seconds(40), now, world.deadline()))
        .value();
  };
  const std::vector<Submission> agents = claim(SubmissionStore::Legs::kAgents, later);
  REQUIRE(agents.size() == 2);
  CHECK(agents[0].leg_id.starts_with("agent-"));
  REQUIRE(world
              .Run(world.submissions.Finish(agents[0], v1::PlaceCallResponse::ACCEPTED, "", later,
                                            world.deadline()))
              .ok());
  CHECK(claim(SubmissionStore::Legs::kAgents, later + absl::Hours(1)).size() == 1);
  CHECK(claim(SubmissionStore::Legs::kCustomers, later).size() == 1);
}

// 2000 finished long ago, and one of each other kind.
absl::Status InsertSubmissions(db::Connection& c) {
  db::Params params;
  const auto add = [&](const std::string& session, const char* outcome, absl::Time updated) {
    params.insert(params.end(), {session, "p", "t1", outcome, kNow, updated});
  };
  for (int i = 0; i < 2000; ++i) add(absl::StrCat("old-", i), "ACCEPTED", kNow);
  add("old-unknown", "UNKNOWN_OUTCOME", kNow);
  add("old-sent", "SENT", kNow);
  add("young", "REFUSED", kNow + absl::Hours(48));
  return c
      .ExecuteRows(
          "INSERT INTO provider_submission (session_id, provider_id, tenant_id, outcome, "
          "created_at, updated_at)",
          6, params)
      .status();
}

TEST_CASE("what was left SENT is found without what is finished", "[dispatch][store]") {
  World world;
  std::string index;
  const absl::Status asked = world.Do([&](db::Connection& c) -> absl::Status {
    CTC_RETURN_IF_ERROR(InsertSubmissions(c));
    CTC_RETURN_IF_ERROR(c.Query("ANALYZE TABLE provider_submission").status());
    CTC_ASSIGN_OR_RETURN(
        const db::Rows rows,
        c.Query(
            "EXPLAIN SELECT tenant_id, session_id, provider_id, leg_id FROM provider_submission "
            "WHERE outcome = 'SENT' AND updated_at < ? AND (leg_id = 'customer') = ? "
            "ORDER BY updated_at LIMIT 100 FOR UPDATE SKIP LOCKED",
            {kNow + absl::Hours(1), int64_t{1}}));
    index = rows.at(0).Text(5);
    return absl::OkStatus();
  });
  REQUIRE_THAT(asked, testing::IsOk());
  CHECK(index == "idx_submission_open");
}

TEST_CASE("what was finished long ago is deleted, a thousand at once", "[dispatch][store]") {
  World world;
  REQUIRE_THAT(world.Do(InsertSubmissions), testing::IsOk());
  const auto deleted = [&] {
    return world.Run(world.submissions.DeleteFinished(kNow + absl::Hours(24), world.deadline()))
        .value();
  };
  CHECK(deleted() == SubmissionStore::kDeletedAtOnce);
  CHECK(deleted() == SubmissionStore::kDeletedAtOnce);
  CHECK(deleted() == 1);
  CHECK(deleted() == 0);
  std::string left;
  const absl::Status read = world.Do([&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                         c.Query("SELECT session_id FROM provider_submission ORDER BY session_id"));
    left.clear();
    for (const db::Row& row : rows) left += row.Text(0) + " ";
    return absl::OkStatus();
  });
  REQUIRE_THAT(read, testing::IsOk());
  CHECK(left == "old-sent young ");
}

}  // namespace
}  // namespace ctc::dispatch
