// A text that must not be seen: it has no formatter, no stream operator and is wiped when it goes.
#pragma once

#include <string>
#include <string_view>

namespace ctc::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) = default;
  ~Secret();
  // The only way to the text; every use can be found by this name.
  std::string_view Reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace ctc::base
