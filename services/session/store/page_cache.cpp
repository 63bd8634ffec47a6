#include "services/session/store/page_cache.h"

#include <absl/strings/str_cat.h>

#include <functional>

namespace ctc::session::store {
namespace {

// The filter holds limit, offset, cursor and order as well.
std::string KeyOf(const ListQuery& query) {
  return absl::StrCat(query.tenant.value(), "\n", query.own_agent_id, "\n",
                      query.filter.SerializeAsString());
}

// Empty: sessions of any agent.
const std::string& AgentOf(const ListQuery& query) {
  return query.own_agent_id.empty() ? query.filter.agent_id() : query.own_agent_id;
}

size_t SlotOf(const base::TenantId& tenant, const std::string& agent_id, size_t slots) {
  return std::hash<std::string>()(tenant.value() + '\n' + agent_id) % slots;
}

}  // namespace

PageCache::Stamp PageCache::StampLocked(const ListQuery& query) const {
  return {cleared_, writes_[SlotOf(query.tenant, AgentOf(query), kSlots)]};
}

PageCache::Stamp PageCache::StampOf(const ListQuery& query) const {
  const base::MutexLock lock(mutex_);
  return StampLocked(query);
}

std::optional<IdPage> PageCache::Find(const ListQuery& query) {
  const std::string key = KeyOf(query);
  const base::MutexLock lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  const auto at = found->second;
  if (!(at->stamp == StampLocked(query))) {
    order_.erase(at);
    by_key_.erase(found);
    return std::nullopt;
  }
  order_.splice(order_.begin(), order_, at);
  return at->page;
}

void PageCache::Put(const ListQuery& query, IdPage page, const Stamp& stamp) {
  std::string key = KeyOf(query);
  const base::MutexLock lock(mutex_);
  if (!(stamp == StampLocked(query))) return;
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    order_.erase(known->second);
    by_key_.erase(known);
  }
  order_.push_front({key, std::move(page), stamp});
  by_key_[std::move(key)] = order_.begin();
  if (order_.size() <= capacity_) return;
  by_key_.erase(order_.back().key);
  order_.pop_back();
}

void PageCache::Touch(const base::TenantId& tenant, const std::string& agent_id) {
  const base::MutexLock lock(mutex_);
  ++writes_[SlotOf(tenant, "", kSlots)];
  if (!agent_id.empty()) ++writes_[SlotOf(tenant, agent_id, kSlots)];
}

void PageCache::Clear() {
  const base::MutexLock lock(mutex_);
  ++cleared_;
  order_.clear();
  by_key_.clear();
}

}  // namespace ctc::session::store
