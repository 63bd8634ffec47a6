// The customer's leg, however the provider answers: over a real database and Twilio's adapter, with
// a feed and a provider as a test says.
#include "services/dispatch/service/second_leg.h"

#include <functional>
#include <future>
#include <map>

#include "ctc/webhook/v1/webhook_service.rpc.h"
#include "libs/base/error_catalogue.h"
#include "libs/http/message.h"
#include "libs/providers/twilio/adapter.h"
#include "services/dispatch/service/dispatch_world_for_test.h"

namespace ctc::dispatch {
namespace {

using session::v1::CallFact;
using session::v1::Leg;
using session::v1::Session;

using Form = std::vector<std::pair<std::string, std::string>>;

// How a request for the customer's leg is answered, and whether it was dialled all the same.
struct Answer {
  int status = 0;  // 0: the connection breaks
  std::string body;
  bool dialled = false;
  http::Reached reached = http::Reached::kMaybe;
  std::function<void()> meanwhile = nullptr;  // what happens before it is answered
};

// Twilio: who is dialled decides how it answers. Thread-safe.
class FakeTwilio final : public http::Client {
 public:
  void When(const std::string& phone, Answer answer) {
    const base::MutexLock lock(mutex_);
    answers_[phone] = std::move(answer);
  }
  Task<http::ClientResult> Send(http::ClientRequest request) override {
    const base::MutexLock lock(mutex_);
    const std::string path = request.url.substr(request.url.find("/Accounts/AC1") + 13);
    const Form form = http::ParseForm(request.body).value_or(Form());
    if (path.ends_with("/Participants.json")) co_return DialOne(path, form);
    if (path.starts_with("/Conferences.json")) co_return Rooms(path);
    if (request.method == "GET") co_return Participant(path);
    ended_[path]++;
    if (hang_ups_to_fail_ > 0) {
      --hang_ups_to_fail_;
      co_return Said(503, "{}");
    }
    co_return Said(200, "{}");
  }
  void FailHangUps(int times) {
    const base::MutexLock lock(mutex_);
    hang_ups_to_fail_ = times;
  }
  int Dials(const std::string& phone) {
    const base::MutexLock lock(mutex_);
    return dials_[phone];
  }
  int HangUps(const std::string& sid) {
    const base::MutexLock lock(mutex_);
    return ended_["/Calls/" + sid + ".json"];
  }

 private:
  static http::ClientResult Said(int status, std::string body) {
    http::ClientResult result;
    result.response.status = status;
    result.response.body = std::move(body);
    return result;
  }
  http::ClientResult DialOne(const std::string& path, const Form& form)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::string to;
    for (const auto& [name, value] : form) {
      if (name == "To") to = value;
    }
    dials_[to]++;
    const Answer& answer = answers_[to];
    if (answer.meanwhile) answer.meanwhile();
    if (answer.dialled) in_room_[path.substr(0, path.rfind('.'))] = "CAfound";
    if (answer.status != 0) return Said(answer.status, answer.body);
    http::ClientResult broken;
    broken.error.reached = answer.reached;
    broken.error.status = absl::UnavailableError("the connection broke");
    return broken;
  }
  // A room's sid is its name.
  static http::ClientResult Rooms(const std::string& path) {
    const std::string name = path.substr(path.rfind('=') + 1);
    return Said(200, R"({"conferences":[{"sid":")" + name + R"("}]})");
  }
  http::ClientResult Participant(const std::string& path) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = in_room_.find(path.substr(0, path.rfind('/')));
    if (found == in_room_.end()) return Said(404, "{}");
    return Said(200, R"({"call_sid":")" + found->second + R"(","status":"ringing"})");
  }
  base::Mutex mutex_;
  std::map<std::string, Answer> answers_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> in_room_ ABSL_GUARDED_BY(mutex_);  // sid by path of the room
  std::map<std::string, int> dials_ ABSL_GUARDED_BY(mutex_);            // by number
  std::map<std::string, int> ended_ ABSL_GUARDED_BY(mutex_);            // by path
  int hang_ups_to_fail_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The session service, which knows some calls. Thread-safe.
class FakeSession final : public FakeSessionBase {
 public:
  void Add(const Session& session) {
    const base::MutexLock lock(mutex_);
    sessions_[session.id()] = session;
  }
  void End(const std::string& id, Session::Status status = Session::FAILED) {
    const base::MutexLock lock(mutex_);
    sessions_[id].set_status(status);
  }
  void Fail(int times) {
    const base::MutexLock lock(mutex_);
    failures_ = times;
  }

 private:
  absl::StatusOr<rpc::MessagePtr> Answer(std::string_view path,
                                         const google::protobuf::Message& request) override {
    if (path == session::v1::SessionServiceRpc::kResolveSession.path) {
      return base::MakeError(base::kNotFound, "nobody's");
    }
    const base::MutexLock lock(mutex_);
    if (failures_ > 0) {
      --failures_;
      return absl::UnavailableError("the session service is away");
    }
    auto response = std::make_unique<session::v1::GetSessionResponse>();
    const auto& id = static_cast<const session::v1::GetSessionRequest&>(request).id();
    *response->mutable_session() = sessions_[id];
    return rpc::MessagePtr(std::move(response));
  }

  base::Mutex mutex_;
  std::map<std::string, Session> sessions_ ABSL_GUARDED_BY(mutex_);
  int failures_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The webhook service, which keeps what it is told. Thread-safe.
class FakeWebhook final : public rpc::Channel {
 public:
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view, rpc::Context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message&) override {
    const base::MutexLock lock(mutex_);
    const auto& told = static_cast<const webhook::v1::IngestFactsRequest&>(request);
    for (const auto& fact : told.facts()) facts_[fact.session()].push_back(fact.fact());
    co_return rpc::MessagePtr(std::make_unique<webhook::v1::IngestFactsResponse>());
  }
  std::vector<CallFact> Of(const std::string& session) {
    const base::MutexLock lock(mutex_);
    return facts_[session];
  }

 private:
  base::Mutex mutex_;
  std::map<std::string, std::vector<CallFact>> facts_ ABSL_GUARDED_BY(mutex_);
};

struct World {
  // An agent has answered and waits for this customer.
  std::string Wait(const std::string& customer, Answer answer) {
    twilio.When(customer, std::move(answer));
    Session session;
    session.set_id(shared.ids.Uuid());
    session.set_conversation_id(session.id());
    session.set_status(Session::RINGING);
    session.set_direction(Session::OUTBOUND);
    session.set_to_phone(customer);
    session.set_from_phone("+15551230001");
    session.set_agent_phone("+15551230002");
    session.set_provider_call_id("CA" + customer.substr(1));
    sessions.Add(session);
    session::v1::CallEvent event = shared.Event(session.id(), "leg.answered");
    event.set_fact_kind(CallFact::CALL_ANSWERED);
    sessions.Tell(event);
    return session.id();
  }

  FakeTwilio twilio;
  DispatchWorld shared{"dispatch.second_leg",
                       providers::twilio::MakeAdapter({twilio, base::SystemClock(), {}})};
  FakeSession sessions;
  FakeWebhook webhook;
};

// One process that follows the feed until it goes.
class Replica {
 public:
  enum class Sweep { kNo, kYes };
  explicit Replica(World& world, Sweep sweep = Sweep::kNo)
      : process_(world.shared),
        leg_({process_.submissions, world.shared.registry, process_.directory, process_.gate,
              process_.background, world.sessions, world.webhook, base::SystemClock()}),
        ended_(asio::co_spawn(asio::make_strand(process_.io.context()), leg_.Follow(),
                              asio::use_future)) {
    if (sweep == Sweep::kNo) return;
    process_.background.Spawn("sweep", [this] { return leg_.SweepAbandoned(); });
  }
  ~Replica() {
    asio::co_spawn(process_.io.context(), leg_.Stop(), asio::use_future).get();
    ended_.get();
    process_.Stop();
  }

 private:
  DispatchProcess process_;
  SecondLeg leg_;
  std::future<void> ended_;
};

struct Case {
  std::string customer;
  Answer answer;
  std::string outcome;
  const base::ErrorSpec* error = nullptr;
  session::v1::EndReason reason = session::v1::END_REASON_UNSPECIFIED;
};

std::vector<Case> BadAnswers() {
  return {
      {"+15550000429",
       {429, "{}"},
       "REFUSED",
       &base::kProviderRateLimited,
       session::v1::PROVIDER_REJECTED},
      {"+15550000401",
       {401, R"({"code":20003})"},
       "REFUSED",
       &base::kProviderCredentials,
       session::v1::PROVIDER_REJECTED},
      {"+15550000400",
       {400, R"({"code":21211})"},
       "REFUSED",
       &base::kInvalidDestination,
       session::v1::INVALID_NUMBER},
      {"+15550000302", {302, ""}, "REFUSED", &base::kProviderError, session::v1::PROVIDER_ERROR},
      {"+15550000001",
       {0, "", false, http::Reached::kNotSent},
       "NOT_SENT",
       &base::kProviderUnreachable,
       session::v1::PROVIDER_UNREACHABLE},
      // Perhaps dialled: what the provider shows decides.
      {"+15550000201",
       {201, "<html>busy</html>"},
       "UNKNOWN_OUTCOME",
       &base::kSubmissionUnknown,
       session::v1::LOST},
      {"+15550000202",
       {201, R"({"call_sid":"CA)"},
       "UNKNOWN_OUTCOME",
       &base::kSubmissionUnknown,
       session::v1::LOST},
      {"+15550000500",
       {500, "<html>"},
       "UNKNOWN_OUTCOME",
       &base::kSubmissionUnknown,
       session::v1::LOST},
      {"+15550000002", {0, ""}, "UNKNOWN_OUTCOME", &base::kSubmissionUnknown, session::v1::LOST},
  };
}

}  // namespace

TEST_CASE(
    "a customer's leg that a provider answers badly fails the call, frees the agent and is not "
    "dialled again",
    "[dispatch][second_leg]") {
  World world;
  const std::vector<Case> cases = BadAnswers();
  std::vector<std::string> calls;
  for (const Case& c : cases) calls.push_back(world.Wait(c.customer, c.answer));
  {
    const Replica one(world);
    const Replica two(world);
    for (size_t i = 0; i < cases.size(); ++i) {
      world.shared.AwaitOutcome(calls[i], "customer", cases[i].outcome);
    }
  }
  for (size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    INFO(c.customer);
    CHECK(world.twilio.Dials(c.customer) == 1);
    CHECK(world.twilio.HangUps("CA" + c.customer.substr(1)) == 1);
    const std::vector<CallFact> told = world.webhook.Of(calls[i]);
    REQUIRE(told.size() == 1);
    CHECK(told[0].kind() == CallFact::CALL_FAILED);
    CHECK(told[0].party() == Leg::CUSTOMER);
    CHECK(told[0].error_code() == c.error->code);
    CHECK(told[0].reason() == c.reason);
    CHECK_FALSE(told[0].message().empty());
  }
}

TEST_CASE("a customer is dialled as soon as the session service is back",
          "[dispatch][second_leg]") {
  World world;
  world.sessions.Fail(2);
  const std::string call = world.Wait("+15550000600", {201, R"({"call_sid":"CAcustomer"})"});
  const Replica replica(world);
  world.shared.AwaitOutcome(call, "customer", "ACCEPTED");
  CHECK(world.twilio.Dials("+15550000600") == 1);
}

TEST_CASE("an agent who could not be hung up on is hung up on by the sweep",
          "[dispatch][second_leg]") {
  World world;
  world.twilio.FailHangUps(1);
  const std::string customer = "+15550000601";
  const std::string call = world.Wait(customer, {400, R"({"code":21211})"});
  {
    const Replica replica(world);
    testing::EventuallyTrue([&] { return world.twilio.HangUps("CA15550000601") == 1; }, "a try");
  }
  CHECK(world.shared.Outcome(call, "customer") == "SENT");
  world.sessions.End(call);  // it was told of the failure
  world.shared.MakeOld(call);
  const Replica replica(world, Replica::Sweep::kYes);
  world.shared.AwaitOutcome(call, "customer", "UNKNOWN_OUTCOME");
  CHECK(world.twilio.HangUps("CA15550000601") == 2);
  CHECK(world.twilio.Dials(customer) == 1);
  CHECK(world.webhook.Of(call).size() == 1);
}

TEST_CASE("a customer's leg that was dialled all the same goes on", "[dispatch][second_leg]") {
  World world;
  const std::vector<std::pair<std::string, Answer>> answers = {
      {"+15550000200", {201, R"({"call_sid":"CAnew"})"}},
      {"+15550000500", {500, "", true}},
      {"+15550000201", {201, "<html>", true}},
      {"+15550000002", {0, "", true}},
  };
  std::vector<std::string> calls;
  for (const auto& [customer, answer] : answers) calls.push_back(world.Wait(customer, answer));
  {
    const Replica replica(world);
    for (const std::string& call : calls) {
      world.shared.AwaitOutcome(call, "customer", "ACCEPTED");
    }
  }
  for (size_t i = 0; i < answers.size(); ++i) {
    const std::string& customer = answers[i].first;
    INFO(customer);
    CHECK(world.twilio.Dials(customer) == 1);
    CHECK(world.twilio.HangUps("CA" + customer.substr(1)) == 0);
    CHECK(world.webhook.Of(calls[i]).empty());
  }
  CHECK(world.twilio.HangUps("CAnew") + world.twilio.HangUps("CAfound") == 0);
}

TEST_CASE("a customer who was dialled for a call that ended meanwhile is hung up on",
          "[dispatch][second_leg]") {
  World world;
  const std::string customer = "+15550000602";
  Answer answer;
  std::string leg;
  SECTION("as soon as the provider took the request") {
    answer.status = 201;
    answer.body = R"({"call_sid":"CAnew"})";
    leg = "CAnew";
  }
  SECTION("when it is found though the answer was lost") {
    answer.status = 500;
    answer.dialled = true;
    leg = "CAfound";
  }
  std::string call;
  answer.meanwhile = [&] { world.sessions.End(call); };
  call = world.Wait(customer, answer);
  const Replica replica(world);
  world.shared.AwaitOutcome(call, "customer", "ACCEPTED");
  CHECK(world.twilio.Dials(customer) == 1);
  CHECK(world.twilio.HangUps(leg) == 1);
  CHECK(world.webhook.Of(call).empty());
}

TEST_CASE("a customer who could not be hung up on is hung up on by the sweep",
          "[dispatch][second_leg]") {
  World world;
  world.twilio.FailHangUps(1);
  const std::string customer = "+15550000603";
  std::string call;
  Answer answer{201, R"({"call_sid":"CAfound"})", true};
  answer.meanwhile = [&] { world.sessions.End(call); };
  call = world.Wait(customer, answer);
  {
    const Replica replica(world);
    testing::EventuallyTrue([&] { return world.twilio.HangUps("CAfound") == 1; }, "a try");
  }
  CHECK(world.shared.Outcome(call, "customer") == "SENT");
  world.shared.MakeOld(call);
  const Replica replica(world, Replica::Sweep::kYes);
  world.shared.AwaitOutcome(call, "customer", "ACCEPTED");
  CHECK(world.twilio.HangUps("CAfound") == 2);
  CHECK(world.twilio.Dials(customer) == 1);
}

TEST_CASE("a customer who talks on in another session is not hung up on",
          "[dispatch][second_leg]") {
  World world;
  const std::string customer = "+15550000604";
  std::string call;
  Answer answer{201, R"({"call_sid":"CAnew"})"};
  answer.meanwhile = [&] { world.sessions.End(call, Session::TRANSFERRED); };
  call = world.Wait(customer, answer);
  const Replica replica(world);
  world.shared.AwaitOutcome(call, "customer", "ACCEPTED");
  CHECK(world.twilio.HangUps("CAnew") == 0);
}

TEST_CASE("a customer's leg whose account is gone is given up", "[dispatch][second_leg]") {
  World world;
  const std::string call = world.shared.ids.Uuid();
  world.shared.LeaveSent(call, "customer");
  world.shared.DeleteAccount();
  const Replica replica(world, Replica::Sweep::kYes);
  world.shared.AwaitOutcome(call, "customer", "UNKNOWN_OUTCOME");
}

}  // namespace ctc::dispatch
