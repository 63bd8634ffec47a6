// Which tenants are being read for a cache, so that what was read before a write of the same tenant
// is not kept after it. Holds one mark for each tenant that is being read. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <memory>

#include "libs/base/ids.h"

namespace ctc::recording {

class ReadingsUnderWay {
 public:
  // True once the tenant was written to. Read it where Begin and Wrote are called.
  using Outdated = std::shared_ptr<const bool>;

  // The reading lasts as long as the mark is held.
  Outdated Begin(const base::TenantId& tenant) {
    if (marks_.size() >= swept_at_) {
      std::erase_if(marks_, [](const auto& mark) { return mark.second.expired(); });
      swept_at_ = 2 * marks_.size() + kFew;
    }
    std::weak_ptr<bool>& mark = marks_[tenant];
    std::shared_ptr<bool> outdated = mark.lock();
    if (outdated == nullptr) {
      outdated = std::make_shared<bool>(false);
      mark = outdated;
    }
    return outdated;
  }

  // Readings that begin after it have a mark of their own.
  void Wrote(const base::TenantId& tenant) {
    const auto found = marks_.find(tenant);
    if (found == marks_.end()) return;
    if (const std::shared_ptr<bool> outdated = found->second.lock()) *outdated = true;
    marks_.erase(found);
  }

 private:
  static constexpr size_t kFew = 64;
  std::map<base::TenantId, std::weak_ptr<bool>> marks_;  // those of readings that ended, too
  size_t swept_at_ = kFew;
};

}  // namespace ctc::recording
