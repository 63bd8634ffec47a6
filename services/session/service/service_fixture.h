// The service over a real database, with peers that answer as a test says.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "ctc/dispatch/v1/provider_service.rpc.h"
#include "ctc/recording/v1/recording_service.rpc.h"
#include "ctc/routing/v1/ivr_service.rpc.h"
#include "ctc/routing/v1/queue_service.rpc.h"
#include "ctc/routing/v1/routing_service.rpc.h"
#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/mutex.h"
#include "libs/base/proto_time.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/fake_random.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/session_service.h"
#include "services/session/service/transfer_service.h"
#include "services/session/service/watchdog.h"

namespace ctc::session {

// A peer service that keeps what it was asked and answers by plain functions. Thread-safe.
class FakePeers final : public rpc::Channel {
 public:
  using PlaceAnswer = dispatch::v1::PlaceCallResponse;

  std::function<absl::StatusOr<recording::v1::CheckCallResponse>(
      const recording::v1::CheckCallRequest&)>
      check = [](const auto& request) {
        recording::v1::CheckCallResponse answer;
        answer.set_verdict("ALLOW");
        answer.set_record(request.record());
        return answer;
      };
  std::function<absl::StatusOr<recording::v1::CheckRecordingResponse>(
      const recording::v1::CheckRecordingRequest&)>
      check_recording = [](const auto& request) {
        recording::v1::CheckRecordingResponse answer;
        answer.set_record(request.record());
        return answer;
      };
  routing::v1::ChooseRouteResponse route;
  std::map<std::string, routing::v1::Agent> agents;
  routing::v1::Queue queue_terms;
  // Of every provider account.
  std::vector<std::string> capabilities = {"transfer", "warm_transfer", "conference", "listen",
                                           "whisper"};
  std::function<absl::StatusOr<PlaceAnswer>(const dispatch::v1::PlaceCallRequest&)> place =
      [](const auto& request) {
        PlaceAnswer answer;
        answer.set_outcome(PlaceAnswer::ACCEPTED);
        answer.set_provider_call_id("call-" + request.order().id());
        return answer;
      };
  std::function<absl::StatusOr<dispatch::v1::ControlCallResponse>(
      const dispatch::v1::ControlCallRequest&)>
      control = [](const auto&) { return dispatch::v1::ControlCallResponse(); };
  std::function<absl::StatusOr<dispatch::v1::LookUpCallResponse>(
      const dispatch::v1::LookUpCallRequest&)>
      look_up = [](const auto&) { return dispatch::v1::LookUpCallResponse(); };

  std::function<absl::StatusOr<routing::v1::NextFlowStepResponse>(
      const routing::v1::NextFlowStepRequest&)>
      next_step = [](const auto&) { return absl::UnavailableError("no menus here"); };

  // Who is free in every queue, in the order of asking. Also while somebody asks.
  void SetFree(std::vector<std::string> ids) {
    const base::MutexLock lock(mutex_);
    free_ = std::move(ids);
  }

  // Look-ups at this provider account get no answer until another one is named.
  void Hang(std::string provider_id) {
    const base::MutexLock lock(mutex_);
    hanging_ = std::move(provider_id);
  }

  // What was asked, as "PlaceCall <provider>" or "ControlCall HANG_UP".
  std::vector<std::string> asked() const {
    const base::MutexLock lock(mutex_);
    return asked_;
  }
  int count(const std::string& what) const {
    int n = 0;
    for (const std::string& line : asked()) n += line.starts_with(what) ? 1 : 0;
    return n;
  }

  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view path, rpc::Context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message&) override {
    namespace d = dispatch::v1::DispatchServiceRpc;
    if (path == recording::v1::RecordingServiceRpc::kCheckCall.path) {
      Note("CheckCall");
      co_return Wrap(check(static_cast<const recording::v1::CheckCallRequest&>(request)));
    }
    if (path == recording::v1::RecordingServiceRpc::kCheckRecording.path) {
      const auto& ask = static_cast<const recording::v1::CheckRecordingRequest&>(request);
      Note("CheckRecording " + recording::v1::CheckRecordingRequest::Subject_Name(ask.subject()));
      co_return Wrap(check_recording(ask));
    }
    if (path == routing::v1::RoutingServiceRpc::kChooseRoute.path) {
      Note("ChooseRoute");
      co_return Wrap(absl::StatusOr<routing::v1::ChooseRouteResponse>(route));
    }
    if (path == routing::v1::IvrServiceRpc::kNextFlowStep.path) {
      const auto& ask = static_cast<const routing::v1::NextFlowStepRequest&>(request);
      Note("NextFlowStep " + routing::v1::FlowInput::Kind_Name(ask.input().kind()));
      co_return Wrap(next_step(ask));
    }
    if (path == d::kPlaceCall.path) {
      const auto& order = static_cast<const dispatch::v1::PlaceCallRequest&>(request);
      Note("PlaceCall " + order.provider_id());
      co_return Wrap(place(order));
    }
    if (path == d::kControlCall.path) {
      const auto& order = static_cast<const dispatch::v1::ControlCallRequest&>(request);
      Note("ControlCall " + dispatch::v1::ControlCallRequest::Action_Name(order.action()) +
           (order.has_target() ? " " + order.target().leg_id() : "") +
           (order.target().by_refer() ? " REFER" : ""));
      co_return Wrap(control(order));
    }
    if (path == d::kLookUpCall.path) {
      const auto& ask = static_cast<const dispatch::v1::LookUpCallRequest&>(request);
      Note("LookUpCall " + ask.provider_id());
      asio::steady_timer pause(co_await asio::this_coro::executor);
      while (IsHanging(ask.provider_id())) {
        pause.expires_after(std::chrono::milliseconds(1));
        co_await pause.async_wait(asio::use_awaitable);
      }
      co_return Wrap(look_up(ask));
    }
    co_return Quiet(path, request);
  }

 private:
  // Questions that change nothing.
  absl::StatusOr<rpc::MessagePtr> Quiet(std::string_view path,
                                        const google::protobuf::Message& request) const {
    if (path == routing::v1::RoutingServiceRpc::kGetAgent.path) {
      const auto found =
          agents.find(static_cast<const routing::v1::GetAgentRequest&>(request).id());
      if (found == agents.end()) return base::MakeError(base::kNotFound, "no such agent");
      routing::v1::GetAgentResponse answer;
      *answer.mutable_agent() = found->second;
      return Wrap(absl::StatusOr<routing::v1::GetAgentResponse>(std::move(answer)));
    }
    if (path == routing::v1::RoutingServiceRpc::kListAgents.path) {
      routing::v1::ListAgentsResponse answer;
      answer.set_total(static_cast<int>(agents.size()));
      for (const auto& [id, agent] : agents) *answer.add_agents() = agent;
      return Wrap(absl::StatusOr<routing::v1::ListAgentsResponse>(std::move(answer)));
    }
    if (path == routing::v1::QueueServiceRpc::kGetQueueLive.path) {
      routing::v1::GetQueueLiveResponse answer;
      const base::MutexLock lock(mutex_);
      for (const std::string& agent : free_) answer.add_available_agents(agent);
      return Wrap(absl::StatusOr<routing::v1::GetQueueLiveResponse>(std::move(answer)));
    }
    if (path == routing::v1::QueueServiceRpc::kGetQueue.path) {
      routing::v1::GetQueueResponse answer;
      *answer.mutable_queue() = queue_terms;
      return Wrap(absl::StatusOr<routing::v1::GetQueueResponse>(std::move(answer)));
    }
    if (path == dispatch::v1::ProviderServiceRpc::kGetProvider.path) {
      const auto& ask = static_cast<const dispatch::v1::GetProviderRequest&>(request);
      if (ask.id().empty()) return base::MakeError(base::kNotFound, "no such provider");
      dispatch::v1::GetProviderResponse answer;
      for (const std::string& capability : capabilities) {
        answer.mutable_provider()->add_capabilities(capability);
      }
      return Wrap(absl::StatusOr<dispatch::v1::GetProviderResponse>(std::move(answer)));
    }
    return absl::UnimplementedError(std::string(path));
  }

  template <class T>
  static absl::StatusOr<rpc::MessagePtr> Wrap(absl::StatusOr<T> answer) {
    if (!answer.ok()) return answer.status();
    return rpc::MessagePtr(std::make_unique<T>(*std::move(answer)));
  }
  bool IsHanging(const std::string& provider_id) const {
    const base::MutexLock lock(mutex_);
    return !hanging_.empty() && hanging_ == provider_id;
  }
  void Note(std::string what) {
    const base::MutexLock lock(mutex_);
    asked_.push_back(std::move(what));
  }

  mutable base::Mutex mutex_;
  std::vector<std::string> asked_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> free_ ABSL_GUARDED_BY(mutex_);
  std::string hanging_ ABSL_GUARDED_BY(mutex_);
};

// One process of the session service, with connections of its own. Several may share a schema.
struct Process {
  Process(std::unique_ptr<db::Database> own, FakePeers& peers, base::Clock& clock, uint64_t seed)
      : database(std::move(own)),
        random(seed),
        ids(clock, random),
        cache(1000),
        ring(1000),
        reader(*database, cache, ring),
        writer(*database, clock, random, cache, ring),
        core{clock, ids, settings, reader, writer, ring, peers, peers, peers},
        submission(core, [this](Task<void> task) { Spawn(std::move(task)); }),
        initiation(core, submission, [this](Task<void> task) { Spawn(std::move(task)); }),
        keeper(core, [this](Task<void> task) { Spawn(std::move(task)); }),
        service(core, initiation, keeper),
        transfers(core, keeper),
        watchdog(std::make_shared<Watchdog>(core, *database, submission, keeper,
                                            "holder-" + std::to_string(seed))) {}

  // What runs in the background uses everything here; each look of the watchdog holds it.
  ~Process() {
    while (tasks > 0 || watchdog.use_count() > 1) std::this_thread::yield();
  }

  void Spawn(Task<void> task) {
    ++tasks;
    asio::co_spawn(threads.executor(), std::move(task), [this](std::exception_ptr) { --tasks; });
  }
  template <class T>
  T Run(Task<T> task) {
    return threads.Run(std::move(task));
  }

  testing::IoThreads threads{2};  // outlives the database, whose threads resume on it
  std::unique_ptr<db::Database> database;
  testing::FakeRandom random;
  base::IdGenerator ids;
  SessionSettings settings;
  store::SessionCache cache;
  store::FeedRing ring;
  store::SessionReader reader;
  store::SessionWriter writer;
  Core core;
  Submission submission;
  Initiation initiation;
  PartyKeeper keeper;
  SessionService service;
  TransferService transfers;
  std::shared_ptr<Watchdog> watchdog;
  std::atomic<int> tasks = 0;
};

struct Fixture {
  explicit Fixture(testing::MariaDb& on = testing::MariaDb::Shared()) : server(on) {
    peers.queue_terms.set_is_active(true);
    peers.queue_terms.set_ring_seconds(20);
    peers.queue_terms.set_max_wait_seconds(60);
    AddCandidate("p1", "+0987654321");
    NewProcess();
  }

  void AddCandidate(const std::string& id, const std::string& number) {
    routing::v1::Candidate& candidate = *peers.route.add_candidates();
    candidate.set_provider_id(id);
    candidate.set_provider_type(common::v1::ProviderType::ASTERISK);
    candidate.set_phone_number(number);
    candidate.set_reason("priority " + std::to_string(peers.route.candidates_size()));
    candidate.set_timeout_seconds(5);
  }
  // The old one is gone, as after a crash: caches and requests under way with it.
  void NewProcess() {
    process.reset();
    process = NewNeighbour(++seed);
  }
  // One more beside it, on the same schema.
  std::unique_ptr<Process> NewNeighbour(uint64_t its_seed = 99) {
    return std::make_unique<Process>(server.Open(schema), peers, clock, its_seed);
  }
  rpc::Context Context(const std::string& tenant = "t1") {
    rpc::Context context;
    context.tenant = base::TenantId(tenant);
    context.principal.role = rpc::Role::kAdmin;
    return context;
  }
  v1::InitiateCallRequest Click(const std::string& to = "+1234567890") {
    v1::InitiateCallRequest click;
    click.set_to_phone(to);
    click.set_phone_type("EXTERNAL");
    click.set_lead_id("lead-uuid");
    click.set_agent_id("agent-uuid");
    click.set_contact_name("John Doe");
    click.set_contact_email("john@example.com");
    click.set_campaign_id("campaign-uuid");
    (*click.mutable_metadata()->mutable_fields())["custom_field"].set_string_value("value");
    return click;
  }
  absl::StatusOr<v1::Session> Initiate(const v1::InitiateCallRequest& click, rpc::Context context) {
    auto response = process->Run(process->service.InitiateCall(std::move(context), click));
    if (!response.ok()) return response.status();
    return response->session();
  }
  absl::StatusOr<v1::Session> Initiate() { return Initiate(Click(), Context()); }

  absl::StatusOr<v1::Session> Get(const std::string& id, rpc::Context context) {
    v1::GetSessionRequest request;
    request.set_id(id);
    auto response = process->Run(process->service.GetSession(std::move(context), request));
    if (!response.ok()) return response.status();
    return response->session();
  }
  absl::StatusOr<v1::Session> Get(const std::string& id) { return Get(id, Context()); }

  v1::SessionFact Fact(const std::string& session, v1::CallFact::Kind kind, int seconds) {
    v1::SessionFact fact;
    fact.set_tenant_id("t1");
    fact.set_session(session);
    fact.mutable_fact()->set_kind(kind);
    fact.mutable_fact()->set_event_key(v1::CallFact::Kind_Name(kind) + std::to_string(seconds));
    fact.mutable_fact()->set_source(v1::WEBHOOK);
    *fact.mutable_fact()->mutable_provider_time() =
        base::ToProto(clock.Now() + absl::Seconds(seconds));
    return fact;
  }
  absl::StatusOr<v1::ApplyFactsResponse> Apply(const std::vector<v1::SessionFact>& facts) {
    v1::ApplyFactsRequest request;
    for (const v1::SessionFact& fact : facts) *request.add_facts() = fact;
    return process->Run(process->service.ApplyFacts(Context(), request));
  }
  std::vector<v1::CallEvent> Feed(int64_t after = 0) {
    v1::ReadFeedRequest request;
    request.set_after_seq(after);
    auto response = process->Run(process->service.ReadFeed(Context(), request));
    if (!response.ok()) return {};
    return {response->events().begin(), response->events().end()};
  }
  // One sweep of the watchdog, and the looks that it begins.
  void Sweep() {
    REQUIRE_THAT(process->Run(process->watchdog->Sweep()).status(), testing::IsOk());
    testing::EventuallyTrue([&] { return process->watchdog.use_count() == 1; }, "looks go on");
  }
  void Change(const std::string& sql) {
    REQUIRE(database->RunBlocking([&](db::Connection& c) { return c.Execute(sql).status(); }).ok());
  }
  std::string Scalar(const std::string& sql) {
    std::string value;
    const absl::Status status = database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const db::Rows rows, c.Query(sql));
      value = rows.empty() ? "" : rows[0].Text(0);
      return absl::OkStatus();
    });
    return status.ok() ? value : std::string(status.message());
  }

  // Stands still and leads the real clock, so that no deadline made from it ever passes.
  testing::FakeClock clock{absl::FromUnixMillis(absl::ToUnixMillis(absl::Now())) + absl::Hours(1)};
  FakePeers peers;
  testing::MariaDb& server;
  const std::string schema = server.NewSchema();
  std::unique_ptr<db::Database> database = server.Open(schema);  // for looks from outside
  std::unique_ptr<Process> process;
  uint64_t seed = 0;
};

}  // namespace ctc::session
