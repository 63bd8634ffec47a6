// Hanging up, holding, recording: what the provider says decides.
#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/testing/eventually.h"
#include "libs/testing/status_matchers.h"
#include "services/session/service/service_fixture.h"

namespace ctc::session {
namespace {

using dispatch::v1::ControlCallResponse;
using dispatch::v1::LookUpCallResponse;
using testing::HasError;
using testing::IsOk;
using F = v1::CallFact;
using S = v1::Session;

struct CallFixture : Fixture {
  CallFixture() {
    const auto made = Initiate();
    REQUIRE_THAT(made.status(), IsOk());
    id = made->id();
  }
  void Connect() {
    REQUIRE_THAT(Apply({Fact(id, F::CALL_RINGING, 1), Fact(id, F::CALL_ANSWERED, 5)}).status(),
                 IsOk());
    clock.Advance(absl::Seconds(60));
  }
  absl::StatusOr<v1::Session> End(rpc::Context context) {
    v1::EndCallRequest request;
    request.set_id(id);
    request.set_reason("call_completed");
    auto response = process->Run(process->service.EndCall(std::move(context), request));
    if (!response.ok()) return response.status();
    return response->session();
  }
  absl::StatusOr<v1::Session> End() { return End(Context()); }

  template <class Request, class Response>
  absl::StatusOr<v1::Session> Do(
      Task<absl::StatusOr<Response>> (SessionService::*rpc)(rpc::Context, const Request&)) {
    Request request;
    request.set_id(id);
    auto response = process->Run((process->service.*rpc)(Context(), request));
    if (!response.ok()) return response.status();
    return response->session();
  }
  std::string id;
};

// A database whose batch writers refuse while `refusal` is set.
class RefusesWrites final : public db::Database {
 public:
  using Refusal = std::atomic<const base::ErrorSpec*>;
  RefusesWrites(std::unique_ptr<db::Database> real, Refusal& refusal)
      : real_(std::move(real)), refusal_(refusal) {}

  Task<absl::Status> Run(absl::Time deadline, db::Work work) override {
    co_return co_await real_->Run(deadline, std::move(work));
  }
  absl::Status RunBlocking(const db::Work& work) override { return real_->RunBlocking(work); }
  std::unique_ptr<db::Worker> MakeWorker() override {
    return std::make_unique<Writer>(real_->MakeWorker(), refusal_);
  }
  std::unique_ptr<db::Worker> MakeRepeatableWorker() override {
    return std::make_unique<Writer>(real_->MakeRepeatableWorker(), refusal_);
  }
  Task<absl::Status> Ping(absl::Time deadline) override { return real_->Ping(deadline); }
  size_t queue_depth() const override { return real_->queue_depth(); }

 private:
  class Writer final : public db::Worker {
   public:
    Writer(std::unique_ptr<db::Worker> real, Refusal& refusal)
        : real_(std::move(real)), refusal_(refusal) {}
    absl::Status Run(const db::Work& work) override {
      const base::ErrorSpec* const why = refusal_;
      return why == nullptr ? real_->Run(work) : base::MakeError(*why, "not now");
    }

   private:
    std::unique_ptr<db::Worker> real_;
    Refusal& refusal_;
  };

  std::unique_ptr<db::Database> real_;
  Refusal& refusal_;
};

}  // namespace

TEST_CASE("hanging up a conversation completes it", "[session][control]") {
  CallFixture f;
  f.Connect();
  const auto ended = f.End();
  REQUIRE_THAT(ended.status(), IsOk());
  CHECK(ended->status() == S::COMPLETED);
  CHECK(ended->end_reason() == v1::NORMAL);
  CHECK(f.peers.count("ControlCall HANG_UP") == 1);
  SECTION("a second end changes nothing") {
    const auto again = f.End();
    REQUIRE_THAT(again.status(), IsOk());
    CHECK(again->version() == ended->version());
    CHECK(f.peers.count("ControlCall HANG_UP") == 1);
  }
  SECTION("the provider's own word corrects the duration") {
    REQUIRE_THAT(f.Apply({f.Fact(f.id, F::CALL_ENDED, -25)}).status(), IsOk());
    const auto corrected = f.Get(f.id);
    CHECK(corrected->known_by() == v1::WEBHOOK);
    CHECK(corrected->duration_seconds() == 30);
  }
}

TEST_CASE("hanging up before the answer cancels", "[session][control]") {
  CallFixture f;
  bool not_joined_yet = false;
  f.peers.control = [&](const auto& request) {
    not_joined_yet = request.not_joined_yet();
    return dispatch::v1::ControlCallResponse();
  };
  const auto ended = f.End();
  REQUIRE_THAT(ended.status(), IsOk());
  CHECK(not_joined_yet);
  CHECK(ended->status() == S::CANCELLED);
  CHECK(ended->end_reason() == v1::CANCELLED_BY_AGENT);
}

TEST_CASE("an answer that won against the cancel is a completed call", "[session][control]") {
  CallFixture f;
  REQUIRE_THAT(f.End().status(), IsOk());
  REQUIRE_THAT(
      f.Apply({f.Fact(f.id, F::CALL_ANSWERED, 0), f.Fact(f.id, F::CALL_ENDED, 3)}).status(),
      IsOk());
  const auto session = f.Get(f.id);
  CHECK(session->status() == S::COMPLETED);
  CHECK(session->duration_seconds() == 3);
}

TEST_CASE("a provider that cannot be reached leaves the session as it is", "[session][control]") {
  CallFixture f;
  f.Connect();
  f.peers.control = [](const auto&) {
    return base::MakeError(base::kProviderUnreachable, "connection refused");
  };
  CHECK_THAT(f.End().status(), HasError(base::kProviderUnreachable));
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
}

TEST_CASE("a provider that takes no orders leaves the client's word", "[session][control]") {
  CallFixture f;
  f.Connect();
  f.peers.control = [](const auto&) {
    return base::MakeError(base::kCapabilityMissing, "no live control");
  };
  const auto ended = f.End();
  REQUIRE_THAT(ended.status(), IsOk());
  CHECK(ended->status() == S::COMPLETED);
  CHECK(ended->known_by() == v1::CLIENT);
}

TEST_CASE("a call that is gone is looked up and ended as it ended", "[session][control]") {
  CallFixture f;
  f.Connect();
  f.peers.control = [](const auto&) {
    dispatch::v1::ControlCallResponse gone;
    gone.set_call_is_gone(true);
    return gone;
  };
  SECTION("by the provider's record") {
    const auto end_time = base::ToProto(f.clock.Now() - absl::Seconds(35));
    f.peers.look_up = [end_time](const auto&) {
      LookUpCallResponse answer;
      answer.set_found(LookUpCallResponse::ENDED);
      F& fact = *answer.add_facts();
      fact.set_kind(F::CALL_ENDED);
      fact.set_event_key("record:end");
      *fact.mutable_provider_time() = end_time;
      return answer;
    };
    const auto ended = f.End();
    REQUIRE_THAT(ended.status(), IsOk());
    CHECK(ended->known_by() == v1::POLL);
    CHECK(ended->duration_seconds() == 20);
  }
  SECTION("without a record it ends now") { CHECK(f.End()->status() == S::COMPLETED); }
  SECTION("holding it answers that it is not live") {
    CHECK_THAT(f.Do(&SessionService::HoldCall).status(), HasError(base::kCallNotLive));
    CHECK(f.Get(f.id)->status() == S::COMPLETED);
  }
}

TEST_CASE("a cancel while the request is under way hangs up after the acceptance",
          "[session][control]") {
  Fixture f;
  auto wanted = S::INITIATED;
  SECTION("for which there was nothing there yet") {
    f.peers.control = [](const auto&) {
      dispatch::v1::ControlCallResponse gone;
      gone.set_call_is_gone(true);
      return gone;
    };
  }
  SECTION("though the session has ended by then") { wanted = S::CANCELLED; }
  f.peers.place = [&f](const auto& request) {
    v1::EndCallRequest end;
    end.set_id(request.order().id());
    // Another thread's click on "hang up", while the provider has not answered.
    const auto ended = f.process->Run(f.process->service.EndCall(f.Context(), end));
    dispatch::v1::PlaceCallResponse answer;
    answer.set_outcome(ended.ok() ? dispatch::v1::PlaceCallResponse::ACCEPTED
                                  : dispatch::v1::PlaceCallResponse::REFUSED);
    answer.set_provider_call_id("call-1");
    return answer;
  };
  const auto made = f.Initiate();
  REQUIRE_THAT(made.status(), IsOk());
  CHECK(f.Get(made->id())->status() == wanted);
  CHECK(f.peers.count("ControlCall HANG_UP") == 2);
}

TEST_CASE("a call that was cancelled before anybody knew of it is hung up once it is found",
          "[session][control]") {
  Fixture f;
  f.peers.control = [](const auto& request) {
    dispatch::v1::ControlCallResponse answer;
    answer.set_call_is_gone(request.provider_call_id().empty());
    return answer;
  };
  f.peers.place = [&f](const auto& request) {
    v1::EndCallRequest end;
    end.set_id(request.order().id());
    const auto ended = f.process->Run(f.process->service.EndCall(f.Context(), end));
    dispatch::v1::PlaceCallResponse answer;
    answer.set_outcome(ended.ok() ? dispatch::v1::PlaceCallResponse::UNKNOWN_OUTCOME
                                  : dispatch::v1::PlaceCallResponse::REFUSED);
    return answer;
  };
  f.peers.look_up = [](const auto&) {
    dispatch::v1::LookUpCallResponse answer;
    answer.set_found(dispatch::v1::LookUpCallResponse::LIVE);
    answer.set_provider_call_id("found");
    return answer;
  };
  REQUIRE_FALSE(f.Initiate().ok());
  CHECK(f.peers.count("ControlCall HANG_UP") == 1);
  testing::Eventually([&]() -> std::string {
    f.clock.Advance(absl::Seconds(11));
    const auto swept = f.process->Run(f.process->watchdog->Sweep());
    if (!swept.ok()) return std::string(swept.status().message());
    return f.peers.count("ControlCall HANG_UP") >= 2 ? "" : "not hung up";
  });
  CHECK(f.peers.count("PlaceCall") == 1);
}

TEST_CASE("no further account is tried once the agent gave up", "[session][control]") {
  Fixture f;
  f.AddCandidate("p2", "+0999999999");
  f.peers.place = [&f](const auto& request) {
    v1::EndCallRequest end;
    end.set_id(request.order().id());
    f.peers.control = [](const auto&) {
      dispatch::v1::ControlCallResponse gone;
      gone.set_call_is_gone(true);
      return gone;
    };
    const auto ended = f.process->Run(f.process->service.EndCall(f.Context(), end));
    dispatch::v1::PlaceCallResponse answer;
    answer.set_outcome(dispatch::v1::PlaceCallResponse::REFUSED);
    answer.set_may_fail_over(ended.ok());
    return answer;
  };
  const auto session = f.Initiate();
  REQUIRE_THAT(session.status(), IsOk());
  CHECK(session->status() == S::CANCELLED);
  CHECK(f.peers.count("PlaceCall") == 1);
}

TEST_CASE("live control is for connected calls only", "[session][control]") {
  CallFixture f;
  const auto refused = f.Do(&SessionService::HoldCall);
  REQUIRE_THAT(refused.status(), HasError(base::kCallNotLive));
  CHECK(base::DetailOf(refused.status()).metadata.at("status") == "INITIATED");
  CHECK_THAT(f.Do(&SessionService::MuteCall).status(), HasError(base::kCallNotLive));
  CHECK_THAT(f.Do(&SessionService::StartRecording).status(), HasError(base::kCallNotLive));
  CHECK(f.peers.count("ControlCall") == 0);
}

TEST_CASE("hold, mute and their opposites go through the provider", "[session][control]") {
  CallFixture f;
  f.Connect();
  CHECK(f.Do(&SessionService::HoldCall)->status() == S::ON_HOLD);
  CHECK(f.Do(&SessionService::HoldCall)->status() == S::ON_HOLD);
  f.clock.Advance(absl::Seconds(10));
  const auto resumed = f.Do(&SessionService::ResumeCall);
  CHECK(resumed->status() == S::CONNECTED);
  CHECK(resumed->hold_seconds() == 10);
  CHECK(f.Do(&SessionService::MuteCall)->is_muted());
  CHECK_FALSE(f.Do(&SessionService::UnmuteCall)->is_muted());
  CHECK(f.peers.count("ControlCall") == 4);
}

TEST_CASE("a missing capability is told and changes nothing", "[session][control]") {
  CallFixture f;
  f.Connect();
  f.peers.control = [](const auto&) { return base::MakeError(base::kCapabilityMissing, "no"); };
  CHECK_THAT(f.Do(&SessionService::HoldCall).status(), HasError(base::kCapabilityMissing));
  CHECK(f.Get(f.id)->status() == S::CONNECTED);
}

TEST_CASE("a recording is started, paused, resumed and stopped by hand", "[session][control]") {
  CallFixture f;
  f.Connect();
  CHECK_THAT(f.Do(&SessionService::PauseRecording).status(), HasError(base::kCallNotLive));
  CHECK(f.Do(&SessionService::StartRecording)->is_recorded());
  REQUIRE_THAT(f.Do(&SessionService::PauseRecording).status(), IsOk());
  REQUIRE_THAT(f.Do(&SessionService::ResumeRecording).status(), IsOk());
  REQUIRE_THAT(f.Do(&SessionService::StopRecording).status(), IsOk());
  std::vector<std::string> recorded;
  for (const auto& event : f.Feed()) {
    if (event.type().starts_with("recording.")) recorded.push_back(event.type());
  }
  CHECK(recorded == std::vector<std::string>{"recording.started", "recording.paused",
                                             "recording.resumed", "recording.stopped"});
}

TEST_CASE("what was done but not written down is not said to be undone", "[session][control]") {
  const base::ErrorSpec* const why = GENERATE(&base::kDatabaseBusy, &base::kOverloaded);
  RefusesWrites::Refusal refusal = nullptr;
  Fixture f;
  f.process.reset();
  f.process = std::make_unique<Process>(
      std::make_unique<RefusesWrites>(f.server.Open(f.schema), refusal), f.peers, f.clock, 77);
  const auto made = f.Initiate();
  REQUIRE_THAT(made.status(), IsOk());
  REQUIRE_THAT(f.Apply({f.Fact(made->id(), F::CALL_ANSWERED, 5)}).status(), IsOk());
  v1::StartRecordingRequest record;
  record.set_id(made->id());
  v1::AddPartyRequest add;
  add.set_id(made->id());
  add.set_phone("+15550001111");
  f.peers.control = [&](const auto& request) -> absl::StatusOr<ControlCallResponse> {
    refusal = why;
    if (request.action() != dispatch::v1::ControlCallRequest::DIAL_PARTY) {
      return ControlCallResponse();
    }
    return base::MakeError(base::kProviderError, "no");
  };
  SECTION("an order") {
    CHECK_THAT(f.process->Run(f.process->service.StartRecording(f.Context(), record)).status(),
               HasError(base::kUnavailable));
  }
  SECTION("a phone") {
    CHECK_THAT(f.process->Run(f.process->transfers.AddParty(f.Context(), add)).status(),
               HasError(base::kUnavailable));
  }
  CHECK(f.peers.count("ControlCall") == 1);
}

TEST_CASE("a recording that the rules forbid is not begun", "[session][control]") {
  CallFixture f;
  f.Connect();
  f.peers.check = [](const auto&) {
    recording::v1::CheckCallResponse verdict;
    verdict.set_verdict("ALLOW");
    return verdict;
  };
  CHECK_THAT(f.Do(&SessionService::StartRecording).status(), HasError(base::kBlockedByPolicy));
  CHECK(f.peers.count("ControlCall") == 0);
}

TEST_CASE("digits are checked before they leave", "[session][control]") {
  CallFixture f;
  f.Connect();
  v1::SendDtmfRequest request;
  request.set_id(f.id);
  request.set_digits(GENERATE("", "12E", "123456789012345678901234567890123"));
  CHECK_THAT(f.process->Run(f.process->service.SendDtmf(f.Context(), request)).status(),
             HasError(base::kValidationFailed));
  request.set_digits("42*#A");
  CHECK_THAT(f.process->Run(f.process->service.SendDtmf(f.Context(), request)).status(), IsOk());
  for (const auto& event : f.Feed()) {
    CHECK(event.ShortDebugString().find("42*#A") == std::string::npos);
  }
}

TEST_CASE("the seed's claim of CONNECTED works, and an illegal one names the legal",
          "[session][control]") {
  CallFixture f;
  v1::UpdateSessionStatusRequest request;
  request.set_id(f.id);
  request.set_status(S::CONNECTED);
  const auto claim = [&] {
    return f.process->Run(f.process->service.UpdateSessionStatus(f.Context(), request));
  };
  const auto claimed = claim();
  REQUIRE_THAT(claimed.status(), IsOk());
  CHECK(claimed->session().status() == S::CONNECTED);
  CHECK(claimed->session().known_by() == v1::CLIENT);
  request.set_status(S::BUSY);
  const auto refused = claim();
  REQUIRE_THAT(refused.status(), HasError(base::kIllegalTransition));
  CHECK(base::DetailOf(refused.status()).metadata.at("legal") == "ON_HOLD,COMPLETED,TRANSFERRED");
  request.set_status(S::STATUS_UNSPECIFIED);
  CHECK_THAT(claim().status(), HasError(base::kValidationFailed));
}

TEST_CASE("wrap-up is kept and survives a restart", "[session][control]") {
  CallFixture f;
  v1::WrapUpSessionRequest request;
  request.set_id(f.id);
  const auto wrap_up = [&] {
    return f.process->Run(f.process->service.WrapUpSession(f.Context(), request)).status();
  };
  CHECK_THAT(wrap_up(), HasError(base::kValidationFailed));
  request.set_disposition("interested");
  request.set_notes("call again\non Monday");
  request.add_tags("warm");
  REQUIRE_THAT(wrap_up(), IsOk());
  f.NewProcess();
  const auto session = f.Get(f.id);
  CHECK(session->wrap_up().disposition() == "interested");
  CHECK(session->wrap_up().notes() == "call again\non Monday");
  CHECK(session->wrap_up().tags(0) == "warm");
  request.set_notes(std::string(4001, 'x'));
  CHECK_THAT(wrap_up(), HasError(base::kValidationFailed));
}

TEST_CASE("others' sessions look absent", "[session][control]") {
  CallFixture f;
  CHECK_THAT(f.Get(f.id, f.Context("t2")).status(), HasError(base::kNotFound));
  CHECK_THAT(f.End(f.Context("t2")).status(), HasError(base::kNotFound));
  auto agent = f.Context();
  agent.principal.role = rpc::Role::kAgent;
  agent.principal.agent_id = "someone-else";
  CHECK_THAT(f.Get(f.id, agent).status(), HasError(base::kNotFound));
  CHECK_THAT(f.End(agent).status(), HasError(base::kNotFound));
  agent.principal.agent_id = "agent-uuid";
  CHECK_THAT(f.Get(f.id, agent).status(), IsOk());
  CHECK_THAT(f.Get("no-such-id").status(), HasError(base::kNotFound));
}

}  // namespace ctc::session
