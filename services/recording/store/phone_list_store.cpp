#include "services/recording/store/phone_list_store.h"

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"

namespace ctc::recording {
namespace {

constexpr std::string_view kColumns =
    "SELECT id, phone_number, list_type, reason, expires_at, created_at FROM phone_number_list ";

v1::PhoneNumber FromRow(const db::Row& row) {
  v1::PhoneNumber number;
  number.set_id(row.Text(0));
  number.set_phone_number(row.Text(1));
  v1::PhoneNumber::ListType type = v1::PhoneNumber::LIST_TYPE_UNSPECIFIED;
  v1::PhoneNumber::ListType_Parse(row.Text(2), &type);
  number.set_list_type(type);
  number.set_reason(row.Text(3));
  if (!row.IsNull(4)) *number.mutable_expires_at() = base::ToProto(row.Time(4));
  *number.mutable_created_at() = base::ToProto(row.Time(5));
  return number;
}

db::Value ExpiryOf(const v1::PhoneNumber& number) {
  return number.has_expires_at() ? db::Value(base::FromProto(number.expires_at()))
                                 : db::Value(db::Null{});
}

void AppendRow(const base::TenantId& tenant, const v1::PhoneNumber& number, db::Params& params) {
  const absl::Time created = base::FromProto(number.created_at());
  params.insert(params.end(), {number.id(), tenant.value(), number.phone_number(),
                               v1::PhoneNumber::ListType_Name(number.list_type()), number.reason(),
                               ExpiryOf(number), created, created});
}

// Of the lists that restrain calls.
constexpr std::string_view kChecked =
    "SELECT phone_number, id, list_type, expires_at FROM phone_number_list"
    " WHERE tenant_id = ? AND list_type IN ('WHITELIST', 'BLACKLIST', 'SPAM')";

ListEntry EntryFrom(const db::Row& row) {
  ListEntry entry;
  entry.id = row.Text(1);
  v1::PhoneNumber::ListType_Parse(row.Text(2), &entry.type);
  if (!row.IsNull(3)) entry.expires_at = row.Time(3);
  return entry;
}

constexpr db::SortKey kSortKeys[] = {{"created_at", "created_at", 5}};

constexpr std::string_view kInsert =
    "INSERT INTO phone_number_list (id, tenant_id, phone_number, list_type, reason, expires_at,"
    " created_at, updated_at)";

}  // namespace

const db::ListOrders kPhoneNumberOrders = {"phone_numbers", "-created_at", kSortKeys};

absl::Status PhoneListStore::Insert(db::Connection& c, const v1::PhoneNumber& number) const {
  db::Params params;
  AppendRow(tenant_, number, params);
  return c.ExecuteRows(kInsert, 8, params).status();
}

absl::StatusOr<int64_t> PhoneListStore::Put(db::Connection& c,
                                            const std::vector<v1::PhoneNumber>& numbers) const {
  db::Params params;
  for (const auto& number : numbers) AppendRow(tenant_, number, params);
  constexpr std::string_view kCount = "SELECT COUNT(*) FROM phone_number_list WHERE tenant_id = ?";
  // From left to right: updated_at looks at what the row was.
  constexpr std::string_view kRenew =
      " ON DUPLICATE KEY UPDATE"
      " updated_at = IF(expires_at IS NULL AND VALUES(reason) IN ('', reason), updated_at,"
      " VALUES(updated_at)),"
      " reason = IF(VALUES(reason) = '', reason, VALUES(reason)), expires_at = NULL";
  CTC_ASSIGN_OR_RETURN(const auto before, c.Query(kCount, {tenant_.value()}));
  CTC_ASSIGN_OR_RETURN(const int64_t affected, c.ExecuteRows(kInsert, 8, params, kRenew));
  CTC_ASSIGN_OR_RETURN(const auto after, c.Query(kCount, {tenant_.value()}));
  const int64_t added = after[0].Int(0) - before[0].Int(0);
  // A row that was added or found the same is affected once, one that changed twice.
  const int64_t changed = affected - static_cast<int64_t>(numbers.size());
  return added + changed;
}

absl::Status PhoneListStore::DeleteExpired(db::Connection& c, const v1::PhoneNumber& number,
                                           absl::Time now) const {
  return c
      .Execute(
          "DELETE FROM phone_number_list WHERE tenant_id = ? AND phone_number = ?"
          " AND list_type = ? AND expires_at <= ? AND id <> ?",
          {tenant_.value(), number.phone_number(),
           v1::PhoneNumber::ListType_Name(number.list_type()), now, number.id()})
      .status();
}

absl::StatusOr<v1::PhoneNumber> PhoneListStore::Get(db::Connection& c, const std::string& id,
                                                    bool for_update) const {
  static const std::string kRead = std::string(kColumns) + "WHERE tenant_id = ? AND id = ?";
  static const std::string kLock = kRead + " FOR UPDATE";
  CTC_ASSIGN_OR_RETURN(const auto rows, c.Query(for_update ? kLock : kRead, {tenant_.value(), id}));
  if (rows.empty()) return base::MakeError(base::kNotFound, "there is no such phone number entry");
  return FromRow(rows[0]);
}

absl::StatusOr<PhoneNumberPage> PhoneListStore::List(db::Connection& c,
                                                     const PhoneNumberFilter& filter,
                                                     const db::ListPage& page) const {
  constexpr std::string_view kWhere =
      "WHERE tenant_id = ? AND (? = '' OR list_type = ?) AND (? = '' OR phone_number = ?)";
  static const std::string kCount = "SELECT COUNT(*) FROM phone_number_list " + std::string(kWhere);
  constexpr std::string_view kIndexes =
      "FORCE INDEX (idx_list_newest, idx_list_time, uq_number_list) ";
  static const std::string kList =
      std::string(kColumns) + std::string(kIndexes) + std::string(kWhere);
  db::Params params = {tenant_.value(), filter.list_type, filter.list_type, filter.phone_number,
                       filter.phone_number};
  PhoneNumberPage found;
  CTC_ASSIGN_OR_RETURN(const auto count, c.Query(kCount, params));
  found.total = count[0].Int(0);
  CTC_ASSIGN_OR_RETURN(db::ListRows listed, page.Select(c, kList, std::move(params)));
  for (const auto& row : listed.rows) found.numbers.push_back(FromRow(row));
  found.next_cursor = std::move(listed.next_cursor);
  return found;
}

absl::Status PhoneListStore::Update(db::Connection& c, const v1::PhoneNumber& number,
                                    absl::Time now) const {
  return c
      .Execute(
          "UPDATE phone_number_list SET list_type = ?, reason = ?, expires_at = ?, updated_at = ?"
          " WHERE tenant_id = ? AND id = ?",
          {v1::PhoneNumber::ListType_Name(number.list_type()), number.reason(), ExpiryOf(number),
           now, tenant_.value(), number.id()})
      .status();
}

absl::StatusOr<bool> PhoneListStore::Delete(db::Connection& c, const std::string& id) const {
  CTC_ASSIGN_OR_RETURN(const auto gone,
                       c.Execute("DELETE FROM phone_number_list WHERE tenant_id = ?"
                                 " AND id = ?",
                                 {tenant_.value(), id}));
  return gone > 0;
}

absl::Status PhoneListStore::LoadPolicy(db::Connection& c, int limit, Policy& policy) const {
  static const std::string kSql = std::string(kChecked) + " LIMIT ?";
  CTC_ASSIGN_OR_RETURN(const auto rows, c.Query(kSql, {tenant_.value(), int64_t{limit} + 1}));
  policy.lists_are_whole = rows.size() <= static_cast<size_t>(limit);
  if (!policy.lists_are_whole) return absl::OkStatus();
  for (const auto& row : rows) policy.lists[row.Text(0)].push_back(EntryFrom(row));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ListEntry>> PhoneListStore::EntriesOf(
    db::Connection& c, const std::string& phone_number) const {
  static const std::string kSql = std::string(kChecked) + " AND phone_number = ?";
  CTC_ASSIGN_OR_RETURN(const auto rows, c.Query(kSql, {tenant_.value(), phone_number}));
  std::vector<ListEntry> entries;
  for (const auto& row : rows) entries.push_back(EntryFrom(row));
  return entries;
}

}  // namespace ctc::recording
