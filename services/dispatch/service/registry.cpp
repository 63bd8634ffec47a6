#include "services/dispatch/service/registry.h"

#include <absl/strings/ascii.h>

namespace ctc::dispatch {

void Registry::Add(std::unique_ptr<providers::Adapter> adapter) {
  const ProviderTypes::Value type = adapter->Describe().provider_type();
  adapters_.insert_or_assign(type, std::move(adapter));
}

providers::Adapter* Registry::Find(ProviderTypes::Value type) const {
  const auto found = adapters_.find(type);
  return found == adapters_.end() ? nullptr : found->second.get();
}

std::string Registry::Names() const {
  std::string names;
  for (const auto& [type, adapter] : adapters_) {
    if (!names.empty()) names += ", ";
    names += ProviderTypes::Value_Name(type);
  }
  return names;
}

ProviderTypes::Value TypeOf(std::string_view name) {
  std::string upper(name);
  absl::AsciiStrToUpper(&upper);
  ProviderTypes::Value type = ProviderTypes::PROVIDER_TYPE_UNSPECIFIED;
  ProviderTypes::Value_Parse(upper, &type);
  return type;
}

}  // namespace ctc::dispatch
