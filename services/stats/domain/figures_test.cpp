// Sums of changes equal a count of calls.
#include "services/stats/domain/figures.h"

#include <catch2/catch.hpp>

#include "services/stats/domain/interval.h"
#include "services/stats/domain/random_calls.h"

namespace ctc::stats {
namespace {

Figures Sum(const Deltas& deltas, Dimension dimension, Period period, const std::string& id,
            absl::Time bucket) {
  Figures figures;
  for (const auto& [key, cell] : deltas) {
    if (key.dimension == dimension && key.period == period && key.tenant == "t0" && key.id == id &&
        key.bucket == bucket) {
      figures.Add(key.status, cell);
    }
  }
  return figures;
}

TEST_CASE("for random calls every counter equals the count of the calls it stands for") {
  const unsigned seed = GENERATE(range(1u, 21u));
  RandomCalls calls(seed, 60);
  Deltas deltas;
  Figures tenant;
  for (int i = 0; i < 600; ++i) {
    const Change change = calls.Step();
    Fold(change, deltas);
    if (change.tenant == "t0") Fold(change, tenant);
  }
  const auto all = calls.Count([](const Call& c) { return c.tenant == "t0"; });
  CHECK(SameFigures(tenant, all));
  CHECK(SameFigures(Sum(deltas, Dimension::kTenant, Period::kAll, "", absl::UnixEpoch()), all));
  CHECK(SameFigures(Sum(deltas, Dimension::kAgent, Period::kAll, "a2", absl::UnixEpoch()),
                    calls.Count([](const Call& c) {
                      return c.tenant == "t0" && c.agent == "a2" && c.status != kInitiated;
                    })));
  CHECK(SameFigures(
      Sum(deltas, Dimension::kCampaign, Period::kAll, "c1", absl::UnixEpoch()),
      calls.Count([](const Call& c) { return c.tenant == "t0" && c.campaign == "c1"; })));
  // An account is charged with what left INITIATED.
  CHECK(SameFigures(Sum(deltas, Dimension::kProvider, Period::kAll, "p1", absl::UnixEpoch()),
                    calls.Count([](const Call& c) {
                      return c.tenant == "t0" && c.provider == "p1" && c.status != kInitiated;
                    })));
  for (int day = 0; day < 5; ++day) {
    const absl::Time begin = DayOf(absl::FromUnixSeconds(1764700000)) + absl::Hours(24 * day);
    CHECK(SameFigures(Sum(deltas, Dimension::kTenant, Period::kDay, "", begin),
                      calls.Count([&](const Call& c) {
                        return c.tenant == "t0" && DayOf(c.created_at) == begin;
                      })));
    const absl::Time hour = begin + absl::Hours(5);
    CHECK(SameFigures(Sum(deltas, Dimension::kTenant, Period::kHour, "", hour),
                      calls.Count([&](const Call& c) {
                        return c.tenant == "t0" && HourOf(c.created_at) == hour;
                      })));
  }
}

TEST_CASE("what came and went between two writes needs no write") {
  Deltas deltas;
  Change change;
  change.tenant = "t";
  change.created_at = absl::UnixEpoch();
  change.new_status = kInitiated;
  Fold(change, deltas);
  CHECK(deltas.size() == 3);
  change.old_status = kInitiated;
  change.new_status = kCompleted;
  Fold(change, deltas);
  CHECK(deltas.size() == 3);
  for (const auto& [key, cell] : deltas) CHECK(key.status == kCompleted);
}

TEST_CASE("a change that changes nothing touches no counter") {
  Deltas deltas;
  Change change;
  change.tenant = "t";
  change.old_status = change.new_status = 3;
  Fold(change, deltas);
  CHECK(deltas.empty());
}

TEST_CASE("the average is rounded to the nearest, and is 0 without an answered call") {
  Figures figures;
  figures.Add(kFailed, Cell{1, 0});
  CHECK(figures.average_duration() == 0);
  figures.Add(kCompleted, Cell{480, 45000});
  CHECK(figures.average_duration() == 94);
  Figures half;
  half.Add(kCompleted, Cell{2, 5});
  CHECK(half.average_duration() == 3);
}

TEST_CASE("a call that was handed over counts in the average as one that was talked through") {
  Figures figures;
  figures.Add(kTransferred, Cell{1, 300});
  CHECK(figures.average_duration() == 300);
  figures.Add(kCompleted, Cell{1, 60});
  CHECK(figures.average_duration() == 180);
}

TEST_CASE("a status that is newer than the program is ignored") {
  Figures figures;
  figures.Add(12, Cell{1, 1});
  figures.Add(-1, Cell{1, 1});
  CHECK(figures.total_calls() == 0);
}

}  // namespace
}  // namespace ctc::stats
