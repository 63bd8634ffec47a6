// The loop that applies events.
#include "services/webhook/service/applier.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <utility>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/observability/log.h"
#include "services/webhook/domain/payload.h"
#include "services/webhook/domain/retry.h"

namespace ctc::webhook {
namespace {

namespace sv1 = session::v1;

constexpr size_t kMaxBatch = 256;
constexpr int kMaxFacts = 500;         // of several events in one call
constexpr size_t kMaxBytes = 1 << 20;  // of several events in one call, far below what an rpc takes
// Between two calls of the session service, unless a full batch waits: what comes close together
// is one transaction there. An event after a quiet moment is applied at once.
constexpr absl::Duration kGather = absl::Milliseconds(10);
constexpr absl::Duration kCallTimeout = absl::Seconds(10);
constexpr absl::Duration kWriteTimeout = absl::Seconds(10);
constexpr size_t kMaxMessage = 1000;
// Marks gather: a crash meanwhile makes their events be applied again, to no effect.
constexpr size_t kMarksAtOnce = 128;
constexpr absl::Duration kMarkEvery = absl::Milliseconds(100);

// RESOURCE_EXHAUSTED is not: it says that the request is too large, and it will be next time.
bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

// Half of `limit` and a random part of the other half.
absl::Duration WithJitter(absl::Duration limit, base::Random& random) {
  std::array<unsigned char, 1> byte{};
  random.Fill(byte);
  return limit / 2 + limit / 2 * (byte[0] / 256.0);
}

// One answer for all facts of an event: unknown if any is, applied if any changed something.
sv1::ApplyFactsResponse::Result Combined(const sv1::ApplyFactsResponse& response, int first,
                                         int count) {
  bool applied = false;
  for (int i = first; i < first + count; ++i) {
    if (response.results(i) == sv1::ApplyFactsResponse::UNKNOWN_SESSION) {
      return sv1::ApplyFactsResponse::UNKNOWN_SESSION;
    }
    applied = applied || response.results(i) == sv1::ApplyFactsResponse::APPLIED;
  }
  return applied ? sv1::ApplyFactsResponse::APPLIED : sv1::ApplyFactsResponse::DUPLICATE;
}

observability::Counter ParkedCounter(const std::string& reason) {
  return observability::MakeCounter("ctc_webhook_parked_total",
                                    "Events given up, which an operator may replay.",
                                    {{"reason", reason}});
}

}  // namespace

Applier::Applier(asio::any_io_executor executor, rpc::Channel& session, db::Database& database,
                 EventQueue& queue, const base::Clock& clock, base::Random& random,
                 ApplierOptions options)
    : strand_(asio::make_strand(executor)),
      session_(session),
      database_(database),
      queue_(queue),
      clock_(clock),
      random_(random),
      options_(options),
      timer_(std::make_shared<asio::steady_timer>(strand_)),
      marks_(std::make_shared<asio::steady_timer>(strand_)),
      done_(std::make_shared<asio::steady_timer>(strand_, asio::steady_timer::time_point::max())),
      lag_(observability::MakeHistogram("ctc_webhook_apply_lag_seconds",
                                        "From receiving an event to having it applied.")),
      parked_unknown_(ParkedCounter("unknown_session")),
      parked_fault_(ParkedCounter("fault")) {}

void Applier::Start() {
  if (started_.exchange(true)) return;
  queue_.SetListener([this] { Wake(true); });
  const auto report = [](std::exception_ptr error) {
    if (error) observability::Error("applying webhooks has ended with an exception");
  };
  auto loop_ended = [this, report, marks = marks_](std::exception_ptr error) {
    report(error);
    loop_ended_ = true;
    marks->expires_at(asio::steady_timer::time_point::min());
  };
  auto ended = [report, done = done_](std::exception_ptr error) {
    report(error);
    done->expires_at(asio::steady_timer::time_point::min());
  };
  asio::co_spawn(strand_, MarkLoop(), std::move(ended));
  asio::co_spawn(strand_, Loop(), std::move(loop_ended));
}

Task<void> Applier::Stop() {
  stopped_ = true;
  queue_.SetListener(nullptr);
  if (!started_) co_return;
  Wake(false);
  auto wait = [](std::shared_ptr<asio::steady_timer> done) -> Task<void> {
    boost::system::error_code ignored;
    co_await done->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  };
  Task<void> ended = wait(done_);
  co_await asio::co_spawn(strand_, std::move(ended), asio::use_awaitable);
}

// Any thread. News end a wait for news only, not a back-off.
void Applier::Wake(bool news) {
  asio::post(strand_, [this, news, timer = timer_] {
    if (!news || waits_for_news_) timer->expires_at(asio::steady_timer::time_point::min());
  });
}

Task<void> Applier::Wait(absl::Duration limit, bool until_news) {
  if (stopped_ || (until_news && !queue_.empty())) co_return;
  waits_for_news_ = until_news;
  timer_->expires_after(absl::ToChronoMilliseconds(limit));
  boost::system::error_code ignored;
  co_await timer_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  waits_for_news_ = false;
}

Task<void> Applier::Loop() {
  while (!stopped_) {
    std::vector<WaitingEvent> events = co_await NextBatch();
    if (stopped_) break;
    if (events.empty()) {
      if (!behind_) co_await Wait(next_sweep_ - clock_.Monotonic(), true);
      continue;
    }
    co_await ApplyAll(std::move(events));
    if (!behind_ && queue_.size() < kMaxBatch) co_await Wait(kGather, false);
  }
}

// Marks what was applied, many in a statement. The last to end.
Task<void> Applier::MarkLoop() {
  while (!loop_ended_ || unmarked() > 0) {
    if (unmarked() == 0) co_await WaitForMarks(absl::Hours(1));
    if (unmarked() > 0 && unmarked() < kMarksAtOnce) co_await WaitForMarks(kMarkEvery);
    if (unmarked() > 0) co_await MarkDone();
  }
}

Task<void> Applier::MarkDone() {
  const std::vector<std::string> applied = std::exchange(applied_, {});
  const std::vector<std::string> duplicate = std::exchange(duplicate_, {});
  const absl::Time now = clock_.Now();
  const absl::Status marked =
      co_await database_.Run(now + kWriteTimeout, [&](db::Connection& connection) -> absl::Status {
        CTC_RETURN_IF_ERROR(store::MarkDone(connection, applied, kApplied, now));
        return store::MarkDone(connection, duplicate, kDuplicate, now);
      });
  if (marked.ok()) co_return;
  // The events are claimed again, and turn out to be known.
  observability::Warn("applied webhooks cannot be marked; will be tried again",
                      {{"error", marked}});
}

// Until there are many, or the first, or no more will come.
Task<void> Applier::WaitForMarks(absl::Duration limit) {
  if (loop_ended_) co_return;
  marks_->expires_after(absl::ToChronoMilliseconds(limit));
  boost::system::error_code ignored;
  co_await marks_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// What is due in the log when it is time to look there, else what waits in memory.
Task<std::vector<WaitingEvent>> Applier::NextBatch() {
  if (behind_ || clock_.Monotonic() >= next_sweep_) {
    next_sweep_ = clock_.Monotonic() + options_.sweep_interval;
    queue_.DropReceivedUpTo(clock_.Now() - kFirstClaim);  // due in the log: not twice
    absl::StatusOr<std::vector<WaitingEvent>> claimed = co_await Claim();
    if (claimed.ok()) {
      behind_ = claimed->size() >= kMaxBatch;
      if (!claimed->empty()) co_return *std::move(claimed);
    } else {
      behind_ = false;
      observability::Warn("webhook log cannot be read; will try again",
                          {{"error", claimed.status()}});
    }
  }
  co_return queue_.Take(kMaxBatch);
}

Task<absl::StatusOr<std::vector<WaitingEvent>>> Applier::Claim() {
  const absl::Time now = clock_.Now();
  std::vector<store::DueEvent> due;
  absl::Status status =
      co_await database_.Run(now + kWriteTimeout, [&](db::Connection& connection) -> absl::Status {
        CTC_ASSIGN_OR_RETURN(due, store::Claim(connection, now, now + options_.lease));
        return absl::OkStatus();
      });
  CTC_CO_RETURN_IF_ERROR(status);
  std::vector<WaitingEvent> events;
  events.reserve(due.size());
  for (store::DueEvent& row : due) {
    WaitingEvent event;
    if (!event.facts.ParseFromString(row.facts)) {
      observability::Error("facts of a webhook cannot be read", {{"webhook", row.id}});
    }
    event.id = std::move(row.id);
    event.received_at = row.received_at;
    event.attempts = row.attempts;
    events.push_back(std::move(event));
  }
  co_return events;
}

Task<absl::StatusOr<sv1::ApplyFactsResponse>> Applier::Send(const sv1::ApplyFactsRequest& request) {
  rpc::Context context = rpc::Context::ForService(base::TenantId(), clock_.Now() + kCallTimeout);
  absl::StatusOr<sv1::ApplyFactsResponse> response = co_await rpc::Call(
      session_, sv1::SessionServiceRpc::kApplyFacts, std::move(context), request);
  if (response.ok() && response->results_size() != request.facts_size()) {
    co_return base::MakeError(base::kInternal, "the session service left facts unanswered");
  }
  co_return response;
}

// As long as the session service is away, everything waits here, in order.
Task<absl::StatusOr<sv1::ApplyFactsResponse>> Applier::SendUntilAnswered(
    const sv1::ApplyFactsRequest& request) {
  absl::Duration back_off = options_.first_back_off;
  bool warned = false;
  for (;;) {
    absl::StatusOr<sv1::ApplyFactsResponse> response = co_await Send(request);
    if (response.ok() || stopped_ || !IsPassing(response.status())) {
      if (warned && response.ok()) observability::Info("webhooks are applied again");
      co_return response;
    }
    if (!warned) {
      observability::Warn("webhooks cannot be applied; will try again",
                          {{"error", response.status()}});
    }
    warned = true;
    co_await Wait(WithJitter(back_off, random_), false);
    back_off = std::min(back_off * 2, options_.max_back_off);
  }
}

// In parts that the session service takes at once.
Task<void> Applier::ApplyAll(std::vector<WaitingEvent> events) {
  std::vector<WaitingEvent> part;
  int facts = 0;
  size_t bytes = 0;
  for (WaitingEvent& event : events) {
    const int more_facts = event.facts.facts_size();
    const size_t more_bytes = event.facts.ByteSizeLong();
    if (!part.empty() && (facts + more_facts > kMaxFacts || bytes + more_bytes > kMaxBytes)) {
      co_await ApplyTogether(part);
      if (stopped_) co_return;
      part.clear();
      facts = 0;
      bytes = 0;
    }
    facts += more_facts;
    bytes += more_bytes;
    part.push_back(std::move(event));
  }
  if (!part.empty()) co_await ApplyTogether(part);
}

Task<void> Applier::ApplyTogether(const std::vector<WaitingEvent>& events) {
  sv1::ApplyFactsRequest request;
  for (const WaitingEvent& event : events) request.MergeFrom(event.facts);
  absl::StatusOr<sv1::ApplyFactsResponse> response = co_await SendUntilAnswered(request);
  if (response.ok()) {
    co_await Settle(events, *response);
  } else if (!stopped_) {
    co_await ApplyOneByOne(events);
  }
}

// A batch was refused as a whole: whatever is wrong with one event must not stop its neighbours.
Task<void> Applier::ApplyOneByOne(const std::vector<WaitingEvent>& events) {
  for (const WaitingEvent& event : events) {
    absl::StatusOr<sv1::ApplyFactsResponse> response = co_await SendUntilAnswered(event.facts);
    if (stopped_) co_return;
    if (response.ok()) {
      const std::vector<WaitingEvent> one(1, event);
      co_await Settle(one, *response);
      continue;
    }
    observability::Error("a webhook cannot be applied",
                         {{"webhook", event.id}, {"error", response.status()}});
    // What is refused as wrong will be wrong again.
    const bool hopeless = absl::IsInvalidArgument(response.status());
    const absl::Duration patience = hopeless ? absl::ZeroDuration() : kFaultPatience;
    const std::vector<store::Setback> one(1, SetbackFor(event, patience, response.status()));
    co_await WriteSetbacks(one);
  }
}

Task<void> Applier::Settle(const std::vector<WaitingEvent>& events,
                           const sv1::ApplyFactsResponse& response) {
  const absl::Time now = clock_.Now();
  const size_t gathered = unmarked();
  std::vector<store::Setback> setbacks;
  const absl::Status unknown = base::MakeError(base::kUnknownSession, "the session is not there");
  int first = 0;
  for (const WaitingEvent& event : events) {
    const int count = event.facts.facts_size();
    const auto result = Combined(response, first, count);
    first += count;
    if (result == sv1::ApplyFactsResponse::UNKNOWN_SESSION) {
      setbacks.push_back(SetbackFor(event, kUnknownSessionPatience, unknown));
      continue;
    }
    lag_.Observe(absl::ToDoubleSeconds(now - event.received_at));
    (result == sv1::ApplyFactsResponse::APPLIED ? applied_ : duplicate_).push_back(event.id);
  }
  if ((gathered == 0 && unmarked() > 0) || unmarked() >= kMarksAtOnce) {
    marks_->expires_at(asio::steady_timer::time_point::min());
  }
  if (!setbacks.empty()) co_await WriteSetbacks(setbacks);
}

store::Setback Applier::SetbackFor(const WaitingEvent& event, absl::Duration patience,
                                   const absl::Status& why) const {
  const std::optional<absl::Time> next =
      NextAttempt(event.attempts + 1, event.received_at, clock_.Now(), patience);
  store::Setback setback;
  setback.id = event.id;
  setback.next_attempt_at = next.value_or(absl::InfiniteFuture());
  setback.error_code = base::DetailOf(why).code;
  setback.error_message = CleanText(std::string(why.message()), kMaxMessage);
  if (!next) {
    const bool unknown = base::IsError(why, base::kUnknownSession);
    (unknown ? parked_unknown_ : parked_fault_).Add();
    observability::Warn("webhook is parked", {{"webhook", event.id}, {"error", why}});
  }
  return setback;
}

Task<void> Applier::WriteSetbacks(const std::vector<store::Setback>& setbacks) {
  const absl::Time deadline = clock_.Now() + kWriteTimeout;
  const absl::Status status = co_await database_.Run(
      deadline, [&](db::Connection& connection) { return store::SetBack(connection, setbacks); });
  if (!status.ok()) {
    observability::Warn("unapplied webhooks cannot be put off; their lease will end",
                        {{"error", status}});
  }
}

}  // namespace ctc::webhook
