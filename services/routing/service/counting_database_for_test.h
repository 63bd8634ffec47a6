// A database that counts what reaches it, and can be away.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <vector>

#include "libs/db/database.h"

namespace ctc::routing {

class CountingConnection final : public db::Connection {
 public:
  CountingConnection(db::Connection& real, std::atomic<int>& statements)
      : real_(real), statements_(statements) {}
  absl::StatusOr<db::Rows> Query(std::string_view sql, const db::Params& params) override {
    ++statements_;
    return real_.Query(sql, params);
  }
  absl::StatusOr<int64_t> Execute(std::string_view sql, const db::Params& params) override {
    ++statements_;
    return real_.Execute(sql, params);
  }
  absl::StatusOr<int64_t> ExecuteRows(std::string_view head, int width, const db::Params& params,
                                      std::string_view tail) override {
    ++statements_;
    return real_.ExecuteRows(head, width, params, tail);
  }
  using Connection::ExecuteAll;
  absl::Status ExecuteAll(const std::vector<db::RowsStatement>& statements, db::Ending ending,
                          const db::StatementDone& progress) override {
    return real_.ExecuteAll(statements, ending, progress);
  }

 private:
  db::Connection& real_;
  std::atomic<int>& statements_;
};

class CountingDatabase final : public db::Database {
 public:
  explicit CountingDatabase(std::unique_ptr<db::Database> real) : real_(std::move(real)) {}
  Task<absl::Status> Run(absl::Time deadline, db::Work work) override {
    ++runs;
    if (runs > away_after) co_return absl::UnavailableError("the database is away");
    db::Work counted = [&](db::Connection& c) -> absl::Status {
      CountingConnection connection(c, statements);
      return work(connection);
    };
    co_return co_await real_->Run(deadline, std::move(counted));
  }
  absl::Status RunBlocking(const db::Work& work) override { return real_->RunBlocking(work); }
  std::unique_ptr<db::Worker> MakeRepeatableWorker() override {
    return real_->MakeRepeatableWorker();
  }
  std::unique_ptr<db::Worker> MakeWorker() override { return real_->MakeWorker(); }
  Task<absl::Status> Ping(absl::Time deadline) override { return real_->Ping(deadline); }
  size_t queue_depth() const override { return real_->queue_depth(); }
  int runs = 0;
  std::atomic<int> statements = 0;
  int away_after = std::numeric_limits<int>::max();  // so many runs

 private:
  std::unique_ptr<db::Database> real_;
};

}  // namespace ctc::routing
