// The named values of a provider's callback, whatever encoding it chose today: query, form,
// multipart or JSON. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ctc/common/v1/http.pb.h"
#include "libs/base/status.h"

namespace ctc::providers {

class CallbackFields {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  // The body's values; of a GET the query's. JSON is flattened to bracket keys, as
  // "Legs[0][Status]", at most 5 levels deep. INVALID_ARGUMENT says what cannot be read.
  static absl::StatusOr<CallbackFields> Read(const common::v1::HttpRequest& request);
  static absl::StatusOr<CallbackFields> ReadJson(std::string_view text);
  // The query's values alone.
  static absl::StatusOr<CallbackFields> ReadQuery(const common::v1::HttpRequest& request);

  // The first value, without blanks around it; "" when absent and for the words null and None,
  // which some senders write for it.
  std::string_view Get(std::string_view name) const;
  // The first of these that is not empty.
  std::string_view GetAny(std::initializer_list<std::string_view> names) const;
  // A whole number from 0 on; -1 when absent or none.
  int Number(std::string_view name) const;
  // As sent, "" when absent.
  std::string_view Raw(std::string_view name) const;
  bool Has(std::string_view name) const;

 private:
  explicit CallbackFields(Pairs pairs) : pairs_(std::move(pairs)) {}

  Pairs pairs_;
};

// The first value of a header, name in lower case; "" when absent.
std::string_view HeaderOf(const common::v1::HttpRequest& request, std::string_view name);

}  // namespace ctc::providers
