#include "services/recording/service/recording_follower.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "libs/base/proto_time.h"
#include "libs/events/event_cursor.h"
#include "services/recording/domain/recording_track.h"
#include "services/recording/store/config_store.h"
#include "services/recording/store/recording_store.h"

namespace ctc::recording {
namespace {

constexpr char kConsumer[] = "recording";
constexpr absl::Duration kLimit = absl::Seconds(10);
// Most events are not ours. The cursor may stay behind by so many before it is written without
// cause; after a crash that many are looked at again, to no effect.
constexpr int64_t kCursorSlack = 5000;

}  // namespace

Task<absl::StatusOr<int64_t>> RecordingFollower::LoadPosition() {
  int64_t seq = 0;
  const absl::Status status =
      co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(seq, events::LoadCursor(c, kConsumer, 0));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  saved_seq_ = seq;
  co_return seq;
}

absl::Status RecordingFollower::ApplyOne(db::Connection& c, const session::v1::CallEvent& event) {
  const base::TenantId tenant(event.tenant_id());
  const RecordingStore store(tenant);
  CTC_ASSIGN_OR_RETURN(std::vector<v1::Recording> known, store.OfSession(c, event.id()));
  std::optional<size_t> concerned = Concerned(known, event);
  if (!concerned.has_value()) {
    v1::Recording& begun = known.emplace_back();
    begun.set_id(ids_.Uuid());
    begun.set_session_id(event.id());
    concerned = known.size() - 1;
  }
  v1::Recording& recording = known[*concerned];
  Track(recording, event);
  absl::Time retain_until = absl::InfiniteFuture();
  if (recording.state() == kReady) {
    CTC_ASSIGN_OR_RETURN(const v1::RecordingConfig config, LoadConfig(c, tenant));
    retain_until =
        base::FromProto(recording.ended_at()) + absl::Hours(24) * config.retention_days();
  }
  return store.Save(c, recording, retain_until, clock_.Now());
}

Task<absl::Status> RecordingFollower::Apply(const events::FeedConsumer::Batch& batch,
                                            int64_t last_seq) {
  const bool ours = std::any_of(batch.begin(), batch.end(), IsRecordingEvent);
  if (!ours && last_seq - saved_seq_ < kCursorSlack) co_return absl::OkStatus();
  const absl::Status status =
      co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
        // Until the commit no other process applies the same events.
        CTC_ASSIGN_OR_RETURN(const int64_t done, events::LockCursor(c, kConsumer, clock_.Now()));
        for (const auto& event : batch) {
          if (event.seq() <= done || !IsRecordingEvent(event)) continue;
          CTC_RETURN_IF_ERROR(ApplyOne(c, event));
        }
        return events::SaveCursor(c, kConsumer, last_seq, clock_.Now());
      });
  CTC_CO_RETURN_IF_ERROR(status);
  saved_seq_ = last_seq;
  co_return absl::OkStatus();
}

}  // namespace ctc::recording
