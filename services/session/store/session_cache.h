// The sessions used last and the pages of lists over them, kept current by the writer of this
// process. Bounded. Thread-safe.
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"
#include "services/session/store/page_cache.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

class SessionCache {
 public:
  explicit SessionCache(size_t capacity);

  // By UUID; nullptr when not there. Of any tenant: the caller compares.
  RecordPtr Find(const std::string& id);
  // By sess_ id.
  RecordPtr FindBySessionId(const std::string& session_id);
  // By the provider's id of the first leg.
  RecordPtr FindByProviderCall(const base::TenantId& tenant, const std::string& provider_id,
                               const std::string& provider_call_id);

  // From the writer, after the commit: replaces an older version.
  void Put(RecordPtr record);
  // Puts `next` in place of `known`; ignored when that is not what is here.
  void Replace(const RecordPtr& known, RecordPtr next);
  // From a reader: ignored when the cache was cleared since `generation` or knows it already.
  void PutRead(RecordPtr record, int64_t generation);
  int64_t generation() const;
  PageCache& pages() { return pages_; }

  void Drop(const std::string& id);
  // When another process wrote: nothing here can be trusted any more.
  void Clear();

 private:
  using Order = std::list<RecordPtr>;  // newest first
  void TouchPagesLocked(const Record& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutLocked(RecordPtr record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EraseLocked(Order::iterator at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RecordPtr TouchLocked(Order::iterator at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t capacity_;
  PageCache pages_;
  const observability::Counter hits_;
  const observability::Counter misses_;
  mutable base::Mutex mutex_;
  Order order_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Order::iterator> by_id_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Order::iterator> by_session_id_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Order::iterator> by_provider_call_ ABSL_GUARDED_BY(mutex_);
  int64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ctc::session::store
