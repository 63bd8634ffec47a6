// limit and offset of the list rpcs.
#pragma once

#include "libs/base/error.h"
#include "libs/base/status.h"

namespace ctc::rpc {

struct PageBounds {
  int limit = 50;
  int offset = 0;
};

template <class Request>
absl::StatusOr<PageBounds> BoundsOf(const Request& request) {
  PageBounds bounds;
  if (request.has_limit()) bounds.limit = request.limit();
  if (request.has_offset()) bounds.offset = request.offset();
  if (bounds.limit < 1 || bounds.limit > 200)
    return base::InvalidField("limit", "must be 1 to 200");
  if (bounds.offset < 0) return base::InvalidField("offset", "must not be negative");
  return bounds;
}

}  // namespace ctc::rpc
