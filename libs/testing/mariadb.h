// A private MariaDB for a test program: own data folder, unix socket, no network, gone at exit.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "libs/db/database.h"

namespace ctc::testing {

class MariaDb {
 public:
  struct Options {
    bool durable = false;  // each commit survives Kill9; else the last second's may be lost
  };

  // One for the whole program, started at the first call.
  static MariaDb& Shared();

  MariaDb() : MariaDb(Options{}) {}
  explicit MariaDb(Options options);
  ~MariaDb();
  MariaDb(const MariaDb&) = delete;
  MariaDb& operator=(const MariaDb&) = delete;

  // A fresh schema with all migrations applied (cloned, some 100 ms), and its url.
  std::string NewSchema();
  // A fresh schema without any table.
  std::string NewEmptySchema();
  // Opens `url` of one of the above.
  std::unique_ptr<db::Database> Open(const std::string& url, int connections = 4);
  // Both in one: what most tests want.
  std::unique_ptr<db::Database> OpenFresh(int connections = 4) {
    return Open(NewSchema(), connections);
  }

  // Ends mariadbd without warning; its data stays. Start begins it again and waits for it.
  void Kill9();
  void Start();
  const std::string& socket() const { return socket_; }

 private:
  std::string Url(const std::string& schema) const;
  void MakeTemplate(const std::string& folder);

  const Options options_;
  std::string folder_;
  std::string socket_;
  std::unique_ptr<db::Database> admin_;
  pid_t pid_ = 0;
  int schemas_ = 0;
};

// Folder of the migrations in the source tree.
std::string MigrationsDirectory();

}  // namespace ctc::testing
