// libFuzzer's entry for one target, which the build names by CTC_FUZZ_TARGET.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tests/fuzz/fuzz_target.h"

namespace {

const ctc::fuzz::Target& Chosen() {
  for (const auto& target : ctc::fuzz::Targets()) {
    if (target.name == CTC_FUZZ_TARGET) return target;
  }
  throw ctc::fuzz::Broken("no such target: " CTC_FUZZ_TARGET);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const ctc::fuzz::Target& target = Chosen();
  target.run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
