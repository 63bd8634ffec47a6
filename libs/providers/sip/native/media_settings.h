// What an account says of its calls' sound: whether it runs through us, and where. Pure.
#pragma once

#include "libs/base/error.h"
#include "libs/providers/sip/native/settings.h"

namespace ctc::providers::sip::native {

// `settings.bind` has been read. Faults are named in `detail`.
void ReadMediaSettings(const google::protobuf::Struct& from, NativeSettings& settings,
                       base::ErrorDetail& detail);

}  // namespace ctc::providers::sip::native
