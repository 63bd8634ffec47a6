// Brings a database's schema up to date.
#include "libs/db/migrator.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "libs/base/error_catalogue.h"
#include "libs/db/sql_script.h"

namespace ctc::db {
namespace {

constexpr std::string_view kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "  version INT NOT NULL COMMENT 'Number of the file',"
    "  name VARCHAR(255) NOT NULL,"
    "  checksum CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'SHA-256 of the "
    "file',"
    "  statements_begun INT NOT NULL COMMENT 'One more than done while a statement is under way',"
    "  statements_done INT NOT NULL,"
    "  finished_at DATETIME(3) NULL,"
    "  PRIMARY KEY (version)"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci"
    "  COMMENT='Migrations applied here, by file and statement'";

struct File {
  int version = 0;
  std::string name;
  std::string text;
};

struct Applied {
  std::string checksum;
  int begun = 0;
  int done = 0;
  bool finished = false;
};

absl::StatusOr<std::vector<File>> ReadFiles(const std::string& directory) {
  std::error_code error;
  std::map<int, File> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".sql") continue;
    const size_t digits = name.find_first_not_of("0123456789");
    if (digits == 0 || digits > 6 || name[digits] != '_') {
      return absl::InvalidArgumentError(name + ": a migration is named NNN_name.sql");
    }
    std::ifstream stream(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return absl::InvalidArgumentError(name + " cannot be read");
    const int version = std::stoi(name.substr(0, digits));
    if (!files.emplace(version, File{version, name, text.str()}).second) {
      return absl::InvalidArgumentError(name + ": there are two migrations of this number");
    }
  }
  if (error) return absl::InvalidArgumentError(directory + " cannot be read");
  std::vector<File> ordered;
  for (auto& [version, file] : files) ordered.push_back(std::move(file));
  return ordered;
}

// Errors that a statement gives when its effect is there already.
bool IsDoneAlready(const absl::Status& status) {
  for (const std::string_view error : {"error 1050", "error 1051", "error 1060", "error 1061",
                                       "error 1068", "error 1091", "error 1826"}) {
    if (std::string_view(status.message().data(), status.message().size()).ends_with(error)) {
      return true;
    }
  }
  return false;
}

class Runner {
 public:
  Runner(std::unique_ptr<Worker> worker, const Progress& progress)
      : worker_(std::move(worker)), progress_(progress) {}

  absl::Status Run(const std::vector<File>& files) {
    CTC_RETURN_IF_ERROR(Lock());
    absl::Status status = ApplyAll(files);
    Unlock();
    return status;
  }

 private:
  // Every unit of work checks that the connection still is the one that holds the lock.
  absl::Status InLock(const Work& work) {
    return worker_->Run([&](Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(
          const Rows rows,
          c.Query("SELECT IS_USED_LOCK(CONCAT('ctc_migrate_', DATABASE())) = CONNECTION_ID()"));
      if (rows[0].Int(0) != 1) {
        return base::MakeError(base::kUnavailable, "the connection was lost; run it again");
      }
      return work(c);
    });
  }

  absl::Status Lock() {
    return worker_->Run([](Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const Rows rows,
                           c.Query("SELECT GET_LOCK(CONCAT('ctc_migrate_', DATABASE()), 600)"));
      if (rows[0].Int(0) == 1) return absl::OkStatus();
      return base::MakeError(base::kUnavailable, "another migration is running");
    });
  }

  void Unlock() {
    // When this fails the connection is gone, and the lock with it.
    const absl::Status ignored = worker_->Run([](Connection& c) {
      return c.Query("SELECT RELEASE_LOCK(CONCAT('ctc_migrate_', DATABASE()))").status();
    });
  }

  absl::Status ApplyAll(const std::vector<File>& files) {
    CTC_RETURN_IF_ERROR(InLock([](Connection& c) { return c.Execute(kCreateTable).status(); }));
    CTC_RETURN_IF_ERROR(InLock([&](Connection& c) { return ReadApplied(c); }));
    for (const File& file : files) {
      CTC_ASSIGN_OR_RETURN(const std::string checksum, Checksum(file));
      auto it = applied_.find(file.version);
      if (it != applied_.end() && it->second.finished) {
        if (it->second.checksum != checksum) return Changed(file);
        continue;
      }
      if (!applied_.empty() && file.version < applied_.rbegin()->first) {
        return absl::FailedPreconditionError(absl::StrCat(file.name, " is older than migration ",
                                                          applied_.rbegin()->first,
                                                          ", which is applied already"));
      }
      CTC_RETURN_IF_ERROR(Apply(file, checksum));
    }
    return absl::OkStatus();
  }

  static absl::Status Changed(const File& file) {
    return absl::FailedPreconditionError(
        file.name + " was changed after it was applied; restore it and add a new migration");
  }

  absl::Status ReadApplied(Connection& c) {
    applied_.clear();
    CTC_ASSIGN_OR_RETURN(const Rows rows,
                         c.Query("SELECT version, checksum, statements_begun, statements_done, "
                                 "finished_at FROM schema_migration ORDER BY version"));
    for (const Row& row : rows) {
      applied_[static_cast<int>(row.Int(0))] = Applied{
          row.Text(1), static_cast<int>(row.Int(2)), static_cast<int>(row.Int(3)), !row.IsNull(4)};
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Checksum(const File& file) {
    std::string checksum;
    CTC_RETURN_IF_ERROR(InLock([&](Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT SHA2(?, 256)", {file.text}));
      checksum = rows[0].Text(0);
      return absl::OkStatus();
    }));
    return checksum;
  }

  absl::Status Apply(const File& file, const std::string& checksum) {
    auto statements = SplitStatements(file.text);
    if (!statements.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(file.name, ": ", statements.status().message()));
    }
    Applied at = applied_[file.version];
    // A file that failed and was then corrected is begun anew, over what it did before.
    if (at.checksum != checksum) at.done = 0;
    Say(absl::StrCat("applying ", file.name, at.begun > 0 ? " (continued)" : ""));
    CTC_RETURN_IF_ERROR(Record(file, checksum, at.begun, at.done));
    for (int i = at.done; i < static_cast<int>(statements->size()); ++i) {
      const absl::Status status = ApplyOne(file, checksum, (*statements)[i], i, at.begun);
      if (!status.ok()) {
        return absl::Status(status.code(),
                            absl::StrCat(file.name, ", statement ", i + 1, ": ", status.message()));
      }
    }
    return Finish(file, checksum);
  }

  // `begun`: how many statements an earlier, interrupted run had begun.
  absl::Status ApplyOne(const File& file, const std::string& checksum, const std::string& statement,
                        int number, int begun) {
    const int begun_now = std::max(begun, number + 1);
    if (!ChangesSchema(statement)) {
      return InLock([&](Connection& c) -> absl::Status {
        CTC_RETURN_IF_ERROR(c.Execute(statement).status());
        return SetProgress(c, file, begun_now, number + 1);
      });
    }
    CTC_RETURN_IF_ERROR(Record(file, checksum, begun_now, number));
    absl::Status status = InLock([&](Connection& c) { return c.Execute(statement).status(); });
    if (number < begun && IsDoneAlready(status)) status = absl::OkStatus();
    CTC_RETURN_IF_ERROR(status);
    return Record(file, checksum, begun_now, number + 1);
  }

  absl::Status Record(const File& file, const std::string& checksum, int begun, int done) {
    return InLock([&](Connection& c) {
      return c
          .Execute(
              "INSERT INTO schema_migration (version, name, checksum, statements_begun, "
              "statements_done) VALUES (?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
              "name = VALUES(name), checksum = VALUES(checksum), "
              "statements_begun = VALUES(statements_begun), "
              "statements_done = VALUES(statements_done)",
              {int64_t{file.version}, file.name, checksum, int64_t{begun}, int64_t{done}})
          .status();
    });
  }

  static absl::Status SetProgress(Connection& c, const File& file, int begun, int done) {
    return c
        .Execute(
            "UPDATE schema_migration SET statements_begun = ?, statements_done = ? "
            "WHERE version = ?",
            {int64_t{begun}, int64_t{done}, int64_t{file.version}})
        .status();
  }

  absl::Status Finish(const File& file, const std::string& checksum) {
    CTC_RETURN_IF_ERROR(InLock([&](Connection& c) {
      return c
          .Execute(
              "UPDATE schema_migration SET finished_at = UTC_TIMESTAMP(3) "
              "WHERE version = ?",
              {int64_t{file.version}})
          .status();
    }));
    applied_[file.version] = Applied{checksum, 0, 0, true};
    return absl::OkStatus();
  }

  void Say(const std::string& line) const {
    if (progress_) progress_(line);
  }

  const std::unique_ptr<Worker> worker_;
  const Progress& progress_;
  std::map<int, Applied> applied_;
};

}  // namespace

absl::Status Migrate(Database& database, const std::string& directory, const Progress& progress) {
  CTC_ASSIGN_OR_RETURN(const std::vector<File> files, ReadFiles(directory));
  if (files.empty()) return absl::InvalidArgumentError(directory + " holds no migration");
  return Runner(database.MakePatientWorker(), progress).Run(files);
}

absl::StatusOr<int> SchemaVersion(Database& database) {
  int version = 0;
  CTC_RETURN_IF_ERROR(database.RunBlocking([&](Connection& c) -> absl::Status {
    CTC_ASSIGN_OR_RETURN(const Rows tables,
                         c.Query("SELECT COUNT(*) FROM information_schema.tables WHERE "
                                 "table_schema = DATABASE() AND table_name = 'schema_migration'"));
    version = 0;
    if (tables[0].Int(0) == 0) return absl::OkStatus();
    CTC_ASSIGN_OR_RETURN(const Rows rows, c.Query("SELECT MAX(version) FROM schema_migration "
                                                  "WHERE finished_at IS NOT NULL"));
    version = static_cast<int>(rows[0].Int(0));
    return absl::OkStatus();
  }));
  return version;
}

absl::Status CheckSchema(Database& database, int needed) {
  CTC_ASSIGN_OR_RETURN(const int version, SchemaVersion(database));
  if (version >= needed) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the database's schema is at migration ",
                                                    version, ", but ", needed,
                                                    " is needed: run `ctc migrate`"));
}

}  // namespace ctc::db
