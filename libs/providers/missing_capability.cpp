#include "libs/providers/missing_capability.h"

#include <absl/strings/str_cat.h>

#include <string>

#include "libs/base/error_catalogue.h"

namespace ctc::providers {
namespace {

using Request = dispatch::v1::ControlCallRequest;

std::string_view CapabilityOf(Request::Action action) {
  switch (action) {
    case Request::HANG_UP:
      return "hang_up";
    case Request::HOLD:
    case Request::RESUME:
      return "hold";
    case Request::MUTE:
    case Request::UNMUTE:
      return "mute";
    case Request::SEND_DTMF:
      return "dtmf";
    case Request::START_RECORDING:
    case Request::STOP_RECORDING:
      return "record";
    case Request::PAUSE_RECORDING:
    case Request::RESUME_RECORDING:
      return "pause_recording";
    case Request::DIAL_PARTY:
    case Request::DROP_PARTY:
      return "conference";
    case Request::HAND_OVER:
      return "transfer";
    case Request::CHANGE_MODE:
      return "monitor";
    default:
      return "flow";
  }
}

}  // namespace

absl::Status MissingCapability(std::string_view whose, Request::Action action) {
  return MissingCapability(whose, CapabilityOf(action));
}

absl::Status MissingCapability(std::string_view whose, std::string_view capability) {
  base::ErrorDetail detail;
  detail.metadata["capability"] = std::string(capability);
  return base::MakeError(
      base::kCapabilityMissing,
      absl::StrCat(std::string(whose), " cannot do this: ", std::string(capability)),
      std::move(detail));
}

}  // namespace ctc::providers
