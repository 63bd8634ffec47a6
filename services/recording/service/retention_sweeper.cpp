#include "services/recording/service/retention_sweeper.h"

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"

namespace ctc::recording {
namespace {

constexpr int kPage = 100;
constexpr absl::Duration kLimit = absl::Seconds(10);

bool IsAway(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status);
}

}  // namespace

Task<absl::StatusOr<int>> RetentionSweeper::Sweep() {
  const absl::Time now = clock_.Now();
  int marked = 0;
  std::vector<DueRecording> page;
  DueRecording last;
  do {
    const absl::Status status =
        co_await database_.Run(clock_.Now() + kLimit, [&](db::Connection& c) -> absl::Status {
          CTC_ASSIGN_OR_RETURN(page, DueRecordings(c, now, last, kPage));
          return absl::OkStatus();
        });
    CTC_CO_RETURN_IF_ERROR(status);
    for (const DueRecording& recording : page) {
      if (stopping_) co_return marked;
      const absl::StatusOr<bool> deleted = co_await Delete(recording);
      if (IsAway(deleted.status())) co_return deleted.status();
      if (!deleted.ok()) {
        observability::Warn("a recording whose retention ended cannot be deleted; will try again",
                            {{"recording", recording.id}, {"error", deleted.status()}});
      } else if (*deleted) {
        ++marked;
      }
    }
    if (!page.empty()) last = page.back();
  } while (page.size() == kPage);
  co_return marked;
}

Task<absl::StatusOr<bool>> RetentionSweeper::Delete(DueRecording recording) {
  const rpc::Context context = rpc::Context::ForService(recording.tenant, clock_.Now() + kLimit);
  session::v1::GetSessionRequest request;
  request.set_id(recording.session_id);
  const absl::StatusOr<session::v1::GetSessionResponse> session =
      co_await rpc::Call(sessions_, session::v1::SessionServiceRpc::kGetSession, context, request);
  // Of a session that nobody knows there is no audio that anybody could ask for.
  if (!session.ok() && !absl::IsNotFound(session.status())) co_return session.status();
  if (session.ok() && !session->session().provider_id().empty()) {
    MediaPlace place;
    place.provider_id = session->session().provider_id();
    place.recording_url = recording.recording_url;
    CTC_CO_RETURN_IF_ERROR(co_await media_.Delete(context, std::move(place)));
  }
  bool marked = false;
  const std::string audit_id = ids_.Uuid();
  const absl::Status status =
      co_await database_.Run(context.deadline, [&](db::Connection& c) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(marked, MarkDeleted(c, recording, audit_id, clock_.Now()));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  co_return marked;
}

}  // namespace ctc::recording
