#include "libs/providers/vonage/leg_fact.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <utility>

#include "libs/base/error_catalogue.h"

namespace ctc::providers::vonage {
namespace {

using session::v1::CallFact;
using session::v1::EndReason;
using session::v1::Leg;

constexpr int kDeclined = 603;
constexpr int kMaxSipCode = 699;
constexpr int64_t kYear2000 = 946'684'800;
constexpr int64_t kYear2100 = 4'102'444'800;

// Only the agent's and the customer's leg decide why a session ended.
EndReason ReasonOf(Leg::Party party, EndReason agents, EndReason customers) {
  if (party == Leg::AGENT) return agents;
  return party == Leg::CUSTOMER ? customers : session::v1::END_REASON_UNSPECIFIED;
}

void SetFailed(CallFact& fact, const base::ErrorSpec& error, const LegStatus& leg,
               EndReason reason) {
  fact.set_kind(CallFact::CALL_FAILED);
  fact.set_reason(reason);
  fact.set_error_code(std::string(error.code));
  const std::string_view detail =
      leg.detail.empty() ? std::string_view("no reason given") : std::string_view(leg.detail);
  fact.set_message(absl::StrCat("Vonage could not connect the call: ",
                                absl::string_view(detail.data(), detail.size())));
}

void SetRejected(CallFact& fact, const LegStatus& leg) {
  const Leg::Party party = fact.party();
  if (leg.detail == "declined" || (leg.detail.empty() && leg.sip_code == kDeclined)) {
    fact.set_kind(CallFact::CALL_REJECTED);
    fact.set_reason(ReasonOf(party, session::v1::AGENT_REJECTED, session::v1::CUSTOMER_REJECTED));
  } else if (leg.detail == "invalid_number") {
    SetFailed(fact, base::kInvalidDestination, leg,
              ReasonOf(party, session::v1::UNREACHABLE, session::v1::INVALID_NUMBER));
  } else {
    SetFailed(fact, base::kProviderRefused, leg, session::v1::PROVIDER_REJECTED);
  }
}

void SetFailure(CallFact& fact, const LegStatus& leg) {
  const bool unknown =
      leg.detail == "number_out_of_service" || leg.sip_code == 404 || leg.sip_code == 484;
  if (unknown) {
    SetFailed(fact, base::kInvalidDestination, leg,
              ReasonOf(fact.party(), session::v1::UNREACHABLE, session::v1::INVALID_NUMBER));
  } else if (leg.detail == "cannot_route") {
    SetFailed(fact, base::kProviderRefused, leg, session::v1::UNREACHABLE);
  } else {
    SetFailed(fact, base::kProviderError, leg, session::v1::PROVIDER_ERROR);
  }
}

void SetUnanswered(CallFact& fact, const LegStatus& leg) {
  const bool declined = leg.sip_code == kDeclined;
  fact.set_kind(declined ? CallFact::CALL_REJECTED : CallFact::CALL_NO_ANSWER);
  fact.set_reason(
      declined
          ? ReasonOf(fact.party(), session::v1::AGENT_REJECTED, session::v1::CUSTOMER_REJECTED)
          : ReasonOf(fact.party(), session::v1::AGENT_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER));
}

}  // namespace

CallFact FactOf(Leg::Party party, const LegStatus& leg) {
  CallFact fact;
  fact.set_party(party);
  const std::string& status = leg.status;
  if (status == "started") {
    fact.set_kind(CallFact::CALL_INITIATED);
  } else if (status == "ringing") {
    fact.set_kind(CallFact::CALL_RINGING);
  } else if (status == "answered" || status == "human") {
    fact.set_kind(CallFact::CALL_ANSWERED);
  } else if (status == "machine") {
    fact.set_kind(party == Leg::CUSTOMER ? CallFact::CALL_MACHINE : CallFact::CALL_ANSWERED);
  } else if (status == "completed") {
    fact.set_kind(CallFact::CALL_ENDED);
  } else if (status == "busy") {
    fact.set_kind(CallFact::CALL_BUSY);
    fact.set_reason(ReasonOf(party, session::v1::AGENT_REJECTED, session::v1::CUSTOMER_BUSY));
  } else if (status == "unanswered" || status == "timeout") {
    SetUnanswered(fact, leg);
  } else if (status == "cancelled") {
    fact.set_kind(CallFact::CALL_CANCELLED);
  } else if (status == "rejected") {
    SetRejected(fact, leg);
  } else if (status == "failed" || status == "disconnected") {
    SetFailure(fact, leg);
  }
  if (leg.sip_code >= 300 && leg.sip_code <= kMaxSipCode) {
    fact.set_cause(absl::StrCat("sip:", leg.sip_code));
  }
  return fact;
}

Leg::Party PartyOf(std::string_view leg_id) {
  if (leg_id == "agent") return Leg::AGENT;
  if (leg_id == "customer") return Leg::CUSTOMER;
  static constexpr std::pair<std::string_view, Leg::Party> kNumbered[] = {
      {"agent-", Leg::AGENT},
      {"consult-", Leg::CONSULT},
      {"party-", Leg::GUEST},
      {"supervisor-", Leg::SUPERVISOR}};
  for (const auto& [prefix, party] : kNumbered) {
    int number = 0;
    const std::string_view rest = leg_id.substr(std::min(prefix.size(), leg_id.size()));
    if (leg_id.starts_with(prefix) && rest.size() <= 6 &&
        absl::SimpleAtoi(absl::string_view(rest.data(), rest.size()), &number) && number >= 0) {
      return party;
    }
  }
  return Leg::PARTY_UNSPECIFIED;
}

std::optional<absl::Time> ReadTime(std::string_view text) {
  const absl::string_view given(text.data(), text.size());
  for (const char* format : {"%Y-%m-%d%ET%H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%S"}) {
    absl::Time time;
    std::string error;
    if (absl::ParseTime(format, given, &time, &error) && time > absl::FromUnixSeconds(kYear2000) &&
        time < absl::FromUnixSeconds(kYear2100)) {
      return time;
    }
  }
  return std::nullopt;
}

}  // namespace ctc::providers::vonage
