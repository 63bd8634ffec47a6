// Live control of a call at Asterisk: what an agent, a supervisor or a transfer asks for, as
// requests to the switch. Holds nothing between two calls; the driver follows by the events.
#pragma once

#include <string>

#include "libs/providers/adapter.h"
#include "libs/providers/asterisk/ari_client.h"

namespace ctc::providers::asterisk {

class Control {
 public:
  // All outlive this. `request.order().room()` and the legs are checked here: they go into URLs.
  Control(http::Client& http, const Account& account, const DialSettings& settings,
          const dispatch::v1::ControlCallRequest& request);

  // kCallNotLive: the leg does not take this now. kCapabilityMissing: not at Asterisk.
  // kInvalidDestination, kProviderRefused: a party that cannot be rung.
  Task<absl::StatusOr<dispatch::v1::ControlCallResponse>> Run();

 private:
  // How an ask ended, where "not there" is an answer of its own.
  enum class Asked { kDone, kGone };

  Task<absl::StatusOr<Asked>> Ask(std::string method, std::string path);
  // For ids that may exist already.
  Task<absl::Status> Ensure(std::string path);
  // Asterisk tells a snoop that exists from one that cannot be made by no status of its own.
  Task<absl::Status> EnsureSnoop(const std::string& supervisor);
  Task<absl::StatusOr<Asked>> HangUp();
  Task<absl::StatusOr<Asked>> HoldOrResume();
  Task<absl::StatusOr<Asked>> SendDigits();
  Task<absl::StatusOr<Asked>> ControlRecording();
  // Stops, pauses or resumes the recording of this name.
  Task<absl::StatusOr<Asked>> ControlLive(const std::string& name);
  Task<absl::StatusOr<Asked>> DialParty();
  Task<absl::StatusOr<Asked>> DropParty(std::string leg);
  Task<absl::StatusOr<Asked>> HandOver();
  Task<void> StopMusicAgain();
  Task<absl::StatusOr<Asked>> Move(std::string channel, std::string bridge);
  Task<absl::StatusOr<Asked>> ChangeMode();
  absl::StatusOr<Originate> OriginateOf() const;
  // The agent's leg by its id: after a transfer, or when it was rung again, it is not "agent".
  std::string AgentLeg() const;
  // The leg's id at the switch: as its facts told, else as it was made.
  std::string ChannelOf(const std::string& leg) const;

  const Account& account_;
  const DialSettings& settings_;
  const dispatch::v1::ControlCallRequest& request_;
  std::string room_;
  AriClient ari_;
};

}  // namespace ctc::providers::asterisk
