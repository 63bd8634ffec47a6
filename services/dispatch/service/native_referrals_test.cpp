#include "services/dispatch/service/native_referrals.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"

namespace ctc::dispatch {
namespace {

TEST_CASE("a phone is told in SIP what became of its referral", "[dispatch][native]") {
  CHECK(SipStatusOf(absl::OkStatus()) == 200);
  CHECK(SipStatusOf(base::InvalidField("phone", "is no phone")) == 404);
  CHECK(SipStatusOf(base::MakeError(base::kBlockedByPolicy, "x")) == 403);
  CHECK(SipStatusOf(base::MakeError(base::kTransferOpen, "x")) == 491);
  CHECK(SipStatusOf(base::MakeError(base::kAgentInactive, "x")) == 480);
  CHECK(SipStatusOf(base::MakeError(base::kCallNotLive, "x")) == 480);
  CHECK(SipStatusOf(absl::UnavailableError("x")) == 503);
  CHECK(SipStatusOf(absl::DeadlineExceededError("x")) == 503);
  CHECK(SipStatusOf(absl::InternalError("x")) == 500);
}

}  // namespace
}  // namespace ctc::dispatch
