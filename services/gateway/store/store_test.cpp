// Both stores against a real MariaDB, and their fakes against the same cases.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fake_random.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/gateway/store/fake_stores_for_test.h"

namespace ctc::gateway {
namespace {

const absl::Time kLater = absl::InfiniteFuture();

struct Fixture {
  explicit Fixture(bool fake) {
    if (!fake) database = testing::MariaDb::Shared().OpenFresh();
    api_keys = fake ? std::make_unique<FakeApiKeyStore>() : nullptr;
    keys = fake ? std::make_unique<FakeIdempotencyStore>() : nullptr;
    if (!fake) {
      api_keys = ApiKeyStore::Create(*database);
      keys = IdempotencyStore::Create(*database);
    }
  }
  MintedKey Mint(const char* tenant, const char* name) {
    NewApiKey wanted;
    wanted.tenant = base::TenantId(tenant);
    wanted.name = name;
    wanted.role = "AGENT";
    wanted.agent_id = "agent-\xc3\xa9";
    wanted.scopes = {"calls:read", "me:read"};
    wanted.expires_at = clock.Now() + absl::Hours(1);
    clock.Advance(absl::Milliseconds(2));
    return *MintApiKey(ids, clock, wanted);
  }

  testing::FakeClock clock;
  testing::FakeRandom random;
  base::IdGenerator ids{clock, random};
  testing::IoThreads io{4};  // outlives the database, whose threads resume on it
  std::unique_ptr<db::Database> database;
  std::unique_ptr<ApiKeyStore> api_keys;
  std::unique_ptr<IdempotencyStore> keys;
};

TEST_CASE("a key is found by its hash until it is revoked, by its tenant only", "[store]") {
  Fixture f(GENERATE(true, false));
  const MintedKey key = f.Mint("t-1", "CRM");
  REQUIRE(f.io.Run(f.api_keys->Insert(kLater, key.record)).ok());
  auto found = *f.io.Run(f.api_keys->FindByHash(kLater, HashOfToken(key.token)));
  REQUIRE(found);
  CHECK(found->tenant.value() == "t-1");
  CHECK(found->role == "AGENT");
  CHECK(found->agent_id == "agent-\xc3\xa9");
  CHECK(found->scopes == key.record.scopes);
  CHECK(found->expires_at == key.record.expires_at);
  CHECK_FALSE(*f.io.Run(f.api_keys->FindByHash(kLater, HashOfToken("ctc_other"))));
  const auto revoke = [&](const char* tenant, const std::string& id) {
    return f.io.Run(f.api_keys->Revoke(kLater, base::TenantId(tenant), id, f.clock.Now()));
  };
  CHECK_THAT(revoke("t-2", key.record.id).status(), testing::HasError(base::kNotFound));
  CHECK(*revoke("t-1", key.record.id) == key.record.key_hash);
  CHECK_FALSE(*f.io.Run(f.api_keys->FindByHash(kLater, key.record.key_hash)));
  CHECK_THAT(revoke("t-1", key.record.id).status(), testing::HasError(base::kNotFound));
}

TEST_CASE("keys are listed newest first, page by page, a tenant's own", "[store]") {
  Fixture f(GENERATE(true, false));
  for (const char* name : {"one", "two", "three"}) {
    REQUIRE(f.io.Run(f.api_keys->Insert(kLater, f.Mint("t-1", name).record)).ok());
  }
  REQUIRE(f.io.Run(f.api_keys->Insert(kLater, f.Mint("t-2", "theirs").record)).ok());
  const db::ListPage second(kApiKeyOrders, base::TenantId("t-1"), 2, 1);
  const ApiKeyPage page = *f.io.Run(f.api_keys->List(kLater, base::TenantId("t-1"), second));
  CHECK(page.total == 3);
  REQUIRE(page.keys.size() == 2);
  CHECK(page.keys[0].name == "two");
  CHECK(page.keys[1].name == "one");
}

TEST_CASE("a key that makes no sense is refused by its field", "[store]") {
  Fixture f(true);
  NewApiKey good;
  good.tenant = base::TenantId("t-1");
  good.name = "x";
  CHECK(MintApiKey(f.ids, f.clock, good)->token.size() == 52);
  const auto field = [&](auto change) {
    NewApiKey key = good;
    change(key);
    const auto minted = MintApiKey(f.ids, f.clock, key);
    return minted.ok() ? "" : base::DetailOf(minted.status()).fields.at(0).field;
  };
  CHECK(field([](NewApiKey& k) { k.tenant = base::TenantId("a'b"); }) == "tenant");
  CHECK(field([](NewApiKey& k) { k.name = ""; }) == "name");
  CHECK(field([](NewApiKey& k) { k.name = std::string(256, 'x'); }) == "name");
  CHECK(field([](NewApiKey& k) { k.role = "ROOT"; }) == "role");
  CHECK(field([](NewApiKey& k) { k.role = "AGENT"; }) == "agent_id");
  CHECK(field([](NewApiKey& k) { k.scopes = {"calls:read", "x"}; }) == "scopes[1]");
  CHECK(field([&](NewApiKey& k) { k.expires_at = f.clock.Now(); }) == "expires_at");
}

TEST_CASE("the tool's way to a key stores its hash only", "[store]") {
  Fixture f(false);
  NewApiKey wanted;
  wanted.tenant = base::TenantId("t-1");
  wanted.name = "tool";
  const auto token = CreateApiKey(*f.database, f.ids, f.clock, wanted);
  REQUIRE(token.ok());
  CHECK(token->starts_with("ctc_"));
  const auto found = *f.io.Run(f.api_keys->FindByHash(kLater, HashOfToken(*token)));
  REQUIRE(found);
  CHECK(found->expires_at == absl::InfiniteFuture());
  CHECK(found->prefix == token->substr(0, 12));
}

TEST_CASE("an attempt takes a key, finishes it and is replayed", "[store]") {
  Fixture f(GENERATE(true, false));
  const KeyId id(base::TenantId("t-1"), "POST /x", "k'1");
  const std::string first = f.ids.Uuid();
  const std::string second = f.ids.Uuid();
  const absl::Time now = f.clock.Now();
  const auto claim = [&](const std::string& owner, absl::Time at) {
    const Attempt attempt(std::string(64, 'a'), owner, at, at + absl::Seconds(10));
    return *f.io.Run(f.keys->Claim(kLater, id, attempt));
  };
  CHECK_FALSE(claim(first, now));
  const auto running = claim(second, now + absl::Seconds(9));
  REQUIRE(running);
  CHECK_FALSE(running->done);
  CHECK(running->lease_until == now + absl::Seconds(10));
  CHECK_FALSE(claim(second, now + absl::Seconds(10)));  // the first one died
  const std::string body("{\"a\":\"\xc3\xa9\"}");
  REQUIRE(f.io.Run(f.keys->Finish(kLater, id, first, 500, "late")).ok());  // not its key any more
  REQUIRE(f.io.Run(f.keys->Finish(kLater, id, second, 201, body)).ok());
  REQUIRE(f.io.Run(f.keys->Release(kLater, id, second)).ok());  // done stays
  const auto done = claim(f.ids.Uuid(), now + absl::Hours(1));
  REQUIRE(done);
  CHECK(done->done);
  CHECK(done->http_status == 201);
  CHECK(done->response_body == body);
}

TEST_CASE("a key that is set free or a day old can be taken anew", "[store]") {
  Fixture f(GENERATE(true, false));
  const KeyId id(base::TenantId("t-1"), "POST /x", "k");
  const std::string owner = f.ids.Uuid();
  const Attempt attempt(std::string(64, 'a'), owner, f.clock.Now(),
                        f.clock.Now() + absl::Seconds(10));
  CHECK_FALSE(*f.io.Run(f.keys->Claim(kLater, id, attempt)));
  REQUIRE(f.io.Run(f.keys->Release(kLater, id, owner)).ok());
  CHECK_FALSE(*f.io.Run(f.keys->Claim(kLater, id, attempt)));
  CHECK(*f.io.Run(f.keys->Sweep(kLater, f.clock.Now())) == 0);
  CHECK(*f.io.Run(f.keys->Sweep(kLater, f.clock.Now() + absl::Hours(1))) == 1);
  CHECK_FALSE(*f.io.Run(f.keys->Claim(kLater, id, attempt)));
}

TEST_CASE("of many attempts at once exactly one takes the key", "[store]") {
  Fixture f(false);
  const KeyId id(base::TenantId("t-1"), "POST /x", "k");
  std::vector<Attempt> attempts;
  for (int i = 0; i < 16; ++i) {
    attempts.emplace_back(std::string(64, 'a'), f.ids.Uuid(), f.clock.Now(),
                          f.clock.Now() + absl::Seconds(10));
  }
  std::vector<std::future<absl::StatusOr<std::optional<StoredKey>>>> claims;
  for (const Attempt& attempt : attempts) {
    claims.push_back(
        asio::co_spawn(f.io.context(), f.keys->Claim(kLater, id, attempt), asio::use_future));
  }
  int taken = 0;
  for (auto& claim : claims) {
    const auto result = claim.get();
    REQUIRE_THAT(result.status(), testing::IsOk());
    taken += result->has_value() ? 0 : 1;
  }
  CHECK(taken == 1);
}

}  // namespace
}  // namespace ctc::gateway
