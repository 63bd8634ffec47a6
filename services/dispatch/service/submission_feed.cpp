#include "services/dispatch/service/submission_feed.h"

#include <absl/cleanup/cleanup.h>

#include <chrono>
#include <utility>

namespace ctc::dispatch {
namespace {

constexpr absl::Duration kDatabaseTimeout = absl::Seconds(5);
constexpr int64_t kSaveEvery = 2000;

}  // namespace

SubmissionFeed::SubmissionFeed(std::string consumer, rpc::Channel& session,
                               SubmissionStore& submissions, const base::Clock& clock,
                               Choose choose, Send send)
    : name_(std::move(consumer)),
      submissions_(submissions),
      clock_(clock),
      choose_(std::move(choose)),
      send_(std::move(send)),
      consumer_(
          session, {name_}, [this] { return LoadCursor(); },
          [this](const Batch& batch, int64_t last_seq) { return Apply(batch, last_seq); }) {}

Task<absl::StatusOr<int64_t>> SubmissionFeed::LoadCursor() {
  absl::StatusOr<int64_t> seq =
      co_await submissions_.LoadCursor(name_, clock_.Now() + kDatabaseTimeout);
  if (seq.ok()) saved_seq_ = *seq;
  co_return seq;
}

Task<absl::Status> SubmissionFeed::Apply(const Batch& batch, int64_t last_seq) {
  CTC_CO_ASSIGN_OR_RETURN(std::vector<Submission> wanted, co_await choose_(batch));
  // The first position is kept at once: what comes after it must not be passed over by a restart.
  const bool begun = saved_seq_ >= 0;
  if (wanted.empty() && begun && last_seq - saved_seq_ < kSaveEvery) co_return absl::OkStatus();
  writing_ = true;
  const absl::Cleanup written = [this] { writing_ = false; };
  if (stopping_) co_return absl::UnavailableError("the process is stopping");
  CTC_CO_ASSIGN_OR_RETURN(
      const std::vector<Submission> ours,
      co_await submissions_.Begin(std::move(wanted), name_, last_seq, clock_.Now(),
                                  clock_.Now() + kDatabaseTimeout));
  saved_seq_ = last_seq;
  for (const Submission& submission : ours) send_(submission);
  co_return absl::OkStatus();
}

// A row that was written and is not sent would wait until another process takes it for abandoned.
Task<void> SubmissionFeed::Stop() {
  stopping_ = true;
  consumer_.Stop();
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (writing_) {
    timer.expires_after(std::chrono::milliseconds(5));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace ctc::dispatch
