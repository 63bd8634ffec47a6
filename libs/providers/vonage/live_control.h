// Control of a call under way. Every leg sits in one named conversation and is steered by its own
// id: hold is mute and earmuff of the customer's leg, with music if the account names some.
#pragma once

#include <vector>

#include "libs/providers/adapter.h"
#include "libs/providers/vonage/api.h"

namespace ctc::providers::vonage {

class LiveControl {
 public:
  explicit LiveControl(Api& api) : api_(api) {}

  // As Adapter::Control.
  Task<absl::StatusOr<dispatch::v1::ControlCallResponse>> Do(
      const Account& account, const dispatch::v1::ControlCallRequest& request);

 private:
  using Request = dispatch::v1::ControlCallRequest;

  // Each returns true when the leg it is about is gone.
  Task<absl::StatusOr<bool>> Dispatch(const Account& account, const Request& request);
  Task<absl::StatusOr<bool>> HangUpAll(const Account& account, const Request& request);
  Task<absl::StatusOr<bool>> HangUp(const Account& account, std::string leg, bool may_be_early);
  Task<absl::StatusOr<bool>> Act(const Account& account, std::string leg, const char* action);
  Task<absl::StatusOr<bool>> Hold(const Account& account, std::string leg);
  Task<absl::StatusOr<bool>> Resume(const Account& account, std::string leg);
  Task<absl::StatusOr<bool>> SendDigits(const Account& account, std::string leg,
                                        const std::string& digits);
  Task<absl::StatusOr<bool>> StartRecording(const Account& account, const Request& request);
  Task<absl::StatusOr<bool>> DialParty(const Account& account, const Request& request);
  Task<absl::StatusOr<bool>> HandOver(const Account& account, const Request& request);
  Task<absl::StatusOr<bool>> ChangeMode(const Account& account, const Request& request);
  Task<absl::StatusOr<bool>> AskFlow(const Account& account, const Request& request);
  Task<absl::StatusOr<bool>> MoveTo(const Account& account, std::string leg, Json destination);

  Api& api_;
};

// Vonage's id of a leg of ours, or of a party's leg, a live one first; "" when it is not known.
// Pure.
std::string LegUuid(const dispatch::v1::ControlCallRequest& request, std::string_view leg_id);
std::string PartyUuid(const dispatch::v1::ControlCallRequest& request,
                      session::v1::Leg::Party party);

}  // namespace ctc::providers::vonage
