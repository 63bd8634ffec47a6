// The SQL of click_to_call_webhook_log. Free functions over an open transaction; a listing may be
// called with any filter. Thread-safe as they hold nothing.
#pragma once

#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/db/database.h"
#include "libs/db/list_page.h"
#include "services/webhook/domain/log_entry.h"

namespace ctc::webhook::store {

// One round trip, commit included, for each 8 MiB. It may run twice. At most so many entries. Only
// on a connection that takes ExecuteAll.
constexpr size_t kMostAtOnce = 64;
absl::Status Insert(db::Connection& connection, const std::vector<const LogEntry*>& entries);

// Ends events with `state` (kApplied or kDuplicate); those that have ended already stay as they
// are.
absl::Status MarkDone(db::Connection& connection, const std::vector<std::string>& ids,
                      std::string_view state, absl::Time now);

struct DueEvent {
  std::string id;
  absl::Time received_at;
  int attempts = 0;
  std::string facts;
};
// Takes at most 256 events that are due at `now`, oldest first, and keeps others from taking them
// until `lease_until`.
absl::StatusOr<std::vector<DueEvent>> Claim(db::Connection& connection, absl::Time now,
                                            absl::Time lease_until);

// What becomes of an event that could not be applied.
struct Setback {
  std::string id;
  absl::Time next_attempt_at = absl::InfiniteFuture();  // infinite: park it
  std::string error_code;
  std::string error_message;
};
absl::Status SetBack(db::Connection& connection, const std::vector<Setback>& setbacks);

struct Filter {
  std::vector<std::string> sessions;  // any of at most two names of one session; empty: all
  std::string state;                  // empty: all
  std::string provider_type;          // empty: all
};
// Newest first unless asked otherwise.
extern const db::ListOrders kLogOrders;
struct Page {
  int64_t total = 0;
  std::vector<LogEntry> entries;  // without payload and facts
  std::string next_cursor;
};
absl::StatusOr<Page> List(db::Connection& connection, const base::TenantId& tenant,
                          const Filter& filter, const db::ListPage& page);
// kNotFound when the tenant has no such entry.
absl::StatusOr<LogEntry> Get(db::Connection& connection, const base::TenantId& tenant,
                             const std::string& id);

}  // namespace ctc::webhook::store
