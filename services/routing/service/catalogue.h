// A tenant's menus and queues from memory while nothing changed, else from the database.
// Thread-safe.
#pragma once

#include <memory>

#include "libs/base/asio.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/db/database.h"
#include "services/routing/domain/menu_book.h"
#include "services/routing/service/ttl_cache.h"

namespace ctc::routing {

class Catalogue {
 public:
  Catalogue(db::Database& database, const base::Clock& clock);

  using BookPtr = std::shared_ptr<const Book>;  // shared with calls under way
  // Kept for an hour; another process's change is noticed within seconds by a look at the rows'
  // stamps. Without the database what is kept goes on to serve.
  Task<absl::StatusOr<BookPtr>> BookOf(base::TenantId tenant, absl::Time deadline);
  // After each change of a menu or a queue in this process.
  void Forget(const base::TenantId& tenant);

 private:
  struct Kept {
    BookPtr book;
    std::string version;  // of the rows it was read from
  };
  Task<absl::StatusOr<BookPtr>> Load(base::TenantId tenant, absl::Time deadline);

  db::Database& database_;
  TtlCache<base::TenantId, Kept> books_;
  TtlCache<base::TenantId, bool> checked_;  // looked at a moment ago
};

}  // namespace ctc::routing
