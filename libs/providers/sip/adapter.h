// SIP: a switch that is driven over HTTP by the template in the account's settings (docs/sip.md).
#pragma once

#include "libs/providers/adapter.h"

namespace ctc::providers::sip {

// `environment`'s objects must outlive it. Thread-safe.
std::unique_ptr<Adapter> MakeAdapter(const Environment& environment);

}  // namespace ctc::providers::sip
