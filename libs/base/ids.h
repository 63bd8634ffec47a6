// Identifiers that must not be mixed up, and how new ones are made. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "libs/base/clock.h"

namespace ctc::base {

// A tenant, by type, so that a query, cache key or log line that forgets it does not compile.
// Empty only where an rpc has no tenant.
class TenantId {
 public:
  TenantId() = default;
  explicit TenantId(std::string value) : value_(std::move(value)) {}
  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend bool operator==(const TenantId&, const TenantId&) = default;
  friend auto operator<=>(const TenantId&, const TenantId&) = default;
  template <class H>
  friend H AbslHashValue(H h, const TenantId& t) {
    return H::combine(std::move(h), t.value_);
  }

 private:
  std::string value_;
};

// Randomness, injected.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(std::span<unsigned char> bytes) = 0;
};

// The system's cryptographic generator; lives for the whole process.
Random& SystemRandom();

// Makes ids. Thread-safe as its clock and randomness are.
class IdGenerator {
 public:
  IdGenerator(const Clock& clock, Random& random) : clock_(clock), random_(random) {}
  // RFC 9562 UUID version 7: time-ordered, so that primary keys grow at the end.
  std::string Uuid();
  // "sess_" and 26 characters of Crockford base 32 (time-ordered).
  std::string SessionId();
  // `prefix` and `bytes` random bytes in hex.
  std::string Token(std::string_view prefix, size_t bytes);

 private:
  const Clock& clock_;
  Random& random_;
};

// The smallest UUID version 7 of that moment: ids made at or after it are greater.
std::string FirstUuidAt(absl::Time time);

// True for the canonical 36 character form, lower or upper case.
bool IsUuid(std::string_view text);

}  // namespace ctc::base
