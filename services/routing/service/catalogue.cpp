#include "services/routing/service/catalogue.h"

#include "libs/observability/log.h"
#include "services/routing/store/menu_store.h"
#include "services/routing/store/queue_store.h"

namespace ctc::routing {
namespace {

constexpr absl::Duration kTimeToLive = absl::Hours(1);
constexpr absl::Duration kLookAgainAfter = absl::Seconds(5);
constexpr size_t kMaxTenants = 2000;

// An option that this release cannot read is left out; so is a menu's clock.
Menu ReadWhatCanBe(const v1::IvrMenu& row) {
  auto menu = ReadMenu(row);
  if (menu.ok()) return *std::move(menu);
  observability::Warn("menu read in part: it was written by another release",
                      {{"menu_id", row.id()}, {"status", menu.status()}});
  v1::IvrMenu part = row;
  part.clear_options();
  part.clear_business_hours();
  for (const v1::IvrMenuOption& option : row.options()) {
    v1::IvrMenu with = part;
    *with.add_options() = option;
    if (ReadMenu(with).ok()) part = std::move(with);
  }
  return *ReadMenu(std::move(part));
}

std::shared_ptr<const Book> MakeBook(std::vector<v1::IvrMenu> menus,
                                     std::vector<v1::Queue> queues) {
  auto book = std::make_shared<Book>();
  for (const v1::IvrMenu& row : menus) book->menus.emplace(row.id(), ReadWhatCanBe(row));
  for (v1::Queue& queue : queues) {
    const std::string id = queue.id();
    book->queues.emplace(id, std::move(queue));
  }
  return book;
}

}  // namespace

Catalogue::Catalogue(db::Database& database, const base::Clock& clock)
    : database_(database),
      books_(clock, kTimeToLive, kMaxTenants),
      checked_(clock, kLookAgainAfter, kMaxTenants) {}

void Catalogue::Forget(const base::TenantId& tenant) {
  books_.Forget(tenant);
  checked_.Forget(tenant);
}

Task<absl::StatusOr<Catalogue::BookPtr>> Catalogue::BookOf(base::TenantId tenant,
                                                           absl::Time deadline) {
  const std::optional<Kept> kept = books_.Find(tenant);
  if (!kept) co_return co_await Load(std::move(tenant), deadline);
  if (checked_.Find(tenant)) co_return kept->book;
  const uint64_t generation = checked_.generation();
  std::string version;
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(version, MenuStore(tenant).Version(c));
        return absl::OkStatus();
      });
  if (status.ok() && version != kept->version) co_return co_await Load(std::move(tenant), deadline);
  if (status.ok()) checked_.Keep(tenant, true, generation);
  co_return kept->book;
}

Task<absl::StatusOr<Catalogue::BookPtr>> Catalogue::Load(base::TenantId tenant,
                                                         absl::Time deadline) {
  const uint64_t generation = books_.generation();
  const uint64_t checked_generation = checked_.generation();
  std::vector<v1::IvrMenu> menus;
  std::vector<v1::Queue> queues;
  std::string version;
  const absl::Status status =
      co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(version, MenuStore(tenant).Version(c));
        CTC_ASSIGN_OR_RETURN(menus, MenuStore(tenant).LoadAll(c));
        CTC_ASSIGN_OR_RETURN(queues, QueueStore(tenant).LoadAll(c));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  Kept kept;
  kept.book = MakeBook(std::move(menus), std::move(queues));
  kept.version = std::move(version);
  books_.Keep(tenant, kept, generation);
  checked_.Keep(tenant, true, checked_generation);
  co_return kept.book;
}

}  // namespace ctc::routing
