// Sweeping. A slow provider delays its own sessions only: each is looked at by a task of its own.
#include "services/session/service/watchdog.h"

#include <algorithm>

#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "services/session/domain/inbound.h"
#include "services/session/service/provider_calls.h"
#include "services/session/store/watchdog_rows.h"

namespace ctc::session {
namespace {

constexpr char kLease[] = "session-watchdog";
// Held by one of the processes that do not sweep: so the one that does knows of them.
constexpr char kSecondLease[] = "session-second";
constexpr absl::Duration kLeaseLength = absl::Seconds(6);
constexpr int kBatch = 200;
constexpr size_t kMostAtOnce = 128;
// A provider that hangs keeps its own sessions waiting, not those of others.
constexpr ptrdiff_t kMostOfOneAccount = 32;
constexpr absl::Duration kMakeRoom = absl::Seconds(5);
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(10);
constexpr int kMostLooks = 20;
constexpr absl::Duration kBetweenSweeps = absl::Milliseconds(100);  // while there is anything to do
// Read and written at once: an agent's click waits behind them.
constexpr size_t kChunk = 16;
constexpr absl::Duration kBetweenCounts = absl::Seconds(10);

// By our clock, as all that a call's age is measured with: the provider's may be hours off.
std::optional<absl::Time> HeardJoined(const store::Record& record) {
  std::optional<absl::Time> joined;
  for (const domain::Fact& fact : record.facts) {
    if (!domain::Joins(record.start.direction, fact)) continue;
    const absl::Time heard = base::FromProto(fact.received_time());
    joined = std::min(joined.value_or(heard), heard);
  }
  return joined ? joined : record.state.answered_at;
}

domain::Watched WatchedOf(const store::Record& record) {
  domain::Watched watched;
  watched.status = record.state.status;
  watched.submission = record.session.submission();
  watched.created_at = record.start.created_at;
  watched.last_heard = record.start.created_at;
  for (const domain::Fact& fact : record.facts) {
    watched.last_heard = std::max(watched.last_heard, base::FromProto(fact.received_time()));
  }
  // A caller who asks for the next step is there, though no fact says so.
  watched.last_heard =
      std::max(watched.last_heard, absl::FromUnixMillis(record.flow.answered_at_ms()));
  if (record.state.answered_at) watched.joined_at = HeardJoined(record);
  watched.direction = record.start.direction;
  for (const v1::RouteCandidate& candidate : record.route.candidates()) {
    if (candidate.outcome() == "unknown") watched.answer = candidate.detail();
  }
  return watched;
}

Task<void> Sleep(absl::Duration duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_after(absl::ToChronoMilliseconds(duration));
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

Watchdog::Watchdog(Core& core, db::Database& database, const Submission& submission,
                   PartyKeeper& keeper, std::string holder)
    : core_(core),
      database_(database),
      submission_(submission),
      keeper_(keeper),
      holder_(std::move(holder)),
      live_(observability::MakeGauge("ctc_session_live", "Sessions that have not ended")),
      pace_(kBetweenLooks, kMostLooks) {}

void Watchdog::Count(const char* action) const {
  observability::MakeCounter("ctc_session_watchdog_total", "What the watchdog did",
                             {{"action", action}})
      .Add();
}

Task<void> Watchdog::Run() {
  const auto self = shared_from_this();
  while (!stopping_) {
    const absl::StatusOr<int> swept = co_await Sweep();
    if (!swept.ok()) {
      observability::Warn("the watchdog could not sweep", {{"error", swept.status()}});
    }
    const bool more = swept.ok() && *swept > 0;
    co_await Sleep(more ? std::min(kBetweenSweeps, core_.settings.sweep_interval)
                        : core_.settings.sweep_interval);
  }
  const absl::Status released = co_await database_.Run(
      core_.WriteDeadline(),
      [&](db::Connection& c) { return store::ReleaseLease(c, kLease, holder_); });
  if (!released.ok()) observability::Warn("the lease could not be given up", {{"error", released}});
}

Task<absl::StatusOr<std::vector<std::string>>> Watchdog::Claim() {
  std::vector<std::string> due;
  std::vector<std::string> unanswered;
  int64_t live = -1;
  bool alone = false;
  const bool count_live = core_.clock.Monotonic() - counted_at_ >= kBetweenCounts;
  if (count_live) counted_at_ = core_.clock.Monotonic();
  const absl::Status claimed =
      co_await database_.Run(core_.WriteDeadline(), [&](db::Connection& c) -> absl::Status {
        const absl::Time now = core_.clock.Now();
        CTC_ASSIGN_OR_RETURN(const store::Lease lease,
                             store::HoldLease(c, kLease, holder_, now, kLeaseLength));
        due.clear();
        if (!lease.held) {
          alone = false;
          return store::HoldLease(c, kSecondLease, holder_, now, kLeaseLength).status();
        }
        // Free for another one, who may be there already.
        if (lease.taken_over) {
          CTC_RETURN_IF_ERROR(store::ReleaseLease(c, kSecondLease, holder_));
        }
        CTC_ASSIGN_OR_RETURN(const bool has_others, store::IsHeld(c, kSecondLease, holder_, now));
        alone = !has_others;
        CTC_ASSIGN_OR_RETURN(due, store::SelectDue(c, now, kBatch));
        if (count_live) {
          CTC_ASSIGN_OR_RETURN(live, store::CountLive(c));
        }
        if (!lease.taken_over) return absl::OkStatus();
        CTC_ASSIGN_OR_RETURN(unanswered, store::SelectUnanswered(c));
        return absl::OkStatus();
      });
  is_alone_ = claimed.ok() && alone;
  CTC_CO_RETURN_IF_ERROR(claimed);
  if (live >= 0) live_.Set(static_cast<double>(live));
  const base::MutexLock lock(mutex_);
  for (const std::string& id : unanswered) {
    at_once_.insert(id);
    if (std::find(due.begin(), due.end(), id) == due.end()) due.push_back(id);
  }
  co_return due;
}

Task<absl::StatusOr<int>> Watchdog::Sweep() {
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<std::string> due, co_await Claim());
  const bool is_full = due.size() >= static_cast<size_t>(kBatch);
  int settled = 0;
  for (size_t at = 0; at < due.size(); at += kChunk) {
    const auto begin = due.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = due.begin() + static_cast<std::ptrdiff_t>(std::min(due.size(), at + kChunk));
    std::vector<std::string> chunk(begin, end);
    CTC_CO_ASSIGN_OR_RETURN(const int more, co_await TakeUp(std::move(chunk), is_full));
    settled += more;
  }
  co_return settled;
}

Task<absl::StatusOr<int>> Watchdog::TakeUp(std::vector<std::string> ids, bool is_full) {
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<store::RecordPtr> records,
                          co_await core_.reader.GetMany(ids, core_.WriteDeadline()));
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::vector<store::Change> postponed;
  std::vector<store::RecordPtr> waiting;
  int settled = 0;
  for (const store::RecordPtr& record : records) {
    if (const std::optional<absl::Time> later = NotYet(*record)) {
      postponed.push_back(Postponed(*record, *later));
      continue;
    }
    const Place place = TakePlace(*record);
    if (place == Place::kLater) postponed.push_back(Postponed(*record, NextFreeMoment()));
    if (place == Place::kWaits) waiting.push_back(record);
    if (place == Place::kBegins) {
      // The task holds this object, so that it may outlive the service's Stop.
      auto keep = [self = shared_from_this()](std::exception_ptr error) {
        if (error) observability::Error("looking at a silent session threw");
      };
      asio::co_spawn(executor, Start(record), std::move(keep));
      ++settled;
    }
  }
  // Those who wait must not fill the list for good. Those to be asked for at once are on it this
  // once only.
  for (const store::RecordPtr& record : waiting) {
    if (!is_full && !IsAtOnce(*record)) continue;
    postponed.push_back(Postponed(*record, core_.clock.Now() + kMakeRoom));
  }
  settled += static_cast<int>(postponed.size());
  if (!postponed.empty()) {
    const auto written =
        co_await core_.writer.ApplyAll(std::move(postponed), core_.WriteDeadline());
    if (!written.ok()) co_return written.status();
  }
  co_return settled;
}

// The time noted is the earliest possible one: a session that moved on is due later.
std::optional<absl::Time> Watchdog::NotYet(const store::Record& record) {
  const absl::Time now = core_.clock.Now();
  if (submission_.IsUnderWay(record.id())) return now + absl::Seconds(10);
  {
    const base::MutexLock lock(mutex_);
    const bool is_answered = record.session.submission() == v1::Session::ACCEPTED;
    if (is_answered || !domain::IsLive(record.state.status)) at_once_.erase(record.id());
    if (at_once_.contains(record.id())) return std::nullopt;
  }
  if (keeper_.Concerns(record)) return std::nullopt;
  const domain::WatchdogPlan plan =
      domain::PlanWatch(WatchedOf(record), core_.settings.watchdog, now);
  if (now < plan.due) return plan.due;
  return std::nullopt;
}

Watchdog::Place Watchdog::TakePlace(const store::Record& record) {
  const std::string& account = record.session.provider_id();
  // Somebody may be on hold, or left in a call that was to end.
  const bool is_urgent = keeper_.Concerns(record) || !domain::IsLive(record.state.status);
  const base::MutexLock lock(mutex_);
  if (busy_.contains(record.id())) return Place::kUnderWay;
  const auto of_account = std::count_if(busy_.begin(), busy_.end(),
                                        [&](const auto& look) { return look.second == account; });
  if (busy_.size() >= kMostAtOnce || of_account >= kMostOfOneAccount) return Place::kWaits;
  const absl::Duration now = core_.clock.Monotonic();
  if (is_urgent) {
    pace_.Force(now);
  } else if (!pace_.Take(now)) {
    return Place::kLater;
  }
  busy_.emplace(record.id(), account);
  return Place::kBegins;
}

bool Watchdog::IsAtOnce(const store::Record& record) const {
  const base::MutexLock lock(mutex_);
  return at_once_.contains(record.id());
}

absl::Time Watchdog::NextFreeMoment() {
  const base::MutexLock lock(mutex_);
  return pace_.PutOff(core_.clock.Now() + kBetweenSweeps);
}

Task<void> Watchdog::Start(store::RecordPtr record) {
  const std::string id = record->id();
  const absl::Status status = co_await Look(std::move(record));
  if (!status.ok()) {
    observability::Warn("a silent session could not be settled yet",
                        {{"session", id}, {"error", status}});
  }
  const base::MutexLock lock(mutex_);
  busy_.erase(id);
  at_once_.erase(id);
}

Task<absl::Status> Watchdog::Look(store::RecordPtr record) {
  if (!domain::IsLive(record->state.status)) co_return co_await LookAtEnded(std::move(record));
  const absl::Time now = core_.clock.Now();
  const domain::WatchdogPlan plan =
      domain::PlanWatch(WatchedOf(*record), core_.settings.watchdog, now);
  const bool has_parties = keeper_.Concerns(*record);
  // A transfer or a queue does not keep a call alive of which nothing is heard any more.
  if (!has_parties || now >= plan.due) {
    CTC_CO_ASSIGN_OR_RETURN(const domain::Found found, co_await Ask(record, plan));
    if (!domain::IsLive(record->state.status)) co_return absl::OkStatus();
    CTC_CO_ASSIGN_OR_RETURN(record, co_await Conclude(record, plan, found));
  }
  if (!has_parties || !domain::IsLive(record->state.status)) co_return absl::OkStatus();
  co_return co_await LookAtParties(std::move(record));
}

// What was to end the call for everybody may have failed, or never left.
Task<absl::Status> Watchdog::LookAtEnded(store::RecordPtr record) {
  if (keeper_.Concerns(*record)) co_return co_await LookAtParties(std::move(record));
  // Any change of an ended session sets its next look anew: here, to none.
  store::Change done = Postponed(*record, core_.clock.Now());
  const auto written = co_await core_.writer.Apply(std::move(done), core_.WriteDeadline());
  co_return written.status();
}

// A call with parties that are on their way is looked at often: somebody waits on hold.
Task<absl::Status> Watchdog::LookAtParties(store::RecordPtr record) {
  Count("look_at_parties");
  store::Change later = Postponed(*record, keeper_.NextLook());
  const auto looked = co_await keeper_.Look(std::move(record));
  const auto postponed = co_await core_.writer.Apply(std::move(later), core_.WriteDeadline());
  CTC_CO_RETURN_IF_ERROR(looked.status());
  co_return postponed.status();
}

Task<absl::StatusOr<domain::Found>> Watchdog::Ask(store::RecordPtr& record,
                                                  const domain::WatchdogPlan& plan) {
  const rpc::Context context =
      rpc::Context::ForService(record->tenant, core_.clock.Now() + absl::Seconds(30));
  if (plan.hang_up) co_await HangUp(context, record);
  Count("look_up");
  CTC_CO_ASSIGN_OR_RETURN(const LookUpOutcome outcome, co_await LookUp(core_, context, record));
  record = outcome.record;
  // The agent gave up before it was known whether there is a call: there is.
  const bool unwanted = record->state.cancel_requested && !domain::IsJoined(record->state.status);
  const bool lives = outcome.found == domain::Found::kLive;
  if (unwanted && lives && !plan.hang_up) co_await HangUp(context, record);
  co_return outcome.found;
}

// Whether it came to pass shows at the next look.
Task<void> Watchdog::HangUp(const rpc::Context& context, store::RecordPtr record) {
  Count("hang_up");
  const auto hung_up = co_await Control(core_, context, std::move(record),
                                        dispatch::v1::ControlCallRequest::HANG_UP, "");
  if (hung_up.ok() && hung_up->call_is_gone()) Count("already_gone");
}

Task<absl::StatusOr<store::RecordPtr>> Watchdog::Conclude(store::RecordPtr record,
                                                          const domain::WatchdogPlan& plan,
                                                          domain::Found found) {
  const absl::Time now = core_.clock.Now();
  std::optional<domain::Fact> ending = domain::Conclude(WatchedOf(*record), plan, found, now);
  if (!ending) {
    store::Change later = Postponed(*record, domain::NextLook(plan, now));
    co_return co_await core_.writer.Apply(std::move(later), core_.WriteDeadline());
  }
  Count("ended");
  observability::Info("a silent session was ended",
                      {{"session", record->id()},
                       {"status", v1::Session::Status_Name(record->state.status)},
                       {"reason", v1::EndReason_Name(ending->reason())}});
  store::Change change;
  change.tenant = record->tenant;
  change.id = record->id();
  change.facts.push_back(*std::move(ending));
  co_return co_await core_.writer.Apply(std::move(change), core_.WriteDeadline());
}

store::Change Watchdog::Postponed(const store::Record& record, absl::Time until) {
  store::Change change;
  change.tenant = record.tenant;
  change.id = record.id();
  change.watchdog_at = until;
  return change;
}

}  // namespace ctc::session
