// A serialised FileDescriptorSet of the public contract with its comments; the build generates it.
#pragma once

#include <string_view>

namespace ctc::gateway {

std::string_view EmbeddedDescriptors();

}  // namespace ctc::gateway
