#include "libs/providers/sip/sip_status.h"

#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"

namespace ctc::providers::sip {
namespace {

using session::v1::CallFact;
using session::v1::EndReason;
using session::v1::Leg;

CallFact Make(Leg::Party party, CallFact::Kind kind, EndReason customers, EndReason agents) {
  CallFact fact;
  fact.set_party(party);
  fact.set_kind(kind);
  fact.set_reason(party == Leg::AGENT ? agents : customers);
  return fact;
}

CallFact Failed(Leg::Party party, int sip_status, EndReason reason) {
  CallFact fact = Make(party, CallFact::CALL_FAILED, reason, session::v1::UNREACHABLE);
  const bool number = reason == session::v1::INVALID_NUMBER && party != Leg::AGENT;
  const base::ErrorSpec& error = number ? base::kInvalidDestination : base::kProviderError;
  fact.set_error_code(std::string(error.code));
  fact.set_message(absl::StrCat("the call could not be connected: SIP ", sip_status));
  return fact;
}

}  // namespace

CallFact EndingOfStatus(Leg::Party party, int sip_status) {
  CallFact fact;
  switch (sip_status) {
    case 486:
    case 600:
      fact =
          Make(party, CallFact::CALL_BUSY, session::v1::CUSTOMER_BUSY, session::v1::AGENT_REJECTED);
      break;
    case 408:
    case 480:
      fact = Make(party, CallFact::CALL_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER,
                  session::v1::AGENT_NO_ANSWER);
      break;
    case 487:
      fact = Make(party, CallFact::CALL_CANCELLED, session::v1::END_REASON_UNSPECIFIED,
                  session::v1::END_REASON_UNSPECIFIED);
      break;
    case 603:
    case 607:
    case 608:
      fact = Make(party, CallFact::CALL_REJECTED, session::v1::CUSTOMER_REJECTED,
                  session::v1::AGENT_REJECTED);
      break;
    case 404:
    case 410:
    case 416:
    case 484:
    case 485:
    case 604:
      fact = Failed(party, sip_status, session::v1::INVALID_NUMBER);
      break;
    case 401:
    case 402:
    case 403:
    case 407:
      fact = Failed(party, sip_status, session::v1::PROVIDER_REJECTED);
      break;
    default:
      fact = Failed(party, sip_status, session::v1::PROVIDER_ERROR);
  }
  fact.set_cause(absl::StrCat("sip:", sip_status));
  return fact;
}

CallFact EndingOf(Leg::Party party, CallFact::Kind kind, int sip_status) {
  // Some switches say busy of a decline.
  const bool declined =
      kind == CallFact::CALL_BUSY && (sip_status == 603 || sip_status == 607 || sip_status == 608);
  const bool vague = kind == CallFact::CALL_ENDED || kind == CallFact::CALL_FAILED || declined;
  if (vague && sip_status >= 300 && sip_status < 700) return EndingOfStatus(party, sip_status);
  CallFact fact;
  switch (kind) {
    case CallFact::CALL_BUSY:
      fact = EndingOfStatus(party, 486);
      break;
    case CallFact::CALL_NO_ANSWER:
      fact = EndingOfStatus(party, 480);
      break;
    case CallFact::CALL_REJECTED:
      fact = EndingOfStatus(party, 603);
      break;
    case CallFact::CALL_FAILED:
      fact = EndingOfStatus(party, 500);
      fact.set_message("the switch could not connect the call");
      break;
    default:
      fact.set_party(party);
      fact.set_kind(kind);
  }
  fact.clear_cause();
  if (sip_status >= 200 && sip_status < 700) fact.set_cause(absl::StrCat("sip:", sip_status));
  return fact;
}

int StatusOfCause(int q850) {
  switch (q850) {
    case 1:
    case 28:
      return 404;
    case 17:
      return 486;
    case 18:
    case 20:
      return 480;
    case 19:
    case 102:
      return 408;
    case 21:
      return 603;
    case 22:
      return 410;
    case 27:
    case 38:
      return 502;
    case 34:
    case 41:
    case 42:
      return 503;
    case 58:
    case 88:
      return 488;
    default:
      return 0;
  }
}

}  // namespace ctc::providers::sip
