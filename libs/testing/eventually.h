// Waits in tests for a condition, never for a time.
#pragma once

#include <absl/time/time.h>

#include <functional>
#include <string>

namespace ctc::testing {

// Asks `condition` again and again until it returns "" or `limit` passed, then fails the test with
// what it said last: let it say what it sees ("3 rows of 5").
void Eventually(const std::function<std::string()>& condition,
                absl::Duration limit = absl::Seconds(30));

// The same for a plain condition; `what` is said when it stays false.
void EventuallyTrue(const std::function<bool()>& condition, const std::string& what,
                    absl::Duration limit = absl::Seconds(30));

}  // namespace ctc::testing
