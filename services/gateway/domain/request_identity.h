// Ids that travel with a request: X-Request-ID, W3C traceparent, Idempotency-Key. Pure but for the
// randomness given.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/ids.h"

namespace ctc::gateway {

// 1 to 128 of letters, digits and "._-:"; anything else could break a log or a header.
bool IsRequestId(std::string_view text);

// The W3C form "00-<32 hex>-<16 hex>-<2 hex>" with ids that are not all zero.
bool IsTraceparent(std::string_view text);
// The same trace with a span of our own; a new trace when `incoming` is not valid.
std::string NextTraceparent(std::string_view incoming, base::Random& random);

// 1 to 255 visible ASCII characters.
bool IsIdempotencyKey(std::string_view text);

// 1 to 64 of letters, digits and "._-": what a tenant column holds.
bool IsTenantId(std::string_view text);

}  // namespace ctc::gateway
