// Reads of sessions and of the feed: the cache and the ring first, the database for the rest.
// Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "libs/db/database.h"
#include "services/session/store/feed_ring.h"
#include "services/session/store/session_cache.h"
#include "services/session/store/session_list.h"

namespace ctc::session::store {

class SessionReader {
 public:
  SessionReader(db::Database& database, SessionCache& cache, FeedRing& ring)
      : database_(database), cache_(cache), ring_(ring) {}

  // By UUID or sess_ id. NOT_FOUND for an absent one and for another tenant's, alike.
  Task<absl::StatusOr<RecordPtr>> Get(base::TenantId tenant, std::string id, absl::Time deadline);
  // The same past the cache: also what another process wrote a moment ago.
  Task<absl::StatusOr<RecordPtr>> GetNewest(base::TenantId tenant, std::string id,
                                            absl::Time deadline);
  // By UUID, whosever they are: for our own background work only. Absent ones are left out.
  Task<absl::StatusOr<std::vector<RecordPtr>>> GetMany(std::vector<std::string> ids,
                                                       absl::Time deadline);
  // By the provider's id of the call or of one of its legs.
  Task<absl::StatusOr<RecordPtr>> GetByProviderCall(base::TenantId tenant, std::string provider_id,
                                                    std::string provider_call_id,
                                                    absl::Time deadline);

  // The session made with this Idempotency-Key.
  Task<absl::StatusOr<RecordPtr>> GetByIdempotencyKey(base::TenantId tenant, std::string key,
                                                      absl::Time deadline);

  struct Page {
    int64_t total = 0;
    std::vector<RecordPtr> records;
    std::string last_id;  // empty on the last page of the list
  };
  Task<absl::StatusOr<Page>> List(ListQuery query, absl::Time deadline);

  Task<absl::StatusOr<std::vector<RecordPtr>>> ListLive(base::TenantId tenant,
                                                        std::string provider_id,
                                                        absl::Time deadline);

  Task<absl::StatusOr<std::vector<v1::CallEvent>>> EventsOf(base::TenantId tenant, std::string id,
                                                            absl::Time deadline);

  // Events after `after`, at most `limit` looked at.
  Task<absl::StatusOr<FeedRing::Page>> ReadFeed(int64_t after, int limit, std::string tenant,
                                                absl::Time deadline);
  // The newest position of the feed.
  Task<absl::StatusOr<int64_t>> LastSeq(absl::Time deadline);

 private:
  // The first of them, as this process knows it; nullptr when there is none.
  RecordPtr Shared(std::vector<Record>& records);
  // False when one is not cached.
  bool FillFromCache(const std::vector<std::string>& ids, std::vector<RecordPtr>& records);
  // Completes `records` (nullptr where not cached) inside a unit of work.
  absl::Status Fill(db::Connection& connection, const std::vector<std::string>& ids,
                    std::vector<RecordPtr>& records);

  db::Database& database_;
  SessionCache& cache_;
  FeedRing& ring_;
};

}  // namespace ctc::session::store
