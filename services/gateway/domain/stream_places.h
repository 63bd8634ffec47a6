// How many live streams each tenant has open, and no more than so many. Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace ctc::gateway {

class StreamPlaces {
 public:
  explicit StreamPlaces(int for_each_tenant);
  // A place, which is free again when the last copy goes, also after this object; null: all of the
  // tenant's are taken.
  std::shared_ptr<const void> Take(std::string_view tenant);

 private:
  struct Counts;
  const int for_each_tenant_;
  const std::shared_ptr<Counts> counts_;
};

}  // namespace ctc::gateway
