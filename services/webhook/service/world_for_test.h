// The webhook service with everything around it in memory but the database: for its tests.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ctc/dispatch/v1/dispatch_service.rpc.h"
#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/mutex.h"
#include "libs/rpc/channel.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "services/webhook/service/applier.h"
#include "services/webhook/service/flow_intake.h"
#include "services/webhook/service/intake.h"
#include "services/webhook/service/log_rpc.h"

namespace ctc::webhook {

// A session service that knows some sessions of tenant "acme" and remembers each fact it applied.
// Thread-safe.
class FakeSession {
 public:
  explicit FakeSession(rpc::HandlerMap& handlers);
  void Know(const std::string& session);
  // Known after so many questions that found nothing: a provider that was faster than our commit.
  void KnowAfter(const std::string& provider_call_id, int questions);
  void SetAway(bool away);
  void LoseNextAnswer();
  void FailOn(const std::string& event_key, absl::Status status = absl::InternalError("a fault"));
  std::vector<std::string> applied() const;  // event keys, in order
  int calls() const;
  // What was asked about callers.
  std::vector<session::v1::AdvanceFlowRequest> asked() const;

 private:
  Task<absl::StatusOr<session::v1::ResolveSessionResponse>> Resolve(
      rpc::Context context, const session::v1::ResolveSessionRequest& request);
  Task<absl::StatusOr<session::v1::ApplyFactsResponse>> Apply(
      const session::v1::ApplyFactsRequest& request);

  Task<absl::StatusOr<session::v1::AdvanceFlowResponse>> Advance(
      rpc::Context context, const session::v1::AdvanceFlowRequest& request);

  mutable base::Mutex mutex_;
  std::vector<session::v1::AdvanceFlowRequest> asked_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> known_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> later_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> applied_ ABSL_GUARDED_BY(mutex_);
  std::string poison_ ABSL_GUARDED_BY(mutex_);
  absl::Status poison_status_ ABSL_GUARDED_BY(mutex_);
  bool away_ ABSL_GUARDED_BY(mutex_) = false;
  bool lose_answer_ ABSL_GUARDED_BY(mutex_) = false;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

// A dispatch service to which a body says itself what to make of it: "VERDICT session key ...",
// with an answer of its own when the event type is "answer". Session "call:x" is the provider's id
// x. A question's body says "VERDICT session step"; its answer names session and step.
void BindFakeDispatch(rpc::HandlerMap& handlers);

inline constexpr char kAccount[] = "0190a1b2-c3d4-7abc-8def-0123456789ab";

// One process of the service, with connections of its own. When it goes, it stops where it is.
class Process {
 public:
  Process(std::unique_ptr<db::Database> database, rpc::Channel& channel,
          const testing::FakeClock& clock);
  ~Process();
  // Without it the process takes events in and never applies one: as if it died after each commit.
  void Start() { applier_.Start(); }

  absl::StatusOr<v1::ReceiveWebhookResponse> Receive(const v1::ReceiveWebhookRequest& request);
  absl::StatusOr<v1::ReceiveWebhookResponse> Receive(const std::string& body);
  absl::StatusOr<v1::ReceiveFlowResponse> Ask(const v1::ReceiveFlowRequest& request);
  absl::StatusOr<v1::IngestFlowResponse> AskBySocket(const v1::IngestFlowRequest& request,
                                                     const std::string& tenant = "acme");
  // All at once.
  std::vector<absl::Status> ReceiveAll(const std::vector<std::string>& bodies);
  absl::StatusOr<v1::IngestFactsResponse> Ingest(const v1::IngestFactsRequest& request);
  absl::StatusOr<v1::ListWebhookLogsResponse> List(const v1::ListWebhookLogsRequest& request,
                                                   const std::string& tenant = "acme");
  absl::StatusOr<v1::GetWebhookLogResponse> Get(const std::string& id,
                                                const std::string& tenant = "acme");
  absl::StatusOr<v1::ReplayWebhookResponse> Replay(const std::string& id,
                                                   const std::string& tenant = "acme");
  // The tenant's log, oldest first.
  std::vector<v1::WebhookLog> Log();
  // Waits until so many lines are in this state.
  void WaitFor(const std::string& state, int lines);

 private:
  rpc::Context For(const std::string& tenant) const;

  testing::IoThreads io_{2};  // outlives the database, whose threads resume on it
  std::unique_ptr<db::Database> database_;
  EventQueue queue_;
  LogWriter log_;
  Applier applier_;
  Reception reception_;
  Intake intake_;
  FlowIntake flows_;
  LogRpc log_rpc_;
};

// Tables, neighbours and clock, which outlive processes.
struct World {
  explicit World(testing::MariaDb& on = testing::MariaDb::Shared());
  std::unique_ptr<Process> NewProcess();

  testing::FakeClock clock;
  testing::MariaDb& server;
  const std::string schema;
  rpc::HandlerMap handlers;
  FakeSession session;
  std::unique_ptr<rpc::Channel> channel;
};

// A webhook to tenant "acme" as the gateway hands it over.
v1::ReceiveWebhookRequest WebhookOf(const std::string& body);

}  // namespace ctc::webhook
