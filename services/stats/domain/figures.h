// Figures of calls, and how the feed's changes add up to them. Pure.
#pragma once

#include <absl/time/time.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

namespace ctc::stats {

// Session.Status of the contract, as a number from 1.
inline constexpr int kStatuses = 12;
inline constexpr int kInitiated = 1;
inline constexpr int kCompleted = 5;
inline constexpr int kFailed = 6;
inline constexpr int kTransferred = 10;

struct Cell {
  int64_t calls = 0;
  int64_t duration_seconds = 0;
  bool IsZero() const { return calls == 0 && duration_seconds == 0; }
};

// Calls and talk seconds by status.
class Figures {
 public:
  // A status out of range is ignored: it is newer than this program.
  void Add(int status, Cell cell);
  int64_t calls(int status) const { return cells_[static_cast<size_t>(status)].calls; }
  int64_t total_calls() const;
  int64_t total_duration() const;
  // Talk seconds by answered call that is over (COMPLETED or TRANSFERRED: what was joined ends as
  // nothing else), rounded to the nearest; 0 without any.
  int64_t average_duration() const;

 private:
  std::array<Cell, kStatuses> cells_{};
};

// What an event of the feed says about figures.
struct Change {
  int64_t seq = 0;
  std::string tenant;
  std::string agent;
  std::string provider;
  std::string campaign;
  int old_status = 0;  // 0: the session is new
  int new_status = 0;
  int64_t duration_delta = 0;
  absl::Time created_at;  // of the session: a call counts in the interval it was offered
};

enum class Dimension { kTenant, kAgent, kProvider, kCampaign };
enum class Period { kAll, kDay, kHour };

// One counter.
struct CounterKey {
  Dimension dimension = Dimension::kTenant;
  Period period = Period::kAll;
  std::string tenant;
  std::string id;  // empty for kTenant
  absl::Time bucket = absl::UnixEpoch();
  int status = 0;
  friend bool operator<(const CounterKey& a, const CounterKey& b) {
    return std::tie(a.dimension, a.period, a.tenant, a.id, a.bucket, a.status) <
           std::tie(b.dimension, b.period, b.tenant, b.id, b.bucket, b.status);
  }
};
using Deltas = std::map<CounterKey, Cell>;

// Adds what `change` does to every counter it touches. A provider and an agent are only charged
// with calls that left INITIATED: until then failover may still move the call to another account,
// and a queue a caller to another agent.
void Fold(const Change& change, Deltas& deltas);

// Adds it to the figures of its tenant.
void Fold(const Change& change, Figures& figures);

}  // namespace ctc::stats
