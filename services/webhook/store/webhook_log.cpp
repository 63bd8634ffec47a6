// The SQL of click_to_call_webhook_log.
#include "services/webhook/store/webhook_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "libs/base/error_catalogue.h"

namespace ctc::webhook::store {
namespace {

constexpr char kInsert[] =
    "INSERT INTO click_to_call_webhook_log (id, tenant_id, provider_type, provider_id, event_type,"
    " session_id, correlation_id, source, signature_valid, state, error_code, error_message,"
    " payload, facts, attempts, next_attempt_at, received_at, processed_at)";
constexpr char kInsertTail[] = "ON DUPLICATE KEY UPDATE id = VALUES(id)";

constexpr char kClaim[] =
    "SELECT id, received_at, attempts, facts FROM click_to_call_webhook_log"
    " WHERE next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT 256 FOR UPDATE SKIP LOCKED";

constexpr char kSetBack[] =
    "UPDATE click_to_call_webhook_log SET state = ?, attempts = attempts + 1, next_attempt_at = ?,"
    " error_code = ?, error_message = ? WHERE id = ? AND processed_at IS NULL";

#define CTC_WEBHOOK_COLUMNS                                                                   \
  "SELECT id, tenant_id, provider_type, provider_id, event_type, session_id, correlation_id," \
  " source, signature_valid, state, error_code, error_message, attempts, received_at,"        \
  " processed_at"
#define CTC_WEBHOOK_OTHER_FILTERS " AND (? = '' OR state = ?) AND (? = '' OR provider_type = ?)"
#define CTC_WEBHOOK_ALL " WHERE tenant_id = ?" CTC_WEBHOOK_OTHER_FILTERS
#define CTC_WEBHOOK_OF_SESSION \
  " WHERE tenant_id = ? AND session_id IN (?, ?)" CTC_WEBHOOK_OTHER_FILTERS
#define CTC_WEBHOOK_FROM " FROM click_to_call_webhook_log"
#define CTC_WEBHOOK_LISTED \
  CTC_WEBHOOK_FROM " FORCE INDEX (idx_webhook_time, idx_webhook_session, idx_webhook_state)"

constexpr char kListAll[] = CTC_WEBHOOK_COLUMNS CTC_WEBHOOK_LISTED CTC_WEBHOOK_ALL;
constexpr char kListOfSession[] = CTC_WEBHOOK_COLUMNS CTC_WEBHOOK_LISTED CTC_WEBHOOK_OF_SESSION;
constexpr db::SortKey kSortKeys[] = {{"received_at", "received_at", 13}};
constexpr char kCountAll[] = "SELECT COUNT(*)" CTC_WEBHOOK_FROM CTC_WEBHOOK_ALL;
constexpr char kCountOfSession[] = "SELECT COUNT(*)" CTC_WEBHOOK_FROM CTC_WEBHOOK_OF_SESSION;
constexpr char kGet[] =
    CTC_WEBHOOK_COLUMNS ", payload, facts" CTC_WEBHOOK_FROM " WHERE tenant_id = ? AND id = ?";

#undef CTC_WEBHOOK_COLUMNS
#undef CTC_WEBHOOK_OTHER_FILTERS
#undef CTC_WEBHOOK_ALL
#undef CTC_WEBHOOK_OF_SESSION
#undef CTC_WEBHOOK_FROM
#undef CTC_WEBHOOK_LISTED

// Statements over lists of ids come in few sizes, so that few texts are prepared.
struct SizedStatement {
  size_t size;
  std::string_view sql;
};
using SizedStatements = std::array<SizedStatement, 5>;  // smallest first

#define CTC_PLACES_4 "?, ?, ?, ?"
#define CTC_PLACES_16 CTC_PLACES_4 ", " CTC_PLACES_4 ", " CTC_PLACES_4 ", " CTC_PLACES_4
#define CTC_PLACES_64 CTC_PLACES_16 ", " CTC_PLACES_16 ", " CTC_PLACES_16 ", " CTC_PLACES_16
#define CTC_PLACES_256 CTC_PLACES_64 ", " CTC_PLACES_64 ", " CTC_PLACES_64 ", " CTC_PLACES_64
#define CTC_FOR_IDS(head, count, places) \
  SizedStatement{count, head " WHERE processed_at IS NULL AND id IN (" places ")"}
#define CTC_FOR_ALL_SIZES(head)                                                     \
  SizedStatements {                                                                 \
    CTC_FOR_IDS(head, 1, "?"), CTC_FOR_IDS(head, 4, CTC_PLACES_4),                  \
        CTC_FOR_IDS(head, 16, CTC_PLACES_16), CTC_FOR_IDS(head, 64, CTC_PLACES_64), \
        CTC_FOR_IDS(head, 256, CTC_PLACES_256)                                      \
  }

constexpr SizedStatements kMarkDone = CTC_FOR_ALL_SIZES(
    "UPDATE click_to_call_webhook_log SET state = ?, processed_at = ?, next_attempt_at = NULL,"
    " facts = NULL, error_code = '', error_message = '', attempts = attempts + 1");
constexpr SizedStatements kLease =
    CTC_FOR_ALL_SIZES("UPDATE click_to_call_webhook_log SET next_attempt_at = ?");

#undef CTC_PLACES_4
#undef CTC_PLACES_16
#undef CTC_PLACES_64
#undef CTC_PLACES_256
#undef CTC_FOR_IDS
#undef CTC_FOR_ALL_SIZES

// Runs the statement for all ids; `params` come before the ids. The last id fills the places that
// are left over: naming it again changes nothing, and one statement costs less than several.
absl::Status ExecuteForIds(db::Connection& connection, const SizedStatements& statements,
                           const db::Params& params, const std::vector<std::string>& ids) {
  size_t done = 0;
  while (done < ids.size()) {
    const size_t left = ids.size() - done;
    const auto fitting = std::find_if(statements.begin(), statements.end(),
                                      [&](const auto& s) { return s.size >= left; });
    const SizedStatement& statement = fitting == statements.end() ? statements.back() : *fitting;
    db::Params all = params;
    all.reserve(params.size() + statement.size);
    for (size_t i = 0; i < statement.size; ++i) {
      all.emplace_back(ids[std::min(done + i, ids.size() - 1)]);
    }
    CTC_RETURN_IF_ERROR(connection.Execute(statement.sql, all).status());
    done += statement.size;
  }
  return absl::OkStatus();
}

LogEntry EntryOf(const db::Row& row) {
  LogEntry entry;
  entry.id = row.Text(0);
  entry.tenant = row.Text(1);
  entry.provider_type = row.Text(2);
  entry.provider_id = row.OptionalText(3).value_or("");
  entry.event_type = row.Text(4);
  entry.session_id = row.Text(5);
  entry.correlation_id = row.Text(6);
  entry.source = row.Text(7);
  entry.signature_valid = row.Int(8) != 0;
  entry.state = row.Text(9);
  entry.error_code = row.Text(10);
  entry.error_message = row.Text(11);
  entry.attempts = static_cast<int>(row.Int(12));
  entry.received_at = row.Time(13);
  entry.processed_at = row.IsNull(14) ? absl::InfiniteFuture() : row.Time(14);
  return entry;
}

}  // namespace

const db::ListOrders kLogOrders = {"webhook_logs", "-received_at", kSortKeys};

absl::Status Insert(db::Connection& connection, const std::vector<const LogEntry*>& entries) {
  db::RowsText rows(kInsert, kInsertTail);
  for (const LogEntry* e : entries) {
    rows.BeginRow();
    rows.Add(e->id, e->tenant, e->provider_type, db::NullIfEmpty{e->provider_id}, e->event_type,
             e->session_id, e->correlation_id, e->source, e->signature_valid, e->state,
             e->error_code, e->error_message, db::NullIfEmpty{e->payload},
             db::NullIfEmpty{e->facts}, e->attempts, e->next_attempt_at, e->received_at,
             e->processed_at);
    rows.EndRow();
  }
  return connection.ExecuteAll(std::move(rows).Finish(), db::Ending::kCommit);
}

absl::Status MarkDone(db::Connection& connection, const std::vector<std::string>& ids,
                      std::string_view state, absl::Time now) {
  return ExecuteForIds(connection, kMarkDone, {std::string(state), now}, ids);
}

absl::StatusOr<std::vector<DueEvent>> Claim(db::Connection& connection, absl::Time now,
                                            absl::Time lease_until) {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows, connection.Query(kClaim, {now}));
  std::vector<DueEvent> due;
  std::vector<std::string> ids;
  due.reserve(rows.size());
  ids.reserve(rows.size());
  for (const db::Row& row : rows) {
    DueEvent event;
    event.id = row.Text(0);
    event.received_at = row.Time(1);
    event.attempts = static_cast<int>(row.Int(2));
    event.facts = row.OptionalText(3).value_or("");
    ids.push_back(event.id);
    due.push_back(std::move(event));
  }
  CTC_RETURN_IF_ERROR(ExecuteForIds(connection, kLease, {lease_until}, ids));
  return due;
}

absl::Status SetBack(db::Connection& connection, const std::vector<Setback>& setbacks) {
  for (const Setback& s : setbacks) {
    const bool park = s.next_attempt_at == absl::InfiniteFuture();
    const std::string state(park ? kParked : kReceived);
    CTC_RETURN_IF_ERROR(
        connection
            .Execute(kSetBack, {state, s.next_attempt_at, s.error_code, s.error_message, s.id})
            .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<Page> List(db::Connection& connection, const base::TenantId& tenant,
                          const Filter& filter, const db::ListPage& page) {
  db::Params params = {tenant.value()};
  const bool of_session = !filter.sessions.empty();
  if (of_session) {
    params.emplace_back(filter.sessions.front());
    params.emplace_back(filter.sessions.back());
  }
  for (const std::string* text : {&filter.state, &filter.provider_type}) {
    params.emplace_back(*text);
    params.emplace_back(*text);
  }
  Page found;
  CTC_ASSIGN_OR_RETURN(const db::Rows count,
                       connection.Query(of_session ? kCountOfSession : kCountAll, params));
  found.total = count.empty() ? 0 : count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(
      db::ListRows listed,
      page.Select(connection, of_session ? kListOfSession : kListAll, std::move(params)));
  found.entries.reserve(listed.rows.size());
  for (const db::Row& row : listed.rows) found.entries.push_back(EntryOf(row));
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

absl::StatusOr<LogEntry> Get(db::Connection& connection, const base::TenantId& tenant,
                             const std::string& id) {
  CTC_ASSIGN_OR_RETURN(const db::Rows rows, connection.Query(kGet, {tenant.value(), id}));
  if (rows.empty()) return base::MakeError(base::kNotFound, "there is no such webhook");
  LogEntry entry = EntryOf(rows[0]);
  entry.payload = rows[0].OptionalText(15).value_or("");
  entry.facts = rows[0].OptionalText(16).value_or("");
  return entry;
}

}  // namespace ctc::webhook::store
