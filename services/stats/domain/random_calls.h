// For tests: calls that go random ways, told as changes, and counted one by one.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "services/stats/domain/figures.h"

namespace ctc::stats {

struct Call {
  std::string tenant, agent, provider, campaign;
  int status = 0;
  int64_t duration = 0;
  absl::Time created_at;
};

// Moves `count` calls about until `steps` changes were told. Endings are corrected now and then,
// and provider and agent change while a call is INITIATED, as by failover and in queues.
class RandomCalls {
 public:
  RandomCalls(unsigned seed, size_t count) : random_(seed), calls_(count) {
    for (Call& call : calls_) {
      call.tenant = Pick("t", 2);
      call.agent = Pick("a", 3, true);
      call.campaign = Pick("c", 2, true);
      call.provider = Pick("p", 2);
      call.created_at = absl::FromUnixSeconds(1764700000) + absl::Minutes(Number(60 * 24 * 4));
    }
  }

  Change Step() {
    Call& call = calls_[static_cast<size_t>(Number(static_cast<int>(calls_.size()) - 1))];
    Change change;
    change.seq = ++seq_;
    change.old_status = call.status;
    if (call.status == kInitiated && Number(3) == 0) call.provider = Pick("p", 2);
    if (call.status == kInitiated && Number(3) == 0) call.agent = Pick("a", 3, true);
    if (call.status == 0) {
      call.status = kInitiated;
    } else if (Number(3) > 0) {
      call.status = 2 + Number(9);
    }
    if (call.status > kInitiated && Number(2) == 0) {
      change.duration_delta = Number(100) - std::min<int64_t>(call.duration, 20);
      call.duration += change.duration_delta;
    }
    change.new_status = call.status;
    change.tenant = call.tenant;
    change.agent = call.agent;
    change.provider = call.provider;
    change.campaign = call.campaign;
    change.created_at = call.created_at;
    return change;
  }

  // Counts the calls for which `matches` holds.
  template <class Matches>
  Figures Count(Matches matches) const {
    Figures figures;
    for (const Call& call : calls_) {
      if (call.status != 0 && matches(call)) figures.Add(call.status, Cell{1, call.duration});
    }
    return figures;
  }

  int Number(int max) { return std::uniform_int_distribution<int>(0, max)(random_); }

 private:
  std::string Pick(const std::string& prefix, int max, bool may_be_empty = false) {
    const int number = Number(max);
    return may_be_empty && number == 0 ? "" : prefix + std::to_string(number);
  }

  // lint-allow(clock): seeded; the same in every run
  std::mt19937 random_;
  std::vector<Call> calls_;
  int64_t seq_ = 0;
};

// The parts that sums of deltas promise: calls by status, and the talk seconds of all.
inline bool SameFigures(const Figures& a, const Figures& b) {
  for (int status = 0; status < kStatuses; ++status) {
    if (a.calls(status) != b.calls(status)) return false;
  }
  return a.total_duration() == b.total_duration();
}

}  // namespace ctc::stats
