// From the record to what is to be done.
#include "services/session/store/care.h"

#include <algorithm>

#include "libs/base/proto_time.h"
#include "services/session/domain/parties.h"

namespace ctc::session::store {
namespace {

std::string OpenLegOf(const Record& record) {
  const v1::StoredTransfer* open = OpenTransfer(record);
  return open == nullptr ? "" : open->leg_id();
}

// Who ended the transfer has this long to do it itself.
constexpr absl::Duration kResumeGrace = absl::Seconds(5);

std::string OwedLegOf(const Record& record, absl::Time now) {
  if (record.transfers.empty()) return "";
  const v1::StoredTransfer& last = record.transfers.back();
  const bool owes = domain::OwesResume(last, record.facts) &&
                    now >= base::FromProto(last.transfer().completed_at()) + kResumeGrace;
  return owes ? last.leg_id() : "";
}

}  // namespace

domain::CareStep CareAt(const Record& record, absl::Time now) {
  return domain::CareFor(record.state, record.facts, OpenLegOf(record), OwedLegOf(record, now));
}

std::vector<const domain::Fact*> Unanswered(const Record& record) {
  std::vector<const domain::Fact*> found;
  for (const domain::Fact& fact : record.facts) {
    if (!domain::IsDialledByUs(fact)) continue;
    for (const v1::Leg& leg : record.session.legs()) {
      if (leg.id() == fact.leg_id() && leg.state() < v1::Leg::ANSWERED) found.push_back(&fact);
    }
  }
  return found;
}

bool NeedsCare(const Record& record) {
  if (std::none_of(record.facts.begin(), record.facts.end(), domain::IsDialledByUs)) return false;
  return OpenTransfer(record) != nullptr || !Unanswered(record).empty() ||
         CareAt(record, absl::InfiniteFuture()).care != domain::Care::kNone;
}

bool IsWatchedClosely(const Record& record) {
  return !domain::IsLive(record.state.status) || NeedsCare(record);
}

}  // namespace ctc::session::store
