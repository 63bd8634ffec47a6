// Rings the agent that a caller was routed to, at providers that leave it to us, silences the phone
// when the caller has gone, and has the caller's next step asked for when nobody took the call. It
// follows the feed; a row committed before each request makes a crash or a second replica harmless.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/host/background.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/domain/agent_offer.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/gate.h"
#include "services/dispatch/service/registry.h"
#include "services/dispatch/service/submission_feed.h"
#include "services/dispatch/store/submission_store.h"

namespace ctc::dispatch {

struct AgentLegParts {
  SubmissionStore& submissions;
  const Registry& registry;
  Directory& directory;
  Gate& gate;
  host::Background& background;
  rpc::Channel& session;
  const base::Clock& clock;
};

class AgentLeg {
 public:
  explicit AgentLeg(const AgentLegParts& parts);

  // Follows the feed until Stop.
  Task<void> Follow() { return feed_.Follow(); }
  Task<void> Stop() { return feed_.Stop(); }
  // Takes over what a replica that died left SENT. Runs until the process stops.
  Task<void> SweepAbandoned();

 private:
  using Flow = session::v1::GetFlowStepResponse;
  // A call with its account.
  struct Target {
    AccountPtr account;
    providers::Adapter* adapter = nullptr;
    Flow flow;
  };

  Task<absl::StatusOr<std::vector<Submission>>> Choose(const SubmissionFeed::Batch& batch);
  void Start(const Submission& submission);
  Task<absl::StatusOr<Flow>> GetFlow(base::TenantId tenant, std::string session);
  Task<absl::StatusOr<Target>> FindTarget(Submission submission);

  Task<void> Begin(Submission submission, Errand errand);
  Task<void> Run(Submission submission, Errand errand, Target target);
  Task<void> Finish(const Submission& submission, v1::PlaceCallResponse::Outcome outcome);
  // Nothing when the caller still waits for an agent that does not ring.
  Task<std::optional<v1::PlaceCallResponse::Outcome>> Ring(Submission submission, Target target,
                                                           int step);
  // Nobody is rung by this offer any more, whatever became of the request. False when it is to be
  // done again.
  Task<bool> GiveUp(Target target, int step);
  Task<bool> Ask(Target target, int step, routing::v1::FlowInput::Kind outcome);
  Task<bool> Drop(Target target);
  Task<absl::StatusOr<v1::ControlCallResponse>> Control(const Target& target,
                                                        v1::ControlCallRequest request);
  Task<void> TakeOver(Submission submission);

  AgentLegParts parts_;
  SubmissionFeed feed_;
};

}  // namespace ctc::dispatch
