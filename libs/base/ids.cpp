// UUID version 7, session ids and tokens.
#include "libs/base/ids.h"

#include <absl/strings/str_format.h>
#include <absl/time/time.h>
#include <string.h>  // explicit_bzero
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace ctc::base {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// The kernel's generator, fetched in blocks: one system call serves several ids.
class KernelRandom final : public Random {
 public:
  void Fill(std::span<unsigned char> bytes) override {
    static thread_local Block block;
    while (!bytes.empty()) {
      if (block.used == block.bytes.size()) Refill(block);
      const size_t n = std::min(bytes.size(), block.bytes.size() - block.used);
      std::memcpy(bytes.data(), block.bytes.data() + block.used, n);
      explicit_bzero(block.bytes.data() + block.used, n);
      block.used += n;
      bytes = bytes.subspan(n);
    }
  }

 private:
  struct Block {
    std::array<unsigned char, 256> bytes{};
    size_t used = 256;
  };

  static void Refill(Block& block) {
    // Up to 256 bytes come whole; a signal can only interrupt before the pool is ready.
    while (getrandom(block.bytes.data(), block.bytes.size(), 0) !=
           static_cast<ssize_t>(block.bytes.size())) {
      if (errno != EINTR) std::abort();  // no randomness: no secret of ours would be one
    }
    block.used = 0;
  }
};

// 48 bits of milliseconds and 12 bits of their fraction, so that ids of one process sort even
// within a millisecond; random after that. 16 bytes, big-endian.
std::array<unsigned char, 16> TimeOrdered(const Clock& clock, Random& random) {
  std::array<unsigned char, 16> out;
  random.Fill(out);
  const int64_t nanos = absl::ToUnixNanos(clock.Now());
  const auto millis = static_cast<uint64_t>(nanos / 1'000'000);
  const auto fraction = static_cast<uint64_t>(nanos % 1'000'000) * 4096 / 1'000'000;
  for (size_t i = 0; i < 6; ++i) out[i] = static_cast<unsigned char>(millis >> (40 - 8 * i));
  out[6] = static_cast<unsigned char>(fraction >> 8);
  out[7] = static_cast<unsigned char>(fraction);
  return out;
}

}  // namespace

Random& SystemRandom() {
  static KernelRandom random;
  return random;
}

std::string IdGenerator::Uuid() {
  std::array<unsigned char, 16> b = TimeOrdered(clock_, random_);
  b[6] = static_cast<unsigned char>(0x70 | (b[6] & 0x0f));  // version 7
  b[8] = static_cast<unsigned char>(0x80 | (b[8] & 0x3f));  // RFC 9562 variant
  std::string out;
  out.reserve(36);
  for (size_t i = 0; i < b.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kHex[b[i] >> 4]);
    out.push_back(kHex[b[i] & 15]);
  }
  return out;
}

std::string IdGenerator::SessionId() {
  std::array<unsigned char, 16> b = TimeOrdered(clock_, random_);
  // The fraction's 12 bits follow the milliseconds at once here; the low half byte is random.
  unsigned char low = 0;
  random_.Fill({&low, 1});
  b[6] = static_cast<unsigned char>((b[6] << 4) | (b[7] >> 4));
  b[7] = static_cast<unsigned char>((b[7] << 4) | (low & 15));
  std::string out = "sess_";
  out.reserve(31);
  // 26 characters of 5 bits are 130: two zero bits lead.
  uint32_t buffer = 0;
  int bits = 2;
  for (unsigned char byte : b) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out.push_back(kCrockford[(buffer >> bits) & 31]);
    }
  }
  return out;
}

std::string IdGenerator::Token(std::string_view prefix, size_t bytes) {
  std::vector<unsigned char> random(bytes);
  random_.Fill(random);
  std::string out(prefix);
  out.reserve(prefix.size() + 2 * bytes);
  for (unsigned char b : random) {
    out.push_back(kHex[b >> 4]);
    out.push_back(kHex[b & 15]);
  }
  explicit_bzero(random.data(), random.size());
  return out;
}

std::string FirstUuidAt(absl::Time time) {
  constexpr int64_t kLargest = (int64_t{1} << 48) - 1;
  const int64_t millis = std::clamp<int64_t>(
      absl::ToUnixMillis(time + absl::Milliseconds(1) - absl::Nanoseconds(1)), 0, kLargest);
  return absl::StrFormat("%08x-%04x-0000-0000-000000000000", millis >> 16, millis & 0xffff);
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return false;
    } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
      return false;
    }
  }
  return true;
}

}  // namespace ctc::base
