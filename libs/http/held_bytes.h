// How much of the memory that all connections of a server share one of them holds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ctc::http {

// A share of a total; given back at its end. The total outlives it.
class HeldBytes {
 public:
  explicit HeldBytes(std::atomic<int64_t>& total) : total_(total) {}
  ~HeldBytes() { Set(0); }
  HeldBytes(const HeldBytes&) = delete;
  HeldBytes& operator=(const HeldBytes&) = delete;

  // Changes the share; returns what all hold then.
  int64_t Set(size_t bytes) {
    const auto mine = static_cast<int64_t>(bytes);
    if (mine == mine_) return total_.load(std::memory_order_relaxed);
    const int64_t more = mine - mine_;
    mine_ = mine;
    return total_.fetch_add(more, std::memory_order_relaxed) + more;
  }

 private:
  std::atomic<int64_t>& total_;
  int64_t mine_ = 0;
};

}  // namespace ctc::http
