#include "services/routing/service/activity_follower.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/events/event_cursor.h"
#include "services/routing/service/agent_day.h"
#include "services/routing/store/queue_entry_store.h"

namespace ctc::routing {
namespace {

constexpr char kConsumer[] = "routing";
constexpr absl::Duration kLimit = absl::Seconds(10);
// Most events are not ours. The cursor may stay behind by so many before it is written without
// cause; after a crash that many are looked at again, to no effect.
constexpr int64_t kCursorSlack = 5000;
// Calls end all the time; where nobody queues they cost one look a second.
constexpr absl::Duration kLookAgainAfter = absl::Seconds(1);

}  // namespace

Task<absl::StatusOr<int64_t>> ActivityFollower::LoadPosition() {
  int64_t seq = -1;
  const absl::Status status =
      co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(seq, events::LoadCursor(c, kConsumer, -1));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  saved_seq_ = seq;
  co_return seq;
}

Task<absl::StatusOr<std::vector<ActivityFollower::Pending>>> ActivityFollower::NewsIn(
    const events::FeedConsumer::Batch& batch) {
  std::vector<Pending> all;
  for (const session::v1::CallEvent& event : batch) {
    std::optional<CallNews> news = NewsOf(event);
    if (!news) continue;
    base::TenantId tenant(event.tenant_id());
    absl::StatusOr<std::optional<v1::Agent>> agent =
        co_await directory_.Agent(tenant, event.agent_id(), clock_.Now() + kLimit);
    CTC_CO_RETURN_IF_ERROR(agent.status());
    news->registered = agent->has_value();
    if (!news->registered && news->stage != CallNews::Stage::kOver) continue;
    Pending pending;
    pending.tenant = std::move(tenant);
    pending.seq = event.seq();
    pending.news = *std::move(news);
    all.push_back(std::move(pending));
  }
  co_return all;
}

Task<absl::StatusOr<bool>> ActivityFollower::ConcernAnybody(const std::vector<Pending>& news) {
  bool concern = std::any_of(news.begin(), news.end(),
                             [](const Pending& pending) { return pending.news.registered; });
  if (concern || news.empty()) co_return concern;
  const absl::Status status =
      co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
        concern = false;
        for (const Pending& pending : news) {
          if (concern) break;
          CTC_ASSIGN_OR_RETURN(concern, AgentDay(pending.tenant, ids_).Concerns(c, pending.news));
        }
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return concern;
}

Task<absl::Status> ActivityFollower::LeaveQueues(const events::FeedConsumer::Batch& batch) {
  std::map<std::string, base::TenantId> ended;  // by session
  for (const session::v1::CallEvent& event : batch) {
    if (event.type() != "session.ended") continue;
    ended.emplace(event.id(), base::TenantId(event.tenant_id()));
  }
  if (ended.empty() || clock_.Monotonic() < look_again_at_) co_return absl::OkStatus();
  bool anybody = true;
  const absl::Status status =
      co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const std::set<std::string> queued, QueuedSessions(c));
        anybody = !queued.empty();
        for (const auto& [session, tenant] : ended) {
          if (queued.count(session) == 0) continue;
          CTC_RETURN_IF_ERROR(QueueEntryStore(tenant).Remove(c, session));
        }
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  if (!anybody) look_again_at_ = clock_.Monotonic() + kLookAgainAfter;
  co_return absl::OkStatus();
}

Task<absl::Status> ActivityFollower::Apply(const events::FeedConsumer::Batch& batch,
                                           int64_t last_seq) {
  const absl::Status left = co_await LeaveQueues(batch);
  CTC_CO_RETURN_IF_ERROR(left);
  absl::StatusOr<std::vector<Pending>> news = co_await NewsIn(batch);
  CTC_CO_RETURN_IF_ERROR(news.status());
  if (!batch.empty() && last_seq - saved_seq_ < kCursorSlack) {
    absl::StatusOr<bool> concern = co_await ConcernAnybody(*news);
    CTC_CO_RETURN_IF_ERROR(concern.status());
    if (!*concern) co_return absl::OkStatus();
  }
  const absl::Status status =
      co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const int64_t done, events::LockCursor(c, kConsumer, clock_.Now()));
        for (const Pending& pending : *news) {
          if (pending.seq <= done) continue;  // another process was faster
          CTC_RETURN_IF_ERROR(AgentDay(pending.tenant, ids_).Follow(c, pending.news, pending.seq));
        }
        return events::SaveCursor(c, kConsumer, last_seq, clock_.Now());
      });
  for (const Pending& pending : *news) directory_.ForgetPresence(pending.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  saved_seq_ = last_seq;
  co_return absl::OkStatus();
}

}  // namespace ctc::routing
