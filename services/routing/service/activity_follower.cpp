#include "services/routing/service/activity_follower.h"

#include <algorithm>
#include <map>
#include <set>

#include "libs/events/event_cursor.h"
#include "libs/observability/log.h"
#include "services/routing/service/agent_day.h"
#include "services/routing/store/presence_store.h"
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

ActivityFollower::ActivityFollower(db::Database& database, Directory& directory,
                                   const base::Clock& clock, base::Random& random)
    : database_(database),
      directory_(directory),
      clock_(clock),
      ids_(clock, random),
      left_out_count_(observability::MakeCounter(
          "ctc_routing_events_left_out_total",
          "Events of the feed whose activity the database will never take.")) {}

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
        CTC_ASSIGN_OR_RETURN(const auto concerned, Concerned(c, news));
        concern = !concerned.empty();
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return concern;
}

absl::StatusOr<std::vector<const ActivityFollower::Pending*>> ActivityFollower::Concerned(
    db::Connection& c, const std::vector<Pending>& news) {
  std::set<AgentOfTenant> registered;
  std::set<AgentOfTenant> others;
  for (const Pending& pending : news) {
    (pending.news.registered ? registered : others).emplace(pending.tenant, pending.news.agent_id);
  }
  const std::vector<AgentOfTenant> asked(others.begin(), others.end());
  CTC_ASSIGN_OR_RETURN(const auto standings, StandingsOf(c, asked));
  std::vector<const Pending*> concerned;
  for (const Pending& pending : news) {
    const AgentOfTenant agent(pending.tenant, pending.news.agent_id);
    const auto standing = standings.find(agent);
    // Who was registered when the batch began may have got its call by it.
    const bool concerns = registered.contains(agent) ||
                          (standing != standings.end() && Knows(standing->second, pending.news));
    if (concerns) concerned.push_back(&pending);
  }
  return concerned;
}

absl::Status ActivityFollower::Write(db::Connection& c, const std::vector<Pending>& news,
                                     int64_t last_seq, const Pending*& at_work) {
  at_work = nullptr;
  CTC_ASSIGN_OR_RETURN(const int64_t done, events::LockCursor(c, kConsumer, clock_.Now()));
  CTC_ASSIGN_OR_RETURN(const auto concerned, Concerned(c, news));
  for (const Pending* pending : concerned) {
    // Another process was faster, or nobody ever will be.
    if (pending->seq <= done || left_out_.contains(pending->seq)) continue;
    at_work = pending;
    CTC_RETURN_IF_ERROR(AgentDay(pending->tenant, ids_).Follow(c, pending->news, pending->seq));
  }
  at_work = nullptr;
  return events::SaveCursor(c, kConsumer, last_seq, clock_.Now());
}

void ActivityFollower::LeaveOut(const Pending& pending, const absl::Status& why) {
  left_out_.insert(pending.seq);
  left_out_count_.Add();
  observability::Error("an agent's activity cannot be written; its event is left out",
                       {{"event", pending.seq}, {"session", pending.news.uuid}, {"error", why}});
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
  absl::Status status;
  bool left_out = false;
  do {
    const Pending* at_work = nullptr;
    status = co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
      return Write(c, *news, last_seq, at_work);
    });
    left_out = at_work != nullptr && db::IsDataError(status);
    if (left_out) LeaveOut(*at_work, status);
  } while (left_out);
  for (const Pending& pending : *news) directory_.ForgetPresence(pending.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  left_out_.clear();
  saved_seq_ = last_seq;
  co_return absl::OkStatus();
}

}  // namespace ctc::routing
