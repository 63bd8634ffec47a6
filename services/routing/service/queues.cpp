#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "services/routing/domain/menu_check.h"
#include "services/routing/domain/presence.h"
#include "services/routing/domain/queue_choice.h"
#include "services/routing/service/emptied.h"
#include "services/routing/service/floor_reader.h"
#include "services/routing/service/queue_service.h"
#include "services/routing/store/menu_store.h"
#include "services/routing/store/queue_entry_store.h"
#include "services/routing/store/queue_store.h"

namespace ctc::routing {
namespace {

constexpr int kDefaultMaxWait = 300;
constexpr int kDefaultRing = 20;

absl::Status NoSuchQueue() { return base::MakeError(base::kNotFound, "there is no such queue"); }

v1::Queue QueueFrom(const v1::CreateQueueRequest& request) {
  v1::Queue queue;
  queue.set_queue_name(request.queue_name());
  queue.set_strategy(request.strategy() == v1::Queue::STRATEGY_UNSPECIFIED ? v1::Queue::LONGEST_IDLE
                                                                           : request.strategy());
  *queue.mutable_required_skills() = request.required_skills();
  *queue.mutable_teams() = request.teams();
  queue.set_max_wait_seconds(request.has_max_wait_seconds() ? request.max_wait_seconds()
                                                            : kDefaultMaxWait);
  queue.set_max_callers(request.max_callers());
  queue.set_ring_seconds(request.has_ring_seconds() ? request.ring_seconds() : kDefaultRing);
  queue.set_music_url(request.music_url());
  queue.set_overflow(request.has_overflow() ? request.overflow() : "HANG_UP");
  queue.set_is_active(!request.has_is_active() || request.is_active());
  return queue;
}

void Merge(const v1::UpdateQueueRequest& request, v1::Queue& queue) {
  if (request.has_queue_name()) queue.set_queue_name(request.queue_name());
  if (request.strategy() != v1::Queue::STRATEGY_UNSPECIFIED) {
    queue.set_strategy(request.strategy());
  }
  if (request.required_skills_size() > 0 || Empties(request, "required_skills")) {
    *queue.mutable_required_skills() = request.required_skills();
  }
  if (request.teams_size() > 0 || Empties(request, "teams")) {
    *queue.mutable_teams() = request.teams();
  }
  if (request.has_max_wait_seconds()) queue.set_max_wait_seconds(request.max_wait_seconds());
  if (request.has_max_callers()) queue.set_max_callers(request.max_callers());
  if (request.has_ring_seconds()) queue.set_ring_seconds(request.ring_seconds());
  if (request.has_music_url()) queue.set_music_url(request.music_url());
  if (request.has_overflow()) queue.set_overflow(request.overflow());
  if (request.has_is_active()) queue.set_is_active(request.is_active());
}

void FillLive(const v1::Queue& queue, const Floor& floor, absl::Time now,
              v1::GetQueueLiveResponse& response) {
  for (const WaitingCaller& caller : floor.waiting) {
    if (caller.queue_id != queue.id()) continue;
    auto& waiting = *response.add_waiting();
    waiting.set_session_id(caller.session_id);
    const absl::Time since = absl::FromUnixMillis(caller.entered_at_ms);
    *waiting.mutable_since() = base::ToProto(since);
    // The line is ordered: the first has waited longest.
    if (response.waiting_size() == 1) {
      response.set_longest_wait_seconds(DurationBetween(since, now));
    }
  }
  for (std::string& agent_id : OrderOf(queue, floor)) {
    response.add_available_agents(std::move(agent_id));
  }
}

}  // namespace

Task<absl::StatusOr<v1::CreateQueueResponse>> QueueService::CreateQueue(
    rpc::Context context, const v1::CreateQueueRequest& request) {
  v1::CreateQueueResponse response;
  v1::Queue& queue = *response.mutable_queue();
  queue = QueueFrom(request);
  queue.set_id(ids_.Uuid());
  *queue.mutable_created_at() = *queue.mutable_updated_at() = base::ToProto(clock_.Now());
  CTC_CO_RETURN_IF_ERROR(CheckQueue(queue));
  const QueueStore store(context.tenant);
  const absl::Status status = co_await database_.Run(
      context.deadline, [&](db::Connection& c) -> absl::Status { return store.Insert(c, queue); });
  catalogue_.Forget(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::ListQueuesResponse>> QueueService::ListQueues(
    rpc::Context context, const v1::ListQueuesRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const db::ListPage page,
                          db::ListPage::Of(kQueueOrders, context.tenant, request));
  const QueueStore store(context.tenant);
  QueuePage found;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(found, store.List(c, page));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  v1::ListQueuesResponse response;
  page.Describe(found.total, found.next_cursor, response);
  for (v1::Queue& queue : found.queues) *response.add_queues() = std::move(queue);
  co_return response;
}

Task<absl::StatusOr<v1::GetQueueResponse>> QueueService::GetQueue(
    rpc::Context context, const v1::GetQueueRequest& request) {
  const QueueStore store(context.tenant);
  std::optional<v1::Queue> queue;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(queue, store.Get(c, request.id(), false));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  if (!queue) co_return NoSuchQueue();
  v1::GetQueueResponse response;
  *response.mutable_queue() = *std::move(queue);
  co_return response;
}

Task<absl::StatusOr<v1::UpdateQueueResponse>> QueueService::UpdateQueue(
    rpc::Context context, const v1::UpdateQueueRequest& request) {
  const QueueStore store(context.tenant);
  v1::UpdateQueueResponse response;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(auto queue, store.Get(c, request.id(), true));
        if (!queue) return NoSuchQueue();
        Merge(request, *queue);
        CTC_RETURN_IF_ERROR(CheckQueue(*queue));
        *queue->mutable_updated_at() = base::ToProto(clock_.Now());
        *response.mutable_queue() = *std::move(queue);
        return store.Update(c, response.queue());
      });
  catalogue_.Forget(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return response;
}

Task<absl::StatusOr<v1::DeleteQueueResponse>> QueueService::DeleteQueue(
    rpc::Context context, const v1::DeleteQueueRequest& request) {
  const QueueStore store(context.tenant);
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(const auto queue, store.Get(c, request.id(), true));
        if (!queue) return NoSuchQueue();
        CTC_ASSIGN_OR_RETURN(const auto menus, MenuStore(context.tenant).LockAll(c));
        const std::vector<std::string> users = MenusUsingQueue(request.id(), menus);
        if (!users.empty()) {
          return base::MakeError(base::kInUse,
                                 absl::StrCat("menus lead to it: ", absl::StrJoin(users, ", ")));
        }
        CTC_ASSIGN_OR_RETURN(
            const bool waiting,
            QueueEntryStore(context.tenant).AnyWaiting(c, request.id(), clock_.Now()));
        if (waiting) return base::MakeError(base::kInUse, "callers wait in it");
        return store.Delete(c, request.id()).status();
      });
  catalogue_.Forget(context.tenant);
  CTC_CO_RETURN_IF_ERROR(status);
  co_return v1::DeleteQueueResponse();
}

Task<absl::StatusOr<v1::GetQueueLiveResponse>> QueueService::GetQueueLive(
    rpc::Context context, const v1::GetQueueLiveRequest& request) {
  absl::StatusOr<Directory::AgentsPtr> agents =
      co_await directory_.Agents(context.tenant, context.deadline);
  CTC_CO_RETURN_IF_ERROR(agents.status());
  const QueueStore store(context.tenant);
  const absl::Time now = clock_.Now();
  std::optional<v1::Queue> queue;
  Floor floor;
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(queue, store.Get(c, request.id(), false));
        if (!queue) return NoSuchQueue();
        CTC_ASSIGN_OR_RETURN(floor.last_offered[request.id()],
                             store.LastOffered(c, request.id(), false));
        return ReadFloor(c, directory_, context.tenant, **agents, "", now, floor);
      });
  CTC_CO_RETURN_IF_ERROR(status);
  v1::GetQueueLiveResponse response;
  FillLive(*queue, floor, now, response);
  co_return response;
}

}  // namespace ctc::routing
