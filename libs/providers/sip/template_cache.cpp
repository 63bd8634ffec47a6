#include "libs/providers/sip/template_cache.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "libs/base/status.h"

namespace ctc::providers::sip {
namespace {

// A bound, not a policy: beyond it the cache starts anew.
constexpr size_t kMostTemplates = 1000;

std::string BytesOf(const google::protobuf::Struct& settings) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  settings.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const SwitchTemplate>> TemplateCache::Of(
    const dispatch::v1::Provider& config) const {
  const std::string key = BytesOf(config.settings());
  {
    const base::MutexLock lock(mutex_);
    if (const auto found = templates_.find(key); found != templates_.end()) return found->second;
  }
  CTC_ASSIGN_OR_RETURN(std::shared_ptr<const SwitchTemplate> read, ReadSwitchTemplate(config));
  const base::MutexLock lock(mutex_);
  if (templates_.size() >= kMostTemplates) templates_.clear();
  templates_[key] = read;
  return read;
}

}  // namespace ctc::providers::sip
