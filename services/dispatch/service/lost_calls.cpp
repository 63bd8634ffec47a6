#include "services/dispatch/service/lost_calls.h"

#include <utility>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/observability/log.h"
#include "services/dispatch/service/lease_holder.h"

namespace ctc::dispatch {
namespace {

constexpr char kLeases[] = "native-calls/";
// Long enough for a database that is away for a moment: a process that is taken for dead has its
// calls ended by the next one that starts.
constexpr absl::Duration kLeaseTtl = absl::Seconds(20);
constexpr absl::Duration kLeaseRenewal = absl::Seconds(5);
constexpr absl::Duration kRetry = absl::Seconds(1);
constexpr absl::Duration kTimeout = absl::Seconds(2);
constexpr absl::Duration kLastTimeout = absl::Seconds(1);  // the process is waited for

}  // namespace

absl::Time LostCalls::Soon() const { return parts_.clock.Now() + kTimeout; }

std::string LostCalls::LeaseName() const { return kLeases + parts_.holder; }

Task<absl::Status> LostCalls::Join() {
  const absl::Status taken =
      (co_await parts_.leases.Take(LeaseName(), parts_.holder, kLeaseTtl, Soon())).status();
  if (!taken.ok()) {
    steady_since_.reset();
  } else if (!steady_since_) {
    steady_since_ = parts_.clock.Monotonic();
  }
  co_return taken;
}

Task<void> LostCalls::Leave() {
  const absl::Status left =
      co_await parts_.leases.Release(LeaseName(), parts_.holder, parts_.clock.Now() + kLastTimeout);
  if (!left.ok()) observability::Warn("a lease was not given up", {{"error", left}});
}

Task<void> LostCalls::Run() {
  bool told = false;
  absl::Duration pause;
  absl::Duration renew_at;
  do {
    if (parts_.clock.Monotonic() >= renew_at) {
      const absl::Status alive = co_await Join();
      if (alive.ok()) renew_at = parts_.clock.Monotonic() + kLeaseRenewal;
    }
    // Whoever else is there may die, and leave calls of its own.
    told = told ? co_await IsAlone() : co_await EndLost();
    pause = told && steady_since_ ? kLeaseRenewal : kRetry;
  } while (co_await parts_.background.Sleep(pause));
}

Task<bool> LostCalls::IsAlone() {
  if (parts_.background.stopping()) co_return false;
  const absl::StatusOr<std::vector<Holder>> holders =
      co_await parts_.leases.HoldersOf(kLeases, Soon());
  if (!holders.ok() || !steady_since_) co_return false;
  const bool had_its_time = parts_.clock.Monotonic() - *steady_since_ >= kLeaseTtl;
  for (const Holder& other : *holders) {
    if (other.name == parts_.holder) continue;
    if (IsDeadHolder(other.name)) {
      (void)co_await parts_.leases.Release(kLeases + other.name, other.name, Soon());
    } else if (!other.expired || !had_its_time) {
      co_return false;
    }
  }
  co_return true;
}

Task<absl::StatusOr<LostCalls::Live>> LostCalls::LiveSessions(AccountPtr account) {
  session::v1::ListLiveSessionsRequest request;
  request.set_provider_id(account->config.id());
  rpc::Context context = rpc::Context::ForService(account->tenant, Soon());
  const auto live =
      co_await rpc::Call(parts_.session, session::v1::SessionServiceRpc::kListLiveSessions,
                         std::move(context), request);
  if (!live.ok()) co_return live.status();
  Live sessions(live->sessions().begin(), live->sessions().end());
  co_return sessions;
}

// Who joins after the sessions were read has none of them, and who joined before is seen.
Task<bool> LostCalls::EndLost() {
  constexpr auto kType = common::v1::ProviderType::SIP;
  providers::Adapter* adapter = parts_.registry.Find(kType);
  if (adapter == nullptr) co_return true;
  if (!co_await IsAlone()) co_return false;
  const absl::StatusOr<Accounts> accounts = co_await parts_.directory.OfType(kType, Soon());
  if (!accounts.ok()) co_return false;
  std::vector<std::pair<AccountPtr, Live>> found;
  for (const AccountPtr& account : *accounts) {
    if (parts_.background.stopping()) co_return false;
    if (!adapter->CarriesCalls(account->config)) continue;
    absl::StatusOr<Live> live = co_await LiveSessions(account);
    if (!live.ok()) co_return false;
    if (!live->empty()) found.emplace_back(account, *std::move(live));
  }
  if (!co_await IsAlone()) co_return false;
  for (auto& [account, live] : found) {
    co_await adapter->EndLost(account, std::move(live));
  }
  (void)co_await parts_.leases.RemoveExpired(kLeases, Soon());
  co_return true;
}

}  // namespace ctc::dispatch
