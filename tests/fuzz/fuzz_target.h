// What a fuzz target is: a function over bytes from outside, which throws when a promise of the
// code under test is broken. libFuzzer feeds it new bytes, a unit test the corpus.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ctc::fuzz {

class Broken : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void Require(bool holds, const char* promise) {
  if (!holds) throw Broken(promise);
}

// The first byte, which picks a variant; the rest stays in `bytes`.
inline uint8_t TakeByte(std::string_view& bytes) {
  if (bytes.empty()) return 0;
  const auto byte = static_cast<uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  return byte;
}

// Text up to the next line end; the rest stays in `bytes`.
inline std::string_view TakeLine(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  return line;
}

struct Target {
  std::string_view name;  // of its file, its corpus folder and its program
  void (*run)(std::string_view bytes);
};

// All of them, for the unit test: targets.cpp lists what stands in targets/.
const std::vector<Target>& Targets();

}  // namespace ctc::fuzz
