#include "services/dispatch/store/provider_store.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>
#include <google/protobuf/util/json_util.h>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"

namespace ctc::dispatch {
namespace {

using common::v1::ProviderType;

constexpr std::string_view kInsert =
    "INSERT INTO voip_provider (provider_name, provider_type, api_url, credentials, "
    "credentials_set, phone_number, caller_id, dial_plan_prefix, callback_url, account_sid, "
    "application_id, region, settings_json, is_active, retry_count, timeout_seconds, priority, "
    "updated_at, id, tenant_id, version, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kUpdate =
    "UPDATE voip_provider SET provider_name = ?, provider_type = ?, api_url = ?, credentials = ?, "
    "credentials_set = ?, phone_number = ?, caller_id = ?, dial_plan_prefix = ?, callback_url = ?, "
    "account_sid = ?, application_id = ?, region = ?, settings_json = ?, is_active = ?, "
    "retry_count = ?, timeout_seconds = ?, priority = ?, updated_at = ?, version = version + 1 "
    "WHERE id = ? AND tenant_id = ? AND version = ?";
// The columns of every SELECT, in ReadRow's order. Spelled out in each: statement text is constant.
#define CTC_PROVIDER_COLUMNS                                                               \
  "id, tenant_id, provider_name, provider_type, api_url, credentials, credentials_set, "   \
  "phone_number, caller_id, dial_plan_prefix, callback_url, account_sid, application_id, " \
  "region, settings_json, is_active, retry_count, timeout_seconds, priority, version, "    \
  "created_at, updated_at"
constexpr std::string_view kGet =
    "SELECT " CTC_PROVIDER_COLUMNS " FROM voip_provider WHERE id = ? AND tenant_id = ?";
constexpr std::string_view kAll =
    "SELECT " CTC_PROVIDER_COLUMNS
    " FROM voip_provider WHERE tenant_id = ? ORDER BY priority, id LIMIT 1000";
constexpr std::string_view kList =
    "SELECT " CTC_PROVIDER_COLUMNS
    " FROM voip_provider WHERE tenant_id = ? AND (? = '' OR provider_type = ?) "
    "AND (? < 0 OR is_active = ?)";
constexpr db::SortKey kSortKeys[] = {{"priority", "priority", 18, /*is_number=*/true},
                                     {"provider_name", "provider_name", 2},
                                     {"created_at", "created_at", 20}};
constexpr std::string_view kCount =
    "SELECT COUNT(*) FROM voip_provider WHERE tenant_id = ? AND (? = '' OR provider_type = ?) "
    "AND (? < 0 OR is_active = ?)";
constexpr std::string_view kOfType =
    "SELECT " CTC_PROVIDER_COLUMNS " FROM voip_provider WHERE provider_type = ? ORDER BY id";
#undef CTC_PROVIDER_COLUMNS
constexpr std::string_view kFingerprint =
    "SELECT COUNT(*), COALESCE(SUM(version), 0), MAX(updated_at) FROM voip_provider";

// The columns that INSERT and UPDATE share, in their order.
db::Params FieldsOf(const StoredProvider& row) {
  const v1::Provider& p = row.provider;
  std::string settings;
  if (!google::protobuf::util::MessageToJsonString(p.settings(), &settings).ok()) settings = "{}";
  return {p.provider_name(),
          std::string(ProviderType::Value_Name(p.provider_type())),
          p.api_url(),
          db::TextOrNull(row.sealed),
          absl::StrJoin(p.credentials_set(), ","),
          p.phone_number(),
          p.caller_id(),
          p.dial_plan_prefix(),
          p.callback_url(),
          p.account_sid(),
          p.application_id(),
          p.region(),
          std::move(settings),
          int64_t{p.is_active()},
          int64_t{p.retry_count()},
          int64_t{p.timeout_seconds()},
          int64_t{p.priority()},
          base::FromProto(p.updated_at()),
          p.id(),
          row.tenant.value(),
          row.version};
}

StoredProvider ReadRow(const db::Row& row) {
  StoredProvider out;
  v1::Provider& p = out.provider;
  p.set_id(row.Text(0));
  out.tenant = base::TenantId(row.Text(1));
  p.set_provider_name(row.Text(2));
  ProviderType::Value type = ProviderType::PROVIDER_TYPE_UNSPECIFIED;
  ProviderType::Value_Parse(row.Text(3), &type);
  p.set_provider_type(type);
  p.set_api_url(row.Text(4));
  out.sealed = row.IsNull(5) ? "" : row.Text(5);
  for (const absl::string_view name : absl::StrSplit(row.Text(6), ',', absl::SkipEmpty())) {
    p.add_credentials_set(std::string(name));
  }
  p.set_phone_number(row.Text(7));
  p.set_caller_id(row.Text(8));
  p.set_dial_plan_prefix(row.Text(9));
  p.set_callback_url(row.Text(10));
  p.set_account_sid(row.Text(11));
  p.set_application_id(row.Text(12));
  p.set_region(row.Text(13));
  if (!row.IsNull(14)) {
    (void)google::protobuf::util::JsonStringToMessage(row.Text(14), p.mutable_settings());
  }
  p.set_is_active(row.Int(15) != 0);
  p.set_retry_count(static_cast<int32_t>(row.Int(16)));
  p.set_timeout_seconds(static_cast<int32_t>(row.Int(17)));
  p.set_priority(static_cast<int32_t>(row.Int(18)));
  out.version = row.Int(19);
  *p.mutable_created_at() = base::ToProto(row.Time(20));
  *p.mutable_updated_at() = base::ToProto(row.Time(21));
  return out;
}

std::vector<StoredProvider> ReadRows(const db::Rows& rows) {
  std::vector<StoredProvider> out;
  out.reserve(rows.size());
  for (const db::Row& row : rows) out.push_back(ReadRow(row));
  return out;
}

absl::Status NoSuchProvider() { return base::MakeError(base::kNotFound, "no such provider"); }

}  // namespace

const db::ListOrders kProviderOrders = {"voip_providers", "priority", kSortKeys};

Task<absl::Status> ProviderStore::Insert(const StoredProvider& row, absl::Time deadline) {
  db::Params params = FieldsOf(row);
  params.push_back(base::FromProto(row.provider.created_at()));
  co_return co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    return c.Execute(kInsert, params).status();
  });
}

Task<absl::Status> ProviderStore::Update(const StoredProvider& row, absl::Time deadline) {
  const db::Params params = FieldsOf(row);
  co_return co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const int64_t changed, c.Execute(kUpdate, params));
    if (changed == 1) return absl::OkStatus();
    return base::MakeError(base::kConflict, "the provider was changed at the same time");
  });
}

Task<absl::StatusOr<StoredProvider>> ProviderStore::Get(base::TenantId tenant, std::string id,
                                                        absl::Time deadline) {
  const db::Params params = {std::move(id), tenant.value()};
  db::Rows rows;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(rows, c.Query(kGet, params));
    return absl::OkStatus();
  }));
  if (rows.empty()) co_return NoSuchProvider();
  co_return ReadRow(rows.front());
}

Task<absl::StatusOr<ProviderPage>> ProviderStore::List(base::TenantId tenant, ProviderFilter filter,
                                                       db::ListPage page, absl::Time deadline) {
  const db::Params params = {tenant.value(), filter.type, filter.type, int64_t{filter.is_active},
                             int64_t{filter.is_active}};
  db::Rows counted;
  db::ListRows listed;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(counted, c.Query(kCount, params));
    CTC_ASSIGN_OR_RETURN(listed, page.Select(c, kList, params));
    return absl::OkStatus();
  }));
  ProviderPage found;
  found.total = counted.front().Int(0);
  found.providers = ReadRows(listed.rows);
  found.next_cursor = std::move(listed.next_cursor);
  co_return found;
}

Task<absl::StatusOr<std::vector<StoredProvider>>> ProviderStore::All(base::TenantId tenant,
                                                                     absl::Time deadline) {
  const db::Params params = {tenant.value()};
  db::Rows rows;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(rows, c.Query(kAll, params));
    return absl::OkStatus();
  }));
  co_return ReadRows(rows);
}

Task<absl::Status> ProviderStore::Delete(base::TenantId tenant, std::string id,
                                         absl::Time deadline) {
  const db::Params params = {std::move(id), tenant.value()};
  co_return co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(
        const int64_t deleted,
        c.Execute("DELETE FROM voip_provider WHERE id = ? AND tenant_id = ?", params));
    return deleted == 1 ? absl::OkStatus() : NoSuchProvider();
  });
}

Task<absl::StatusOr<std::vector<StoredProvider>>> ProviderStore::OfType(std::string type,
                                                                        absl::Time deadline) {
  const db::Params params = {std::move(type)};
  db::Rows rows;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(rows, c.Query(kOfType, params));
    return absl::OkStatus();
  }));
  co_return ReadRows(rows);
}

Task<absl::StatusOr<std::string>> ProviderStore::Fingerprint(absl::Time deadline) {
  db::Rows rows;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(rows, c.Query(kFingerprint));
    return absl::OkStatus();
  }));
  const db::Row& row = rows.front();
  co_return absl::StrCat(row.Text(0), "/", row.Text(1), "/",
                         row.IsNull(2) ? std::string() : row.Text(2));
}

}  // namespace ctc::dispatch
