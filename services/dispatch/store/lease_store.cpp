#include "services/dispatch/store/lease_store.h"

namespace ctc::dispatch {
namespace {

// MySQL assigns from left to right: the token still compares with the old holder.
constexpr std::string_view kTake =
    "UPDATE lease SET fencing_token = fencing_token + IF(holder = ?, 0, 1), holder = ?, "
    "expires_at = DATE_ADD(UTC_TIMESTAMP(3), INTERVAL ? SECOND) "
    "WHERE name = ? AND (holder = ? OR expires_at < UTC_TIMESTAMP(3))";
constexpr std::string_view kCreate =
    "INSERT IGNORE INTO lease (name, holder, fencing_token, expires_at) "
    "VALUES (?, '', 0, '2000-01-01 00:00:00')";
constexpr std::string_view kRelease =
    "UPDATE lease SET expires_at = '2000-01-01 00:00:00' WHERE name = ? AND holder = ?";
constexpr std::string_view kHolders =
    "SELECT holder, expires_at < UTC_TIMESTAMP(3) FROM lease "
    "WHERE LEFT(name, ?) = ? AND expires_at > '2000-01-02 00:00:00'";
constexpr std::string_view kRemoveExpired =
    "DELETE FROM lease "
    "WHERE LEFT(name, ?) = ? AND expires_at < DATE_SUB(UTC_TIMESTAMP(3), INTERVAL 1 HOUR)";

}  // namespace

Task<absl::StatusOr<bool>> LeaseStore::Take(std::string name, std::string holder,
                                            absl::Duration ttl, absl::Time deadline) {
  const db::Params take = {holder, holder, absl::ToInt64Seconds(ttl), name, holder};
  const db::Params create = {name};
  bool taken = false;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(int64_t changed, c.Execute(kTake, take));
    if (changed == 0) {
      CTC_ASSIGN_OR_RETURN(const int64_t created, c.Execute(kCreate, create));
      if (created == 1) {
        CTC_ASSIGN_OR_RETURN(changed, c.Execute(kTake, take));
      }
    }
    taken = changed == 1;
    return absl::OkStatus();
  }));
  co_return taken;
}

Task<absl::StatusOr<std::string>> LeaseStore::HolderOf(std::string name, absl::Time deadline) {
  const db::Params params = {std::move(name)};
  std::string holder;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                         c.Query("SELECT holder FROM lease WHERE name = ?", params));
    holder = rows.empty() ? "" : rows.front().Text(0);
    return absl::OkStatus();
  }));
  co_return holder;
}

Task<absl::StatusOr<std::vector<Holder>>> LeaseStore::HoldersOf(std::string prefix,
                                                                absl::Time deadline) {
  const db::Params params = {static_cast<int64_t>(prefix.size()), prefix};
  std::vector<Holder> holders;
  CTC_CO_RETURN_IF_ERROR(co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const db::Rows rows, c.Query(kHolders, params));
    holders.clear();
    for (const auto& row : rows) holders.push_back({row.Text(0), row.Int(1) != 0});
    return absl::OkStatus();
  }));
  co_return holders;
}

Task<absl::Status> LeaseStore::RemoveExpired(std::string prefix, absl::Time deadline) {
  const db::Params params = {static_cast<int64_t>(prefix.size()), prefix};
  co_return co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    return c.Execute(kRemoveExpired, params).status();
  });
}

Task<absl::Status> LeaseStore::Release(std::string name, std::string holder, absl::Time deadline) {
  const db::Params params = {std::move(name), std::move(holder)};
  co_return co_await database_.Run(deadline, [&](db::Connection& c) -> absl::Status {
    return c.Execute(kRelease, params).status();
  });
}

}  // namespace ctc::dispatch
