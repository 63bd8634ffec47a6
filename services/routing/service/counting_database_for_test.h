// A database that counts what reaches it.
#pragma once

#include <memory>

#include "libs/db/database.h"

namespace ctc::routing {

class CountingDatabase final : public db::Database {
 public:
  explicit CountingDatabase(std::unique_ptr<db::Database> real) : real_(std::move(real)) {}
  Task<absl::Status> Run(absl::Time deadline, db::Work work) override {
    ++runs;
    return real_->Run(deadline, std::move(work));
  }
  absl::Status RunBlocking(const db::Work& work) override { return real_->RunBlocking(work); }
  std::unique_ptr<db::Worker> MakeRepeatableWorker() override {
    return real_->MakeRepeatableWorker();
  }
  std::unique_ptr<db::Worker> MakeWorker() override { return real_->MakeWorker(); }
  Task<absl::Status> Ping(absl::Time deadline) override { return real_->Ping(deadline); }
  size_t queue_depth() const override { return real_->queue_depth(); }
  int runs = 0;

 private:
  std::unique_ptr<db::Database> real_;
};

}  // namespace ctc::routing
