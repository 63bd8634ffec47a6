// SIP (docs/sip.md): a switch that is driven over HTTP by the template in the account's settings,
// or, with settings.mode native, phones called by ourselves without any switch.
#pragma once

#include <string>

#include "libs/providers/adapter.h"
#include "libs/providers/sip/native/endpoint.h"

namespace ctc::providers::sip {

// `environment`'s objects must outlive it. `outlets` take what phones say in native calls, whose
// recordings are kept in the folder `recordings`. Thread-safe.
std::unique_ptr<Adapter> MakeAdapter(const Environment& environment, native::Outlets outlets,
                                     std::string recordings = "");

}  // namespace ctc::providers::sip
