// ApplyFacts: resolve, clean, write in one transaction, tell what each did.
#include "services/session/service/fact_intake.h"

#include <algorithm>
#include <unordered_map>

#include "libs/base/error_catalogue.h"
#include "services/session/domain/clean_fact.h"
#include "services/session/service/carry_over.h"

namespace ctc::session {
namespace {

using Result = v1::ApplyFactsResponse;

constexpr size_t kMostFacts = 1000;

}  // namespace

Task<absl::StatusOr<store::RecordPtr>> FactIntake::Find(base::TenantId tenant, std::string session,
                                                        std::string provider_id,
                                                        std::string provider_call_id,
                                                        absl::Time deadline) {
  if (!session.empty()) {
    co_return co_await core_.reader.Get(std::move(tenant), std::move(session), deadline);
  }
  if (provider_id.empty() || provider_call_id.empty()) {
    co_return base::MakeError(base::kNotFound, "There is no such session");
  }
  // A call that was handed over is known by its provider's id for several sessions.
  CTC_CO_ASSIGN_OR_RETURN(store::RecordPtr found, co_await core_.reader.GetByProviderCall(
                                                      std::move(tenant), std::move(provider_id),
                                                      std::move(provider_call_id), deadline));
  co_return co_await FirstOf(core_, std::move(found));
}

Task<absl::StatusOr<v1::ResolveSessionResponse>> FactIntake::ResolveSession(
    rpc::Context context, const v1::ResolveSessionRequest& request) {
  CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr record,
                          co_await Find(context.tenant, request.session(), request.provider_id(),
                                        request.provider_call_id(), context.deadline));
  v1::ResolveSessionResponse response;
  response.set_id(record->id());
  response.set_session_id(record->session.session_id());
  co_return response;
}

// All in one transaction; should that fail for one of them, each in its own, so that a single
// poisoned fact does not hold up the rest.
Task<absl::Status> FactIntake::Write(std::vector<store::Change> changes,
                                     std::vector<store::ChangeOutcome>& outcomes) {
  auto together = co_await core_.writer.ApplyAll(changes, core_.WriteDeadline());
  if (together.ok()) {
    outcomes = *std::move(together);
    co_return absl::OkStatus();
  }
  const bool retry_later =
      absl::IsUnavailable(together.status()) || absl::IsDeadlineExceeded(together.status());
  if (retry_later || changes.size() == 1) co_return together.status();
  for (store::Change& change : changes) {
    std::vector<store::Change> one;
    one.push_back(std::move(change));
    auto alone = co_await core_.writer.ApplyAll(std::move(one), core_.WriteDeadline());
    store::ChangeOutcome outcome;
    outcome.status = alone.status();
    if (alone.ok()) outcome = std::move(alone->front());
    outcomes.push_back(std::move(outcome));
  }
  co_return absl::OkStatus();
}

// A session that was handed over between the look at it and the write has kept facts that belong to
// the next one.
Task<absl::Status> FactIntake::Overtaken(const v1::ApplyFactsRequest& request,
                                         const std::vector<Place>& places,
                                         const std::vector<store::ChangeOutcome>& outcomes) {
  for (size_t i = 0; i < places.size(); ++i) {
    if (!places[i].known_session) continue;
    const store::RecordPtr written = outcomes[places[i].change].record;
    if (written == nullptr || store::HandedOver(*written) == nullptr) continue;
    domain::Fact fact =
        domain::CleanFact(request.facts(static_cast<int>(i)).fact(), core_.clock.Now());
    CTC_CO_ASSIGN_OR_RETURN(const store::RecordPtr owner, co_await CarryOver(core_, written, fact));
    if (owner->id() == written->id()) continue;
    store::Change change;
    change.tenant = owner->tenant;
    change.id = owner->id();
    change.facts.push_back(std::move(fact));
    const auto told = co_await core_.writer.Apply(std::move(change), core_.WriteDeadline());
    if (!told.ok()) co_return told.status();
    keeper_.News(*told);
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<v1::ApplyFactsResponse>> FactIntake::ApplyFacts(
    rpc::Context context, const v1::ApplyFactsRequest& request) {
  if (static_cast<size_t>(request.facts_size()) > kMostFacts) {
    co_return base::InvalidField("facts", "are more than 1000");
  }
  const absl::Time now = core_.clock.Now();
  std::vector<Place> places(static_cast<size_t>(request.facts_size()));
  std::vector<store::Change> changes;
  std::unordered_map<std::string, size_t> change_of;
  const auto add = [&](const store::Record& record, domain::Fact fact) {
    const auto [at, is_first] = change_of.emplace(record.id(), changes.size());
    if (is_first) {
      store::Change change;
      change.tenant = record.tenant;
      change.id = record.id();
      changes.push_back(std::move(change));
    }
    const Place place{at->second, changes[at->second].facts.size(), true};
    changes[at->second].facts.push_back(std::move(fact));
    return place;
  };
  for (int i = 0; i < request.facts_size(); ++i) {
    const v1::SessionFact& given = request.facts(i);
    const base::TenantId tenant =
        given.tenant_id().empty() ? context.tenant : base::TenantId(given.tenant_id());
    domain::Fact fact = domain::CleanFact(given.fact(), now);
    if (fact.event_key().empty() || fact.kind() == v1::CallFact::KIND_UNSPECIFIED) {
      co_return base::InvalidField("facts[" + std::to_string(i) + "]",
                                   "needs an event_key and a kind");
    }
    absl::StatusOr<store::RecordPtr> record =
        co_await Find(tenant, given.session(), given.provider_id(), given.provider_call_id(),
                      core_.WriteDeadline());
    if (!record.ok() && !absl::IsNotFound(record.status())) co_return record.status();
    if (!record.ok()) continue;
    CTC_CO_ASSIGN_OR_RETURN(const std::vector<store::RecordPtr> others,
                            co_await AlsoConcerned(core_, *record, fact));
    for (const store::RecordPtr& other : others) add(*other, fact);
    record = co_await CarryOver(core_, *record, fact);
    if (!record.ok()) co_return record.status();
    places[static_cast<size_t>(i)] = add(**record, std::move(fact));
  }
  std::vector<store::ChangeOutcome> outcomes;
  if (!changes.empty()) {
    CTC_CO_RETURN_IF_ERROR(co_await Write(std::move(changes), outcomes));
    CTC_CO_RETURN_IF_ERROR(co_await Overtaken(request, places, outcomes));
    for (const store::ChangeOutcome& outcome : outcomes) keeper_.News(outcome.record);
  }
  for (const store::ChangeOutcome& outcome : outcomes) {
    const bool changed =
        std::find(outcome.is_new.begin(), outcome.is_new.end(), true) != outcome.is_new.end();
    if (outcome.status.ok() && changed) co_await flow_.NoteGone(outcome.record);
  }
  v1::ApplyFactsResponse response;
  for (const Place& place : places) {
    Result::Result result = Result::UNKNOWN_SESSION;
    if (place.known_session) {
      const store::ChangeOutcome& outcome = outcomes[place.change];
      if (!outcome.status.ok() && !absl::IsNotFound(outcome.status)) co_return outcome.status;
      if (outcome.status.ok()) {
        result = outcome.is_new[place.fact] ? Result::APPLIED : Result::DUPLICATE;
      }
    }
    response.add_results(result);
  }
  co_return response;
}

}  // namespace ctc::session
