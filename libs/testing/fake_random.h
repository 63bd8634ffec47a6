// Random bytes that are the same in every run. Thread-safe.
#pragma once

#include <random>

#include "libs/base/ids.h"
#include "libs/base/mutex.h"

namespace ctc::testing {

class FakeRandom final : public base::Random {
 public:
  explicit FakeRandom(uint64_t seed = 1) : engine_(seed) {}

  void Fill(std::span<unsigned char> bytes) override {
    const base::MutexLock lock(mutex_);
    for (unsigned char& b : bytes) b = static_cast<unsigned char>(engine_());
  }

 private:
  base::Mutex mutex_;
  std::mt19937_64 engine_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace ctc::testing
