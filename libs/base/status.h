// Early return for absl::Status, in plain functions and in coroutines.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <utility>

#define CTC_STATUS_CONCAT_INNER(a, b) a##b
#define CTC_STATUS_CONCAT(a, b) CTC_STATUS_CONCAT_INNER(a, b)

#define CTC_STATUS_ASSIGN(keyword, tmp, lhs, ...) \
  auto tmp = (__VA_ARGS__);                       \
  if (!tmp.ok()) keyword std::move(tmp).status(); \
  lhs = std::move(tmp).value()

// Returns the status of `expression` when it is an error.
#define CTC_RETURN_IF_ERROR(...)                                                      \
  do {                                                                                \
    if (absl::Status ctc_status = (__VA_ARGS__); !ctc_status.ok()) return ctc_status; \
  } while (false)

// The same in a coroutine.
#define CTC_CO_RETURN_IF_ERROR(...)                                                      \
  do {                                                                                   \
    if (absl::Status ctc_status = (__VA_ARGS__); !ctc_status.ok()) co_return ctc_status; \
  } while (false)

// CTC_ASSIGN_OR_RETURN(auto x, F()): x is the value, or the function returns F's error.
#define CTC_ASSIGN_OR_RETURN(lhs, ...) \
  CTC_STATUS_ASSIGN(return, CTC_STATUS_CONCAT(ctc_or_, __COUNTER__), lhs, __VA_ARGS__)

// The same in a coroutine.
#define CTC_CO_ASSIGN_OR_RETURN(lhs, ...) \
  CTC_STATUS_ASSIGN(co_return, CTC_STATUS_CONCAT(ctc_or_, __COUNTER__), lhs, __VA_ARGS__)
