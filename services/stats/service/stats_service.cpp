// The rpcs of the stats service.
#include "services/stats/service/stats_service.h"

#include <algorithm>
#include <limits>

#include "ctc/session/v1/session.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/stats/service/query.h"

namespace ctc::stats {
namespace {

constexpr absl::Duration kReadLimit = absl::Seconds(15);
constexpr int kMaxGroups = 1000;

int32_t Int32(int64_t value) {
  return static_cast<int32_t>(std::clamp<int64_t>(value, 0, std::numeric_limits<int32_t>::max()));
}

// The fields that all three messages share.
template <class Message>
void Fill(const Figures& figures, Message& message) {
  message.set_total_calls(Int32(figures.total_calls()));
  message.set_completed_calls(Int32(figures.calls(kCompleted)));
  message.set_failed_calls(Int32(figures.calls(kFailed)));
  message.set_total_duration(static_cast<double>(figures.total_duration()));
  auto& by_status = *message.mutable_by_status();
  for (int status = 1; status < kStatuses; ++status) {
    const int64_t calls = figures.calls(status);
    if (calls == 0) continue;
    const auto value = static_cast<session::v1::Session::Status>(status);
    by_status[session::v1::Session::Status_Name(value)] = Int32(calls);
  }
}

}  // namespace

Task<absl::Status> StatsService::ReadTable(absl::Time deadline, db::Work work) {
  const absl::Time limit = std::min(deadline, clock_.Now() + kReadLimit);
  absl::Status flushed = co_await ledger_.Flush(limit);
  // With a conflict another process keeps the table, and it is as good as that one.
  if (!flushed.ok() && !base::IsError(flushed, base::kConflict)) co_return flushed;
  co_return co_await database_.Run(limit, std::move(work));
}

Task<absl::StatusOr<v1::GetCallStatsResponse>> StatsService::GetCallStats(
    rpc::Context context, const v1::GetCallStatsRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const StatsQuery query, ReadQuery(context, request));
  Figures figures;
  Groups groups;
  if (query.IsDefault()) {
    CTC_CO_ASSIGN_OR_RETURN(figures, ledger_.Totals(context.tenant));
  }
  if (!query.IsDefault() || query.group_by) {
    const std::vector<Segment> segments = Cover(query.from, query.to);
    db::Work work = [&](db::Connection& c) -> absl::Status {
      if (!query.IsDefault()) {
        CTC_ASSIGN_OR_RETURN(figures, ReadFigures(c, query.subject, segments));
      }
      if (query.group_by) {
        const Subject by{query.subject.tenant, *query.group_by, ""};
        CTC_ASSIGN_OR_RETURN(groups, ReadGroups(c, by, segments, kMaxGroups));
      }
      return absl::OkStatus();
    };
    absl::Status status = co_await ReadTable(context.deadline, std::move(work));
    CTC_CO_RETURN_IF_ERROR(status);
  }
  v1::GetCallStatsResponse response;
  Fill(figures, response);
  response.set_average_duration(Int32(figures.average_duration()));
  response.set_groups_total(Int32(groups.total));
  for (const auto& [id, group] : groups.by_id) {
    auto& message = *response.add_groups();
    message.set_id(id);
    Fill(group, message);
  }
  co_return response;
}

Task<absl::StatusOr<v1::GetTimeSeriesResponse>> StatsService::GetTimeSeries(
    rpc::Context context, const v1::GetTimeSeriesRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const SeriesQuery query, ReadQuery(context, request, clock_.Now()));
  std::map<absl::Time, Figures> series;
  db::Work work = [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(series, ReadSeries(c, query.subject, query.segment));
    return absl::OkStatus();
  };
  absl::Status status = co_await ReadTable(context.deadline, std::move(work));
  CTC_CO_RETURN_IF_ERROR(status);
  v1::GetTimeSeriesResponse response;
  for (const auto& [begin, figures] : series) {
    if (figures.total_calls() == 0) continue;
    auto& point = *response.add_points();
    *point.mutable_from() = base::ToProto(begin);
    Fill(figures, point);
  }
  response.set_total(response.points_size());
  co_return response;
}

}  // namespace ctc::stats
