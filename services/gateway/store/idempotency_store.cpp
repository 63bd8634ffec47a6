#include "services/gateway/store/idempotency_store.h"

namespace ctc::gateway {
namespace {

// IGNORE tells a key that is there by the number of rows, without an error to recover from. Its row
// is locked for reading then, so nobody takes it over meanwhile: locked for writing too, many
// attempts at once would be each other's deadlock.
constexpr std::string_view kInsert =
    "INSERT IGNORE INTO idempotency_key (tenant_id, route, idempotency_key, request_hash, state,"
    " owner, lease_until, created_at) VALUES (?, ?, ?, ?, 'RUNNING', ?, ?, ?)";
constexpr std::string_view kSelect =
    "SELECT request_hash, state, lease_until, http_status, response_body FROM idempotency_key"
    " WHERE tenant_id = ? AND route = ? AND idempotency_key = ?";
constexpr std::string_view kTakeOver =
    "UPDATE idempotency_key SET owner = ?, lease_until = ?"
    " WHERE tenant_id = ? AND route = ? AND idempotency_key = ?";
constexpr std::string_view kFinish =
    "UPDATE idempotency_key SET state = 'DONE', http_status = ?, response_body = ?"
    " WHERE tenant_id = ? AND route = ? AND idempotency_key = ? AND owner = ? AND state = "
    "'RUNNING'";
constexpr std::string_view kRelease =
    "DELETE FROM idempotency_key"
    " WHERE tenant_id = ? AND route = ? AND idempotency_key = ? AND owner = ? AND state = "
    "'RUNNING'";
constexpr std::string_view kSweep =
    "DELETE FROM idempotency_key WHERE created_at < ? ORDER BY created_at LIMIT ?";

StoredKey KeyOf(const db::Row& row) {
  StoredKey key;
  key.request_hash = row.Text(0);
  key.done = row.Text(1) == "DONE";
  key.lease_until = row.Time(2);
  key.http_status = static_cast<int>(row.Int(3));
  key.response_body = row.Text(4);
  return key;
}

absl::Status ClaimIn(db::Connection& connection, const KeyId& id, const Attempt& attempt,
                     std::optional<StoredKey>& found) {
  found.reset();
  const db::Params row = {id.tenant.value(),    id.route,      id.key,
                          attempt.request_hash, attempt.owner, attempt.lease_until,
                          attempt.now};
  CTC_ASSIGN_OR_RETURN(const int64_t inserted, connection.Execute(kInsert, row));
  if (inserted > 0) return absl::OkStatus();
  const db::Params key = {id.tenant.value(), id.route, id.key};
  CTC_ASSIGN_OR_RETURN(const db::Rows rows, connection.Query(kSelect, key));
  if (rows.empty()) return absl::AbortedError("the key was set free meanwhile");
  found = KeyOf(rows[0]);
  if (Judge(*found, attempt.request_hash, attempt.now) != KeyVerdict::kTakeOver) {
    return absl::OkStatus();
  }
  found.reset();
  const db::Params owner = {attempt.owner, attempt.lease_until, id.tenant.value(), id.route,
                            id.key};
  return connection.Execute(kTakeOver, owner).status();
}

class DatabaseIdempotencyStore final : public IdempotencyStore {
 public:
  explicit DatabaseIdempotencyStore(db::Database& database) : database_(database) {}

  Task<absl::StatusOr<std::optional<StoredKey>>> Claim(absl::Time deadline, const KeyId& id,
                                                       const Attempt& attempt) override {
    std::optional<StoredKey> found;
    const absl::Status status = co_await database_.Run(deadline, [&](db::Connection& connection) {
      return ClaimIn(connection, id, attempt, found);
    });
    if (!status.ok()) co_return status;
    co_return found;
  }

  Task<absl::Status> Finish(absl::Time deadline, const KeyId& id, const std::string& owner,
                            int http_status, const std::string& body) override {
    const db::Params params = {
        int64_t{http_status}, body, id.tenant.value(), id.route, id.key, owner};
    co_return co_await database_.Run(deadline, [&](db::Connection& connection) {
      return connection.Execute(kFinish, params).status();
    });
  }

  Task<absl::Status> Release(absl::Time deadline, const KeyId& id,
                             const std::string& owner) override {
    const db::Params params = {id.tenant.value(), id.route, id.key, owner};
    co_return co_await database_.Run(deadline, [&](db::Connection& connection) {
      return connection.Execute(kRelease, params).status();
    });
  }

  Task<absl::StatusOr<int64_t>> Sweep(absl::Time deadline, absl::Time before) override {
    int64_t swept = 0;
    const db::Params params = {before, kSweptAtOnce};
    const absl::Status status =
        co_await database_.Run(deadline, [&](db::Connection& connection) -> absl::Status {
          CTC_ASSIGN_OR_RETURN(swept, connection.Execute(kSweep, params));
          return absl::OkStatus();
        });
    if (!status.ok()) co_return status;
    co_return swept;
  }

 private:
  db::Database& database_;
};

}  // namespace

std::unique_ptr<IdempotencyStore> IdempotencyStore::Create(db::Database& database) {
  return std::make_unique<DatabaseIdempotencyStore>(database);
}

}  // namespace ctc::gateway
