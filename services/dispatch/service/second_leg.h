// Dials the customer where the provider does not do it by itself: when the feed says that the agent
// answered. Exactly once: a committed row decides who dials, and what a crash or a lost answer left
// open is looked up, never dialled again.
#pragma once

#include <memory>
#include <string>

#include "libs/host/background.h"
#include "libs/rpc/channel.h"
#include "services/dispatch/service/directory.h"
#include "services/dispatch/service/gate.h"
#include "services/dispatch/service/registry.h"
#include "services/dispatch/service/submission_feed.h"
#include "services/dispatch/store/submission_store.h"

namespace ctc::dispatch {

struct SecondLegParts {
  SubmissionStore& submissions;
  const Registry& registry;
  Directory& directory;
  Gate& gate;
  host::Background& background;
  rpc::Channel& session;
  rpc::Channel& webhook;
  const base::Clock& clock;
};

class SecondLeg {
 public:
  explicit SecondLeg(const SecondLegParts& parts);

  // Follows the feed until Stop.
  Task<void> Follow() { return feed_.Follow(); }
  Task<void> Stop() { return feed_.Stop(); }
  // Takes over what a replica that died left SENT, and deletes what was finished long ago, of
  // agents' legs too. Runs until the process stops.
  Task<void> SweepAbandoned();

 private:
  // What is needed to speak of one call with its provider.
  struct Target {
    AccountPtr account;
    providers::Adapter* adapter = nullptr;
    v1::CallOrder order;
    std::string provider_call_id;
    bool has_customer = false;  // a caller, or of the call it took over
    bool ended = false;
    bool handed_over = false;  // it ended, but the customer talks on in another session
  };

  Task<absl::StatusOr<std::vector<Submission>>> Choose(const SubmissionFeed::Batch& batch);
  bool IsForUs(const session::v1::CallEvent& event) const;
  Task<absl::StatusOr<Target>> FindTarget(Submission submission);
  // The same, tried again for as long as an agent may wait.
  Task<absl::StatusOr<Target>> AwaitTarget(Submission submission);
  Task<void> Dial(Submission submission);
  // After an answer that was lost, or whose reader died: what does the provider say?
  Task<void> Resolve(Submission submission);
  // Of a call or an account that is gone nothing will ever be known; what else is missing now the
  // sweep comes back to.
  Task<void> LetGo(const Submission& submission, const absl::Status& why);
  Task<void> Settle(Submission submission, Target target, v1::PlaceCallResponse outcome);
  Task<void> Finish(const Submission& submission, v1::PlaceCallResponse::Outcome outcome,
                    std::string provider_call_id);
  // The call may have ended while the request was under way, when nobody knew of this leg.
  Task<absl::Status> HangUpIfEnded(const Submission& submission,
                                   const std::string& provider_leg_id);
  // The customer cannot be reached: tells the session.
  Task<absl::Status> TellFailure(const Submission& submission, const Target& target,
                                 const v1::PlaceCallResponse& outcome);
  // Nobody is to be waited for any more: ends the agent's leg.
  Task<absl::Status> HangUpAgent(const Submission& submission, const Target& target);
  Task<void> DeleteFinished();

  SecondLegParts parts_;
  SubmissionFeed feed_;
};

}  // namespace ctc::dispatch
