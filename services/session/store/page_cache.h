// Pages of lists asked for last: which sessions, and how many there are in all. A page is good
// until a session that could be on it is written: of its agent where the list is one agent's, else
// of its tenant. Bounded. Thread-safe.
#pragma once

#include <array>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "libs/base/mutex.h"
#include "services/session/store/session_list.h"

namespace ctc::session::store {

class PageCache {
 public:
  // What a page was read after. Taken before the database is asked, handed back with the answer.
  struct Stamp {
    int64_t all = 0;
    int64_t own = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  explicit PageCache(size_t capacity) : capacity_(capacity) {}

  std::optional<IdPage> Find(const ListQuery& query);
  Stamp StampOf(const ListQuery& query) const;
  // Ignored when something was written since `stamp`.
  void Put(const ListQuery& query, IdPage page, const Stamp& stamp);

  // From the writer, after the commit: a session of this tenant and agent is new or changed.
  void Touch(const base::TenantId& tenant, const std::string& agent_id);
  // Nothing here can be trusted any more.
  void Clear();

 private:
  struct Entry {
    std::string key;
    IdPage page;
    Stamp stamp;
  };
  using Order = std::list<Entry>;  // newest first
  // Counters of writes, by a hash: two that share one cost a page, never a wrong one.
  static constexpr size_t kSlots = 4096;

  Stamp StampLocked(const ListQuery& query) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t capacity_;
  mutable base::Mutex mutex_;
  std::array<int64_t, kSlots> writes_ ABSL_GUARDED_BY(mutex_) = {};
  int64_t cleared_ ABSL_GUARDED_BY(mutex_) = 0;
  Order order_ ABSL_GUARDED_BY(mutex_);
  std::unordered_map<std::string, Order::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::session::store
