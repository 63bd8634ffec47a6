// A queue with two keys.
#include "services/session/store/foretold.h"

#include <algorithm>
#include <iterator>

#include "services/session/store/changes.h"

namespace ctc::session::store {
namespace {

constexpr size_t kSurplus = 100;

// Only what a row says of a request under way is behind what is known here.
bool ShowsNone(const Record& record) { return record.session.submission() == v1::Session::SENT; }

}  // namespace

RecordPtr Foretold::Completed(const Record& record, const std::string& provider_call_id) {
  auto completed = std::make_shared<Record>(record);
  Submit({v1::Session::ACCEPTED, provider_call_id, std::nullopt, std::nullopt}, *completed);
  completed->session.set_version(record.session.version() + 1);
  completed->foretold = true;
  return completed;
}

Foretold::Foretold(size_t capacity)
    : capacity_(capacity),
      size_(observability::MakeGauge("ctc_session_foretold",
                                     "Acceptances that wait for the next change of their session "
                                     "to be written along")) {}

void Foretold::Add(const Record& record) {
  const v1::Session& session = record.session;
  const base::MutexLock lock(mutex_);
  acceptances_.push_back(
      {record.tenant, session.id(), session.provider_id(), session.provider_call_id()});
  if (acceptances_.size() > capacity_) MakeDueLocked(acceptances_.begin());
  size_.Set(static_cast<double>(acceptances_.size()));
}

void Foretold::Drop(const std::string& session) {
  const base::MutexLock lock(mutex_);
  acceptances_.get<BySession>().erase(session);
  size_.Set(static_cast<double>(acceptances_.size()));
}

void Foretold::MakeDueLocked(Acceptances::iterator at) {
  due_.push_back(*at);
  acceptances_.erase(at);
}

RecordPtr Foretold::Complete(RecordPtr record) {
  if (record == nullptr || !ShowsNone(*record)) return record;
  const base::MutexLock lock(mutex_);
  const auto& by_session = acceptances_.get<BySession>();
  const auto found = by_session.find(record->id());
  if (found == by_session.end()) return record;
  return Completed(*record, found->provider_call_id);
}

RecordPtr Foretold::AfterWrite(RecordPtr record) {
  const base::MutexLock lock(mutex_);
  const auto found = acceptances_.get<BySession>().find(record->id());
  if (found == acceptances_.get<BySession>().end() || record->foretold) return record;
  const bool overtaken = ShowsNone(*record);
  if (overtaken) record = Completed(*record, found->provider_call_id);
  if (overtaken || record->state.cancel_requested) {
    MakeDueLocked(acceptances_.project<0>(found));
  } else {
    acceptances_.get<BySession>().erase(found);
  }
  size_.Set(static_cast<double>(acceptances_.size()));
  return record;
}

std::string Foretold::FindByProviderCall(const base::TenantId& tenant,
                                         const std::string& provider_id,
                                         const std::string& provider_call_id) const {
  const ProviderCall call(tenant.value(), provider_id, provider_call_id);
  const base::MutexLock lock(mutex_);
  const auto& by_call = acceptances_.get<ByCall>();
  const auto found = by_call.find(call);
  return found == by_call.end() ? std::string() : found->session;
}

std::vector<Foretold::Acceptance> Foretold::Take(Which which, size_t limit) {
  const base::MutexLock lock(mutex_);
  if (which == Which::kDue && due_.empty()) return {};
  const size_t kept = which == Which::kAll ? 0 : capacity_ / 2;
  size_t more = which == Which::kDue   ? 0
                : which == Which::kAll ? acceptances_.size()
                                       : std::min(kSurplus, limit);
  for (; more > 0 && acceptances_.size() > kept; --more) MakeDueLocked(acceptances_.begin());
  size_.Set(static_cast<double>(acceptances_.size()));
  const auto end = due_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, due_.size()));
  std::vector<Acceptance> taken(std::make_move_iterator(due_.begin()),
                                std::make_move_iterator(end));
  due_.erase(due_.begin(), end);
  return taken;
}

bool Foretold::empty() const {
  const base::MutexLock lock(mutex_);
  return acceptances_.empty() && due_.empty();
}

}  // namespace ctc::session::store
