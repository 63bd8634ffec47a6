// The tenant a webhook claims, and when an event is tried again.
#include "services/webhook/domain/claim.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/testing/status_matchers.h"
#include "services/webhook/domain/retry.h"

namespace ctc::webhook {
namespace {

using testing::HasError;

TEST_CASE("the query names the tenant") {
  CHECK(ClaimedTenant("tenant=acme", "")->value() == "acme");
  CHECK(ClaimedTenant("a=1&tenant=acme-1.x_Y&b=2", "")->value() == "acme-1.x_Y");
  CHECK(ClaimedTenant("tenant=ac%6De", "acme")->value() == "acme");
  CHECK(ClaimedTenant("tenant=acme&tenant=acme", "acme")->value() == "acme");
}

TEST_CASE("a query without a tenant is refused") {
  for (const char* query : {"", "tenant", "tenant=", "tenants=acme", "xtenant=acme", "&&"}) {
    CAPTURE(query);
    CHECK_THAT(ClaimedTenant(query, "acme").status(), HasError(base::kTenantRequired));
  }
}

TEST_CASE("query and header must name the same tenant") {
  CHECK_THAT(ClaimedTenant("tenant=acme", "other").status(), HasError(base::kTenantMismatch));
  CHECK_THAT(ClaimedTenant("tenant=acme", "ACME").status(), HasError(base::kTenantMismatch));
}

TEST_CASE("what cannot be a tenant's id is refused") {
  const std::string long_id = "tenant=" + std::string(65, 'a');
  for (const std::string& query :
       {long_id, std::string("tenant=a%00b"), std::string("tenant=a b"), std::string("tenant=a%zz"),
        std::string("tenant=%27--"), std::string("tenant=a&tenant=b")}) {
    CAPTURE(query);
    CHECK_THAT(ClaimedTenant(query, "").status(), HasError(base::kValidationFailed));
  }
}

TEST_CASE("tries come at growing distances until patience ends") {
  const absl::Time received = absl::FromUnixSeconds(1'000'000);
  const absl::Duration patience = absl::Minutes(10);
  CHECK(NextAttempt(1, received, received, patience) == received + absl::Seconds(1));
  CHECK(NextAttempt(2, received, received, patience) == received + absl::Seconds(2));
  CHECK(NextAttempt(4, received, received, patience) == received + absl::Seconds(8));
  CHECK(NextAttempt(500, received, received, patience) == received + absl::Minutes(1));
  const absl::Time late = received + patience;
  CHECK(NextAttempt(9, received, late - absl::Seconds(1), patience).has_value());
  CHECK_FALSE(NextAttempt(9, received, late, patience).has_value());
}

}  // namespace
}  // namespace ctc::webhook
