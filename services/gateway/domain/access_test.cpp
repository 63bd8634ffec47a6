// Roles and scopes, ids of a request, rates, rules of keys.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/fake_random.h"
#include "services/gateway/domain/idempotency.h"
#include "services/gateway/domain/request_identity.h"
#include "services/gateway/domain/roles.h"
#include "services/gateway/domain/stream_places.h"
#include "services/gateway/domain/token_buckets.h"

namespace ctc::gateway {
namespace {

using Texts = std::vector<std::string>;

TEST_CASE("a scope is covered by itself, its area or everything", "[roles]") {
  CHECK(Covers(Texts{"calls:read"}, "calls:read"));
  CHECK(Covers(Texts{"calls:*"}, "calls:write"));
  CHECK(Covers(Texts{"*"}, "keys:write"));
  CHECK_FALSE(Covers(Texts{"calls:read"}, "calls:write"));
  CHECK_FALSE(Covers(Texts{"call:*"}, "calls:write"));
  CHECK_FALSE(Covers(Texts{":*", "calls:"}, "calls:write"));
  CHECK_FALSE(Covers(Texts{}, "calls:read"));
}

TEST_CASE("a token has what its role has, or the part of it that it names", "[roles]") {
  CHECK(Covers(EffectiveScopes(TokenRole::kAgent, std::nullopt), "calls:write"));
  CHECK_FALSE(Covers(EffectiveScopes(TokenRole::kAgent, std::nullopt), "keys:write"));
  CHECK(EffectiveScopes(TokenRole::kAgent, Texts{"calls:read", "keys:write"}) ==
        Texts{"calls:read"});
  CHECK(EffectiveScopes(TokenRole::kAgent, Texts{"*"}) ==
        EffectiveScopes(TokenRole::kAgent, std::nullopt));
  CHECK(EffectiveScopes(TokenRole::kAgent, Texts{"agents:*"}) == Texts{"agents:read"});
  CHECK(EffectiveScopes(TokenRole::kAdmin, Texts{"stats:read"}) == Texts{"stats:read"});
  CHECK(EffectiveScopes(TokenRole::kAgent, Texts{"keys:write"}).empty());
  CHECK(EffectiveScopes(TokenRole::kAdmin, Texts{}).empty());
  CHECK_FALSE(ListedScopes({}));  // an API key without a list has what its role has
  CHECK(ListedScopes({"calls:read"}) == Texts{"calls:read"});
}

TEST_CASE("only the three roles and the form of a scope are known", "[roles]") {
  CHECK(ParseRole("AGENT") == TokenRole::kAgent);
  CHECK_FALSE(ParseRole("agent"));
  CHECK_FALSE(ParseRole("SERVICE"));
  CHECK(IsScope("calls:read"));
  CHECK(IsScope("*"));
  for (const char* text : {"", "calls", ":read", "calls:delete", "Calls:read", "a,b:read"}) {
    CHECK_FALSE(IsScope(text));
  }
}

TEST_CASE("ids from outside are taken only in their form", "[identity]") {
  CHECK(IsRequestId("a-B_9.:"));
  CHECK_FALSE(IsRequestId(""));
  CHECK_FALSE(IsRequestId("a b"));
  CHECK_FALSE(IsRequestId("a\"b"));
  CHECK_FALSE(IsRequestId(std::string(129, 'a')));
  CHECK(IsIdempotencyKey("~!{}\""));
  CHECK_FALSE(IsIdempotencyKey(""));
  CHECK_FALSE(IsIdempotencyKey("a\tb"));
  CHECK_FALSE(IsIdempotencyKey(std::string(256, 'a')));
  CHECK(IsTenantId("acme-1"));
  CHECK_FALSE(IsTenantId("a'b"));
  CHECK_FALSE(IsTenantId(std::string(65, 'a')));
  CHECK(IsTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
  CHECK_FALSE(IsTraceparent("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"));
  CHECK_FALSE(IsTraceparent("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
  CHECK_FALSE(IsTraceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"));
  testing::FakeRandom random;
  CHECK(IsTraceparent(NextTraceparent("", random)));
}

TEST_CASE("a tenant may burst, then keeps to its rate", "[rate]") {
  TokenBuckets buckets(10, 2);
  CHECK(buckets.Take("t", absl::ZeroDuration()) == absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::ZeroDuration()) == absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::ZeroDuration()) == absl::Milliseconds(100));
  CHECK(buckets.Take("u", absl::ZeroDuration()) == absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::Milliseconds(100)) == absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::Milliseconds(150)) > absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::Hours(1)) == absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::Hours(1)) == absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::Hours(1)) > absl::ZeroDuration());  // the burst does not add up
}

TEST_CASE("a request that counts for nothing is given back", "[rate]") {
  TokenBuckets buckets(10, 1);
  buckets.GiveBack("t");  // there is nothing of it yet
  for (int i = 0; i < 5; ++i) {
    CHECK(buckets.Take("t", absl::ZeroDuration()) == absl::ZeroDuration());
    buckets.GiveBack("t");
  }
  CHECK(buckets.Take("t", absl::ZeroDuration()) == absl::ZeroDuration());
  CHECK(buckets.Take("t", absl::ZeroDuration()) > absl::ZeroDuration());
}

TEST_CASE("a tenant has so many places, and one again for each that went", "[places]") {
  StreamPlaces places(2);
  auto first = places.Take("t");
  const auto second = places.Take("t");
  REQUIRE(first != nullptr);
  REQUIRE(second != nullptr);
  CHECK(places.Take("t") == nullptr);
  CHECK(places.Take("u") != nullptr);
  auto copy = first;  // one place, however many hold it
  first.reset();
  CHECK(places.Take("t") == nullptr);
  copy.reset();
  CHECK(places.Take("t") != nullptr);
}

TEST_CASE("a stored key is judged by its request, state and lease", "[idempotency]") {
  const absl::Time now = absl::FromUnixSeconds(1000);
  StoredKey key;
  key.request_hash = "a";
  key.lease_until = now + absl::Seconds(1);
  CHECK(Judge(key, "a", now) == KeyVerdict::kInProgress);
  CHECK(Judge(key, "a", now + absl::Seconds(1)) == KeyVerdict::kTakeOver);
  CHECK(Judge(key, "b", now + absl::Seconds(1)) == KeyVerdict::kReused);
  key.done = true;
  CHECK(Judge(key, "a", now + absl::Hours(1)) == KeyVerdict::kReplay);
  CHECK(Judge(key, "b", now) == KeyVerdict::kReused);
}

TEST_CASE("answers are final when there may have been an effect", "[idempotency]") {
  const auto final = [](int status, std::string_view code, bool names, bool resumable) {
    Outcome outcome;
    outcome.http_status = status;
    outcome.code = code;
    outcome.names_resource = names;
    outcome.resumable = resumable;
    return IsFinal(outcome);
  };
  CHECK(final(201, "", false, false));
  CHECK_FALSE(final(400, base::kValidationFailed.code, false, false));
  CHECK_FALSE(final(409, base::kCallAlreadyRunning.code, true, true));
  CHECK_FALSE(final(429, base::kRateLimited.code, false, false));
  CHECK_FALSE(final(503, base::kOverloaded.code, false, false));
  CHECK_FALSE(final(503, base::kDatabaseBusy.code, false, false));
  CHECK(final(504, base::kDeadlineExceeded.code, false, false));
  CHECK(final(504, base::kProviderTimeout.code, true, true));
  CHECK_FALSE(final(500, base::kInternal.code, false, true));
  CHECK(final(500, base::kInternal.code, false, false));
  CHECK(final(503, base::kUnavailable.code, false, false));
  Outcome unasked;
  unasked.http_status = 503;
  unasked.code = base::kUnavailable.code;
  unasked.never_sent = true;
  CHECK_FALSE(IsFinal(unasked));
}

}  // namespace
}  // namespace ctc::gateway
