// Policies as several processes over one database see them, and without it.
#include "services/recording/service/policy_cache.h"

#include <absl/strings/str_cat.h>
#include <catch2/catch.hpp>
#include <functional>

#include "libs/base/error_catalogue.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "services/recording/service/readings_under_way.h"
#include "services/recording/service/recording_service.h"

namespace {

using namespace ctc;
using namespace ctc::recording;

// Counts what is asked, can be away, and can let others come while it is asked.
class WatchedDatabase final : public db::Database {
 public:
  explicit WatchedDatabase(db::Database& inner) : inner_(inner) {}

  Task<absl::Status> Run(absl::Time deadline, db::Work work) override {
    ++asked;
    if (away) co_return absl::UnavailableError("the database is away");
    const absl::Status status = co_await inner_.Run(deadline, std::move(work));
    if (const auto others = std::exchange(meanwhile, nullptr)) co_await others();
    co_return status;
  }
  absl::Status RunBlocking(const db::Work& work) override { return inner_.RunBlocking(work); }
  std::unique_ptr<db::Worker> MakeWorker() override { return inner_.MakeWorker(); }
  std::unique_ptr<db::Worker> MakeRepeatableWorker() override {
    return inner_.MakeRepeatableWorker();
  }
  Task<absl::Status> Ping(absl::Time deadline) override { return inner_.Ping(deadline); }
  size_t queue_depth() const override { return inner_.queue_depth(); }

  int asked = 0;
  bool away = false;
  std::function<Task<void>()> meanwhile;  // once, before the answer is given

 private:
  db::Database& inner_;
};

struct NoMedia final : MediaSource {
  Task<absl::StatusOr<common::v1::MediaPiece>> Read(rpc::Context, MediaPlace,
                                                    common::v1::ByteRange) override {
    co_return absl::UnimplementedError("no media");
  }
  Task<absl::Status> Delete(rpc::Context, MediaPlace) override {
    co_return absl::UnimplementedError("no media");
  }
};

struct NoSessions final : rpc::Channel {
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view, rpc::Context,
                                             const google::protobuf::Message&,
                                             const google::protobuf::Message&) override {
    co_return absl::UnimplementedError("no sessions");
  }
};

struct Processes {
  testing::IoThreads io;  // outlives the database, whose threads resume on it
  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().OpenFresh();
  WatchedDatabase watched{*database};
  testing::FakeClock clock;
  NoMedia media;
  NoSessions sessions;
  RecordingService here{watched, clock, base::SystemRandom(), media, sessions};
  RecordingService there{*database, clock, base::SystemRandom(), media, sessions};

  static rpc::Context Context(const char* tenant = "t1") {
    rpc::Context context;
    context.tenant = base::TenantId(tenant);
    context.deadline = base::SystemClock().Now() + absl::Seconds(10);
    return context;
  }
  Task<absl::StatusOr<v1::CheckCallResponse>> Asked() {
    v1::CheckCallRequest request;
    request.set_to_phone("+15550199");
    request.set_agent_id("ann");
    co_return co_await here.CheckCall(Context(), request);
  }
  std::string Verdict() {
    const auto answer = io.Run(Asked());
    return answer.ok() ? answer->verdict() : "";
  }
  static v1::CreatePhoneNumberRequest Blacklisted() {
    v1::CreatePhoneNumberRequest request;
    request.set_phone_number("+15550199");
    request.set_list_type(v1::PhoneNumber::BLACKLIST);
    return request;
  }
  void Blacklist(RecordingService& process) {
    REQUIRE(io.Run(process.CreatePhoneNumber(Context(), Blacklisted())).ok());
  }
  // So many more blacklisted numbers, none of which is asked for.
  void Fill(int numbers) {
    std::string csv = "phone_number,list_type\n";
    for (int i = 0; i < numbers; ++i)
      absl::StrAppend(&csv, "+4930", 1000000 + filled++, ",BLACKLIST\n");
    v1::ImportPhoneNumbersRequest request;
    request.set_csv(csv);
    REQUIRE(io.Run(there.ImportPhoneNumbers(Context(), request)).ok());
  }
  int filled = 0;
};

}  // namespace

TEST_CASE_METHOD(Processes, "a number blacklisted through another process is refused after 2 s",
                 "[db][policy]") {
  CHECK(Verdict() == "ALLOW");
  Blacklist(there);
  clock.Advance(absl::Milliseconds(1999));
  CHECK(Verdict() == "ALLOW");
  CHECK(watched.asked == 1);
  clock.Advance(absl::Milliseconds(1));
  CHECK(Verdict() == "DENY");
}

TEST_CASE_METHOD(Processes, "one check reads a policy anew, the others do not", "[db][policy]") {
  CHECK(Verdict() == "ALLOW");
  Blacklist(there);
  const auto age = GENERATE(absl::Milliseconds(2999), absl::Milliseconds(3000));
  clock.Advance(absl::Seconds(2));
  std::string other;
  watched.meanwhile = [&]() -> Task<void> {
    clock.Advance(age - absl::Seconds(2));
    const auto answer = co_await Asked();
    other = answer.ok() ? answer->verdict() : "";
  };
  CHECK(Verdict() == "DENY");
  CHECK(other == (age < absl::Seconds(3) ? "ALLOW" : "DENY"));  // not older than 3 s
}

TEST_CASE_METHOD(Processes, "long lists are asked by number, which is kept for 2 s",
                 "[db][policy]") {
  Fill(5000);
  CHECK(Verdict() == "ALLOW");
  CHECK(watched.asked == 1);  // short enough to be known as a whole
  Fill(1);
  clock.Advance(absl::Seconds(2));
  CHECK(Verdict() == "ALLOW");
  CHECK(watched.asked == 3);
  CHECK(Verdict() == "ALLOW");
  CHECK(watched.asked == 3);
  Blacklist(there);
  clock.Advance(absl::Milliseconds(1999));
  CHECK(Verdict() == "ALLOW");
  clock.Advance(absl::Milliseconds(1));
  CHECK(Verdict() == "DENY");
}

TEST_CASE_METHOD(Processes, "a number of a long list that was blacklisted here is refused at once",
                 "[db][policy]") {
  Fill(5001);
  CHECK(Verdict() == "ALLOW");
  SECTION("when it is asked for") {
    Blacklist(here);
    CHECK(Verdict() == "DENY");
  }
  SECTION("and what was read meanwhile is not kept") {
    clock.Advance(absl::Seconds(2));
    watched.meanwhile = [&]() -> Task<void> {
      watched.meanwhile = [&]() -> Task<void> {
        const auto added = co_await here.CreatePhoneNumber(Context(), Blacklisted());
        REQUIRE(added.ok());
      };
      co_return;
    };
    CHECK(Verdict() == "ALLOW");
    CHECK(Verdict() == "DENY");
  }
}

TEST_CASE_METHOD(Processes, "what another tenant writes makes nobody read again", "[db][policy]") {
  const bool by_number = GENERATE(false, true);
  if (by_number) Fill(5001);
  v1::CreatePhoneNumberRequest others = Blacklisted();
  const auto another_writes = [&]() -> Task<void> {
    const auto added = co_await here.CreatePhoneNumber(Context("t2"), others);
    REQUIRE(added.ok());
    others.set_phone_number("+15550198");
  };
  // While the policy is read, and again while the number is.
  watched.meanwhile = [&]() -> Task<void> {
    co_await another_writes();
    if (by_number) watched.meanwhile = another_writes;
  };
  CHECK(Verdict() == "ALLOW");
  const int asked = watched.asked;
  CHECK(Verdict() == "ALLOW");
  CHECK(watched.asked == asked);
  Blacklist(here);
  CHECK(Verdict() == "DENY");
}

TEST_CASE("only the marks of tenants that are being read are kept", "[policy]") {
  ReadingsUnderWay readings;
  const base::TenantId mine("mine");
  const base::TenantId other("other");
  const auto first = readings.Begin(mine);
  const auto same = readings.Begin(mine);
  CHECK(first == same);
  readings.Wrote(other);
  CHECK_FALSE(*first);
  for (int i = 0; i < 1000; ++i) readings.Begin(base::TenantId(absl::StrCat("t", i)));
  CHECK(readings.Begin(mine) == first);
  readings.Wrote(mine);
  CHECK(*first);
  CHECK_FALSE(*readings.Begin(mine));
}

TEST_CASE_METHOD(Processes, "without the database a number of a long list serves for 5 minutes",
                 "[db][policy]") {
  Fill(5001);
  CHECK(Verdict() == "ALLOW");
  watched.away = true;
  clock.Advance(absl::Minutes(5) - absl::Milliseconds(1));
  CHECK(Verdict() == "ALLOW");
  clock.Advance(absl::Milliseconds(1));
  CHECK(Verdict().empty());
}

TEST_CASE_METHOD(Processes, "a policy that was read before another's write is not fresh for it",
                 "[db][policy]") {
  watched.meanwhile = [&]() -> Task<void> {
    clock.Advance(absl::Seconds(2));
    co_return;
  };
  CHECK(Verdict() == "ALLOW");  // by what was read 2 s ago
  Blacklist(there);
  CHECK(Verdict() == "DENY");
}

TEST_CASE_METHOD(Processes, "without the database a policy serves for 5 minutes", "[db][policy]") {
  CHECK(Verdict() == "ALLOW");
  watched.away = true;
  clock.Advance(absl::Seconds(10));
  CHECK(Verdict() == "ALLOW");
  const int asked = watched.asked;
  CHECK(asked == 2);
  CHECK(Verdict() == "ALLOW");
  CHECK(watched.asked == asked);  // it has just failed
  clock.Advance(absl::Minutes(5) - absl::Seconds(10));
  CHECK(Verdict() == "ALLOW");
  clock.Advance(absl::Milliseconds(1));
  CHECK(Verdict().empty());
  watched.away = false;
  CHECK(Verdict() == "ALLOW");
}

TEST_CASE_METHOD(Processes, "a database that is back is read a second after it failed last",
                 "[db][policy]") {
  CHECK(Verdict() == "ALLOW");
  watched.away = true;
  clock.Advance(absl::Seconds(10));
  CHECK(Verdict() == "ALLOW");
  Blacklist(there);
  watched.away = false;
  clock.Advance(absl::Seconds(1));
  CHECK(Verdict() == "DENY");
}

TEST_CASE_METHOD(Processes, "what was written here is never answered from before, database or not",
                 "[db][policy]") {
  CHECK(Verdict() == "ALLOW");
  Blacklist(here);
  watched.away = true;
  CHECK(Verdict().empty());
}
