// How far each follower of the feed is: the rows of event_cursor, moved in the transaction that
// commits the effects of what was followed. Functions over an open transaction; thread-safe as they
// hold nothing. Errors are those of the connection.
#pragma once

#include <cstdint>
#include <string_view>

#include "libs/base/status.h"
#include "libs/db/database.h"

namespace ctc::events {

// The seq up to which the consumer's effects are committed; `first` when it never saved one: 0 to
// follow the feed from its begin, -1 from its newest event.
absl::StatusOr<int64_t> LoadCursor(db::Connection& connection, std::string_view consumer,
                                   int64_t first);

// Never moves it back: a replica that is behind has applied nothing that is not committed.
absl::Status SaveCursor(db::Connection& connection, std::string_view consumer, int64_t seq,
                        absl::Time now);

// For followers whose effects must not be committed twice. LockCursor begins at 0, and nobody else
// moves the cursor until the transaction ends.
absl::StatusOr<int64_t> LockCursor(db::Connection& connection, std::string_view consumer,
                                   absl::Time now);

// False, and nothing done, when the cursor is not at `from`.
absl::StatusOr<bool> MoveCursor(db::Connection& connection, std::string_view consumer, int64_t from,
                                int64_t to, absl::Time now);

}  // namespace ctc::events
