#include "services/webhook/service/log_sweeper.h"

#include "libs/observability/log.h"
#include "services/webhook/store/log_retention.h"

namespace ctc::webhook {
namespace {

constexpr absl::Duration kSweepEvery = absl::Minutes(5);
constexpr absl::Duration kPause = absl::Milliseconds(100);
constexpr absl::Duration kTurnTimeout = absl::Seconds(30);

}  // namespace

Task<absl::StatusOr<int64_t>> LogSweeper::Sweep() {
  int64_t swept = 0;
  int64_t turn = 0;
  do {
    const absl::Time now = clock_.Now();
    const absl::Status status =
        co_await database_.Run(now + kTurnTimeout, [&](db::Connection& connection) -> absl::Status {
          CTC_ASSIGN_OR_RETURN(turn, store::DeleteOld(connection, now - keep_));
          return absl::OkStatus();
        });
    CTC_CO_RETURN_IF_ERROR(status);
    swept += turn;
  } while (turn == store::kDeletedAtOnce && co_await background_.Sleep(kPause));
  co_return swept;
}

Task<void> LogSweeper::Run() {
  do {
    const absl::StatusOr<int64_t> swept = co_await Sweep();
    if (!swept.ok()) {
      observability::Warn("old webhooks are not deleted; will try again",
                          {{"error", swept.status()}});
    } else if (*swept > 0) {
      observability::Info("old webhooks deleted", {{"webhooks", *swept}});
    }
  } while (co_await background_.Sleep(kSweepEvery));
}

}  // namespace ctc::webhook
