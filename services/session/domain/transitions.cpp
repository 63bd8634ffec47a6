// The table of legal claims. "Ended" without a conversation needs a name (BUSY, NO_ANSWER, ...), so
// COMPLETED is legal only after the join.
#include "services/session/domain/transitions.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"

namespace ctc::session::domain {
namespace {

v1::CallFact::Kind KindOf(Status from, Status to) {
  switch (to) {
    case v1::Session::RINGING:
      return v1::CallFact::CALL_RINGING;
    case v1::Session::CONNECTED:
      return from == v1::Session::ON_HOLD ? v1::CallFact::CALL_RESUMED
                                          : v1::CallFact::CALL_ANSWERED;
    case v1::Session::ON_HOLD:
      return v1::CallFact::CALL_HELD;
    case v1::Session::COMPLETED:
      return v1::CallFact::CALL_ENDED;
    case v1::Session::FAILED:
      return v1::CallFact::CALL_FAILED;
    case v1::Session::BUSY:
      return v1::CallFact::CALL_BUSY;
    case v1::Session::NO_ANSWER:
      return v1::CallFact::CALL_NO_ANSWER;
    case v1::Session::CANCELLED:
      return v1::CallFact::CALL_CANCELLED;
    case v1::Session::TRANSFERRED:
      return v1::CallFact::CALL_TRANSFERRED;
    case v1::Session::VOICEMAIL:
      return v1::CallFact::CALL_MACHINE;
    default:
      return v1::CallFact::KIND_UNSPECIFIED;
  }
}

}  // namespace

std::vector<Status> LegalClaims(Status from) {
  using S = v1::Session;
  switch (from) {
    case S::INITIATED:
      return {S::RINGING,   S::CONNECTED, S::FAILED,   S::BUSY,
              S::NO_ANSWER, S::CANCELLED, S::VOICEMAIL};
    case S::RINGING:
      return {S::CONNECTED, S::FAILED, S::BUSY, S::NO_ANSWER, S::CANCELLED, S::VOICEMAIL};
    case S::CONNECTED:
      return {S::ON_HOLD, S::COMPLETED, S::TRANSFERRED};
    case S::ON_HOLD:
      return {S::CONNECTED, S::COMPLETED, S::TRANSFERRED};
    default:
      return {};
  }
}

std::string LegalClaimsText(Status from) {
  std::string text;
  for (Status status : LegalClaims(from)) {
    absl::StrAppend(&text, text.empty() ? "" : ",", v1::Session::Status_Name(status));
  }
  return text;
}

absl::StatusOr<v1::CallFact::Kind> ClaimedKind(Status from, Status to) {
  if (to == v1::Session::STATUS_UNSPECIFIED || !v1::Session::Status_IsValid(to)) {
    return base::InvalidField("status", "is required: one of the statuses of a session");
  }
  if (from == to) return v1::CallFact::KIND_UNSPECIFIED;
  const std::vector<Status> legal = LegalClaims(from);
  if (std::find(legal.begin(), legal.end(), to) == legal.end()) {
    base::ErrorDetail extra;
    extra.metadata["status"] = v1::Session::Status_Name(from);
    extra.metadata["legal"] = LegalClaimsText(from);
    return base::MakeError(base::kIllegalTransition,
                           absl::StrCat("A session that is ", v1::Session::Status_Name(from),
                                        " cannot become ", v1::Session::Status_Name(to)),
                           std::move(extra));
  }
  return KindOf(from, to);
}

}  // namespace ctc::session::domain
