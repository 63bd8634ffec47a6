#include "services/gateway/store/api_key_store.h"

#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include "libs/base/error_catalogue.h"
#include "libs/crypto/crypto.h"
#include "services/gateway/domain/request_identity.h"
#include "services/gateway/domain/roles.h"

namespace ctc::gateway {
namespace {

constexpr size_t kTokenBytes = 24;
constexpr size_t kShownPrefix = 12;
constexpr size_t kMaxScopesText = 1024;

constexpr std::string_view kInsert =
    "INSERT INTO api_key (id, tenant_id, name, prefix, key_hash, role, scopes, agent_id, "
    "expires_at,"
    " created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kFindByHash =
    "SELECT id, tenant_id, name, prefix, key_hash, role, scopes, agent_id, expires_at, created_at"
    " FROM api_key WHERE key_hash = ? AND revoked_at IS NULL";
constexpr std::string_view kCount =
    "SELECT COUNT(*) FROM api_key WHERE tenant_id = ? AND revoked_at IS NULL";
constexpr std::string_view kList =
    "SELECT id, tenant_id, name, prefix, key_hash, role, scopes, agent_id, expires_at, created_at"
    " FROM api_key WHERE tenant_id = ? AND revoked_at IS NULL";
// Ids are in the order of their making.
constexpr db::SortKey kSortKeys[] = {
    {"created_at", "id", 0},
    {"name", "name", 2},
    {"expires_at", "expires_at", 8, /*is_number=*/false, /*may_be_null=*/true}};
constexpr std::string_view kFindForRevoke =
    "SELECT key_hash FROM api_key WHERE tenant_id = ? AND id = ? AND revoked_at IS NULL FOR UPDATE";
constexpr std::string_view kRevoke =
    "UPDATE api_key SET revoked_at = ? WHERE tenant_id = ? AND id = ?";

ApiKeyRecord RecordOf(const db::Row& row) {
  ApiKeyRecord record;
  record.id = row.Text(0);
  record.tenant = base::TenantId(row.Text(1));
  record.name = row.Text(2);
  record.prefix = row.Text(3);
  record.key_hash = row.Text(4);
  record.role = row.Text(5);
  record.scopes = absl::StrSplit(row.Text(6), ',', absl::SkipEmpty());
  record.agent_id = row.Text(7);
  if (!row.IsNull(8)) record.expires_at = row.Time(8);
  record.created_at = row.Time(9);
  return record;
}

absl::Status InsertRecord(db::Connection& connection, const ApiKeyRecord& record) {
  const db::Params params = {record.id,
                             record.tenant.value(),
                             record.name,
                             record.prefix,
                             record.key_hash,
                             record.role,
                             absl::StrJoin(record.scopes, ","),
                             db::TextOrNull(record.agent_id),
                             record.expires_at,
                             record.created_at};
  return connection.Execute(kInsert, params).status();
}

absl::Status CheckWanted(const NewApiKey& wanted, absl::Time now) {
  if (!IsTenantId(wanted.tenant.value())) {
    return base::InvalidField("tenant", "must be 1 to 64 of letters, digits and ._-");
  }
  if (wanted.name.empty()) return base::InvalidField("name", "must be given");
  if (wanted.name.size() > 255) return base::InvalidField("name", "is longer than 255 bytes");
  const std::optional<TokenRole> role = ParseRole(wanted.role);
  if (!role) return base::InvalidField("role", "must be one of AGENT, SUPERVISOR, ADMIN");
  if (*role == TokenRole::kAgent && wanted.agent_id.empty()) {
    return base::InvalidField("agent_id", "must be given for the role AGENT");
  }
  if (wanted.agent_id.size() > 128)
    return base::InvalidField("agent_id", "is longer than 128 bytes");
  if (wanted.expires_at <= now) return base::InvalidField("expires_at", "must be in the future");
  for (size_t i = 0; i < wanted.scopes.size(); ++i) {
    if (IsScope(wanted.scopes[i])) continue;
    return base::InvalidField("scopes[" + std::to_string(i) + "]", "must be as \"calls:read\"");
  }
  if (EffectiveScopes(*role, ListedScopes(wanted.scopes)).empty()) {
    return base::InvalidField("scopes", "has nothing that the role may do");
  }
  if (absl::StrJoin(wanted.scopes, ",").size() > kMaxScopesText) {
    return base::InvalidField("scopes", "are too many");
  }
  return absl::OkStatus();
}

class DatabaseApiKeyStore final : public ApiKeyStore {
 public:
  explicit DatabaseApiKeyStore(db::Database& database) : database_(database) {}

  Task<absl::Status> Insert(absl::Time deadline, const ApiKeyRecord& record) override {
    co_return co_await database_.Run(
        deadline, [&](db::Connection& connection) { return InsertRecord(connection, record); });
  }

  Task<absl::StatusOr<std::optional<ApiKeyRecord>>> FindByHash(absl::Time deadline,
                                                               const std::string& hash) override {
    std::optional<ApiKeyRecord> found;
    const absl::Status status =
        co_await database_.Run(deadline, [&](db::Connection& connection) -> absl::Status {
          found.reset();
          const db::Params params = {hash};
          CTC_ASSIGN_OR_RETURN(const db::Rows rows, connection.Query(kFindByHash, params));
          if (!rows.empty()) found = RecordOf(rows[0]);
          return absl::OkStatus();
        });
    if (!status.ok()) co_return status;
    co_return found;
  }

  Task<absl::StatusOr<ApiKeyPage>> List(absl::Time deadline, const base::TenantId& tenant,
                                        const db::ListPage& page) override {
    ApiKeyPage found;
    const absl::Status status =
        co_await database_.Run(deadline, [&](db::Connection& connection) -> absl::Status {
          found = ApiKeyPage();
          const db::Params params = {tenant.value()};
          CTC_ASSIGN_OR_RETURN(const db::Rows total, connection.Query(kCount, params));
          CTC_ASSIGN_OR_RETURN(db::ListRows listed, page.Select(connection, kList, params));
          found.total = total.at(0).Int(0);
          for (const db::Row& row : listed.rows) found.keys.push_back(RecordOf(row));
          found.next_cursor = std::move(listed.next_cursor);
          return absl::OkStatus();
        });
    if (!status.ok()) co_return status;
    co_return found;
  }

  Task<absl::StatusOr<std::string>> Revoke(absl::Time deadline, const base::TenantId& tenant,
                                           const std::string& id, absl::Time now) override {
    std::string hash;
    const absl::Status status =
        co_await database_.Run(deadline, [&](db::Connection& connection) -> absl::Status {
          const db::Params key = {tenant.value(), id};
          CTC_ASSIGN_OR_RETURN(const db::Rows rows, connection.Query(kFindForRevoke, key));
          if (rows.empty()) return base::MakeError(base::kNotFound, "There is no such key.");
          hash = rows[0].Text(0);
          const db::Params params = {now, tenant.value(), id};
          return connection.Execute(kRevoke, params).status();
        });
    if (!status.ok()) co_return status;
    co_return hash;
  }

 private:
  db::Database& database_;
};

}  // namespace

const db::ListOrders kApiKeyOrders = {"api_keys", "-created_at", kSortKeys};

std::string HashOfToken(std::string_view token) { return crypto::ToHex(crypto::Sha256(token)); }

absl::StatusOr<MintedKey> MintApiKey(base::IdGenerator& ids, const base::Clock& clock,
                                     const NewApiKey& wanted) {
  CTC_RETURN_IF_ERROR(CheckWanted(wanted, clock.Now()));
  MintedKey key;
  key.token = ids.Token("ctc_", kTokenBytes);
  key.record.id = ids.Uuid();
  key.record.tenant = wanted.tenant;
  key.record.name = wanted.name;
  key.record.prefix = key.token.substr(0, kShownPrefix);
  key.record.key_hash = HashOfToken(key.token);
  key.record.role = wanted.role;
  key.record.scopes = wanted.scopes;
  key.record.agent_id = wanted.agent_id;
  key.record.expires_at = wanted.expires_at;
  key.record.created_at = clock.Now();
  return key;
}

absl::StatusOr<std::string> CreateApiKey(db::Database& database, base::IdGenerator& ids,
                                         const base::Clock& clock, const NewApiKey& wanted) {
  CTC_ASSIGN_OR_RETURN(MintedKey key, MintApiKey(ids, clock, wanted));
  CTC_RETURN_IF_ERROR(database.RunBlocking(
      [&](db::Connection& connection) { return InsertRecord(connection, key.record); }));
  return std::move(key.token);
}

std::unique_ptr<ApiKeyStore> ApiKeyStore::Create(db::Database& database) {
  return std::make_unique<DatabaseApiKeyStore>(database);
}

}  // namespace ctc::gateway
