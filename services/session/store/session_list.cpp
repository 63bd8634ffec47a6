// Lists: ids from a covering index; the sessions themselves come from the cache.
#include "services/session/store/session_list.h"

#include <charconv>

#include "libs/base/ids.h"
#include "libs/base/proto_time.h"

namespace ctc::session::store {
namespace {

// "%" and "_" of a search text are letters like others.
std::string LikePrefix(const std::string& text) {
  std::string pattern;
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

struct Where {
  std::string text = " WHERE tenant_id = ?";
  db::Params params;

  void Add(std::string_view condition, db::Value value) {
    text += condition;
    params.push_back(std::move(value));
  }
};

Where MakeWhere(const ListQuery& query) {
  const v1::ListSessionsRequest& f = query.filter;
  Where where;
  where.params.push_back(query.tenant.value());
  if (!query.own_agent_id.empty()) where.Add(" AND agent_id = ?", query.own_agent_id);
  if (f.has_agent_id()) where.Add(" AND agent_id = ?", f.agent_id());
  if (f.has_status()) where.Add(" AND status = ?", f.status());
  if (f.has_lead_id()) where.Add(" AND lead_id = ?", f.lead_id());
  if (f.has_campaign_id()) where.Add(" AND campaign_id = ?", f.campaign_id());
  if (f.has_account_id()) where.Add(" AND account_id = ?", f.account_id());
  if (f.has_provider_id()) where.Add(" AND provider_id = ?", f.provider_id());
  if (f.has_direction()) where.Add(" AND direction = ?", f.direction());
  if (f.has_from_phone()) where.Add(" AND from_phone = ?", f.from_phone());
  if (f.has_to_phone()) where.Add(" AND to_phone = ?", f.to_phone());
  if (f.has_started_after()) {
    where.Add(" AND id >= ?", base::FirstUuidAt(base::FromProto(f.started_after())));
  }
  if (f.has_started_before()) {
    where.Add(" AND id < ?", base::FirstUuidAt(base::FromProto(f.started_before())));
  }
  if (f.has_q() && !f.q().empty()) {
    const std::string prefix = LikePrefix(f.q());
    where.text +=
        " AND (session_id = ? OR from_phone LIKE ? OR to_phone LIKE ?"
        " OR contact_name LIKE ?)";
    where.params.insert(where.params.end(), {f.q(), prefix, prefix, prefix});
  }
  return where;
}

absl::StatusOr<int64_t> Count(db::Connection& connection, const Where& where) {
  CTC_ASSIGN_OR_RETURN(
      const db::Rows rows,
      // lint-allow(sql): where.text is made of constant clauses
      connection.Query("SELECT COUNT(*) FROM click_to_call_session" + where.text, where.params));
  return rows.at(0).Int(0);
}

constexpr db::SortKey kSortKeys[] = {{"created_at", "id", 0}};

}  // namespace

const db::ListOrders kSessionOrders = {"sessions", "-created_at", kSortKeys};

absl::StatusOr<IdPage> SelectPage(db::Connection& connection, const ListQuery& query) {
  const Where where = MakeWhere(query);
  // lint-allow(sql): where.text is made of constant clauses
  std::string sql = "SELECT id, (SELECT COUNT(*) FROM click_to_call_session" + where.text +
                    ") FROM click_to_call_session" + where.text;
  db::Params params = where.params;
  params.insert(params.end(), where.params.begin(), where.params.end());
  if (!query.after_id.empty()) {
    sql += query.newest_first ? " AND id < ?" : " AND id > ?";
    params.emplace_back(query.after_id);
  }
  sql +=
      query.newest_first ? " ORDER BY id DESC LIMIT ? OFFSET ?" : " ORDER BY id LIMIT ? OFFSET ?";
  params.emplace_back(int64_t{query.limit} + 1);
  params.emplace_back(int64_t{query.offset});
  CTC_ASSIGN_OR_RETURN(const db::Rows rows, connection.Query(sql, params));
  IdPage page;
  page.has_more = rows.size() > static_cast<size_t>(query.limit);
  for (const db::Row& row : rows) {
    if (page.ids.size() < static_cast<size_t>(query.limit)) page.ids.push_back(row.Text(0));
  }
  if (!rows.empty()) {
    page.total = rows[0].Int(1);
  } else {
    CTC_ASSIGN_OR_RETURN(page.total, Count(connection, where));
  }
  return page;
}

absl::Time TimeOfId(const std::string& id) {
  uint64_t millis = 0;
  const std::string digits = id.substr(0, 8) + id.substr(9, 4);
  std::from_chars(digits.data(), digits.data() + digits.size(), millis, 16);
  return absl::FromUnixMillis(static_cast<int64_t>(millis));
}

}  // namespace ctc::session::store
