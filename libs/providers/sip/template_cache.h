// Templates that were read before, so that a webhook or a call does not read its account's again.
// Thread-safe.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "libs/base/mutex.h"
#include "libs/providers/sip/switch_template.h"

namespace ctc::providers::sip {

class TemplateCache {
 public:
  // As ReadSwitchTemplate.
  absl::StatusOr<std::shared_ptr<const SwitchTemplate>> Of(
      const dispatch::v1::Provider& config) const;

 private:
  using Templates = std::unordered_map<std::string, std::shared_ptr<const SwitchTemplate>>;
  mutable base::Mutex mutex_;
  mutable Templates templates_ ABSL_GUARDED_BY(mutex_);  // by the settings' bytes
};

}  // namespace ctc::providers::sip
