#include "services/routing/store/queue_store.h"

#include "libs/base/proto_time.h"
#include "services/routing/store/json_lists.h"

namespace ctc::routing {
namespace {

#define CTC_QUEUE_COLUMNS                                                                \
  "SELECT id, queue_name, strategy, required_skills_json, teams_json, max_wait_seconds," \
  " max_callers, ring_seconds, music_url, overflow, is_active, created_at, updated_at"   \
  " FROM call_queue "

v1::Queue FromRow(const db::Row& row) {
  v1::Queue queue;
  queue.set_id(row.Text(0));
  queue.set_queue_name(row.Text(1));
  v1::Queue::Strategy strategy = v1::Queue::LONGEST_IDLE;
  v1::Queue::Strategy_Parse(row.Text(2), &strategy);
  queue.set_strategy(strategy);
  ReadLevels(row.Text(3), *queue.mutable_required_skills());
  ReadTexts(row.Text(4), *queue.mutable_teams());
  queue.set_max_wait_seconds(static_cast<int>(row.Int(5)));
  queue.set_max_callers(static_cast<int>(row.Int(6)));
  queue.set_ring_seconds(static_cast<int>(row.Int(7)));
  queue.set_music_url(row.Text(8));
  queue.set_overflow(row.Text(9));
  queue.set_is_active(row.Int(10) != 0);
  *queue.mutable_created_at() = base::ToProto(row.Time(11));
  *queue.mutable_updated_at() = base::ToProto(row.Time(12));
  return queue;
}

std::vector<v1::Queue> FromRows(const db::Rows& rows) {
  std::vector<v1::Queue> queues;
  for (const db::Row& row : rows) queues.push_back(FromRow(row));
  return queues;
}

constexpr db::SortKey kSortKeys[] = {{"queue_name", "queue_name", 1},
                                     {"created_at", "created_at", 11}};

}  // namespace

const db::ListOrders kQueueOrders = {"queues", "queue_name", kSortKeys};

absl::Status QueueStore::Insert(db::Connection& c, const v1::Queue& queue) const {
  return c
      .Execute(
          "INSERT INTO call_queue (id, tenant_id, queue_name, strategy, required_skills_json,"
          " teams_json, max_wait_seconds, max_callers, ring_seconds, music_url, overflow,"
          " is_active, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          {queue.id(), tenant_.value(), queue.queue_name(),
           v1::Queue::Strategy_Name(queue.strategy()), LevelsJson(queue.required_skills()),
           TextsJson(queue.teams()), int64_t{queue.max_wait_seconds()},
           int64_t{queue.max_callers()}, int64_t{queue.ring_seconds()},
           db::TextOrNull(queue.music_url()), queue.overflow(), int64_t{queue.is_active()},
           base::FromProto(queue.created_at()), base::FromProto(queue.updated_at())})
      .status();
}

absl::Status QueueStore::Update(db::Connection& c, const v1::Queue& queue) const {
  return c
      .Execute(
          "UPDATE call_queue SET queue_name = ?, strategy = ?, required_skills_json = ?,"
          " teams_json = ?, max_wait_seconds = ?, max_callers = ?, ring_seconds = ?,"
          " music_url = ?, overflow = ?, is_active = ?, updated_at = ?"
          " WHERE tenant_id = ? AND id = ?",
          {queue.queue_name(), v1::Queue::Strategy_Name(queue.strategy()),
           LevelsJson(queue.required_skills()), TextsJson(queue.teams()),
           int64_t{queue.max_wait_seconds()}, int64_t{queue.max_callers()},
           int64_t{queue.ring_seconds()}, db::TextOrNull(queue.music_url()), queue.overflow(),
           int64_t{queue.is_active()}, base::FromProto(queue.updated_at()), tenant_.value(),
           queue.id()})
      .status();
}

absl::StatusOr<std::optional<v1::Queue>> QueueStore::Get(db::Connection& c, const std::string& id,
                                                         bool for_update) const {
  const db::Params params = {tenant_.value(), id};
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      for_update ? c.Query(CTC_QUEUE_COLUMNS "WHERE tenant_id = ? AND id = ? FOR UPDATE", params)
                 : c.Query(CTC_QUEUE_COLUMNS "WHERE tenant_id = ? AND id = ?", params));
  if (rows.empty()) return std::nullopt;
  return FromRow(rows[0]);
}

absl::StatusOr<QueuePage> QueueStore::List(db::Connection& c, const db::ListPage& page) const {
  QueuePage found;
  CTC_ASSIGN_OR_RETURN(
      const db::Rows count,
      c.Query("SELECT COUNT(*) FROM call_queue WHERE tenant_id = ?", {tenant_.value()}));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(db::ListRows listed,
                       page.Select(c, CTC_QUEUE_COLUMNS "WHERE tenant_id = ?", {tenant_.value()}));
  found.queues = FromRows(listed.rows);
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

absl::StatusOr<std::vector<v1::Queue>> QueueStore::LoadAll(db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       c.Query(CTC_QUEUE_COLUMNS "WHERE tenant_id = ?", {tenant_.value()}));
  return FromRows(rows);
}

absl::StatusOr<std::vector<v1::Queue>> QueueStore::LockAll(db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      c.Query(CTC_QUEUE_COLUMNS "WHERE tenant_id = ? FOR UPDATE", {tenant_.value()}));
  return FromRows(rows);
}

absl::StatusOr<bool> QueueStore::Delete(db::Connection& c, const std::string& id) const {
  CTC_ASSIGN_OR_RETURN(
      const int64_t gone,
      c.Execute("DELETE FROM call_queue WHERE tenant_id = ? AND id = ?", {tenant_.value(), id}));
  return gone > 0;
}

absl::StatusOr<std::string> QueueStore::LastOffered(db::Connection& c, const std::string& id,
                                                    bool for_update) const {
  const db::Params params = {tenant_.value(), id};
  CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                       for_update ? c.Query("SELECT last_offered_agent_id FROM call_queue"
                                            " WHERE tenant_id = ? AND id = ? FOR UPDATE",
                                            params)
                                  : c.Query("SELECT last_offered_agent_id FROM call_queue"
                                            " WHERE tenant_id = ? AND id = ?",
                                            params));
  return rows.empty() ? std::string() : rows[0].Text(0);
}

absl::StatusOr<std::map<std::string, std::string>> QueueStore::AllLastOffered(
    db::Connection& c) const {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      c.Query("SELECT id, last_offered_agent_id FROM call_queue WHERE tenant_id = ?",
              {tenant_.value()}));
  std::map<std::string, std::string> last;
  for (const db::Row& row : rows) last.emplace(row.Text(0), row.Text(1));
  return last;
}

absl::Status QueueStore::SetLastOffered(db::Connection& c, const std::string& id,
                                        const std::string& agent_id) const {
  return c
      .Execute("UPDATE call_queue SET last_offered_agent_id = ? WHERE tenant_id = ? AND id = ?",
               {agent_id, tenant_.value(), id})
      .status();
}

}  // namespace ctc::routing
