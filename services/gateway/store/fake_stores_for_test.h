// The stores in memory, for tests of what stands above them; store_test.cpp holds them to the
// truth.
#pragma once

#include <map>
#include <tuple>

#include "libs/base/error_catalogue.h"
#include "libs/base/mutex.h"
#include "services/gateway/store/api_key_store.h"
#include "services/gateway/store/idempotency_store.h"

namespace ctc::gateway {

class FakeApiKeyStore final : public ApiKeyStore {
 public:
  ApiKeyRecord Add(std::string_view token, std::string tenant, std::string role,
                   std::string agent) {
    ApiKeyRecord record;
    record.id = "01890000-0000-7000-8000-00000000000" + std::to_string(records_.size());
    record.tenant = base::TenantId(std::move(tenant));
    record.key_hash = HashOfToken(token);
    record.role = std::move(role);
    record.agent_id = std::move(agent);
    base::MutexLock lock(mutex_);
    records_.push_back(record);
    return record;
  }
  // While set, every call answers with it.
  void Break(absl::Status status) {
    base::MutexLock lock(mutex_);
    broken_ = std::move(status);
  }
  int lookups() const {
    base::MutexLock lock(mutex_);
    return lookups_;
  }

  Task<absl::Status> Insert(absl::Time, const ApiKeyRecord& record) override {
    base::MutexLock lock(mutex_);
    if (broken_.ok()) records_.push_back(record);
    co_return broken_;
  }
  Task<absl::StatusOr<std::optional<ApiKeyRecord>>> FindByHash(absl::Time,
                                                               const std::string& hash) override {
    base::MutexLock lock(mutex_);
    ++lookups_;
    if (!broken_.ok()) co_return broken_;
    std::optional<ApiKeyRecord> found;
    for (const ApiKeyRecord& record : records_) {
      if (record.key_hash == hash) found = record;
    }
    co_return found;
  }
  // Knows limits and offsets only.
  Task<absl::StatusOr<ApiKeyPage>> List(absl::Time, const base::TenantId& tenant,
                                        const db::ListPage& asked) override {
    base::MutexLock lock(mutex_);
    if (!broken_.ok()) co_return broken_;
    ApiKeyPage page;
    for (auto record = records_.rbegin(); record != records_.rend(); ++record) {
      if (record->tenant != tenant) continue;
      if (page.total++ >= asked.offset() && std::ssize(page.keys) < asked.limit()) {
        page.keys.push_back(*record);
      }
    }
    co_return page;
  }
  Task<absl::StatusOr<std::string>> Revoke(absl::Time, const base::TenantId& tenant,
                                           const std::string& id, absl::Time) override {
    base::MutexLock lock(mutex_);
    if (!broken_.ok()) co_return broken_;
    for (auto record = records_.begin(); record != records_.end(); ++record) {
      if (record->tenant != tenant || record->id != id) continue;
      std::string hash = record->key_hash;
      records_.erase(record);
      co_return hash;
    }
    co_return base::MakeError(base::kNotFound, "There is no such key.");
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<ApiKeyRecord> records_;
  absl::Status broken_;
  int lookups_ = 0;
};

class FakeIdempotencyStore final : public IdempotencyStore {
 public:
  Task<absl::StatusOr<std::optional<StoredKey>>> Claim(absl::Time, const KeyId& id,
                                                       const Attempt& attempt) override {
    base::MutexLock lock(mutex_);
    std::optional<StoredKey> found;
    const auto existing = rows_.find(Key(id));
    if (existing != rows_.end()) {
      found = existing->second.key;
      if (Judge(*found, attempt.request_hash, attempt.now) != KeyVerdict::kTakeOver)
        co_return found;
      found.reset();
    }
    Row& row = rows_[Key(id)];
    row.key.request_hash = attempt.request_hash;
    row.key.lease_until = attempt.lease_until;
    row.owner = attempt.owner;
    row.created_at = attempt.now;
    co_return found;
  }
  Task<absl::Status> Finish(absl::Time, const KeyId& id, const std::string& owner, int http_status,
                            const std::string& body) override {
    base::MutexLock lock(mutex_);
    const auto row = rows_.find(Key(id));
    if (row != rows_.end() && row->second.owner == owner && !row->second.key.done) {
      row->second.key.done = true;
      row->second.key.http_status = http_status;
      row->second.key.response_body = body;
    }
    co_return absl::OkStatus();
  }
  Task<absl::Status> Release(absl::Time, const KeyId& id, const std::string& owner) override {
    base::MutexLock lock(mutex_);
    const auto row = rows_.find(Key(id));
    if (row != rows_.end() && row->second.owner == owner && !row->second.key.done) rows_.erase(row);
    co_return absl::OkStatus();
  }
  Task<absl::StatusOr<int64_t>> Sweep(absl::Time, absl::Time before) override {
    base::MutexLock lock(mutex_);
    int64_t swept = 0;
    std::erase_if(rows_, [&](const auto& row) {
      const bool old = row.second.created_at < before && swept < kSweptAtOnce;
      swept += old ? 1 : 0;
      return old;
    });
    co_return swept;
  }
  int size() const {
    base::MutexLock lock(mutex_);
    return static_cast<int>(rows_.size());
  }
  // All answers kept.
  std::string bodies() const {
    base::MutexLock lock(mutex_);
    std::string all;
    for (const auto& [key, row] : rows_) all += row.key.response_body;
    return all;
  }

 private:
  struct Row {
    StoredKey key;
    std::string owner;
    absl::Time created_at;
  };
  static std::tuple<std::string, std::string, std::string> Key(const KeyId& id) {
    return {id.tenant.value(), id.route, id.key};
  }

  mutable base::Mutex mutex_;
  std::map<std::tuple<std::string, std::string, std::string>, Row> rows_;
};

}  // namespace ctc::gateway
