// What tests of dispatch over a real database share: an account of Twilio's type, a feed, and
// processes that work on both.
#pragma once

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/base/mutex.h"
#include "libs/rpc/channel.h"
#include "libs/testing/eventually.h"
#include "libs/testing/fake_random.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "services/dispatch/service/gate.h"
#include "services/dispatch/store/submission_store.h"

namespace ctc::dispatch {

inline const base::TenantId kTenant("t1");

// Tries and look-ups are seconds apart, by the real clock: the longest tests wait for 8 of them.
inline constexpr absl::Duration kTriesLast = absl::Seconds(30);

// The session service: a feed, and whatever else a test answers. Thread-safe.
class FakeSessionBase : public rpc::Channel {
 public:
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view path, rpc::Context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message&) override {
    if (path != session::v1::SessionServiceRpc::kReadFeed.path) co_return Answer(path, request);
    const auto after = static_cast<const session::v1::ReadFeedRequest&>(request).after_seq();
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(2));
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    auto page = std::make_unique<session::v1::ReadFeedResponse>();
    const base::MutexLock lock(mutex_);
    for (const session::v1::CallEvent& event : feed_) {
      if (event.seq() > after) *page->add_events() = event;
    }
    page->set_last_seq(std::max<int64_t>(after, static_cast<int64_t>(feed_.size())));
    co_return rpc::MessagePtr(std::move(page));
  }
  void Tell(session::v1::CallEvent event) {
    const base::MutexLock lock(mutex_);
    event.set_seq(static_cast<int64_t>(feed_.size()) + 1);
    feed_.push_back(std::move(event));
  }

 private:
  virtual absl::StatusOr<rpc::MessagePtr> Answer(std::string_view path,
                                                 const google::protobuf::Message& request) = 0;

  base::Mutex mutex_;
  std::vector<session::v1::CallEvent> feed_ ABSL_GUARDED_BY(mutex_);
};

// A provider of Twilio's type that keeps what it is told to do, and does nothing. Thread-safe.
class FakeAdapterBase : public providers::Adapter {
 public:
  v1::ProviderTypeInfo Describe() const override {
    v1::ProviderTypeInfo info;
    info.set_provider_type(common::v1::ProviderType::TWILIO);
    return info;
  }
  absl::Status CheckAccount(const providers::Account&) const override { return absl::OkStatus(); }
  Task<v1::PlaceCallResponse> Place(const providers::Account&, const v1::CallOrder&) override {
    co_return v1::PlaceCallResponse();
  }
  Task<absl::StatusOr<v1::ControlCallResponse>> Control(
      const providers::Account&, const v1::ControlCallRequest& request) override {
    {
      const base::MutexLock lock(mutex_);
      requests_.push_back(request);
    }
    CTC_CO_RETURN_IF_ERROR(Answer(request));
    co_return v1::ControlCallResponse();
  }
  Task<absl::StatusOr<v1::LookUpCallResponse>> LookUp(const providers::Account&,
                                                      const v1::LookUpCallRequest&) override {
    co_return v1::LookUpCallResponse();
  }
  Task<absl::StatusOr<std::string>> Check(const providers::Account&) override { co_return "ok"; }
  v1::ReadWebhookResponse ReadWebhook(const providers::Account&, const common::v1::HttpRequest&,
                                      absl::Time) const override {
    return {};
  }
  std::vector<v1::ControlCallRequest> requests() const {
    const base::MutexLock lock(mutex_);
    return requests_;
  }

 private:
  // How the newest request ends.
  virtual absl::Status Answer(const v1::ControlCallRequest& request) = 0;

  mutable base::Mutex mutex_;
  std::vector<v1::ControlCallRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

// What replicas share.
struct DispatchWorld {
  DispatchWorld(const std::string& consumer, std::unique_ptr<providers::Adapter> adapter)
      : ids(base::SystemClock(), random) {
    account = ids.Uuid();
    StoredProvider row;
    row.tenant = kTenant;
    row.provider.set_id(account);
    row.provider.set_provider_name("Twilio");
    row.provider.set_provider_type(common::v1::ProviderType::TWILIO);
    row.provider.set_api_url("https://api.twilio.com");
    row.provider.set_account_sid("AC1");
    row.provider.set_is_active(true);
    row.provider.mutable_created_at()->set_seconds(1'767'225'600);
    *row.provider.mutable_updated_at() = row.provider.created_at();
    v1::ProviderSecrets secrets;
    secrets.set_auth_token("token");
    row.sealed = keyring.Seal(secrets, kTenant, account).value();
    SubmissionStore submissions(*database);
    const absl::Time now = base::SystemClock().Now();
    REQUIRE(io.Run(ProviderStore(*database).Insert(row, now + absl::Seconds(10))).ok());
    // Replicas follow from the beginning, not from the newest event.
    REQUIRE(io.Run(submissions.Begin({}, consumer, 0, now, now + absl::Seconds(10))).ok());
    registry.Add(std::move(adapter));
  }
  session::v1::CallEvent Event(const std::string& call, const std::string& type) const {
    session::v1::CallEvent event;
    event.set_tenant_id(kTenant.value());
    event.set_id(call);
    event.set_provider_id(account);
    event.set_provider_type(common::v1::ProviderType::TWILIO);
    event.set_type(type);
    event.set_party(session::v1::Leg::AGENT);
    return event;
  }
  // What is written of a leg's submission: "SENT" and how it ended, or "none".
  std::string Outcome(const std::string& call, const std::string& leg) const {
    std::string outcome;
    const absl::Status read = database->RunBlocking([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const db::Rows rows, c.Query("SELECT outcome FROM provider_submission"
                                                        " WHERE session_id = ? AND leg_id = ?",
                                                        {call, leg}));
      outcome = rows.empty() ? "none" : rows[0].Text(0);
      return absl::OkStatus();
    });
    return read.ok() ? outcome : std::string(read.message());
  }
  // As if its process had died long ago.
  void MakeOld(const std::string& call) const {
    REQUIRE(database
                ->RunBlocking([&](db::Connection& c) {
                  return c
                      .Execute(
                          "UPDATE provider_submission SET updated_at = '2026-01-01'"
                          " WHERE session_id = ?",
                          {call})
                      .status();
                })
                .ok());
  }
  // What a replica that died long ago left of an errand.
  void LeaveSent(const std::string& call, const std::string& leg) {
    SubmissionStore submissions(*database);
    const absl::Time old = base::SystemClock().Now() - absl::Hours(1);
    const std::vector<Submission> rows = {{kTenant, call, account, leg}};
    REQUIRE(io.Run(submissions.Begin(rows, "dispatch.dead", 0, old, Soon())).ok());
  }
  void DeleteAccount() {
    REQUIRE(io.Run(ProviderStore(*database).Delete(kTenant, account, Soon())).ok());
  }
  static absl::Time Soon() { return base::SystemClock().Now() + absl::Seconds(10); }
  void AwaitOutcome(const std::string& call, const std::string& leg,
                    const std::string& wanted) const {
    testing::Eventually(
        [&] {
          const std::string outcome = Outcome(call, leg);
          return outcome == wanted ? "" : outcome;
        },
        kTriesLast);
  }

  testing::FakeRandom random;
  base::IdGenerator ids;
  testing::IoThreads io;  // outlives the database, whose threads resume on it
  const std::string schema = testing::MariaDb::Shared().NewSchema();
  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().Open(schema);
  Keyring keyring =
      Keyring::Parse(base::Secret("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")).value();
  Registry registry;
  std::string account;
};

// One process of dispatch. What runs on its background must outlive Stop.
struct DispatchProcess {
  explicit DispatchProcess(DispatchWorld& world)
      : database(testing::MariaDb::Shared().Open(world.schema)),
        providers(*database),
        submissions(*database),
        directory(providers, world.keyring, base::SystemClock(), "http://ctc"),
        gate(world.registry, directory, board, background, base::SystemClock()) {}
  void Stop() {
    auto stop = [](host::Background& running) -> Task<bool> {
      co_await running.Stop();
      co_return true;
    };
    io.Run(stop(background));
  }

  testing::IoThreads io{2};
  std::unique_ptr<db::Database> database;  // its threads end before those it resumes on
  ProviderStore providers;
  SubmissionStore submissions;
  Directory directory;
  HealthBoard board{base::SystemClock()};
  host::Background background{io.executor()};
  Gate gate;
};

}  // namespace ctc::dispatch
