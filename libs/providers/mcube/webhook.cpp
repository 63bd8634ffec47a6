// From a push to facts.
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error_catalogue.h"
#include "libs/base/ids.h"
#include "libs/base/proto_time.h"
#include "libs/providers/account_setting.h"
#include "libs/providers/callback_fields.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/mcube/push.h"
#include "libs/providers/mcube/request.h"
#include "libs/providers/signed_webhook.h"

namespace ctc::providers::mcube {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

enum class Outcome { kAnswered, kConnecting, kBusy, kAgentBusy, kNoAnswer, kCancel, kOther };

Outcome OutcomeOf(std::string_view word) {
  if (word == "answer" || word == "answered" || word == "connected" || word == "complete" ||
      word == "completed") {
    return Outcome::kAnswered;
  }
  if (word == "connecting" || word.empty()) return Outcome::kConnecting;
  if (word == "busy") return Outcome::kBusy;
  if (word == "executivebusy") return Outcome::kAgentBusy;
  if (word == "noanswer") return Outcome::kNoAnswer;
  return word == "cancel" || word == "cancelled" ? Outcome::kCancel : Outcome::kOther;
}

bool IsFailure(Outcome outcome) {
  return outcome == Outcome::kBusy || outcome == Outcome::kAgentBusy ||
         outcome == Outcome::kNoAnswer || outcome == Outcome::kCancel;
}

// What an account means by the parts of a push that mCube leaves open.
struct Reading {
  bool on_call_is_agents = false;  // "on call" tells of the agent alone
  bool answered_is_wait = false;   // answeredtime counts up to the answer
};

class Facts {
 public:
  Facts(const Push& push, const Reading& reading) : push_(push), reading_(reading) {}

  std::vector<CallFact> All() {
    const Outcome outcome = OutcomeOf(push_.word);
    // The same in every push of the call, so that it counts once.
    if (push_.start.has_value() || outcome == Outcome::kConnecting) {
      Add(CallFact::CALL_RINGING, Leg::AGENT, push_.start, push_.agent);
    }
    if (push_.has_end || IsFailure(outcome)) {
      AddEnding(outcome);
    } else if (outcome == Outcome::kAnswered) {
      const bool agents = push_.inbound || reading_.on_call_is_agents;
      Add(CallFact::CALL_ANSWERED, agents ? Leg::AGENT : Leg::CUSTOMER, std::nullopt, "on-call");
    }
    return std::move(list_);
  }

 private:
  CallFact& Add(CallFact::Kind kind, Leg::Party party, std::optional<absl::Time> at,
                std::string_view what) {
    CallFact& fact = list_.emplace_back();
    fact.set_kind(kind);
    fact.set_party(party);
    if (at.has_value()) *fact.mutable_provider_time() = base::ToPreciseProto(*at);
    fact.set_event_key(absl::StrCat("mcube:", push_.callid.empty() ? push_.refid : push_.callid,
                                    ":", std::string(what), ":", CallFact::Kind_Name(kind), ":",
                                    Leg::Party_Name(party)));
    return fact;
  }

  // -1 when nothing is known; the whole call is an upper bound.
  int TalkSeconds() const {
    if (!push_.start.has_value() || !push_.end.has_value()) return push_.answered_seconds;
    const auto whole = static_cast<int>(absl::ToInt64Seconds(*push_.end - *push_.start));
    const int told = push_.answered_seconds;
    if (whole < 0) return told;
    if (told < 0 || told > whole) return whole;
    return reading_.answered_is_wait ? whole - told : told;
  }

  void AddTalk(int talk) {
    std::optional<absl::Time> answered = push_.end;
    if (answered.has_value()) *answered -= absl::Seconds(std::max(0, talk));
    // Who joined the one that was there already: of a caller the agent.
    Add(CallFact::CALL_ANSWERED, push_.inbound ? Leg::AGENT : Leg::CUSTOMER, answered, "hang-up");
    CallFact& fact = Add(CallFact::CALL_ENDED, Leg::CUSTOMER, push_.end, "hang-up");
    if (talk >= 0) fact.set_duration_seconds(talk);
  }

  // Of a caller it is the agent who did not take the call; of a click nobody can tell which side.
  Leg::Party Silent() const { return push_.inbound ? Leg::AGENT : Leg::PARTY_UNSPECIFIED; }

  void AddEnding(Outcome outcome) {
    switch (outcome) {
      case Outcome::kAnswered:
        return AddTalk(TalkSeconds());
      case Outcome::kBusy:
        Add(CallFact::CALL_BUSY, push_.inbound ? Leg::AGENT : Leg::CUSTOMER, push_.end, "hang-up");
        return;
      case Outcome::kAgentBusy:
        Add(CallFact::CALL_BUSY, Leg::AGENT, push_.end, "hang-up");
        return;
      case Outcome::kNoAnswer:
        Add(CallFact::CALL_NO_ANSWER, Silent(), push_.end, "hang-up");
        return;
      case Outcome::kCancel:
        Add(CallFact::CALL_CANCELLED, Leg::CUSTOMER, push_.end, "hang-up");
        return;
      default:
        break;
    }
    // A word nobody knows: the talk tells.
    if (push_.answered_seconds > 0) return AddTalk(TalkSeconds());
    if (push_.answered_seconds == 0) {
      Add(CallFact::CALL_NO_ANSWER, Silent(), push_.end, "hang-up");
      return;
    }
    CallFact& fact = Add(CallFact::CALL_FAILED, Leg::CUSTOMER, push_.end, "hang-up");
    fact.set_error_code(std::string(base::kProviderError.code));
    fact.set_message("mCube ended the call with an unknown word");
  }

  const Push& push_;
  const Reading& reading_;
  std::vector<CallFact> list_;
};

ReadWebhookResponse Refusal(ReadWebhookResponse::Verdict verdict, std::string reason) {
  ReadWebhookResponse response;
  response.set_verdict(verdict);
  response.set_reason(std::move(reason));
  return response;
}

void AddFacts(const Account& account, const Push& push, absl::Time now,
              ReadWebhookResponse& response) {
  const Reading reading{SettingOf(account.config, "on_call_reports") == "agent",
                        SettingOf(account.config, "answeredtime_counts") == "wait"};
  std::vector<CallFact> facts = Facts(push, reading).All();
  if (const std::string url = RecordingUrlOf(account, push.filename); !url.empty()) {
    CallFact& fact = facts.emplace_back();
    fact.set_kind(CallFact::RECORDING_READY);
    fact.set_party(Leg::CUSTOMER);
    fact.set_recording_url(url);
    fact.set_event_key(absl::StrCat("mcube:", push.callid, ":", push.refid, ":recording"));
  }
  for (CallFact& fact : facts) {
    session::v1::SessionFact& item = *response.add_facts();
    item.set_tenant_id(account.tenant.value());
    item.set_session(response.session());
    item.set_provider_id(account.config.id());
    item.set_provider_call_id(push.callid);
    fact.set_source(session::v1::WEBHOOK);
    *fact.mutable_received_time() = base::ToPreciseProto(now);
    *item.mutable_fact() = std::move(fact);
  }
}

}  // namespace

ReadWebhookResponse ReadPushWebhook(const Account& account, const common::v1::HttpRequest& request,
                                    absl::Time now, const ReplayWindow& window) {
  const CallbackVerdict verdict = CheckCallback(account, CredentialOf(account), request);
  if (verdict.verdict != ReadWebhookResponse::GENUINE) {
    return Refusal(verdict.verdict, verdict.reason);
  }
  const bool is_signed = !HeaderOf(request, "x-signature").empty();
  const auto fields = CallbackFields::Read(request);
  if (is_signed && fields.ok() && fields->Has("event_type")) {
    return ReadSignedWebhook(account, request, now, window);
  }
  absl::StatusOr<Push> push = ReadPush(request);
  // Only clicks give mCube a URL of their own; classic callbacks say no direction.
  if (push.ok() && !verdict.session.empty()) push->inbound = false;
  ReadWebhookResponse response;
  response.set_provider_id(account.config.id());
  if (!push.ok()) {
    response.set_verdict(ReadWebhookResponse::UNREADABLE);
    response.set_reason(std::string(push.status().message()));
    response.set_session(verdict.session);
    return response;
  }
  const std::optional<absl::Time> at = push->end.has_value() ? push->end : push->start;
  if (at.has_value() && (*at < now - window.max_age || *at > now + window.max_skew)) {
    response.set_verdict(ReadWebhookResponse::OUTSIDE_WINDOW);
    response.set_reason("starttime, endtime: are too old or in the future");
    return response;
  }
  const bool ours = base::IsUuid(push->refid);
  if (push->callid.empty() && !ours && verdict.session.empty()) {
    response.set_verdict(ReadWebhookResponse::UNREADABLE);
    response.set_reason("callid: is missing, and refid is none of ours");
    return response;
  }
  response.set_verdict(ReadWebhookResponse::GENUINE);
  response.set_event_type(absl::StrCat(push->has_end ? "hang-up " : "on-call ", push->word));
  if (ours) response.set_correlation_id(push->refid);
  response.set_session(verdict.session.empty() && ours ? push->refid : verdict.session);
  AddFacts(account, *push, now, response);
  return response;
}

}  // namespace ctc::providers::mcube
