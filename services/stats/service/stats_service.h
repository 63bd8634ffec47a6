// The rpcs of the stats service. Thread-safe.
#pragma once

#include "ctc/stats/v1/stats_service.pb.h"
#include "libs/base/asio.h"
#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "libs/rpc/context.h"
#include "services/stats/store/ledger.h"

namespace ctc::stats {

class StatsService {
 public:
  StatsService(db::Database& database, Ledger& ledger, const base::Clock& clock)
      : database_(database), ledger_(ledger), clock_(clock) {}

  Task<absl::StatusOr<v1::GetCallStatsResponse>> GetCallStats(
      rpc::Context context, const v1::GetCallStatsRequest& request);
  Task<absl::StatusOr<v1::GetTimeSeriesResponse>> GetTimeSeries(
      rpc::Context context, const v1::GetTimeSeriesRequest& request);

 private:
  // Brings the table up to what the feed told, then reads it.
  Task<absl::Status> ReadTable(absl::Time deadline, db::Work work);

  db::Database& database_;
  Ledger& ledger_;
  const base::Clock& clock_;
};

}  // namespace ctc::stats
