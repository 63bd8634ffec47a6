// A least-recently-used map with three keys.
#include "services/session/store/session_cache.h"

#include <iterator>

namespace ctc::session::store {
namespace {

constexpr size_t kPages = 2000;
// Some 300 bytes each; beyond half of them some are written each moment. A call whose switch tells
// nothing of it within its first seconds is rare.
constexpr size_t kForetold = 100000;

}  // namespace

SessionCache::ProviderCall SessionCache::ProviderCallOf(const RecordPtr& record) {
  return {record->tenant.value(), record->session.provider_id(),
          record->session.provider_call_id()};
}

SessionCache::SessionCache(size_t capacity)
    : capacity_(capacity),
      pages_(kPages),
      foretold_(kForetold),
      hits_(observability::MakeCounter("ctc_session_cache_lookups_total",
                                       "Look-ups in the session cache", {{"result", "hit"}})),
      misses_(observability::MakeCounter("ctc_session_cache_lookups_total",
                                         "Look-ups in the session cache", {{"result", "miss"}})) {}

RecordPtr SessionCache::FoundLocked(Records::iterator at) {
  if (at == records_.end()) {
    misses_.Add();
    return nullptr;
  }
  hits_.Add();
  records_.relocate(records_.begin(), at);
  return *at;
}

RecordPtr SessionCache::Find(const std::string& id) {
  const base::MutexLock lock(mutex_);
  return FoundLocked(records_.project<0>(records_.get<ById>().find(id)));
}

RecordPtr SessionCache::FindBySessionId(const std::string& session_id) {
  const base::MutexLock lock(mutex_);
  return FoundLocked(records_.project<0>(records_.get<BySessionId>().find(session_id)));
}

RecordPtr SessionCache::FindByProviderCall(const base::TenantId& tenant,
                                           const std::string& provider_id,
                                           const std::string& provider_call_id) {
  const ProviderCall call(tenant.value(), provider_id, provider_call_id);
  const base::MutexLock lock(mutex_);
  if (provider_call_id.empty()) return FoundLocked(records_.end());
  return FoundLocked(records_.project<0>(records_.get<ByProviderCall>().find(call)));
}

void SessionCache::Put(RecordPtr record) {
  RecordPtr gone;
  const base::MutexLock lock(mutex_);
  TouchPagesLocked(*record);
  gone = PutLocked(std::move(record));
}

bool SessionCache::Replace(const RecordPtr& known, RecordPtr next) {
  RecordPtr gone;
  const base::MutexLock lock(mutex_);
  const auto found = records_.get<ById>().find(known->id());
  if (found == records_.get<ById>().end() || *found != known) return false;
  pages_.Touch(next->tenant, next->session.agent_id());
  gone = PutLocked(std::move(next));
  return true;
}

// A session that went to another agent leaves the pages of the first; who that was is known only
// while the session is cached.
void SessionCache::TouchPagesLocked(const Record& record) {
  pages_.Touch(record.tenant, record.session.agent_id());
  if (record.session.version() == 1) return;
  const auto before = records_.get<ById>().find(record.id());
  if (before == records_.get<ById>().end()) {
    pages_.Clear();
  } else if ((*before)->session.agent_id() != record.session.agent_id()) {
    pages_.Touch(record.tenant, (*before)->session.agent_id());
  }
}

void SessionCache::PutRead(RecordPtr record, int64_t generation) {
  RecordPtr gone;
  const base::MutexLock lock(mutex_);
  if (generation != generation_) return;
  const auto found = records_.get<ById>().find(record->id());
  if (found != records_.get<ById>().end() &&
      (*found)->session.version() == record->session.version()) {
    return;  // what is here may be foretold
  }
  gone = PutLocked(std::move(record));
}

int64_t SessionCache::generation() const {
  const base::MutexLock lock(mutex_);
  return generation_;
}

RecordPtr SessionCache::PutLocked(RecordPtr record) {
  const auto found = records_.project<0>(records_.get<ById>().find(record->id()));
  if (found != records_.end()) {
    if ((*found)->session.version() > record->session.version()) return nullptr;
    RecordPtr before = *found;
    records_.replace(found, std::move(record));
    records_.relocate(records_.begin(), found);
    return before;
  }
  records_.push_front(std::move(record));
  if (records_.size() <= capacity_) return nullptr;
  RecordPtr oldest = records_.back();
  records_.pop_back();
  return oldest;
}

void SessionCache::Drop(const std::string& id) {
  const base::MutexLock lock(mutex_);
  ++generation_;
  pages_.Clear();
  records_.get<ById>().erase(id);
}

void SessionCache::Clear() {
  const base::MutexLock lock(mutex_);
  ++generation_;
  pages_.Clear();
  records_.clear();
}

}  // namespace ctc::session::store
