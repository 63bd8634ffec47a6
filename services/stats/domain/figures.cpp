// How the feed's changes add up to figures.
#include "services/stats/domain/figures.h"

#include "services/stats/domain/interval.h"

namespace ctc::stats {
namespace {

void AddTo(Deltas& deltas, const CounterKey& key, Cell cell) {
  if (cell.IsZero()) return;
  const auto it = deltas.try_emplace(key).first;
  it->second.calls += cell.calls;
  it->second.duration_seconds += cell.duration_seconds;
  // What came and went since the last write needs no write.
  if (it->second.IsZero()) deltas.erase(it);
}

// The change of one (dimension, id) in each of its periods.
void AddPeriods(const Change& change, Dimension dimension, const std::string& id, int status,
                Cell cell, Deltas& deltas) {
  CounterKey key{dimension, Period::kAll, change.tenant, id, absl::UnixEpoch(), status};
  AddTo(deltas, key, cell);
  key.period = Period::kDay;
  key.bucket = DayOf(change.created_at);
  AddTo(deltas, key, cell);
  key.period = Period::kHour;
  key.bucket = HourOf(change.created_at);
  AddTo(deltas, key, cell);
}

}  // namespace

void Figures::Add(int status, Cell cell) {
  if (status < 0 || status >= kStatuses) return;
  Cell& sum = cells_[static_cast<size_t>(status)];
  sum.calls += cell.calls;
  sum.duration_seconds += cell.duration_seconds;
}

int64_t Figures::total_calls() const {
  int64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.calls;
  return sum;
}

int64_t Figures::total_duration() const {
  int64_t sum = 0;
  for (const Cell& cell : cells_) sum += cell.duration_seconds;
  return sum;
}

int64_t Figures::average_duration() const {
  const int64_t answered = calls(kCompleted) + calls(kTransferred);
  return answered <= 0 ? 0 : (total_duration() + answered / 2) / answered;
}

void Fold(const Change& change, Deltas& deltas) {
  const bool moved = change.old_status != change.new_status;
  if (!moved && change.duration_delta == 0) return;
  const Cell out{moved && change.old_status != 0 ? -1 : 0, 0};
  const Cell in{moved && change.new_status != 0 ? 1 : 0, change.duration_delta};
  const auto add = [&](Dimension dimension, const std::string& id, bool settled_only) {
    if (id.empty() && dimension != Dimension::kTenant) return;
    if (!settled_only || change.old_status != kInitiated) {
      AddPeriods(change, dimension, id, change.old_status, out, deltas);
    }
    if (!settled_only || change.new_status != kInitiated) {
      AddPeriods(change, dimension, id, change.new_status, in, deltas);
    }
  };
  add(Dimension::kTenant, "", false);
  add(Dimension::kAgent, change.agent, true);
  add(Dimension::kCampaign, change.campaign, false);
  add(Dimension::kProvider, change.provider, true);
}

void Fold(const Change& change, Figures& figures) {
  const bool moved = change.old_status != change.new_status;
  if (moved && change.old_status != 0) figures.Add(change.old_status, Cell{-1, 0});
  figures.Add(change.new_status,
              Cell{moved && change.new_status != 0 ? 1 : 0, change.duration_delta});
}

}  // namespace ctc::stats
