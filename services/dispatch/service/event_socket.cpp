#include "services/dispatch/service/event_socket.h"

#include <algorithm>
#include <utility>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/http/client.h"
#include "libs/observability/log.h"
#include "libs/providers/asterisk/ari_client.h"
#include "services/dispatch/service/lease_holder.h"

namespace ctc::dispatch {
namespace {

namespace asterisk = providers::asterisk;

// Short, so that another replica is there before a phone that rings is answered.
constexpr absl::Duration kLeaseTtl = absl::Seconds(2);
constexpr absl::Duration kLeaseRenewal = absl::Milliseconds(500);
constexpr absl::Duration kLeaseAsked = absl::Milliseconds(250);
constexpr absl::Duration kDatabaseTimeout = absl::Seconds(3);
constexpr absl::Duration kConnectTimeout = absl::Seconds(5);
constexpr absl::Duration kPing = absl::Seconds(15);
constexpr absl::Duration kFirstPause = absl::Milliseconds(200);
constexpr absl::Duration kLongestPause = absl::Seconds(30);
constexpr absl::Duration kSessionsTimeout = absl::Seconds(2);
constexpr absl::Duration kCompareRetry = absl::Seconds(1);
constexpr absl::Duration kCompareEvery = absl::Minutes(1);

}  // namespace

EventSocket::EventSocket(const EventSocketParts& parts, AccountPtr account)
    : parts_(parts),
      account_(std::move(account)),
      forwarder_(std::make_shared<FactForwarder>(parts.webhook, parts.background,
                                                 parts.environment.clock, account_)),
      flow_asker_(std::make_shared<FlowAsker>(parts.webhook, parts.background,
                                              parts.environment.clock, account_)) {}

void EventSocket::Close() {
  closed_ = true;
  if (link_ != nullptr) Hang(link_);
}

void EventSocket::Hang(Link link) {
  asio::co_spawn(
      parts_.background.strand(),
      [link]() -> Task<void> { return link->Close(1000, "going away"); },
      [link](std::exception_ptr e) {
        if (e) observability::Error("closing an event socket ended by an exception");
      });
}

absl::Duration EventSocket::BackOff(int failures) {
  const absl::Duration full =
      std::min(kLongestPause, kFirstPause * (int64_t{1} << std::min(failures, 10)));
  unsigned char byte = 0;
  parts_.random.Fill({&byte, 1});
  // Half of it and a random part of the other half, so that replicas do not come back in step.
  return full / 2 + full / 2 * (byte / 255.0);
}

Task<bool> EventSocket::HoldLease() {
  const absl::Time deadline = parts_.environment.clock.Now() + kDatabaseTimeout;
  const absl::StatusOr<bool> held =
      co_await parts_.leases.Take(LeaseName(), parts_.holder, kLeaseTtl, deadline);
  if (!held.ok() || *held) co_return held.ok();
  const absl::StatusOr<std::string> holder = co_await parts_.leases.HolderOf(LeaseName(), deadline);
  // Agents answer meanwhile, and Asterisk drops those whom no socket waits for.
  if (!holder.ok() || !IsDeadHolder(*holder)) co_return false;
  (void)co_await parts_.leases.Release(LeaseName(), *holder, deadline);
  const absl::StatusOr<bool> inherited =
      co_await parts_.leases.Take(LeaseName(), parts_.holder, kLeaseTtl, deadline);
  co_return inherited.ok() && *inherited;
}

Task<void> EventSocket::Run() {
  const std::shared_ptr<EventSocket> self = shared_from_this();
  absl::StatusOr<std::shared_ptr<asterisk::Driver>> driver = asterisk::Driver::Create(
      parts_.background.strand(), parts_.environment, account_,
      [forwarder = forwarder_](asterisk::FactNote note) { forwarder->Add(std::move(note)); },
      [asker = flow_asker_](asterisk::FlowQuestion question) {
        return asker->Ask(std::move(question));
      });
  if (!driver.ok()) {
    observability::Error("an asterisk account cannot be used",
                         {{"provider", account_->config.id()}, {"error", driver.status()}});
    co_return;
  }
  driver_ = *std::move(driver);
  parts_.background.Spawn("facts", [forwarder = forwarder_] { return forwarder->Run(); });
  const int waker = parts_.background.OnStop([this] { Close(); });
  int failures = 0;
  while (!ending()) {
    if (!co_await HoldLease()) {
      if (!co_await parts_.background.Sleep(kLeaseAsked)) break;
      continue;
    }
    const absl::Duration began = parts_.environment.clock.Monotonic();
    const absl::Status ended = co_await Converse();
    parts_.board.SetEventSocket(account_->config.id(), false);
    if (ending()) break;
    const bool lasted = parts_.environment.clock.Monotonic() - began > kLongestPause;
    failures = lasted ? 0 : failures + 1;
    observability::Warn("event socket is not connected",
                        {{"provider", account_->config.id()}, {"error", ended}});
    if (!co_await parts_.background.Sleep(BackOff(std::max(0, failures - 1)))) break;
  }
  parts_.background.RemoveOnStop(waker);
  driver_->Close();
  forwarder_->Close();
  (void)co_await parts_.leases.Release(LeaseName(), parts_.holder,
                                       parts_.environment.clock.Now() + kDatabaseTimeout);
}

Task<absl::Status> EventSocket::Converse() {
  std::vector<std::pair<std::string, std::string>> headers;
  headers.emplace_back("Authorization", asterisk::AuthorizationHeader(*account_));
  const std::shared_ptr<bool> connecting = std::make_shared<bool>(true);
  parts_.background.Spawn(
      "lease", [self = shared_from_this(), connecting] { return self->HoldWhile(connecting); });
  absl::StatusOr<std::unique_ptr<http::WebSocket>> opened = co_await http::ConnectWebSocket(
      driver_->SocketUrl(), std::move(headers), kConnectTimeout, kPing, parts_.guard);
  *connecting = false;
  if (!opened.ok()) co_return opened.status();
  const Link link = *std::move(opened);
  link_ = link;
  parts_.background.Spawn("lease",
                          [self = shared_from_this(), link] { return self->KeepLease(link); });
  // Events wait in the socket until what came before them is known.
  const absl::StatusOr<std::vector<session::v1::Session>> live = co_await LiveSessions();
  const std::vector<session::v1::Session> none;
  absl::Status status = co_await driver_->ReconcileSwitch(live.ok() ? *live : none);
  if (status.ok() && !ending()) {
    parts_.board.SetEventSocket(account_->config.id(), true);
    observability::Info("event socket connected",
                        {{"provider", account_->config.id()}, {"calls", driver_->live_calls()}});
    parts_.background.Spawn(
        "compare", [self = shared_from_this(), link] { return self->CompareSessions(link); });
    status = co_await ReadMessages(link);
  }
  link_.reset();
  co_await link->Close(1000, "going away");
  co_return status;
}

Task<absl::Status> EventSocket::ReadMessages(Link link) {
  while (true) {
    while (forwarder_->full()) {
      if (!co_await parts_.background.Sleep(absl::Milliseconds(50))) co_return absl::OkStatus();
    }
    const absl::StatusOr<std::string> message = co_await link->Read();
    if (!message.ok()) co_return message.status();
    if (!driver_->OnMessage(*message)) {
      co_return absl::AbortedError("another socket took the application over");
    }
  }
}

// If another replica has it all the same, KeepLease finds out as soon as there is a connection.
Task<void> EventSocket::HoldWhile(std::shared_ptr<const bool> connecting) {
  while (co_await parts_.background.Sleep(kLeaseRenewal)) {
    if (!*connecting) co_return;
    (void)co_await parts_.leases.Take(LeaseName(), parts_.holder, kLeaseTtl,
                                      parts_.environment.clock.Now() + kDatabaseTimeout);
  }
}

Task<void> EventSocket::KeepLease(Link link) {
  while (co_await parts_.background.Sleep(kLeaseRenewal)) {
    if (link_ != link) co_return;
    const absl::StatusOr<bool> held = co_await parts_.leases.Take(
        LeaseName(), parts_.holder, kLeaseTtl, parts_.environment.clock.Now() + kDatabaseTimeout);
    if (link_ != link) co_return;
    // While the database is away the socket stays: whoever takes the lease over opens another one,
    // and then Asterisk itself tells us that we are replaced.
    if (!held.ok() || *held) continue;
    observability::Warn("lost the lease of an event socket", {{"provider", account_->config.id()}});
    Hang(link);
    co_return;
  }
}

Task<absl::StatusOr<std::vector<session::v1::Session>>> EventSocket::LiveSessions() {
  session::v1::ListLiveSessionsRequest request;
  request.set_provider_id(account_->config.id());
  rpc::Context context =
      rpc::Context::ForService(account_->tenant, parts_.environment.clock.Now() + kSessionsTimeout);
  const auto live =
      co_await rpc::Call(parts_.session, session::v1::SessionServiceRpc::kListLiveSessions,
                         std::move(context), request);
  if (!live.ok()) co_return live.status();
  std::vector<session::v1::Session> sessions(live->sessions().begin(), live->sessions().end());
  co_return sessions;
}

Task<void> EventSocket::CompareSessions(Link link) {
  absl::Duration pause = absl::ZeroDuration();
  bool failed = false;
  while (co_await parts_.background.Sleep(pause)) {
    if (link_ != link) co_return;
    const absl::StatusOr<std::vector<session::v1::Session>> live = co_await LiveSessions();
    if (link_ != link) co_return;
    pause = kCompareRetry;
    absl::Status compared = live.status();
    if (live.ok()) compared = co_await driver_->ReconcileSessions(*live);
    if (!compared.ok()) {
      if (!std::exchange(failed, true)) {
        observability::Warn("sessions are not compared with the switch; asks again and again",
                            {{"provider", account_->config.id()}, {"error", compared}});
      }
      continue;
    }
    failed = false;
    pause = kCompareEvery;
    if (driver_->live_calls() > 0) (void)co_await driver_->DropVanished();
  }
}

}  // namespace ctc::dispatch
