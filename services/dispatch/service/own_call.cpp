#include "services/dispatch/service/own_call.h"

#include "ctc/session/v1/session_service.rpc.h"

namespace ctc::dispatch {
namespace {

// More calls of others between two numbers within minutes are no accident.
constexpr int kMostOthers = 20;
constexpr absl::Duration kPeerTimeout = absl::Seconds(5);

enum class Whose { kOurs, kAnothers, kUnknown };

Task<Whose> WhoseIs(const Owners& owners, const v1::LookUpCallRequest& request,
                    const std::string& provider_call_id) {
  session::v1::ResolveSessionRequest question;
  question.set_provider_id(request.provider_id());
  question.set_provider_call_id(provider_call_id);
  rpc::Context context = rpc::Context::ForService(owners.tenant, owners.clock.Now() + kPeerTimeout);
  const auto owner =
      co_await rpc::Call(owners.session, session::v1::SessionServiceRpc::kResolveSession,
                         std::move(context), question);
  if (absl::IsNotFound(owner.status())) co_return Whose::kOurs;
  if (!owner.ok()) co_return Whose::kUnknown;
  const v1::CallOrder& order = request.order();
  const bool ours = owner->id() == order.id() || owner->id() == order.room();
  co_return ours ? Whose::kOurs : Whose::kAnothers;
}

}  // namespace

Task<absl::StatusOr<v1::LookUpCallResponse>> LookUpOwnCall(Owners owners,
                                                           v1::LookUpCallRequest request,
                                                           AskProvider ask) {
  while (request.calls_of_others_size() <= kMostOthers) {
    absl::StatusOr<v1::LookUpCallResponse> found = co_await ask(request);
    if (!found.ok() || found->provider_call_id().empty() ||
        found->provider_call_id() == request.provider_call_id()) {
      co_return found;
    }
    const Whose whose = co_await WhoseIs(owners, request, found->provider_call_id());
    if (whose == Whose::kOurs) co_return found;
    if (whose == Whose::kUnknown) break;
    request.add_calls_of_others(found->provider_call_id());
  }
  co_return v1::LookUpCallResponse();
}

}  // namespace ctc::dispatch
