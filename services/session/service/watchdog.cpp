// Sweeping. A slow provider delays its own sessions only: each is looked at by a task of its own.
#include "services/session/service/watchdog.h"

#include <algorithm>
#include <span>

#include "libs/base/proto_time.h"
#include "libs/observability/log.h"
#include "services/session/domain/inbound.h"
#include "services/session/service/provider_calls.h"
#include "services/session/store/care.h"
#include "services/session/store/watchdog_rows.h"

namespace ctc::session {
namespace {

constexpr char kLease[] = "session-watchdog";
// Held by one of the processes that do not sweep: so the one that does knows of them.
constexpr char kSecondLease[] = "session-second";
constexpr absl::Duration kLeaseLength = absl::Seconds(6);
constexpr int kBatch = 200;
// Looks under way: all, those at silent calls, and those at calls in which somebody waits.
constexpr ptrdiff_t kMostAtOnce = 128;
constexpr ptrdiff_t kMostSilent = 96;
constexpr ptrdiff_t kMostUrgent = 112;
// A provider that hangs keeps its own sessions waiting, not those of others.
constexpr ptrdiff_t kMostOfOneAccount = 32;
constexpr ptrdiff_t kMostSilentOfOneAccount = 24;
constexpr ptrdiff_t kMostUrgentOfOneAccount = 28;
constexpr absl::Duration kUrgentRoom = absl::Seconds(5);
constexpr absl::Duration kSilentRoom = absl::Minutes(1);  // a provider that hangs does for 20 s
constexpr absl::Duration kRest = absl::Seconds(5);        // after a look that failed
constexpr absl::Duration kBetweenLooks = absl::Milliseconds(10);
constexpr int kMostLooks = 20;
constexpr absl::Duration kBetweenSweeps = absl::Milliseconds(100);  // while there is anything to do
// Read and written at once: an agent's click waits behind them.
constexpr std::ptrdiff_t kChunk = 16;
constexpr absl::Duration kBetweenCounts = absl::Seconds(10);

// True of errors that trying again may end, whatever was tried.
bool IsForNow(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status);
}

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
    const absl::StatusOr<Swept> swept = co_await Sweep();
    if (!swept.ok()) {
      observability::Warn("the watchdog could not sweep", {{"error", swept.status()}});
    }
    const bool more = swept.ok() && (swept->settled > 0 || swept->has_more);
    co_await Sleep(more ? std::min(kBetweenSweeps, core_.settings.sweep_interval)
                        : core_.settings.sweep_interval);
  }
  const absl::Status released = co_await database_.Run(
      core_.WriteDeadline(),
      [&](db::Connection& c) { return store::ReleaseLease(c, kLease, holder_); });
  if (!released.ok()) observability::Warn("the lease could not be given up", {{"error", released}});
}

Task<absl::StatusOr<Watchdog::Due>> Watchdog::Claim() {
  Due due;
  Ids unanswered;
  int64_t live = -1;
  bool alone = false;
  const int limit = kBatch + static_cast<int>(NotReady());
  const bool count_live = core_.clock.Monotonic() - counted_at_ >= kBetweenCounts;
  if (count_live) counted_at_ = core_.clock.Monotonic();
  const absl::Status claimed =
      co_await database_.Run(core_.WriteDeadline(), [&](db::Connection& c) -> absl::Status {
        const absl::Time now = core_.clock.Now();
        CTC_ASSIGN_OR_RETURN(const store::Lease lease,
                             store::HoldLease(c, kLease, holder_, now, kLeaseLength));
        due = {};
        unanswered.clear();
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
        due.is_ours = true;
        CTC_ASSIGN_OR_RETURN(due.closely, store::SelectDue(c, true, now, limit));
        CTC_ASSIGN_OR_RETURN(due.silent, store::SelectDue(c, false, now, limit));
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
  if (!unanswered.empty()) left_.assign(unanswered.begin(), unanswered.end());
  co_return due;
}

Task<absl::StatusOr<Watchdog::Swept>> Watchdog::Sweep() {
  CTC_CO_ASSIGN_OR_RETURN(const Due due, co_await Claim());
  Swept swept;
  if (!due.is_ours) {
    left_.clear();  // who holds the lease now has read them as well
    co_return swept;
  }
  CTC_CO_RETURN_IF_ERROR(co_await TakeUpDue(due.closely, kUrgentRoom, swept));
  left_first_ = !left_first_;
  if (left_first_) CTC_CO_RETURN_IF_ERROR(co_await TakeUpLeft(swept));
  CTC_CO_RETURN_IF_ERROR(co_await TakeUpDue(due.silent, kSilentRoom, swept));
  if (!left_first_) CTC_CO_RETURN_IF_ERROR(co_await TakeUpLeft(swept));
  co_return swept;
}

Task<absl::Status> Watchdog::TakeUpDue(const Ids& due, absl::Duration room, Swept& swept) {
  const Ids todo = Ready(due);
  const bool is_full = todo.size() >= static_cast<size_t>(kBatch);
  std::vector<store::RecordPtr> waiting;
  int begun = 0;
  bool spent = false;
  for (auto at = todo.begin(); at != todo.end() && !spent;) {
    const auto end = at + std::min<std::ptrdiff_t>(kChunk, todo.end() - at);
    Ids chunk(at, end);
    CTC_CO_ASSIGN_OR_RETURN(const Taken taken, co_await TakeUpAll(Kind::kDue, std::move(chunk)));
    waiting.insert(waiting.end(), taken.waiting.begin(), taken.waiting.end());
    swept.settled += taken.settled;
    begun += taken.begun;
    spent = taken.spent;
    at = end;
  }
  swept.has_more = swept.has_more || is_full || !waiting.empty();
  // Those who wait for others of their account must not fill the list for good.
  if (!is_full || spent || begun > 0) co_return absl::OkStatus();
  co_return co_await Postpone(waiting, core_.clock.Now() + room);
}

Watchdog::Ids Watchdog::Ready(const Ids& ids) const {
  Ids ready;
  const absl::Duration now = core_.clock.Monotonic();
  const base::MutexLock lock(mutex_);
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(ready), [&](const std::string& id) {
    const auto resting = resting_.find(id);
    return !busy_.contains(id) && (resting == resting_.end() || resting->second <= now);
  });
  return ready;
}

size_t Watchdog::NotReady() {
  const absl::Duration now = core_.clock.Monotonic();
  const base::MutexLock lock(mutex_);
  std::erase_if(resting_, [&](const auto& one) { return one.second <= now; });
  return busy_.size() + resting_.size();
}

// Each of them once in a sweep.
Task<absl::Status> Watchdog::TakeUpLeft(Swept& swept) {
  bool spent = false;
  for (size_t todo = std::min<size_t>(left_.size(), kBatch); todo > 0 && !spent;) {
    const auto size = std::min<std::ptrdiff_t>(kChunk, static_cast<std::ptrdiff_t>(todo));
    Ids chunk(left_.begin(), left_.begin() + size);
    CTC_CO_ASSIGN_OR_RETURN(const Taken taken, co_await TakeUpAll(Kind::kLeft, std::move(chunk)));
    left_.erase(left_.begin(), left_.begin() + size);
    Ids waiting;
    for (const store::RecordPtr& record : taken.waiting) waiting.push_back(record->id());
    // Without a look for anybody their turn is still to come, else it is that of others.
    left_.insert(taken.spent ? left_.begin() : left_.end(), waiting.begin(), waiting.end());
    swept.settled += taken.settled;
    spent = taken.spent;
    todo -= static_cast<size_t>(size);
  }
  swept.has_more = swept.has_more || !left_.empty();
  co_return absl::OkStatus();
}

Task<absl::StatusOr<Watchdog::Taken>> Watchdog::TakeUpAll(Kind kind, Ids ids) {
  absl::StatusOr<Taken> all = co_await TakeUp(kind, ids);
  if (all.ok() || IsForNow(all.status())) co_return all;
  all = Taken{};
  for (const std::string& id : ids) {
    const Ids alone{id};
    const absl::StatusOr<Taken> one = co_await TakeUp(kind, alone);
    if (!one.ok()) {
      observability::Warn("a session cannot be watched",
                          {{"session", id}, {"error", one.status()}});
      Rest(id);
      continue;
    }
    all->settled += one->settled;
    all->begun += one->begun;
    all->waiting.insert(all->waiting.end(), one->waiting.begin(), one->waiting.end());
    all->spent = all->spent || one->spent;
  }
  co_return all;
}

Task<absl::StatusOr<Watchdog::Taken>> Watchdog::TakeUp(Kind kind, const Ids& ids) {
  CTC_CO_ASSIGN_OR_RETURN(const std::vector<store::RecordPtr> records,
                          co_await core_.reader.GetMany(ids, core_.WriteDeadline()));
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  std::vector<store::Change> postponed;
  Taken taken;
  for (const store::RecordPtr& record : records) {
    if (kind == Kind::kLeft && !IsUnanswered(*record)) continue;
    // Looked at, or changed, since the list was read.
    const absl::Time due = record->watchdog_at.value_or(absl::InfinitePast());
    if (kind == Kind::kDue && due > core_.clock.Now()) continue;
    const std::optional<absl::Time> later = kind == Kind::kLeft ? std::nullopt : NotYet(*record);
    if (later) {
      postponed.push_back(Postponed(*record, *later));
      continue;
    }
    const Place place = TakePlace(*record);
    if (place == Place::kBegins) {
      Begin(executor, record);
      ++taken.begun;
    }
    if (place == Place::kLater) taken.spent = true;
    if (place == Place::kLater || place == Place::kWaits) taken.waiting.push_back(record);
  }
  taken.settled = taken.begun + static_cast<int>(postponed.size());
  if (postponed.empty()) co_return taken;
  const auto written = co_await core_.writer.ApplyAll(std::move(postponed), core_.WriteDeadline());
  if (!written.ok()) co_return written.status();
  co_return taken;
}

Task<absl::Status> Watchdog::Postpone(const std::vector<store::RecordPtr>& records,
                                      absl::Time until) {
  for (size_t first = 0; first < records.size(); first += kChunk) {
    const size_t size = std::min<size_t>(kChunk, records.size() - first);
    std::vector<store::Change> changes;
    for (const store::RecordPtr& record : std::span(records).subspan(first, size)) {
      changes.push_back(Postponed(*record, until));
    }
    const auto written = co_await core_.writer.ApplyAll(std::move(changes), core_.WriteDeadline());
    if (IsForNow(written.status())) co_return written.status();
    if (written.ok()) continue;
    observability::Warn("sessions could not be put off", {{"error", written.status()}});
    for (const store::RecordPtr& record : std::span(records).subspan(first, size)) {
      Rest(record->id());
    }
  }
  co_return absl::OkStatus();
}

void Watchdog::Rest(const std::string& id) {
  const base::MutexLock lock(mutex_);
  resting_[id] = core_.clock.Monotonic() + kRest;
}

void Watchdog::Begin(const asio::any_io_executor& executor, store::RecordPtr record) {
  // The task holds this object, so that it may outlive the service's Stop.
  auto keep = [self = shared_from_this()](std::exception_ptr error) {
    if (error) observability::Error("looking at a silent session threw");
  };
  asio::co_spawn(executor, Start(std::move(record)), std::move(keep));
}

bool Watchdog::IsUnanswered(const store::Record& record) const {
  const v1::Session::Submission submission = record.session.submission();
  const bool is_open =
      submission == v1::Session::SENT || submission == v1::Session::UNKNOWN_OUTCOME;
  return is_open && domain::IsLive(record.state.status) && !submission_.IsUnderWay(record.id());
}

// The time noted is the earliest possible one: a session that moved on is due later.
std::optional<absl::Time> Watchdog::NotYet(const store::Record& record) {
  const absl::Time now = core_.clock.Now();
  if (submission_.IsUnderWay(record.id())) return now + absl::Seconds(10);
  if (store::NeedsCare(record)) return std::nullopt;
  const domain::WatchdogPlan plan =
      domain::PlanWatch(WatchedOf(record), core_.settings.watchdog, now);
  if (now < plan.due) return plan.due;
  return std::nullopt;
}

Watchdog::Place Watchdog::TakePlace(const store::Record& record) {
  const std::string& account = record.session.provider_id();
  // Somebody may be on hold, or left in a call that was to end.
  const bool is_urgent = store::IsWatchedClosely(record);
  const base::MutexLock lock(mutex_);
  if (busy_.contains(record.id())) return Place::kUnderWay;
  ptrdiff_t like_it = 0;  // as urgent as this one
  ptrdiff_t of_account = 0;
  ptrdiff_t like_it_of_account = 0;
  for (const auto& [id, look] : busy_) {
    const bool same = look.account == account;
    const bool alike = look.is_urgent == is_urgent;
    like_it += alike ? 1 : 0;
    of_account += same ? 1 : 0;
    like_it_of_account += same && alike ? 1 : 0;
  }
  const bool has_room =
      std::ssize(busy_) < kMostAtOnce && of_account < kMostOfOneAccount &&
      like_it < (is_urgent ? kMostUrgent : kMostSilent) &&
      like_it_of_account < (is_urgent ? kMostUrgentOfOneAccount : kMostSilentOfOneAccount);
  if (!has_room) return Place::kWaits;
  const absl::Duration now = core_.clock.Monotonic();
  if (is_urgent) {
    pace_.Force(now);
  } else if (!pace_.Take(now)) {
    return Place::kLater;
  }
  busy_[record.id()] = {account, is_urgent};
  return Place::kBegins;
}

Task<void> Watchdog::Start(store::RecordPtr record) {
  const std::string id = record->id();
  const absl::Status status = co_await Look(std::move(record));
  if (!status.ok()) {
    observability::Warn("a silent session could not be settled yet",
                        {{"session", id}, {"error", status}});
    Rest(id);
  }
  const base::MutexLock lock(mutex_);
  busy_.erase(id);
}

Task<absl::Status> Watchdog::Look(store::RecordPtr record) {
  if (!domain::IsLive(record->state.status)) co_return co_await LookAtEnded(std::move(record));
  const absl::Time now = core_.clock.Now();
  const domain::WatchdogPlan plan =
      domain::PlanWatch(WatchedOf(*record), core_.settings.watchdog, now);
  const bool has_parties = store::NeedsCare(*record);
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
  if (store::NeedsCare(*record)) co_return co_await LookAtParties(std::move(record));
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
