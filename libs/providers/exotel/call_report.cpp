#include "libs/providers/exotel/call_report.h"

#include <absl/strings/str_cat.h>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"

namespace ctc::providers::exotel {
namespace {

using session::v1::CallFact;
using session::v1::Leg;

// Which leg an ending is told of, and how.
struct Blame {
  Leg::Party party;
  std::string_view status;
};

class Facts {
 public:
  Facts(const CallReport& report, std::string_view key) : report_(report), key_(key) {}

  CallFact& Add(CallFact::Kind kind, Leg::Party party, std::optional<absl::Time> at) {
    CallFact& fact = list.emplace_back();
    fact.set_kind(kind);
    fact.set_party(party);
    if (at.has_value()) *fact.mutable_provider_time() = base::ToPreciseProto(*at);
    if (party == Leg::AGENT) fact.set_provider_leg_id(report_.sid);
    fact.set_event_key(
        absl::StrCat(key_, ":", CallFact::Kind_Name(kind), ":", Leg::Party_Name(party)));
    return fact;
  }

  std::vector<CallFact> list;

 private:
  const CallReport& report_;
  const std::string key_;
};

// The leg that did not come about: the agent's when leg 1 was never answered.
Blame BlameOf(const CallReport& report) {
  if (report.customer_only || !report.has_legs) return {Leg::CUSTOMER, report.status};
  const bool agent_answered = report.leg1 == "completed" || report.leg1 == "in-progress";
  if (!agent_answered) return {Leg::AGENT, report.status};
  if (report.status != "completed") return {Leg::CUSTOMER, report.status};
  // Over without a conversation: the second leg tells why; if it was never rung, nobody answered.
  return {Leg::CUSTOMER, report.leg2.empty() ? "no-answer" : std::string_view(report.leg2)};
}

void AddFailure(const Blame& blame, std::optional<absl::Time> at, Facts& facts) {
  const bool agent = blame.party == Leg::AGENT;
  const auto add = [&](CallFact::Kind kind, session::v1::EndReason agents,
                       session::v1::EndReason customers) -> CallFact& {
    CallFact& fact = facts.Add(kind, blame.party, at);
    fact.set_reason(agent ? agents : customers);
    return fact;
  };
  if (blame.status == "busy") {
    add(CallFact::CALL_BUSY, session::v1::AGENT_REJECTED, session::v1::CUSTOMER_BUSY);
  } else if (blame.status == "no-answer" || blame.status == "completed") {
    add(CallFact::CALL_NO_ANSWER, session::v1::AGENT_NO_ANSWER, session::v1::CUSTOMER_NO_ANSWER);
  } else if (blame.status == "canceled") {
    facts.Add(CallFact::CALL_CANCELLED, blame.party, at);
  } else {
    CallFact& fact =
        add(CallFact::CALL_FAILED, session::v1::UNREACHABLE, session::v1::PROVIDER_ERROR);
    fact.set_error_code(std::string(base::kProviderError.code));
    fact.set_message("Exotel could not connect the call");
  }
}

void AddEnding(const CallReport& report, Facts& facts) {
  const std::optional<absl::Time> at = report.ended.has_value() ? report.ended : report.updated;
  if (report.leg1_seconds > 0 && at.has_value() && !report.customer_only) {
    facts.Add(CallFact::CALL_ANSWERED, Leg::AGENT, *at - absl::Seconds(report.leg1_seconds));
  }
  const bool says_little = !report.has_legs && report.conversation_seconds < 0;
  const bool talked = report.conversation_seconds > 0 || report.leg2 == "completed" ||
                      report.customer_only || says_little;
  if (report.status != "completed" || !talked) return AddFailure(BlameOf(report), at, facts);
  if (report.machine) facts.Add(CallFact::CALL_MACHINE, Leg::CUSTOMER, at);
  // Without a count the answer is evidence of its own: somebody did pick up.
  if (report.conversation_seconds <= 0) facts.Add(CallFact::CALL_ANSWERED, Leg::CUSTOMER, at);
  CallFact& fact = facts.Add(CallFact::CALL_ENDED, Leg::CUSTOMER, at);
  if (report.conversation_seconds >= 0) fact.set_duration_seconds(report.conversation_seconds);
}

}  // namespace

bool IsOver(std::string_view status) {
  return status == "completed" || status == "busy" || status == "no-answer" || status == "failed" ||
         status == "canceled";
}

std::vector<CallFact> FactsOf(const CallReport& report, std::string_view key) {
  Facts facts(report, key);
  if (IsOver(report.status)) {
    AddEnding(report, facts);
  } else if (report.status == "in-progress" && report.leg1 == "in-progress") {
    facts.Add(CallFact::CALL_ANSWERED, Leg::AGENT, report.updated);
    facts.Add(report.leg2 == "in-progress" ? CallFact::CALL_ANSWERED : CallFact::CALL_RINGING,
              Leg::CUSTOMER, report.updated);
  }
  return std::move(facts.list);
}

}  // namespace ctc::providers::exotel
