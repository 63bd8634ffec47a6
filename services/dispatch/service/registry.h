// The provider types this installation can use, and their adapters. Read-only after construction.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "libs/providers/adapter.h"

namespace ctc::dispatch {

using ProviderTypes = common::v1::ProviderType;

class Registry {
 public:
  void Add(std::unique_ptr<providers::Adapter> adapter);
  // nullptr for types without one.
  providers::Adapter* Find(ProviderTypes::Value type) const;
  const std::map<ProviderTypes::Value, std::unique_ptr<providers::Adapter>>& all() const {
    return adapters_;
  }
  std::string Names() const;  // "ASTERISK, TWILIO"

 private:
  std::map<ProviderTypes::Value, std::unique_ptr<providers::Adapter>> adapters_;
};

// "asterisk" or "ASTERISK"; PROVIDER_TYPE_UNSPECIFIED for anything else.
ProviderTypes::Value TypeOf(std::string_view name);

}  // namespace ctc::dispatch
