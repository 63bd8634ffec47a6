// Acceptances that readers are shown and that no row tells yet: the next change of their session
// writes them along, so that they cost no write of their own. A crash costs no more than asking the
// provider for the call. Bounded. Thread-safe.
#pragma once

#include <absl/hash/hash.h>

#include <boost/multi_index/global_fun.hpp>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>
#include <deque>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "libs/base/mutex.h"
#include "libs/observability/metrics.h"
#include "services/session/store/record.h"

namespace ctc::session::store {

class Foretold {
 public:
  struct Acceptance {
    base::TenantId tenant;
    std::string session;  // UUID
    std::string provider_id;
    std::string provider_call_id;
  };

  // Of more than `capacity` the oldest are due.
  explicit Foretold(size_t capacity);

  // `record` with an acceptance, which makes it the next version of the session for its readers.
  static RecordPtr Completed(const Record& record, const std::string& provider_call_id);

  // `record` shows the acceptance.
  void Add(const Record& record);

  void Drop(const std::string& session);

  // The record with its acceptance, when it has one here that it does not show.
  RecordPtr Complete(RecordPtr record);
  // The same for what was just written: an acceptance that was written along is forgotten. One that
  // was not is due, and so is that of a call which nobody wants any more: who writes it hangs up.
  RecordPtr AfterWrite(RecordPtr record);

  // The UUID of the session; empty when there is none. An argument is never empty.
  std::string FindByProviderCall(const base::TenantId& tenant, const std::string& provider_id,
                                 const std::string& provider_call_id) const;

  // At most `limit` of those that are due, and forgets them. Due are besides: with kSurplus up to a
  // hundred of the oldest while more than half of the room is taken, so that it is seldom full;
  // with kAll all of them.
  enum class Which { kDue, kSurplus, kAll };
  std::vector<Acceptance> Take(Which which, size_t limit);
  bool empty() const;

 private:
  using ProviderCall = std::tuple<std::string_view, std::string_view, std::string_view>;
  static std::string_view SessionOf(const Acceptance& acceptance) { return acceptance.session; }
  static ProviderCall CallOf(const Acceptance& acceptance) {
    return {acceptance.tenant.value(), acceptance.provider_id, acceptance.provider_call_id};
  }

  struct BySession {};
  struct ByCall {};
  template <class Key, Key (*of)(const Acceptance&)>
  using KeyOf = boost::multi_index::global_fun<const Acceptance&, Key, of>;
  using Acceptances = boost::multi_index_container<
      Acceptance,
      boost::multi_index::indexed_by<
          boost::multi_index::sequenced<>,  // oldest first
          boost::multi_index::hashed_unique<boost::multi_index::tag<BySession>,
                                            KeyOf<std::string_view, &Foretold::SessionOf>,
                                            absl::Hash<std::string_view>>,
          boost::multi_index::hashed_non_unique<boost::multi_index::tag<ByCall>,
                                                KeyOf<ProviderCall, &Foretold::CallOf>,
                                                absl::Hash<ProviderCall>>>>;

  void MakeDueLocked(Acceptances::iterator at) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const size_t capacity_;
  const observability::Gauge size_;
  mutable base::Mutex mutex_;
  Acceptances acceptances_ ABSL_GUARDED_BY(mutex_);
  std::deque<Acceptance> due_ ABSL_GUARDED_BY(mutex_);  // no longer in `acceptances_`
};

}  // namespace ctc::session::store
