// Puts the pieces of one process together; see process.h for the order.
#include "libs/host/process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "libs/db/migrator.h"
#include "libs/host/admin.h"
#include "libs/host/settings.h"
#include "libs/host/stop_step.h"
#include "libs/observability/log.h"
#include "libs/rpc/server.h"

namespace ctc::host {
namespace {

namespace obs = observability;

constexpr absl::Duration kDatabaseWait = absl::Seconds(60);
// Limits of the steps of the end, and of all together: who supervises the process gives it 40 s.
constexpr absl::Duration kStopLimit = absl::Seconds(38);
constexpr absl::Duration kGatewayLimit = absl::Seconds(30);  // it gives its requests 25 s
constexpr absl::Duration kServiceLimit = absl::Seconds(10);
constexpr absl::Duration kRpcLimit = absl::Seconds(25);  // a click may wait for a slow provider
constexpr absl::Duration kAdminLimit = absl::Seconds(5);
constexpr absl::Duration kShortestLimit = absl::Milliseconds(500);

constexpr const char* kServiceNames[] = {"session",   "routing", "dispatch", "webhook",
                                         "recording", "stats",   "gateway"};

// The database, its writers and the kernel's network need processors too, and every further thread
// costs wake-ups: one for two processors.
int IoThreads(const Settings& settings) {
  const auto count = static_cast<int>(settings.Int("io.threads"));
  if (count > 0) return count;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1, 4);
}

// Members are declared in the order they are made, so that they go in the reverse.
class Process {
 public:
  Process(const Program& program, std::unique_ptr<Settings> settings)
      : program_(program),
        settings_(std::move(settings)),
        io_threads_(IoThreads(*settings_)),
        io_(io_threads_) {}

  absl::Status Start();
  // Both: false when something was left at its work, which uses what this object owns.
  bool Run();
  bool Stop();

 private:
  absl::Status OpenDatabase();
  void MakePeers();
  absl::Status MakeServices();
  absl::Status OpenPorts();
  Task<absl::Status> Ready();
  void StartThreads();
  bool ShutDownRpc(absl::Duration limit);

  const Program& program_;
  std::unique_ptr<Settings> settings_;
  std::unique_ptr<db::Database> database_;
  const int io_threads_;
  asio::io_context io_;  // knows how many threads will run it: one alone needs no wake-ups
  std::unique_ptr<http::Client> http_;
  rpc::HandlerMap handlers_;
  std::map<std::string, std::unique_ptr<rpc::Channel>, std::less<>> peers_;
  std::unique_ptr<Environment> environment_;
  std::vector<std::unique_ptr<Service>> services_;
  std::vector<std::thread> threads_;
  std::unique_ptr<rpc::Server> rpc_server_;
  std::unique_ptr<AdminServer> admin_;
  std::atomic<bool> ready_{false};
};

absl::Status Process::OpenDatabase() {
  db::Config config;
  config.url = settings_->Text("db.url");
  config.password = settings_->Secret("db.password");
  config.connections = static_cast<int>(settings_->Int("db.connections"));
  CTC_ASSIGN_OR_RETURN(database_, db::Database::Open(std::move(config)));
  const absl::Time give_up = base::SystemClock().Now() + kDatabaseWait;
  for (int attempt = 0;; ++attempt) {
    absl::Status checked = db::CheckSchema(*database_);
    if (checked.ok() || checked.code() != absl::StatusCode::kUnavailable) return checked;
    if (base::SystemClock().Now() > give_up) return checked;
    if (attempt % 20 == 0) obs::Warn("waiting for the database", {{"error", checked}});
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void Process::MakePeers() {
  for (const char* name : kServiceNames) {
    if (program_.services.contains(name)) {
      peers_[name] = rpc::MakeLocalChannel(handlers_);
      continue;
    }
    rpc::RemoteOptions options;
    options.address = settings_->Text(absl::StrCat("peer.", name));
    options.shared_secret = std::string(settings_->Secret("rpc.secret").Reveal());
    peers_[name] = rpc::MakeRemoteChannel(io_.get_executor(), std::move(options));
  }
}

absl::Status Process::MakeServices() {
  environment_ = std::make_unique<Environment>(Environment{
      .executor = io_.get_executor(),
      .database = *database_,
      .http = *http_,
      .clock = base::SystemClock(),
      .random = base::SystemRandom(),
      .settings = *settings_,
      .peer = [this](std::string_view name) -> rpc::Channel& { return *peers_.find(name)->second; },
      .ready = [this] { return Ready(); }});
  for (const auto& [name, factory] : program_.services) {
    CTC_ASSIGN_OR_RETURN(auto service, factory(*environment_));
    service->Bind(handlers_);
    services_.push_back(std::move(service));
  }
  return absl::OkStatus();
}

absl::Status Process::OpenPorts() {
  if (const std::string listen = settings_->Text("rpc.listen"); !listen.empty()) {
    rpc::ServerOptions options;
    options.address = listen;
    options.shared_secret = std::string(settings_->Secret("rpc.secret").Reveal());
    CTC_ASSIGN_OR_RETURN(rpc_server_,
                         rpc::Server::Start(handlers_, io_.get_executor(), std::move(options)));
  }
  if (const auto port = settings_->Int("admin.port"); port >= 0) {
    CTC_ASSIGN_OR_RETURN(admin_, AdminServer::Start(io_.get_executor(), static_cast<int>(port),
                                                    environment_->ready));
  }
  return absl::OkStatus();
}

Task<absl::Status> Process::Ready() {
  if (!ready_) co_return absl::UnavailableError("the process is starting or draining");
  CTC_CO_RETURN_IF_ERROR(co_await database_->Ping(base::SystemClock().Now() + absl::Seconds(1)));
  for (const auto& service : services_) {
    absl::Status status = co_await service->Ready();
    if (!status.ok()) {
      co_return absl::UnavailableError(
          absl::StrCat(std::string(service->name()), ": ", std::string(status.message())));
    }
  }
  co_return absl::OkStatus();
}

void Process::StartThreads() {
  for (int i = 0; i < io_threads_; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "ctc-io");
      auto keep_running = asio::make_work_guard(io_);
      io_.run();
    });
  }
}

absl::Status Process::Start() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  CTC_RETURN_IF_ERROR(OpenDatabase());
  http_ = http::Client::Create(io_.get_executor());
  MakePeers();
  CTC_RETURN_IF_ERROR(MakeServices());
  StartThreads();
  CTC_RETURN_IF_ERROR(OpenPorts());
  for (const auto& service : services_) CTC_RETURN_IF_ERROR(service->Start());
  ready_ = true;
  if (rpc_server_) rpc_server_->SetServing(true);
  return absl::OkStatus();
}

// Calls that are left take all its time.
bool Process::ShutDownRpc(absl::Duration limit) {
  const absl::Duration begun = base::SystemClock().Monotonic();
  rpc_server_->Shutdown(limit);
  const absl::Duration took = base::SystemClock().Monotonic() - begun;
  const bool ended = took < limit - absl::Milliseconds(50);
  if (!ended) obs::Warn("left at its work", {{"step", "rpc"}});
  return ended;
}

// The gateway goes first, so that no new work comes in while the others still answer what is under
// way.
bool Process::Stop() {
  ready_ = false;
  bool ended = true;
  const absl::Duration end = base::SystemClock().Monotonic() + kStopLimit;
  const auto within = [&](absl::Duration limit) {
    return std::min(limit, std::max(end - base::SystemClock().Monotonic(), kShortestLimit));
  };
  const auto stop = [&](Service& service, absl::Duration limit) {
    ended &= RunStep(io_.get_executor(), service.name(), service.Stop(), within(limit));
  };
  if (rpc_server_) rpc_server_->SetServing(false);
  for (const auto& service : services_) {
    if (service->name() == "gateway") stop(*service, kGatewayLimit);
  }
  for (const auto& service : services_) {
    if (service->name() != "gateway") stop(*service, kServiceLimit);
  }
  if (rpc_server_) ended &= ShutDownRpc(within(kRpcLimit));
  if (admin_) {
    ended &=
        RunStep(io_.get_executor(), "admin", admin_->Drain(absl::Seconds(1)), within(kAdminLimit));
  }
  io_.stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  // Its threads finish what is queued and hand the results to io_, and the work may use the
  // services: so it ends while both are there.
  database_.reset();
  return ended;
}

bool Process::Run() {
  asio::io_context signals_io;
  asio::signal_set signals(signals_io, SIGTERM, SIGINT);
  signals.async_wait([](const boost::system::error_code&, int) {});
  signals_io.run();
  signals.async_wait([](const boost::system::error_code& error, int) {
    if (!error) _exit(1);  // a second signal: the operator does not want to wait
  });
  std::thread second([&signals_io] {
    signals_io.restart();
    signals_io.run();
  });
  obs::Info("draining");
  const bool ended = Stop();
  signals_io.stop();
  second.join();
  return ended;
}

void PrintHelp(const Program& program) {
  std::printf("%s - %s\n\nUsage: %s [--name value]...\n\n%s", program.name.c_str(),
              program.summary.c_str(), program.name.c_str(), SettingsAsHelp().c_str());
}

}  // namespace

int RunProgram(const Program& program, int argc, const char* const* argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::span<const char* const> arguments(argv + 1, static_cast<size_t>(argc - 1));
  auto parsed = ParseArguments(arguments, CtcEnvironment());
  if (!parsed.ok()) {
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(),
                 std::string(parsed.status().message()).c_str());
    return 2;
  }
  if (parsed->help) {
    PrintHelp(program);
    return 0;
  }
  obs::LogConfig log;
  log.service = program.name;
  log.file = parsed->settings->Text("log.file");
  log.human = parsed->settings->Text("log.format") == "human";
  if (parsed->settings->Text("log.level") == "debug") log.level = obs::Level::kDebug;
  if (parsed->settings->Text("log.level") == "warn") log.level = obs::Level::kWarn;
  obs::ConfigureLog(log);

  Process process(program, std::move(parsed->settings));
  if (absl::Status started = process.Start(); !started.ok()) {
    obs::Error("could not start", {{"error", started}});
    std::fprintf(stderr, "%s: %s\n", program.name.c_str(), std::string(started.message()).c_str());
    std::fflush(nullptr);
    _exit(1);  // threads of half-made services may still run
  }
  obs::Info("started", {{"pid", static_cast<int64_t>(getpid())}});
  const bool ended = process.Run();
  obs::Info("ended");
  if (!ended) {
    std::fflush(nullptr);
    _exit(0);  // what was left would go after the services that it uses
  }
  return 0;
}

}  // namespace ctc::host
