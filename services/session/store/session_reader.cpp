// Read paths. A session found in the database enters the cache unless it changed meanwhile.
#include "services/session/store/session_reader.h"

#include <optional>
#include <unordered_map>

#include "libs/base/error_catalogue.h"
#include "services/session/store/event_rows.h"
#include "services/session/store/session_rows.h"

namespace ctc::session::store {
namespace {

absl::Status NoSession() { return base::MakeError(base::kNotFound, "There is no such session"); }

}  // namespace

RecordPtr SessionReader::Shared(std::vector<Record>& records) {
  if (records.empty()) return nullptr;
  return cache_.foretold().Complete(std::make_shared<const Record>(std::move(records.front())));
}

Task<absl::StatusOr<RecordPtr>> SessionReader::Get(base::TenantId tenant, std::string id,
                                                   absl::Time deadline) {
  const RecordPtr record = base::IsUuid(id) ? cache_.Find(id) : cache_.FindBySessionId(id);
  if (record == nullptr) co_return co_await GetNewest(std::move(tenant), std::move(id), deadline);
  if (!(record->tenant == tenant)) co_return NoSession();
  co_return record;
}

Task<absl::StatusOr<RecordPtr>> SessionReader::GetNewest(base::TenantId tenant, std::string id,
                                                         absl::Time deadline) {
  const bool by_uuid = base::IsUuid(id);
  if (!by_uuid && !id.starts_with("sess_")) co_return NoSession();
  RecordPtr record;
  const int64_t generation = cache_.generation();
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    absl::StatusOr<std::vector<Record>> found =
        by_uuid ? SelectByIds(c, {id}) : SelectBySessionId(c, tenant, id);
    if (!found.ok()) return found.status();
    record = Shared(*found);
    return absl::OkStatus();
  }));
  if (record != nullptr) cache_.PutRead(record, generation);
  if (record == nullptr || !(record->tenant == tenant)) co_return NoSession();
  co_return record;
}

Task<absl::StatusOr<std::vector<RecordPtr>>> SessionReader::GetMany(std::vector<std::string> ids,
                                                                    absl::Time deadline) {
  std::vector<RecordPtr> records;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(
      deadline, [&](db::Connection& c) -> absl::Status { return Fill(c, ids, records); }));
  co_return records;
}

Task<absl::StatusOr<RecordPtr>> SessionReader::GetByProviderCall(base::TenantId tenant,
                                                                 std::string provider_id,
                                                                 std::string provider_call_id,
                                                                 absl::Time deadline) {
  RecordPtr record = cache_.FindByProviderCall(tenant, provider_id, provider_call_id);
  if (record != nullptr) co_return record;
  std::string id = cache_.foretold().FindByProviderCall(tenant, provider_id, provider_call_id);
  if (!id.empty()) co_return co_await Get(std::move(tenant), std::move(id), deadline);
  const int64_t generation = cache_.generation();
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    absl::StatusOr<std::vector<Record>> found =
        SelectByProviderCall(c, tenant, provider_id, provider_call_id);
    if (!found.ok()) return found.status();
    record = Shared(*found);
    return absl::OkStatus();
  }));
  if (record == nullptr) co_return NoSession();
  cache_.PutRead(record, generation);
  co_return record;
}

Task<absl::StatusOr<RecordPtr>> SessionReader::GetByIdempotencyKey(base::TenantId tenant,
                                                                   std::string key,
                                                                   absl::Time deadline) {
  RecordPtr record;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    absl::StatusOr<std::vector<Record>> found = SelectByIdempotencyKey(c, tenant, key);
    if (!found.ok()) return found.status();
    record = Shared(*found);
    return absl::OkStatus();
  }));
  if (record == nullptr) co_return NoSession();
  co_return record;
}

bool SessionReader::FillFromCache(const std::vector<std::string>& ids,
                                  std::vector<RecordPtr>& records) {
  records.clear();
  for (const std::string& id : ids) {
    records.push_back(cache_.Find(id));
    if (records.back() == nullptr) return false;
  }
  return true;
}

absl::Status SessionReader::Fill(db::Connection& connection, const std::vector<std::string>& ids,
                                 std::vector<RecordPtr>& records) {
  const int64_t generation = cache_.generation();
  records.clear();
  std::vector<std::string> missing;
  for (const std::string& id : ids) {
    records.push_back(cache_.Find(id));
    if (records.back() == nullptr) missing.push_back(id);
  }
  if (missing.empty()) return absl::OkStatus();
  CTC_ASSIGN_OR_RETURN(std::vector<Record> found, SelectByIds(connection, missing));
  std::unordered_map<std::string, RecordPtr> by_id;
  for (Record& record : found) {
    RecordPtr shared =
        cache_.foretold().Complete(std::make_shared<const Record>(std::move(record)));
    cache_.PutRead(shared, generation);
    by_id[shared->id()] = std::move(shared);
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    if (records[i] == nullptr) records[i] = by_id[ids[i]];
  }
  std::erase(records, nullptr);
  return absl::OkStatus();
}

Task<absl::StatusOr<SessionReader::Page>> SessionReader::List(ListQuery query,
                                                              absl::Time deadline) {
  Page page;
  std::optional<IdPage> known = cache_.pages().Find(query);
  if (!known || !FillFromCache(known->ids, page.records)) {
    const PageCache::Stamp stamp = cache_.pages().StampOf(query);
    IdPage ids;
    CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(ids, SelectPage(c, query));
      return Fill(c, ids.ids, page.records);
    }));
    cache_.pages().Put(query, ids, stamp);
    known = std::move(ids);
  }
  page.total = known->total;
  if (known->has_more) page.last_id = known->ids.back();
  co_return page;
}

Task<absl::StatusOr<std::vector<RecordPtr>>> SessionReader::ListLive(base::TenantId tenant,
                                                                     std::string provider_id,
                                                                     absl::Time deadline) {
  std::vector<RecordPtr> records;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(
        const db::Rows rows,
        c.Query("SELECT id FROM click_to_call_session WHERE tenant_id = ? AND status IN"
                " ('INITIATED', 'RINGING', 'CONNECTED', 'ON_HOLD') AND provider_id = ?"
                " ORDER BY id LIMIT 10000",
                {tenant.value(), provider_id}));
    std::vector<std::string> ids;
    for (const db::Row& row : rows) ids.push_back(row.Text(0));
    return Fill(c, ids, records);
  }));
  co_return records;
}

Task<absl::StatusOr<std::vector<v1::CallEvent>>> SessionReader::EventsOf(base::TenantId tenant,
                                                                         std::string id,
                                                                         absl::Time deadline) {
  std::vector<v1::CallEvent> events;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(events, SelectEventsOf(c, tenant, id));
    return absl::OkStatus();
  }));
  co_return events;
}

Task<absl::StatusOr<FeedRing::Page>> SessionReader::ReadFeed(int64_t after, int limit,
                                                             std::string tenant,
                                                             absl::Time deadline) {
  if (auto page = ring_.Read(after, static_cast<size_t>(limit), tenant)) co_return *std::move(page);
  FeedRing::Page page;
  page.last_seq = after;
  std::vector<v1::CallEvent> events;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(events, SelectEventsAfter(c, after, limit));
    return absl::OkStatus();
  }));
  for (v1::CallEvent& event : events) {
    page.last_seq = event.seq();
    if (!tenant.empty() && event.tenant_id() != tenant) continue;
    page.events.push_back(std::make_shared<const v1::CallEvent>(std::move(event)));
  }
  co_return page;
}

Task<absl::StatusOr<int64_t>> SessionReader::LastSeq(absl::Time deadline) {
  if (const int64_t known = ring_.last_seq(); known >= 0) co_return known;
  int64_t last = 0;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                         c.Query("SELECT last_seq FROM feed_sequence WHERE id = 1"));
    if (!rows.empty()) last = rows[0].Int(0);
    return absl::OkStatus();
  }));
  co_return last;
}

}  // namespace ctc::session::store
