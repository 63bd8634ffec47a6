#include "libs/providers/asterisk/ending.h"

#include "libs/base/error_catalogue.h"

namespace ctc::providers::asterisk {
namespace {

using session::v1::CallFact;
using session::v1::EndReason;

constexpr Ending kBusy{CallFact::CALL_BUSY, session::v1::AGENT_REJECTED,
                       session::v1::CUSTOMER_BUSY};
constexpr Ending kRejected{CallFact::CALL_REJECTED, session::v1::AGENT_REJECTED,
                           session::v1::CUSTOMER_REJECTED};
constexpr Ending kNoAnswer{CallFact::CALL_NO_ANSWER, session::v1::AGENT_NO_ANSWER,
                           session::v1::CUSTOMER_NO_ANSWER};
constexpr Ending kInvalid{CallFact::CALL_FAILED, session::v1::UNREACHABLE,
                          session::v1::INVALID_NUMBER};
constexpr Ending kUnreachable{CallFact::CALL_FAILED, session::v1::UNREACHABLE,
                              session::v1::UNREACHABLE};

}  // namespace

Ending UnansweredEnding(int cause, bool rang, bool timed_out) {
  switch (cause) {
    case 17:
      return kBusy;
    case 21:
      return kRejected;
    case 16:
    case 26:
      return kCancelled;
    case 18:
    case 19:
      return rang ? kNoAnswer : kUnreachable;
    case 1:
    case 22:
    case 28:
      return kInvalid;
    case 2:
    case 3:
    case 20:
    case 27:
      return kUnreachable;
    case 0:  // Asterisk 16 gives no cause when our own timer ran out
      return rang && timed_out ? kNoAnswer : kFault;
    default:
      return kFault;
  }
}

std::string_view ErrorCodeOf(EndReason reason) {
  if (reason == session::v1::INVALID_NUMBER) return base::kInvalidDestination.code;
  if (reason == session::v1::UNREACHABLE) return base::kProviderRefused.code;
  return base::kProviderError.code;
}

}  // namespace ctc::providers::asterisk
