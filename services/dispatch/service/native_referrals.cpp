#include "services/dispatch/service/native_referrals.h"

#include "ctc/session/v1/transfer_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"

namespace ctc::dispatch {
namespace {

// The session service rings the target before it answers.
constexpr absl::Duration kTimeout = absl::Seconds(20);

}  // namespace

int SipStatusOf(const absl::Status& status) {
  if (status.ok()) return 200;
  if (base::IsError(status, base::kTransferOpen)) return 491;
  if (base::IsError(status, base::kBlockedByPolicy)) return 403;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 404;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
      return 480;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return 503;
    default:
      return 500;
  }
}

void NativeReferrals::Add(AccountPtr account, providers::sip::native::ReferralNote note) {
  background_.Spawn("a phone's referral", [this, account = std::move(account),
                                           note = std::move(note)] { return Ask(account, note); });
}

Task<void> NativeReferrals::Ask(AccountPtr account, providers::sip::native::ReferralNote note) {
  session::v1::ReferCallRequest request;
  request.set_id(note.call);
  request.set_phone(note.phone);
  request.set_attended(note.attended);
  request.set_key(note.key);
  rpc::Context context = rpc::Context::ForService(account->tenant, clock_.Now() + kTimeout);
  const absl::StatusOr<session::v1::ReferCallResponse> answer = co_await rpc::Call(
      session_, session::v1::TransferServiceRpc::kReferCall, std::move(context), request);
  if (!answer.ok()) {
    observability::Info("a phone's referral was refused",
                        {{"session", note.call}, {"error", answer.status()}});
  }
  note.done(SipStatusOf(answer.status()));
}

}  // namespace ctc::dispatch
