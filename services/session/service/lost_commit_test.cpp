// A click whose connection to the database breaks behind the commit.
#include <catch2/catch.hpp>

#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using testing::HasError;
using testing::IsOk;
using S = v1::Session;

// A database whose batch writers commit and then hear nothing of it, `losses` times. Reads fail
// while it is away.
class LosesAnswers final : public db::Database {
 public:
  LosesAnswers(std::unique_ptr<db::Database> real, std::atomic<int>& losses,
               std::atomic<bool>& is_away)
      : real_(std::move(real)), losses_(losses), is_away_(is_away) {}

  Task<absl::Status> Run(absl::Time deadline, db::Work work) override {
    if (is_away_) co_return Lost();
    co_return co_await real_->Run(deadline, std::move(work));
  }
  absl::Status RunBlocking(const db::Work& work) override { return real_->RunBlocking(work); }
  std::unique_ptr<db::Worker> MakeWorker() override {
    return std::make_unique<Writer>(real_->MakeWorker(), losses_);
  }
  std::unique_ptr<db::Worker> MakeRepeatableWorker() override {
    return real_->MakeRepeatableWorker();
  }
  Task<absl::Status> Ping(absl::Time deadline) override { return real_->Ping(deadline); }
  size_t queue_depth() const override { return real_->queue_depth(); }

 private:
  static absl::Status Lost() { return base::MakeError(base::kUnavailable, "the answer was lost"); }

  class Writer final : public db::Worker {
   public:
    Writer(std::unique_ptr<db::Worker> real, std::atomic<int>& losses)
        : real_(std::move(real)), losses_(losses) {}
    absl::Status Run(const db::Work& work) override {
      const absl::Status status = real_->Run(work);
      if (!status.ok() || losses_ == 0) return status;
      --losses_;
      return Lost();
    }

   private:
    std::unique_ptr<db::Worker> real_;
    std::atomic<int>& losses_;
  };

  std::unique_ptr<db::Database> real_;
  std::atomic<int>& losses_;
  std::atomic<bool>& is_away_;
};

struct LossyFixture : Fixture {
  LossyFixture() {
    process.reset();
    auto lossy = std::make_unique<LosesAnswers>(server.Open(schema), losses, is_away);
    process = std::make_unique<Process>(std::move(lossy), peers, clock, 77);
    losses = 1;
  }
  ~LossyFixture() { process.reset(); }

  rpc::Context WithKey() {
    rpc::Context context = Context();
    context.idempotency_key = "key-1";
    return context;
  }

  std::atomic<int> losses = 0;
  std::atomic<bool> is_away = false;
};

}  // namespace

TEST_CASE("a click whose commit took place is dialled, with and without a key",
          "[session][initiate]") {
  for (const bool with_key : {false, true}) {
    CAPTURE(with_key);
    LossyFixture f;
    const auto session = f.Initiate(f.Click(), with_key ? f.WithKey() : f.Context());
    REQUIRE_THAT(session.status(), IsOk());
    CHECK(f.losses == 0);
    CHECK(session->submission() == S::ACCEPTED);
    CHECK(f.peers.count("PlaceCall") == 1);
    CHECK(f.Scalar("SELECT COUNT(*) FROM click_to_call_session") == "1");
    CHECK(f.Get(session->session_id())->provider_call_id() == "call-" + session->id());
  }
}

TEST_CASE("a click is refused while nobody can say whether it was committed",
          "[session][initiate]") {
  LossyFixture f;
  f.is_away = true;
  CHECK_THAT(f.Initiate(f.Click(), f.WithKey()).status(), HasError(base::kUnavailable));
  CHECK(f.peers.count("PlaceCall") == 0);
}

}  // namespace ctc::session
