// A private MariaDB for a test program.
#include "libs/testing/mariadb.h"

#include <absl/strings/str_cat.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <vector>

#include "libs/db/migrator.h"

namespace ctc::testing {
namespace {

namespace fs = std::filesystem;

// The schema that a template carries and that fresh ones are cloned from.
constexpr char kModel[] = "ctc_model";

void Must(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.ToString()));
}

pid_t Spawn(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (std::freopen(log.c_str(), "a", stdout) == nullptr) _exit(127);
  dup2(STDOUT_FILENO, STDERR_FILENO);
  execvp(argv[0], argv.data());
  _exit(127);
}

void RunToEnd(const std::vector<std::string>& arguments, const std::string& log) {
  int status = 0;
  waitpid(Spawn(arguments, log), &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw std::runtime_error(arguments[0] + " failed, see " + log);
  }
}

std::string MakeFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = absl::StrCat(base != nullptr ? base : "/tmp", "/ctc-db-XXXXXX");
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  return pattern;
}

// Names the template by what it is made of, so that a changed migration makes a new one.
std::string TemplateFolder() {
  size_t hash = 0;
  for (const auto& entry : fs::directory_iterator(MigrationsDirectory())) {
    const auto time = entry.last_write_time().time_since_epoch().count();
    hash ^= std::hash<std::string>()(
        absl::StrCat(entry.path().string(), ":", entry.file_size(), ":", time));
  }
  return absl::StrCat(CTC_TEST_DB_CACHE, "/", absl::Hex(hash));
}

std::unique_ptr<db::Database> OpenUrl(const std::string& url, int connections) {
  db::Config config;
  config.url = url;
  config.connections = connections;
  config.connect_timeout = absl::Seconds(30);  // of a busy machine
  auto database = db::Database::Open(std::move(config));
  Must(database.status());
  return *std::move(database);
}

}  // namespace

std::string MigrationsDirectory() { return CTC_MIGRATIONS_DIRECTORY; }

MariaDb& MariaDb::Shared() {
  static MariaDb shared;
  return shared;
}

MariaDb::MariaDb(Options options) : options_(options), folder_(MakeFolder()) {
  socket_ = folder_ + "/socket";
  const std::string model = TemplateFolder();
  if (!fs::exists(model)) MakeTemplate(model);
  fs::copy(model, folder_ + "/data", fs::copy_options::recursive);
  Start();
}

MariaDb::~MariaDb() {
  admin_.reset();
  if (pid_ != 0) Kill9();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

// Another test program may do the same now: the first to finish wins.
void MariaDb::MakeTemplate(const std::string& folder) {
  const std::string data = folder_ + "/data";
  const std::string log = folder_ + "/install.log";
  RunToEnd({"mariadb-install-db", "--no-defaults", "--datadir=" + data, "--tmpdir=" + folder_,
            "--skip-test-db", "--auth-root-authentication-method=normal", "--force",
            "--innodb-log-file-size=8M", "--user=root"},
           log);
  Start();
  Must(admin_->RunBlocking([](db::Connection& c) {
    return c.Execute(absl::StrCat("CREATE DATABASE ", kModel)).status();
  }));
  Must(db::Migrate(*OpenUrl(Url(kModel), 1), MigrationsDirectory()));
  admin_.reset();
  kill(pid_, SIGTERM);  // an orderly end, so that the copies need no recovery
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
  fs::create_directories(fs::path(folder).parent_path());
  std::error_code lost_race;
  const std::string near = absl::StrCat(folder, ".", getpid());
  fs::copy(data, near, fs::copy_options::recursive);
  fs::rename(near, folder, lost_race);
  if (lost_race) fs::remove_all(near);
  fs::remove_all(data);
}

void MariaDb::Start() {
  const std::string log = folder_ + "/mariadbd.log";
  pid_ = Spawn(
      {"mariadbd", "--no-defaults", "--user=root", "--datadir=" + folder_ + "/data",
       // Of its own: a server that starts deletes every temporary table it finds there.
       "--tmpdir=" + folder_, "--socket=" + socket_, "--pid-file=" + folder_ + "/pid",
       "--skip-networking", "--skip-name-resolve", "--skip-log-bin", "--performance-schema=off",
       // What is written reaches the kernel, which survives kill -9; nothing waits for a disk.
       "--innodb-flush-method=nosync", "--debug-no-sync", "--innodb-buffer-pool-size=64M",
       "--innodb-log-file-size=8M",
       absl::StrCat("--innodb-flush-log-at-trx-commit=", options_.durable ? 1 : 0)},
      log);
  admin_ = OpenUrl(Url("mysql"), 1);
  for (int i = 0; i < 1500; ++i) {
    absl::Status status =
        admin_->RunBlocking([](db::Connection& c) { return c.Query("SELECT 1").status(); });
    if (status.ok()) return;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
      throw std::runtime_error("mariadbd ended, see " + log);
    }
    // lint-allow(sleep): the pause inside a wait for a condition
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("mariadbd did not start, see " + log);
}

void MariaDb::Kill9() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::string MariaDb::Url(const std::string& schema) const {
  return absl::StrCat("mysql://root@/", schema, "?socket=", socket_);
}

std::unique_ptr<db::Database> MariaDb::Open(const std::string& url, int connections) {
  return OpenUrl(url, connections);
}

std::string MariaDb::NewEmptySchema() {
  const std::string name = absl::StrCat("t", ++schemas_);
  Must(admin_->RunBlocking([&](db::Connection& c) {
    return c.Execute(absl::StrCat("CREATE DATABASE ", name)).status();
  }));
  return Url(name);
}

std::string MariaDb::NewSchema() {
  const std::string url = NewEmptySchema();
  const std::string name = absl::StrCat("t", schemas_);
  Must(admin_->RunBlocking([&](db::Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(
        const db::Rows tables,
        c.Query("SELECT table_name FROM information_schema.tables WHERE table_schema = ?",
                {std::string(kModel)}));
    for (const db::Row& table : tables) {
      const std::string& t = table.Text(0);
      CTC_RETURN_IF_ERROR(
          c.Execute(absl::StrCat("CREATE TABLE ", name, ".", t, " LIKE ", kModel, ".", t))
              .status());
    }
    // The rows that the migrations themselves put in.
    for (const std::string_view t : {"schema_migration", "feed_sequence"}) {
      CTC_RETURN_IF_ERROR(c.Execute(absl::StrCat("INSERT INTO ", name, ".", std::string(t),
                                                 " SELECT * FROM ", kModel, ".", std::string(t)))
                              .status());
    }
    return absl::OkStatus();
  }));
  return url;
}

}  // namespace ctc::testing
