// libFuzzer's entry for one target, whose function the build names by CTC_FUZZ_FUNCTION.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ctc::fuzz {
void CTC_FUZZ_FUNCTION(std::string_view bytes);
}  // namespace ctc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ctc::fuzz::CTC_FUZZ_FUNCTION(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
