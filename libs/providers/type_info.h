// What a type tells of itself, so that a form can be drawn from it. Pure.
#pragma once

#include "ctc/dispatch/v1/provider.pb.h"

namespace ctc::providers {

// A field of the account, as POST /voip-providers names it.
inline void AddField(dispatch::v1::ProviderTypeInfo& info, const char* name, bool required,
                     bool secret, const char* description) {
  auto& field = *info.add_fields();
  field.set_name(name);
  field.set_required(required);
  field.set_secret(secret);
  field.set_description(description);
}

}  // namespace ctc::providers
