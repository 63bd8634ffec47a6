#include "services/dispatch/wiring.h"

#include <absl/strings/str_cat.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "ctc/dispatch/v1/provider_service.rpc.h"
#include "libs/base/ids.h"
#include "libs/host/background.h"
#include "libs/observability/log.h"
#include "libs/providers/asterisk/adapter.h"
#include "libs/providers/exotel/adapter.h"
#include "libs/providers/mcube/adapter.h"
#include "libs/providers/sip/adapter.h"
#include "libs/providers/twilio/adapter.h"
#include "libs/providers/vonage/adapter.h"
#include "services/dispatch/service/agent_leg.h"
#include "services/dispatch/service/credentials.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/dispatch_service.h"
#include "services/dispatch/service/event_sockets.h"
#include "services/dispatch/service/gate.h"
#include "services/dispatch/service/health_board.h"
#include "services/dispatch/service/lease_holder.h"
#include "services/dispatch/service/leftover_legs.h"
#include "services/dispatch/service/lost_calls.h"
#include "services/dispatch/service/native_facts.h"
#include "services/dispatch/service/native_flows.h"
#include "services/dispatch/service/native_referrals.h"
#include "services/dispatch/service/native_sounds.h"
#include "services/dispatch/service/provider_service.h"
#include "services/dispatch/service/registry.h"
#include "services/dispatch/service/second_leg.h"
#include "services/dispatch/store/lease_store.h"
#include "services/dispatch/store/provider_store.h"
#include "services/dispatch/store/submission_store.h"

namespace ctc::dispatch {
namespace {

constexpr absl::Duration kChangesInterval = absl::Seconds(1);
constexpr absl::Duration kReadyTimeout = absl::Seconds(2);

providers::Environment ProviderEnvironment(const host::Environment& environment, http::Client& http,
                                           const http::AddressGuard& guard) {
  providers::Environment out{http, environment.clock, {}, environment.random, guard};
  out.window.max_age = environment.settings.Seconds("dispatch.webhook_max_age_seconds");
  out.window.max_skew = environment.settings.Seconds("dispatch.webhook_max_skew_seconds");
  return out;
}

class DispatchHost final : public host::Service {
 public:
  DispatchHost(const host::Environment& environment, Keyring keyring, http::AddressGuard guard)
      : environment_(environment),
        keyring_(std::move(keyring)),
        guard_(std::move(guard)),
        http_(http::Client::Create(environment.executor, guard_)),
        ids_(environment.clock, environment.random),
        store_(environment.database),
        leases_(environment.database),
        submissions_(environment.database),
        background_(environment.executor),
        native_facts_(environment.peer("webhook"), background_, environment.clock),
        native_flows_(environment.peer("webhook"), background_, environment.clock),
        native_referrals_(environment.peer("session"), background_, environment.clock),
        native_sounds_(*http_, background_, environment.clock),
        directory_(store_, keyring_, environment.clock, environment.settings.Text("public.url")),
        board_(environment.clock),
        gate_(registry_, directory_, board_, background_, environment.clock),
        shelf_(environment.clock,
               static_cast<size_t>(environment.settings.Int("dispatch.recording_cache_mib")) << 20),
        dispatch_(registry_, directory_, board_, gate_, shelf_, environment.peer("session"),
                  environment.clock),
        providers_({store_, keyring_, registry_, directory_, board_, gate_,
                    environment.peer("session"), ids_, environment.clock, guard_}),
        holder_(NameHolder(ids_.Token("dispatch-", 8))),
        sockets_(
            {background_, leases_, board_, environment.peer("session"), environment.peer("webhook"),
             ProviderEnvironment(environment, *http_, guard_), environment.random, holder_, guard_},
            directory_),
        second_leg_({submissions_, registry_, directory_, gate_, background_,
                     environment.peer("session"), environment.peer("webhook"), environment.clock}),
        agent_leg_({submissions_, registry_, directory_, gate_, background_,
                    environment.peer("session"), environment.clock}),
        leftover_legs_({submissions_, registry_, directory_, background_,
                        environment.peer("session"), environment.clock}),
        lost_calls_({leases_, registry_, directory_, environment.peer("session"), background_,
                     environment.clock, holder_}) {
    registry_.Add(
        providers::asterisk::MakeAdapter(ProviderEnvironment(environment, *http_, guard_)));
    registry_.Add(providers::sip::MakeAdapter(
        ProviderEnvironment(environment, *http_, guard_), NativeOutlets(),
        environment.settings.Text("dispatch.recordings_dir")));
    registry_.Add(providers::exotel::MakeAdapter(ProviderEnvironment(environment, *http_, guard_)));
    registry_.Add(providers::mcube::MakeAdapter(ProviderEnvironment(environment, *http_, guard_)));
    registry_.Add(providers::twilio::MakeAdapter(ProviderEnvironment(environment, *http_, guard_)));
    registry_.Add(providers::vonage::MakeAdapter(ProviderEnvironment(environment, *http_, guard_)));
  }

  std::string_view name() const override { return "dispatch"; }

  void Bind(rpc::HandlerMap& map) override {
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, ListRoutes);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, PlaceCall);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, ControlCall);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, LookUpCall);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, FetchRecording);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, DeleteRecording);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, ReadWebhook);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, ReadFlow);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, RenderFlow);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, CreateProvider);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, ListProviders);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, ListProviderTypes);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, GetProvider);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, UpdateProvider);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, DeleteProvider);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, TestProvider);
    CTC_BIND(map, v1::ProviderServiceRpc, providers_, GetProviderHealth);
  }

  absl::Status Start() override {
    CTC_RETURN_IF_ERROR(
        asio::co_spawn(environment_.executor, lost_calls_.Join(), asio::use_future).get());
    background_.Spawn("lost calls", [this] { return lost_calls_.Run(); });
    background_.Spawn("changes", [this] { return WatchChanges(); });
    // Not a background task: a read of the feed under way would hold Stop up for its whole wait.
    asio::co_spawn(environment_.executor, second_leg_.Follow(), [](std::exception_ptr e) {
      if (e) observability::Error("following the feed ended by an exception");
    });
    asio::co_spawn(environment_.executor, agent_leg_.Follow(), [](std::exception_ptr e) {
      if (e) observability::Error("following the feed ended by an exception");
    });
    background_.Spawn("abandoned agents' legs", [this] { return agent_leg_.SweepAbandoned(); });
    asio::co_spawn(environment_.executor, leftover_legs_.Follow(), [](std::exception_ptr e) {
      if (e) observability::Error("following the feed for leftover legs ended by an exception");
    });
    background_.Spawn("abandoned second legs", [this] { return second_leg_.SweepAbandoned(); });
    return absl::OkStatus();
  }

  Task<void> Stop() override {
    co_await second_leg_.Stop();
    co_await agent_leg_.Stop();
    co_await leftover_legs_.Stop();
    for (const auto& [type, adapter] : registry_.all()) co_await adapter->Leave();
    // What the calls told has reached the forwarders by then: these send it before they end.
    co_await asio::post(background_.strand(), asio::use_awaitable);
    co_await background_.Stop();
    co_await lost_calls_.Leave();
  }

  Task<absl::Status> Ready() override {
    co_return co_await environment_.database.Ping(environment_.clock.Now() + kReadyTimeout);
  }

 private:
  Task<void> AttendSip() {
    constexpr auto kType = common::v1::ProviderType::SIP;
    const absl::StatusOr<Accounts> accounts =
        co_await directory_.ActiveOfType(kType, environment_.clock.Now() + kReadyTimeout);
    const absl::Duration pause =
        accounts.ok() ? registry_.Find(kType)->Attend(*accounts) : kChangesInterval;
    attend_at_ = environment_.clock.Monotonic() + pause;
  }

  providers::sip::native::Outlets NativeOutlets() {
    providers::sip::native::Outlets outlets;
    outlets.facts = [this](AccountPtr account, std::vector<session::v1::SessionFact> facts) {
      native_facts_.Add(std::move(account), std::move(facts));
    };
    outlets.referrals = [this](AccountPtr account, providers::sip::native::ReferralNote note) {
      native_referrals_.Add(std::move(account), std::move(note));
    };
    outlets.flows = [this](AccountPtr account, providers::sip::native::FlowNote note) {
      native_flows_.Add(std::move(account), std::move(note));
    };
    outlets.sounds = [this](const AccountPtr&, providers::sip::native::SoundNote note) {
      native_sounds_.Add(std::move(note));
    };
    return outlets;
  }

  // One cheap query a second tells of writes, other replicas' too.
  Task<void> WatchChanges() {
    bool refresh = false;
    do {
      shelf_.Prune();
      const absl::StatusOr<bool> changed =
          co_await directory_.LookForChanges(environment_.clock.Now() + kReadyTimeout);
      const bool news = changed.ok() && *changed;
      if (news || environment_.clock.Monotonic() >= attend_at_) co_await AttendSip();
      refresh = refresh || news;
      if (!refresh) continue;
      const absl::Status status =
          co_await sockets_.Refresh(environment_.clock.Now() + kReadyTimeout);
      refresh = !status.ok();
    } while (co_await background_.Sleep(kChangesInterval));
  }

  const host::Environment& environment_;
  const Keyring keyring_;
  const http::AddressGuard guard_;
  const std::unique_ptr<http::Client> http_;  // providers' alone: hosts that tenants chose
  base::IdGenerator ids_;
  ProviderStore store_;
  LeaseStore leases_;
  SubmissionStore submissions_;
  host::Background background_;
  NativeFacts native_facts_;
  NativeFlows native_flows_;
  NativeReferrals native_referrals_;
  NativeSounds native_sounds_;
  Registry registry_;  // its user agents' threads end before what they tell
  Directory directory_;
  HealthBoard board_;
  Gate gate_;
  RecordingShelf shelf_;
  DispatchService dispatch_;
  ProviderService providers_;
  const std::string holder_;  // this process
  EventSockets sockets_;
  SecondLeg second_leg_;
  AgentLeg agent_leg_;
  LeftoverLegs leftover_legs_;
  LostCalls lost_calls_;
  absl::Duration attend_at_;  // monotonic; of the task that watches changes
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  CTC_ASSIGN_OR_RETURN(Keyring keyring,
                       Keyring::Parse(environment.settings.Secret("dispatch.master_key")));
  const int64_t cache_mib = environment.settings.Int("dispatch.recording_cache_mib");
  if (cache_mib < kLargestRecordingMib) {
    return absl::InvalidArgumentError(absl::StrCat("dispatch.recording_cache_mib: is ", cache_mib,
                                                   "; a recording may have ", kLargestRecordingMib,
                                                   " MiB, and one at least must fit"));
  }
  absl::StatusOr<http::AddressGuard> guard =
      http::AddressGuard::PublicAnd(environment.settings.Text("dispatch.allowed_networks"));
  if (!guard.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("dispatch.allowed_networks: ", guard.status().message()));
  }
  return std::make_unique<DispatchHost>(environment, std::move(keyring), *std::move(guard));
}

}  // namespace ctc::dispatch
