#include "services/dispatch/wiring.h"

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "ctc/dispatch/v1/provider_service.rpc.h"
#include "libs/base/ids.h"
#include "libs/observability/log.h"
#include "libs/providers/asterisk/adapter.h"
#include "libs/providers/exotel/adapter.h"
#include "libs/providers/mcube/adapter.h"
#include "libs/providers/sip/adapter.h"
#include "libs/providers/twilio/adapter.h"
#include "libs/providers/vonage/adapter.h"
#include "services/dispatch/service/agent_leg.h"
#include "services/dispatch/service/background.h"
#include "services/dispatch/service/credentials.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/dispatch_service.h"
#include "services/dispatch/service/event_sockets.h"
#include "services/dispatch/service/gate.h"
#include "services/dispatch/service/health_board.h"
#include "services/dispatch/service/lease_holder.h"
#include "services/dispatch/service/leftover_legs.h"
#include "services/dispatch/service/native_facts.h"
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

providers::Environment ProviderEnvironment(const host::Environment& environment) {
  providers::Environment out{environment.http, environment.clock, {}, environment.random};
  out.window.max_age = environment.settings.Seconds("dispatch.webhook_max_age_seconds");
  out.window.max_skew = environment.settings.Seconds("dispatch.webhook_max_skew_seconds");
  return out;
}

class DispatchHost final : public host::Service {
 public:
  DispatchHost(const host::Environment& environment, Keyring keyring)
      : environment_(environment),
        keyring_(std::move(keyring)),
        ids_(environment.clock, environment.random),
        store_(environment.database),
        leases_(environment.database),
        submissions_(environment.database),
        background_(environment.executor),
        native_facts_(environment.peer("webhook"), background_, environment.clock),
        directory_(store_, keyring_, environment.clock, environment.settings.Text("public.url")),
        board_(environment.clock),
        gate_(registry_, directory_, board_, background_, environment.clock),
        dispatch_(registry_, directory_, board_, gate_, environment.clock),
        providers_({store_, keyring_, registry_, directory_, board_, gate_,
                    environment.peer("session"), ids_, environment.clock}),
        sockets_({background_, leases_, board_, environment.peer("session"),
                  environment.peer("webhook"), ProviderEnvironment(environment), environment.random,
                  NameHolder(ids_.Token("dispatch-", 8))},
                 directory_),
        second_leg_({submissions_, registry_, directory_, gate_, background_,
                     environment.peer("session"), environment.peer("webhook"), environment.clock}),
        agent_leg_({submissions_, registry_, directory_, gate_, background_,
                    environment.peer("session"), environment.clock}),
        leftover_legs_({submissions_, registry_, directory_, background_,
                        environment.peer("session"), environment.clock}) {
    registry_.Add(providers::asterisk::MakeAdapter(ProviderEnvironment(environment)));
    registry_.Add(providers::sip::MakeAdapter(
        ProviderEnvironment(environment),
        [this](AccountPtr account, std::vector<session::v1::SessionFact> facts) {
          native_facts_.Add(std::move(account), std::move(facts));
        }));
    registry_.Add(providers::exotel::MakeAdapter(ProviderEnvironment(environment)));
    registry_.Add(providers::mcube::MakeAdapter(ProviderEnvironment(environment)));
    registry_.Add(providers::twilio::MakeAdapter(ProviderEnvironment(environment)));
    registry_.Add(providers::vonage::MakeAdapter(ProviderEnvironment(environment)));
  }

  std::string_view name() const override { return "dispatch"; }

  void Bind(rpc::HandlerMap& map) override {
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, ListRoutes);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, PlaceCall);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, ControlCall);
    CTC_BIND(map, v1::DispatchServiceRpc, dispatch_, LookUpCall);
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
    second_leg_.Stop();
    agent_leg_.Stop();
    leftover_legs_.Stop();
    co_await background_.Stop();
  }

  Task<absl::Status> Ready() override {
    co_return co_await environment_.database.Ping(environment_.clock.Now() + kReadyTimeout);
  }

 private:
  // One cheap query a second tells of writes, other replicas' too.
  Task<void> WatchChanges() {
    bool refresh = false;
    do {
      const absl::StatusOr<bool> changed =
          co_await directory_.LookForChanges(environment_.clock.Now() + kReadyTimeout);
      refresh = refresh || (changed.ok() && *changed);
      if (!refresh) continue;
      const absl::Status status =
          co_await sockets_.Refresh(environment_.clock.Now() + kReadyTimeout);
      refresh = !status.ok();
    } while (co_await background_.Sleep(kChangesInterval));
  }

  const host::Environment& environment_;
  const Keyring keyring_;
  base::IdGenerator ids_;
  ProviderStore store_;
  LeaseStore leases_;
  SubmissionStore submissions_;
  Background background_;
  NativeFacts native_facts_;
  Registry registry_;  // its user agents' threads end before what they tell
  Directory directory_;
  HealthBoard board_;
  Gate gate_;
  DispatchService dispatch_;
  ProviderService providers_;
  EventSockets sockets_;
  SecondLeg second_leg_;
  AgentLeg agent_leg_;
  LeftoverLegs leftover_legs_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<host::Service>> Make(const host::Environment& environment) {
  CTC_ASSIGN_OR_RETURN(Keyring keyring,
                       Keyring::Parse(environment.settings.Secret("dispatch.master_key")));
  return std::make_unique<DispatchHost>(environment, std::move(keyring));
}

}  // namespace ctc::dispatch
