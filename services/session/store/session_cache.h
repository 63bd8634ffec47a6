// What this process knows of sessions: those used last, the pages of lists over them, and what no
// row tells yet. Kept current by the writer of this process. Bounded. Thread-safe.
#pragma once

#include <absl/hash/hash.h>

#include <boost/multi_index/global_fun.hpp>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <string>
#include <string_view>
#include <tuple>

#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"
#include "services/session/store/foretold.h"
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
  // By the provider's id of the first leg: any one of those that a handover made of one call.
  RecordPtr FindByProviderCall(const base::TenantId& tenant, const std::string& provider_id,
                               const std::string& provider_call_id);

  // From the writer, after the commit: replaces an older version.
  void Put(RecordPtr record);
  // Puts `next` in place of `known`. False, and nothing done, when that is not what is here.
  bool Replace(const RecordPtr& known, RecordPtr next);
  // From a reader: ignored when the cache was cleared since `generation` or knows it already.
  void PutRead(RecordPtr record, int64_t generation);
  int64_t generation() const;
  PageCache& pages() { return pages_; }
  Foretold& foretold() { return foretold_; }

  void Drop(const std::string& id);
  // When another process wrote: nothing here can be trusted any more.
  void Clear();

 private:
  // Tenant, account, the provider's id of the call: "" until it is known.
  using ProviderCall = std::tuple<std::string_view, std::string_view, std::string_view>;
  static std::string_view IdOf(const RecordPtr& record) { return record->id(); }
  static std::string_view SessionIdOf(const RecordPtr& record) {
    return record->session.session_id();
  }
  static ProviderCall ProviderCallOf(const RecordPtr& record);

  struct ById {};
  struct BySessionId {};
  struct ByProviderCall {};
  template <class Tag, class Key, Key (*of)(const RecordPtr&)>
  using Unique =
      boost::multi_index::hashed_unique<boost::multi_index::tag<Tag>,
                                        boost::multi_index::global_fun<const RecordPtr&, Key, of>,
                                        absl::Hash<Key>>;
  template <class Tag, class Key, Key (*of)(const RecordPtr&)>
  using NonUnique = boost::multi_index::hashed_non_unique<
      boost::multi_index::tag<Tag>, boost::multi_index::global_fun<const RecordPtr&, Key, of>,
      absl::Hash<Key>>;
  using Records = boost::multi_index_container<
      RecordPtr, boost::multi_index::indexed_by<
                     boost::multi_index::sequenced<>,  // used last, first
                     Unique<ById, std::string_view, &SessionCache::IdOf>,
                     Unique<BySessionId, std::string_view, &SessionCache::SessionIdOf>,
                     NonUnique<ByProviderCall, ProviderCall, &SessionCache::ProviderCallOf>>>;

  void TouchPagesLocked(const Record& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What is no longer here, for the caller to let go of without the lock: that takes a while.
  RecordPtr PutLocked(RecordPtr record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RecordPtr FoundLocked(Records::iterator at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t capacity_;
  PageCache pages_;
  Foretold foretold_;
  const observability::Counter hits_;
  const observability::Counter misses_;
  mutable base::Mutex mutex_;
  Records records_ ABSL_GUARDED_BY(mutex_);
  int64_t generation_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace ctc::session::store
