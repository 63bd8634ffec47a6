// Vonage's side over HTTP: tokens, legs, conversations, NCCOs of callers.
#include <absl/strings/str_replace.h>

#include <catch2/catch.hpp>

#include "libs/crypto/crypto.h"
#include "tools/simulator/fixture_for_test.h"
#include "tools/simulator/vonage_model.h"

namespace ctc::simulator {
namespace {

constexpr char kApplication[] = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab";

// The simulator takes any key here: what is wrong with a token is told by the SDK's test.
std::string Bearer(const std::string& application) {
  const Json claims = {{"application_id", application},
                       {"iat", absl::ToUnixSeconds(absl::Now())},
                       {"exp", absl::ToUnixSeconds(absl::Now() + absl::Minutes(5))},
                       {"jti", "1"}};
  return crypto::ToBase64Url(R"({"alg":"RS256","typ":"JWT"})") + "." +
         crypto::ToBase64Url(claims.dump()) + ".c2lnbmF0dXJl";
}

// Keeps the events it is sent, and answers every question with `answers` in turn.
class Side {
 public:
  explicit Side(std::vector<std::string> answers = {}) : answers_(std::move(answers)) {
    const auto keep = [this](const http::Request& request) -> Task<http::Response> {
      const base::MutexLock lock(mutex_);
      const bool asks = request.path == "/flow";
      if (request.method == "POST") events_.push_back(Json::parse(request.body));
      if (!asks) co_return http::Response();
      std::string answer = next_ < answers_.size() ? answers_[next_++] : "[]";
      absl::StrReplaceAll({{"$FLOW", Url("/flow")}, {"$EVENTS", Url("/events")}}, &answer);
      co_return JsonResponse(200, answer);
    };
    server_ = http::Server::Start(io_.executor(), http::ServerOptions(), keep).value();
  }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  // Of all events with this uuid, or of all.
  std::string Statuses(const std::string& uuid) const {
    const base::MutexLock lock(mutex_);
    std::string text;
    for (const Json& event : events_) {
      if (event.value("uuid", "") == uuid) text += event.value("status", "-") + " ";
    }
    return text;
  }
  std::vector<Json> With(const char* name) const {
    const base::MutexLock lock(mutex_);
    std::vector<Json> found;
    for (const Json& event : events_) {
      if (event.contains(name)) found.push_back(event);
    }
    return found;
  }

 private:
  const std::vector<std::string> answers_;
  mutable base::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Json> events_ ABSL_GUARDED_BY(mutex_);
  testing::IoThreads io_;  // ends before what its requests are kept in
  std::unique_ptr<http::Server> server_;
};

struct Vonage {
  Fixture fixture;
  std::unique_ptr<http::Client> client = http::Client::Create(fixture.mine().executor());

  http::ClientResponse Send(const std::string& method, const std::string& path,
                            const Json& body = Json()) {
    http::ClientRequest request;
    request.method = method;
    request.url = fixture.Url(path);
    request.bearer = base::Secret(Bearer(kApplication));
    if (!body.is_null()) {
      request.body = body.dump();
      request.headers = {{"Content-Type", "application/json"}};
    }
    return fixture.mine().Run(client->Send(std::move(request))).response;
  }
  Json ACall(const Side& side, const std::string& number, bool customer = true) {
    return {{"to", Json::array({{{"type", "phone"}, {"number", number}}})},
            {"from", {{"type", "phone"}, {"number", "15551230001"}}},
            {"ncco", Json::array({{{"action", "conversation"},
                                   {"name", "room-1"},
                                   {"startOnEnter", customer},
                                   {"endOnExit", customer}}})},
            {"event_url", Json::array({side.Url("/events?session=s1")})}};
  }
  std::string Create(const Side& side, const std::string& number, bool customer = true) {
    const http::ClientResponse made = Send("POST", "/v1/calls", ACall(side, number, customer));
    REQUIRE(made.status == 201);
    return Json::parse(made.body)["uuid"];
  }
  std::string Heard(const std::string& call) {
    const Json calls = Json::parse(fixture.Send("GET", "/_inbound?call=" + call).response.body);
    std::string text;
    for (const Json& what : calls["calls"][call]["heard"]) text += what.get<std::string>() + "; ";
    return text;
  }
  std::string Ring(const Side& side, Json more) {
    Json script = {{"provider", "vonage"},
                   {"from", "+447700900000"},
                   {"to", "+15551230001"},
                   {"account", kApplication},
                   {"secret", "simulator-signature-secret"},
                   {"answer_url", side.Url("/flow")},
                   {"event_url", side.Url("/events")}};
    script.update(more);
    const auto rung = fixture.Send("POST", "/_inbound", script.dump(), "application/json");
    REQUIRE(rung.response.status == 201);
    return Json::parse(rung.response.body)["call"];
  }
};

TEST_CASE("outcomes by number, as Vonage tells them", "[simulator][vonage]") {
  struct Case {
    const char* digits;
    const char* statuses;
  };
  const Case c = GENERATE(values<Case>({
      {"9920", "started ringing answered - completed "},
      {"9901", "started ringing busy completed "},
      {"9902", "started ringing timeout completed "},
      {"9903", "started ringing rejected "},
      {"9905", "started failed completed "},
  }));
  INFO(c.digits);
  Vonage vonage;
  Side side;
  const std::string uuid = vonage.Create(side, std::string("1555010") + c.digits);
  testing::EventuallyTrue([&] { return side.Statuses(uuid) == c.statuses; }, "what is awaited");
}

TEST_CASE("two legs in a conversation end with the one that ends it", "[simulator][vonage]") {
  Vonage vonage;
  Side side;
  const std::string agent = vonage.Create(side, "15550100001", false);
  testing::EventuallyTrue(
      [&] { return side.Statuses(agent).find("answered") != std::string::npos; },
      "what is awaited");
  const std::string customer = vonage.Create(side, "15550109920");
  testing::EventuallyTrue(
      [&] {
        return side.Statuses(customer).ends_with("completed ") &&
               side.Statuses(agent).ends_with("completed ");
      },
      "what is awaited");
}

TEST_CASE("a leg in a call is held, moved and hung up, before and after it is not",
          "[simulator][vonage]") {
  Vonage vonage;
  Side side;
  const std::string leg = vonage.Create(side, "15550109921");
  const std::string path = "/v1/calls/" + leg;
  testing::EventuallyTrue([&] { return side.Statuses(leg).find("answered") != std::string::npos; },
                          "what is awaited");
  for (const char* action : {"mute", "earmuff", "unearmuff", "unmute"}) {
    CHECK(vonage.Send("PUT", path, {{"action", action}}).status == 204);
  }
  CHECK(vonage.Send("PUT", path, {{"action", "hold"}}).status == 400);
  CHECK(vonage.Send("PUT", path + "/dtmf", {{"digits", "12x"}}).status == 400);
  CHECK(vonage.Send("PUT", path + "/stream", {{"stream_url", Json::array({"https://x"})}}).status ==
        200);
  CHECK(vonage.Send("DELETE", path + "/stream").status == 200);
  const Json elsewhere = {{"type", "ncco"}, {"ncco", Json::array({{{"action", "nonsense"}}})}};
  CHECK(vonage.Send("PUT", path, {{"action", "transfer"}, {"destination", elsewhere}}).status ==
        204);
  testing::EventuallyTrue([&] { return side.With("reason").size() == 1; }, "what is awaited");
  testing::EventuallyTrue([&] { return side.Statuses(leg).ends_with("completed "); },
                          "what is awaited");
  CHECK(vonage.Send("PUT", path, {{"action", "mute"}}).status == 404);
  CHECK(vonage.Send("PUT", path, {{"action", "hangup"}}).status == 404);
}

TEST_CASE("requests that Vonage would refuse", "[simulator][vonage]") {
  Vonage vonage;
  Side side;
  const Json good = vonage.ACall(side, "15550100001");
  const auto refused = [&](const char* name, Json value) {
    Json body = good;
    if (value.is_null()) {
      body.erase(name);
    } else {
      body[name] = std::move(value);
    }
    return vonage.Send("POST", "/v1/calls", body).status;
  };
  CHECK(refused("to", Json::array()) == 400);
  CHECK(refused("to", Json::array({{{"type", "phone"}, {"number", "+15550100001"}}})) == 400);
  CHECK(refused("from", nullptr) == 400);
  CHECK(refused("ncco", nullptr) == 400);
  CHECK(refused("ncco", "[]") == 400);
  CHECK(refused("answer_url", Json::array({"https://x"})) == 400);
  CHECK(refused("event_url", "https://x") == 400);
  CHECK(refused("ringing_timer", 121) == 400);
  CHECK(vonage.Send("POST", "/v1/calls", Json("text")).status == 400);
  CHECK(vonage.fixture.Send("GET", "/v1/calls").response.status == 401);
  CHECK(vonage.Send("GET", "/v1/calls?page_size=101").status == 400);
  CHECK(vonage.Send("GET", "/v1/files/none").status == 404);
}

TEST_CASE("a caller walks through what it is told", "[simulator][vonage]") {
  Vonage vonage;
  Side side(
      {R"([{"action":"talk","text":"Press 1","bargeIn":true},{"action":"input","type":["dtmf"],"dtmf":{"maxDigits":1,"timeOut":3},"eventUrl":["$FLOW"]}])",
       R"([{"action":"record","timeOut":20,"eventUrl":["$EVENTS"]},{"action":"notify","payload":{"a":"b"},"eventUrl":["$FLOW"]}])",
       R"([{"action":"conversation","name":"r","startOnEnter":false,"musicOnHoldUrl":["https://m"]}])"});
  const std::string call = vonage.Ring(side, {{"keys", Json::array({"1"})}, {"message_ms", 2000}});
  testing::EventuallyTrue([&] { return vonage.Heard(call).ends_with("music https://m; "); },
                          "the room");
  CHECK(vonage.Send("PUT", "/v1/calls/" + call, {{"action", "hangup"}}).status == 204);
  testing::EventuallyTrue([&] { return vonage.Heard(call).ends_with("end; "); }, "the end");
  CHECK(vonage.Heard(call) == "say Press 1; keys 1; message 2; room r; music https://m; end; ");
  testing::EventuallyTrue([&] { return side.Statuses(call).ends_with("completed "); }, "completed");
  REQUIRE(side.With("dtmf").size() == 1);
  CHECK(side.With("dtmf")[0]["dtmf"] == Json({{"digits", "1"}, {"timed_out", false}}));
  REQUIRE(side.With("payload").size() == 1);
  CHECK(side.With("payload")[0]["payload"] == Json({{"a", "b"}}));
  testing::EventuallyTrue([&] { return side.With("recording_url").size() == 1; },
                          "the recording, which is told apart from the call");
  const std::string url = side.With("recording_url")[0]["recording_url"];
  CHECK(vonage.Send("GET", url.substr(url.find("/v1/"))).body.starts_with("RIFF"));
}

TEST_CASE("a caller is joined by the one we ring, and sent back by us", "[simulator][vonage]") {
  Vonage vonage;
  Side side({R"([{"action":"conversation","name":"room-1","startOnEnter":false,"endOnExit":true}])",
             R"([{"action":"talk","text":"Nobody is there"}])"});
  const std::string call = vonage.Ring(side, Json::object());
  testing::EventuallyTrue([&] { return !vonage.Heard(call).empty(); }, "the room");
  const Json back = {{"type", "ncco"}, {"url", Json::array({side.Url("/flow")})}};
  const std::string agent = vonage.Create(side, "15550109921");  // who stays
  testing::EventuallyTrue([&] { return vonage.Heard(call) == "room room-1; joined; "; },
                          "the agent");
  CHECK(vonage.Send("PUT", "/v1/calls/" + call, {{"action", "transfer"}, {"destination", back}})
            .status == 204);
  testing::EventuallyTrue([&] { return vonage.Heard(call).ends_with("end; "); }, "the end");
  CHECK(vonage.Heard(call) == "room room-1; joined; say Nobody is there; end; ");
}

}  // namespace
}  // namespace ctc::simulator
