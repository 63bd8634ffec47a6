#include "services/gateway/domain/stream_places.h"

#include <unordered_map>
#include <utility>

#include "libs/base/mutex.h"

namespace ctc::gateway {

struct StreamPlaces::Counts {
  base::Mutex mutex;
  std::unordered_map<std::string, int> taken ABSL_GUARDED_BY(mutex);
};

namespace {

template <class Counts>
class Place {
 public:
  Place(std::shared_ptr<Counts> counts, std::string tenant)
      : counts_(std::move(counts)), tenant_(std::move(tenant)) {}
  ~Place() {
    base::MutexLock lock(counts_->mutex);
    const auto found = counts_->taken.find(tenant_);
    if (--found->second == 0) counts_->taken.erase(found);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  const std::shared_ptr<Counts> counts_;
  const std::string tenant_;
};

}  // namespace

StreamPlaces::StreamPlaces(int for_each_tenant)
    : for_each_tenant_(for_each_tenant), counts_(std::make_shared<Counts>()) {}

std::shared_ptr<const void> StreamPlaces::Take(std::string_view tenant) {
  std::string name(tenant);
  {
    base::MutexLock lock(counts_->mutex);
    int& taken = counts_->taken[name];
    if (taken >= for_each_tenant_) return nullptr;
    ++taken;
  }
  return std::make_shared<Place<Counts>>(counts_, std::move(name));
}

}  // namespace ctc::gateway
