// Units of work on a session, and the pool of threads with one session each.
#include "libs/db/database.h"

#include <absl/strings/str_cat.h>
#include <pthread.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "libs/base/clock.h"
#include "libs/base/error_catalogue.h"
#include "libs/base/mutex.h"
#include "libs/db/completion.h"
#include "libs/db/session.h"
#include "libs/observability/log.h"
#include "libs/observability/metrics.h"

namespace ctc::db {
namespace {

constexpr int kDeadlockRetries = 3;

absl::Status RunSafely(const Work& work, Connection& connection) {
  try {
    return work(connection);
  } catch (const std::exception& e) {
    observability::Error("database work threw", {{"what", e.what()}});
    return base::MakeError(base::kInternal, "database work failed");
  }
}

absl::Status TooLate() {
  return base::MakeError(base::kDeadlineExceeded, "the database was busy for too long");
}

absl::Status QueueFull() {
  base::ErrorDetail extra;
  extra.retry_after = absl::Seconds(1);
  return base::MakeError(base::kOverloaded, "too much work waits for the database",
                         std::move(extra));
}

}  // namespace

absl::Status RowsHeld() {
  base::ErrorDetail extra;
  extra.retry_after = absl::Seconds(1);
  return base::MakeError(base::kDatabaseBusy, "another transaction held the rows",
                         std::move(extra));
}

absl::Status Session::Connect() {
  const base::Clock& clock = base::SystemClock();
  const absl::Duration start = clock.Monotonic();
  if (start < no_connect_before_) {
    return base::MakeError(base::kUnavailable, "the database is not available");
  }
  auto opened = MysqlConnection::Open(endpoint_, config_);
  if (opened.ok()) {
    connection_ = *std::move(opened);
    return absl::OkStatus();
  }
  // An attempt that timed out must not be repeated by each unit in the queue; a refusal is quick.
  const absl::Duration now = clock.Monotonic();
  if (now - start > absl::Milliseconds(200)) no_connect_before_ = now + absl::Milliseconds(500);
  return opened.status();
}

absl::Status Session::Run(const Work& work) {
  for (int attempt = 0;; ++attempt) {
    bool retry = false;
    absl::Status status = RunOnce(work, retry);
    if (!retry || attempt == kDeadlockRetries) return status;
    // Spread by thread, so that those who met do not meet again.
    const auto spread = std::hash<std::thread::id>()(std::this_thread::get_id()) % 4;
    std::this_thread::sleep_for(std::chrono::milliseconds((attempt * 3) + spread));
  }
}

absl::Status Session::RunOnce(const Work& work, bool& retry) {
  const bool reused = connection_ != nullptr;
  if (!reused) CTC_RETURN_IF_ERROR(Connect());
  connection_->BeginUnit();
  absl::Status status = RunSafely(work, *connection_);
  if (status.ok() && connection_->deadlocked()) {
    // The work carried on over a lost transaction; what is left of it must not be committed.
    status = RowsHeld();
  }
  const int statements = connection_->statements();
  const bool lost_in_work = connection_->lost();
  if (status.ok() && !connection_->committed()) status = connection_->Commit();
  if (!status.ok() && !connection_->lost()) connection_->Rollback();
  retry = connection_->deadlocked() && !connection_->lost();
  if (connection_->lost()) {
    connection_.reset();
    retry = reused && lost_in_work && (config_.repeatable || statements == 1);
  }
  return status;
}

namespace {

class Pool final : public Database {
 public:
  Pool(Endpoint endpoint, Config config);
  ~Pool() override;

  Task<absl::Status> Run(absl::Time deadline, Work work) override;
  absl::Status RunBlocking(const Work& work) override;
  std::unique_ptr<Worker> MakeWorker() override {
    Config config = config_;
    config.many_at_once = true;
    return std::make_unique<Session>(endpoint_, std::move(config));
  }
  std::unique_ptr<Worker> MakeRepeatableWorker() override {
    Config config = config_;
    config.many_at_once = true;
    config.repeatable = true;
    return std::make_unique<Session>(endpoint_, std::move(config));
  }
  std::unique_ptr<Worker> MakePatientWorker() override {
    Config config = config_;
    config.statement_timeout = absl::Hours(24);
    return std::make_unique<Session>(endpoint_, std::move(config));
  }
  Task<absl::Status> Ping(absl::Time deadline) override;
  size_t queue_depth() const override;

 private:
  struct Job {
    absl::Time deadline;
    const Work* work;
    Completion<absl::Status> done;
  };

  void Enqueue(absl::Time deadline, const Work& work, Completion<absl::Status> done);
  void Serve(int number);
  bool Next(Job& job);

  const Endpoint endpoint_;
  const Config config_;
  const observability::Gauge depth_;
  const observability::Counter refused_;
  const observability::Counter late_;
  mutable base::Mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  base::Mutex blocking_mutex_;
  std::unique_ptr<Session> blocking_ ABSL_GUARDED_BY(blocking_mutex_);
  std::vector<std::thread> threads_;
};

Pool::Pool(Endpoint endpoint, Config config)
    : endpoint_(std::move(endpoint)),
      config_(std::move(config)),
      depth_(observability::MakeGauge("ctc_db_queue_depth", "Work waiting for the database",
                                      {{"name", "pool"}})),
      refused_(observability::MakeCounter(
          "ctc_db_refused_total", "Work refused because the queue was full", {{"name", "pool"}})),
      late_(observability::MakeCounter(
          "ctc_db_late_total", "Work whose deadline passed in the queue", {{"name", "pool"}})) {
  for (int i = 0; i < config_.connections; ++i) threads_.emplace_back([this, i] { Serve(i); });
}

Pool::~Pool() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Pool::Enqueue(absl::Time deadline, const Work& work, Completion<absl::Status> done) {
  {
    base::MutexLock lock(mutex_);
    if (queue_.size() < static_cast<size_t>(config_.queue_limit)) {
      queue_.push_back(Job{deadline, &work, std::move(done)});
      depth_.Set(static_cast<double>(queue_.size()));
      wake_.notify_one();
      return;
    }
  }
  refused_.Add();
  done.Complete(QueueFull());
}

// Waits for the next job; false once stopped and empty.
bool Pool::Next(Job& job) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  std::unique_lock<std::mutex> lock(mutex_.native());
  wake_.wait(lock,
             [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_ || !queue_.empty(); });
  if (queue_.empty()) return false;
  job = std::move(queue_.front());
  queue_.pop_front();
  depth_.Set(static_cast<double>(queue_.size()));
  return true;
}

void Pool::Serve(int number) {
  pthread_setname_np(pthread_self(), absl::StrCat("db-", number).c_str());
  const ThreadScope scope;
  Session session(endpoint_, config_);
  Job job;
  while (Next(job)) {
    if (base::SystemClock().Now() >= job.deadline) {
      late_.Add();
      job.done.Complete(TooLate());
    } else {
      job.done.Complete(session.Run(*job.work));
    }
  }
}

Task<absl::Status> Pool::Run(absl::Time deadline, Work work) {
  auto start = [&](Completion<absl::Status> done) { Enqueue(deadline, work, std::move(done)); };
  co_return co_await Await<absl::Status>(start);
}

absl::Status Pool::RunBlocking(const Work& work) {
  base::MutexLock lock(blocking_mutex_);
  if (!blocking_) blocking_ = std::make_unique<Session>(endpoint_, config_);
  return blocking_->Run(work);
}

Task<absl::Status> Pool::Ping(absl::Time deadline) {
  Work ask = [](Connection& connection) { return connection.Query("SELECT 1").status(); };
  co_return co_await Run(deadline, std::move(ask));
}

size_t Pool::queue_depth() const {
  base::MutexLock lock(mutex_);
  return queue_.size();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(Config config) {
  CTC_ASSIGN_OR_RETURN(Endpoint endpoint, ParseUrl(config.url));
  if (config.connections < 1 || config.queue_limit < 1) {
    return absl::InvalidArgumentError("database: connections and queue_limit must be positive");
  }
  // The connector's driver is made once, here, before any thread of the pool asks for it.
  const ThreadScope scope;
  return std::unique_ptr<Database>(std::make_unique<Pool>(std::move(endpoint), std::move(config)));
}

}  // namespace ctc::db
