#include "libs/providers/sip/callers.h"

#include "libs/providers/missing_capability.h"
#include "libs/providers/sip/caller_twiml.h"
#include "libs/providers/sip/caller_url.h"
#include "libs/providers/sip/jambonz_hook.h"
#include "libs/providers/sip/jambonz_verbs.h"
#include "libs/providers/sip/webhook_proof.h"

namespace ctc::providers::sip {
namespace {

using common::v1::HttpRequest;
using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using Dialect = FlowSettings::Dialect;

constexpr size_t kMaxBody = 64 << 10;

template <typename Response>
Response Refusal(const Account& account, ReadWebhookResponse::Verdict verdict, std::string reason) {
  Response response;
  response.set_verdict(verdict);
  response.set_reason(std::move(reason));
  const bool ours =
      verdict == ReadWebhookResponse::UNREADABLE || verdict == ReadWebhookResponse::OUTSIDE_WINDOW;
  if (ours) response.set_provider_id(account.config.id());
  return response;
}

// Whether a request of this account's switch may be read: GENUINE, or why not.
WebhookProof Prove(const Account& account, const SwitchTemplate& settings,
                   const HttpRequest& request, absl::Time now, const ReplayWindow& window) {
  const ProofSettings& verify = settings.webhook.verify;
  WebhookProof proof = ProveWebhook(account, verify, request);
  if (proof.verdict != ReadWebhookResponse::GENUINE) return proof;
  if (IsOutside(proof, verify, now, window)) {
    proof.verdict = ReadWebhookResponse::OUTSIDE_WINDOW;
    proof.reason = "it was signed too long ago or in the future";
  } else if (request.method() == "GET") {
    // Most proofs cover the body alone, and then nothing would be proven.
    proof.verdict = ReadWebhookResponse::UNREADABLE;
    proof.reason = "the switch must be set to POST";
  } else if (request.body().size() > kMaxBody) {
    proof.verdict = ReadWebhookResponse::UNREADABLE;
    proof.reason = "body: is longer than 64 kB";
  }
  return proof;
}

}  // namespace

ReadFlowResponse NoFlow(std::string reason) {
  ReadFlowResponse response;
  response.set_verdict(ReadWebhookResponse::NO_ACCOUNT);
  response.set_reason(std::move(reason));
  return response;
}

ReadFlowResponse ReadCallerQuestion(const Account& account, const SwitchTemplate& settings,
                                    const HttpRequest& request, absl::Time now,
                                    const ReplayWindow& window) {
  if (!settings.flow.has_value()) {
    return NoFlow("the account's settings have no flow");
  }
  WebhookProof proof = Prove(account, settings, request, now, window);
  if (proof.verdict != ReadWebhookResponse::GENUINE) {
    return Refusal<ReadFlowResponse>(account, proof.verdict, std::move(proof.reason));
  }
  ReadFlowResponse response;
  response.set_verdict(ReadWebhookResponse::GENUINE);
  response.set_provider_id(account.config.id());
  const bool jambonz = settings.flow->dialect == Dialect::kJambonz;
  std::string fault = jambonz ? ReadHook(request, response) : ReadTwimlQuestion(request, response);
  if (!fault.empty()) {
    return Refusal<ReadFlowResponse>(account, ReadWebhookResponse::UNREADABLE, std::move(fault));
  }
  // Where nothing vouches for the session in the URL, the call is known by its id in the body.
  response.mutable_call()->set_session(VouchedSession(account, proof, request.query()));
  return response;
}

absl::StatusOr<common::v1::HttpResponse> AnswerCaller(
    const Account& account, const SwitchTemplate& settings,
    const dispatch::v1::RenderFlowRequest& request) {
  if (!settings.flow.has_value()) {
    return MissingCapability("an account without settings.flow", "inbound");
  }
  if (settings.flow->dialect == Dialect::kTwiml) return RenderTwiml(account, request);
  return RenderVerbs(account, *settings.flow, settings.max_duration_seconds, request);
}

std::optional<ReadWebhookResponse> ReadCallerEvent(const Account& account,
                                                   const SwitchTemplate& settings,
                                                   const HttpRequest& request, absl::Time now,
                                                   const ReplayWindow& window) {
  if (!settings.flow.has_value() || request.body().size() > kMaxBody) return std::nullopt;
  const bool jambonz = settings.flow->dialect == Dialect::kJambonz;
  if (!(jambonz ? IsCallerStatus(request) : IsTwimlEvent(request))) return std::nullopt;
  WebhookProof proof = Prove(account, settings, request, now, window);
  if (proof.verdict != ReadWebhookResponse::GENUINE) {
    return Refusal<ReadWebhookResponse>(account, proof.verdict, std::move(proof.reason));
  }
  ReadWebhookResponse response;
  response.set_provider_id(account.config.id());
  if (!jambonz) {
    const std::string session = VouchedSession(account, proof, request.query());
    ReadTwimlEvent(account, request, session, now, window, response);
    return response;
  }
  std::string fault = ReadCallerStatus(account, request, now, proof.signed_at, response);
  if (!fault.empty()) {
    return Refusal<ReadWebhookResponse>(account, ReadWebhookResponse::UNREADABLE, std::move(fault));
  }
  response.set_verdict(ReadWebhookResponse::GENUINE);
  return response;
}

}  // namespace ctc::providers::sip
