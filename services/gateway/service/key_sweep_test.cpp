#include "services/gateway/service/key_sweep.h"

#include <catch2/catch.hpp>

#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"
#include "services/gateway/store/fake_stores_for_test.h"

namespace ctc::gateway {
namespace {

constexpr int kMany = 2 * IdempotencyStore::kSweptAtOnce + 7;

// So many keys of the day before yesterday.
Task<void> AddOldKeys(FakeIdempotencyStore& store, absl::Time now) {
  for (int i = 0; i < kMany; ++i) {
    const KeyId id(base::TenantId("t-1"), "POST /x", std::to_string(i));
    const Attempt attempt("hash", "owner", now - absl::Hours(48), now - absl::Hours(48));
    const auto claimed = co_await store.Claim(now, id, attempt);
    if (!claimed.ok()) co_return;
  }
}

TEST_CASE("more old keys than one turn takes are all forgotten", "[sweep]") {
  testing::IoThreads io;
  const testing::FakeClock clock;
  FakeIdempotencyStore store;
  io.Run(AddOldKeys(store, clock.Now()));
  std::atomic<bool> stopping = true;
  io.Run(SweepOldKeys(store, clock, absl::Milliseconds(1), stopping));
  CHECK(store.size() == kMany);
  stopping = false;
  io.Run(SweepOldKeys(store, clock, absl::Milliseconds(1), stopping));
  CHECK(store.size() == 0);
}

}  // namespace
}  // namespace ctc::gateway
