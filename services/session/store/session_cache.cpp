// A least-recently-used map with three keys.
#include "services/session/store/session_cache.h"

namespace ctc::session::store {
namespace {

std::string ProviderCallKey(const base::TenantId& tenant, const std::string& provider_id,
                            const std::string& provider_call_id) {
  std::string key = tenant.value();
  key += '\n';
  key += provider_id;
  key += '\n';
  key += provider_call_id;
  return key;
}

std::string ProviderCallKey(const Record& record) {
  return ProviderCallKey(record.tenant, record.session.provider_id(),
                         record.session.provider_call_id());
}

constexpr size_t kPages = 2000;

}  // namespace

SessionCache::SessionCache(size_t capacity)
    : capacity_(capacity),
      pages_(kPages),
      hits_(observability::MakeCounter("ctc_session_cache_lookups_total",
                                       "Look-ups in the session cache", {{"result", "hit"}})),
      misses_(observability::MakeCounter("ctc_session_cache_lookups_total",
                                         "Look-ups in the session cache", {{"result", "miss"}})) {}

RecordPtr SessionCache::TouchLocked(Order::iterator at) {
  order_.splice(order_.begin(), order_, at);
  hits_.Add();
  return *at;
}

RecordPtr SessionCache::Find(const std::string& id) {
  const base::MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) return TouchLocked(found->second);
  misses_.Add();
  return nullptr;
}

RecordPtr SessionCache::FindBySessionId(const std::string& session_id) {
  const base::MutexLock lock(mutex_);
  const auto found = by_session_id_.find(session_id);
  if (found != by_session_id_.end()) return TouchLocked(found->second);
  misses_.Add();
  return nullptr;
}

RecordPtr SessionCache::FindByProviderCall(const base::TenantId& tenant,
                                           const std::string& provider_id,
                                           const std::string& provider_call_id) {
  const std::string key = ProviderCallKey(tenant, provider_id, provider_call_id);
  const base::MutexLock lock(mutex_);
  const auto found = by_provider_call_.find(key);
  if (found != by_provider_call_.end()) return TouchLocked(found->second);
  misses_.Add();
  return nullptr;
}

void SessionCache::Put(RecordPtr record) {
  const base::MutexLock lock(mutex_);
  TouchPagesLocked(*record);
  PutLocked(std::move(record));
}

void SessionCache::Replace(const RecordPtr& known, RecordPtr next) {
  const base::MutexLock lock(mutex_);
  const auto found = by_id_.find(known->id());
  if (found == by_id_.end() || *found->second != known) return;
  pages_.Touch(next->tenant, next->session.agent_id());
  PutLocked(std::move(next));
}

// A session that went to another agent leaves the pages of the first; who that was is known only
// while the session is cached.
void SessionCache::TouchPagesLocked(const Record& record) {
  pages_.Touch(record.tenant, record.session.agent_id());
  if (record.session.version() == 1) return;
  const auto before = by_id_.find(record.id());
  if (before == by_id_.end()) {
    pages_.Clear();
  } else if ((*before->second)->session.agent_id() != record.session.agent_id()) {
    pages_.Touch(record.tenant, (*before->second)->session.agent_id());
  }
}

void SessionCache::PutRead(RecordPtr record, int64_t generation) {
  const base::MutexLock lock(mutex_);
  if (generation != generation_) return;
  const auto found = by_id_.find(record->id());
  if (found != by_id_.end() && (*found->second)->session.version() == record->session.version()) {
    return;  // what is here may be foretold
  }
  PutLocked(std::move(record));
}

int64_t SessionCache::generation() const {
  const base::MutexLock lock(mutex_);
  return generation_;
}

void SessionCache::PutLocked(RecordPtr record) {
  const auto found = by_id_.find(record->id());
  if (found != by_id_.end()) {
    if ((*found->second)->session.version() > record->session.version()) return;
    EraseLocked(found->second);
  }
  order_.push_front(record);
  by_id_[record->id()] = order_.begin();
  by_session_id_[record->session.session_id()] = order_.begin();
  if (record->session.has_provider_call_id()) {
    by_provider_call_[ProviderCallKey(*record)] = order_.begin();
  }
  if (order_.size() > capacity_) EraseLocked(std::prev(order_.end()));
}

void SessionCache::EraseLocked(Order::iterator at) {
  by_id_.erase((*at)->id());
  by_session_id_.erase((*at)->session.session_id());
  const auto call = by_provider_call_.find(ProviderCallKey(**at));
  if (call != by_provider_call_.end() && call->second == at) by_provider_call_.erase(call);
  order_.erase(at);
}

void SessionCache::Drop(const std::string& id) {
  const base::MutexLock lock(mutex_);
  ++generation_;
  pages_.Clear();
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) EraseLocked(found->second);
}

void SessionCache::Clear() {
  const base::MutexLock lock(mutex_);
  ++generation_;
  pages_.Clear();
  order_.clear();
  by_id_.clear();
  by_session_id_.clear();
  by_provider_call_.clear();
}

}  // namespace ctc::session::store
