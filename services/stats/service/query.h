// What a request for figures asks for, checked. Pure.
#pragma once

#include <optional>

#include "ctc/stats/v1/stats_service.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/context.h"
#include "services/stats/store/rollup_store.h"

namespace ctc::stats {

struct StatsQuery {
  Subject subject;
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();
  std::optional<Dimension> group_by;
  // The question that is asked most: everything of the tenant, answered from memory.
  bool IsDefault() const;
};
// An agent's token sees the agent's own figures; of another agent there are none: `subject` is
// empty then. Errors: VALIDATION_FAILED naming the field.
absl::StatusOr<StatsQuery> ReadQuery(const rpc::Context& context,
                                     const v1::GetCallStatsRequest& request);

struct SeriesQuery {
  Subject subject;
  Segment segment;
};
// `now` stands for an absent `to`.
absl::StatusOr<SeriesQuery> ReadQuery(const rpc::Context& context,
                                      const v1::GetTimeSeriesRequest& request, absl::Time now);

}  // namespace ctc::stats
