// jambonz as an application sees it: hooks that are signed, verbs that run, statuses of both legs.
#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

#include "libs/crypto/crypto.h"
#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

// An application: answers each hook with the verbs of its path.
class Application {
 public:
  using Verbs = std::map<std::string, Json>;

  explicit Application(Verbs verbs) : verbs_(std::move(verbs)) {
    auto answer = [this](const http::Request& request) -> Task<http::Response> {
      const base::MutexLock lock(mutex_);
      const std::string signature(request.headers.Get("Jambonz-Signature"));
      asked_.push_back({request.path, signature, request.body});
      http::Response response;
      const auto found = verbs_.find(request.path);
      if (found != verbs_.end()) response.body = found->second.dump();
      co_return response;
    };
    server_ = http::Server::Start(io_.executor(), http::ServerOptions(), answer).value();
  }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  struct Asked {
    std::string path;
    std::string signature;
    std::string body;
  };
  std::vector<Json> At(const std::string& path) const {
    const base::MutexLock lock(mutex_);
    std::vector<Json> bodies;
    for (const Asked& asked : asked_) {
      if (asked.path == path) bodies.push_back(Json::parse(asked.body));
    }
    return bodies;
  }
  Asked First() const {
    const base::MutexLock lock(mutex_);
    return asked_.at(0);
  }
  void Set(const std::string& path, Json verbs) {
    const base::MutexLock lock(mutex_);
    verbs_[path] = std::move(verbs);
  }

 private:
  mutable base::Mutex mutex_;
  std::vector<Asked> asked_ ABSL_GUARDED_BY(mutex_);
  Verbs verbs_ ABSL_GUARDED_BY(mutex_);
  testing::IoThreads io_;  // ends before what its requests are kept in
  std::unique_ptr<http::Server> server_;
};

struct JambonzFixture : Fixture {
  Application application{{}};

  std::string Ring(Json script) {
    script.update({{"provider", "jambonz"},
                   {"from", "+12025550111"},
                   {"to", "+12025550142"},
                   {"account", "A1"},
                   {"secret", "whsec"},
                   {"answer_url", application.Url("/call")},
                   {"event_url", application.Url("/status")}});
    const auto result = Send("POST", "/_inbound", script.dump());
    REQUIRE(result.response.status == 201);
    return Json::parse(result.response.body)["call"];
  }
  std::vector<std::string> HeardAll(const std::string& call) {
    std::vector<std::string> heard;
    testing::EventuallyTrue(
        [&] {
          const auto result = Send("GET", "/_inbound?call=" + call);
          heard = Json::parse(result.response.body)["calls"][call]["heard"]
                      .get<std::vector<std::string>>();
          return !heard.empty() && heard.back() == "end";
        },
        "the end of the call");
    return heard;
  }
  // The statuses of one leg, once the last is there.
  std::vector<std::string> Statuses(bool child, const std::string& last) {
    std::vector<std::string> words;
    testing::EventuallyTrue(
        [&] {
          words.clear();
          for (const Json& body : application.At("/status")) {
            if (body.contains("parent_call_sid") == child) words.push_back(body["call_status"]);
          }
          return !words.empty() && words.back() == last;
        },
        "the statuses");
    return words;
  }
  // What the status hook was told last of a call, once that is `status`.
  Json LastOf(const std::string& call, const std::string& status) {
    Json last;
    testing::EventuallyTrue(
        [&] {
          for (const Json& body : application.At("/status")) {
            if (body["call_sid"] == call) last = body;
          }
          return last.is_object() && last["call_status"] == status;
        },
        "the last status");
    return last;
  }
  void Answers(const std::string& path, const Json& verbs) { application.Set(path, verbs); }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("a caller goes through a gather to a phone", "[simulator][jambonz]") {
  JambonzFixture fixture;
  fixture.Answers("/call", {{{"verb", "gather"},
                             {"input", {"digits"}},
                             {"maxDigits", 1},
                             {"say", {{"text", {"Press", "one"}}}},
                             {"actionHook", fixture.application.Url("/keys")}}});
  fixture.Answers("/keys", {{{"verb", "dial"},
                             {"target", {{{"type", "phone"}, {"number", "+12025550177"}}}},
                             {"actionHook", fixture.application.Url("/dialled")}}});
  const std::string call = fixture.Ring({{"keys", {"1"}}, {"talk_ms", 2000}});
  CHECK(fixture.HeardAll(call) ==
        Words{"say Press one", "keys 1", "ring +12025550177", "joined", "end"});
  const Json keys = fixture.application.At("/keys").at(0);
  CHECK(keys["digits"] == "1");
  CHECK(keys["reason"] == "dtmfDetected");
  CHECK(keys["call_sid"] == call);
  CHECK(fixture.Statuses(false, "completed") == Words{"trying", "in-progress", "completed"});
  CHECK(fixture.Statuses(true, "completed") ==
        Words{"trying", "ringing", "in-progress", "completed"});
  const auto first = fixture.application.First();
  const std::string stamp = first.signature.substr(2, first.signature.find(',') - 2);
  CHECK(first.signature ==
        "t=" + stamp +
            ",v1=" + crypto::ToHex(crypto::HmacSha256("whsec", stamp + "." + first.body)));
}

TEST_CASE("what became of a phone is told at the action hook", "[simulator][jambonz]") {
  struct Vector {
    const char* number;
    const char* status;
    int sip_status;
  };
  for (const Vector& vector :
       {Vector{"+12025559901", "busy", 486}, Vector{"+12025559902", "ringing", 487},
        Vector{"+12025559903", "failed", 603}, Vector{"+12025559905", "failed", 404}}) {
    CAPTURE(vector.number);
    JambonzFixture fixture;
    fixture.Answers("/call", {{{"verb", "dial"},
                               {"timeout", 5},
                               {"target", {{{"type", "phone"}, {"number", vector.number}}}},
                               {"actionHook", fixture.application.Url("/dialled")}}});
    fixture.Answers("/dialled", {{{"verb", "hangup"}}});
    CHECK(fixture.HeardAll(fixture.Ring(Json::object())).back() == "end");
    const Json told = fixture.application.At("/dialled").at(0);
    CHECK(told["dial_call_status"] == vector.status);
    CHECK(told["dial_sip_status"] == vector.sip_status);
  }
}

TEST_CASE("silence, a caller that leaves, and an application that says nothing",
          "[simulator][jambonz]") {
  JambonzFixture fixture;
  fixture.Answers(
      "/call",
      {{{"verb", "gather"}, {"timeout", 1}, {"actionHook", fixture.application.Url("/keys")}}});
  fixture.Answers("/keys", {{{"verb", "pause"}, {"length", 1}}});
  CHECK(fixture.HeardAll(fixture.Ring(Json::object())) == Words{"pause 1", "end"});
  CHECK(fixture.application.At("/keys").at(0)["reason"] == "timeout");
  // Its patience counts from its call, so it may be over before the pause begins, never after it.
  fixture.Answers("/call", {{{"verb", "pause"}, {"length", 36000}}});
  const std::string left = fixture.Ring({{"hang_up_after_ms", 1000}});
  CHECK(fixture.HeardAll(left).back() == "end");
  CHECK(fixture.LastOf(left, "no-answer")["sip_status"] == 487);
  fixture.Answers("/call", Json());
  CHECK(fixture.HeardAll(fixture.Ring(Json::object())) == Words{"end"});
  fixture.Answers("/call", {{{"verb", "sip:decline"}, {"status", 603}}});
  const std::string declined = fixture.Ring(Json::object());
  CHECK(fixture.HeardAll(declined) == Words{"end"});
  CHECK(fixture.LastOf(declined, "failed")["sip_status"] == 603);
}

TEST_CASE("music goes on until its limit, and the verbs after it follow", "[simulator][jambonz]") {
  JambonzFixture fixture;
  Json music = {{"verb", "play"}, {"url", "https://x.example/m.mp3"}, {"timeoutSecs", 36000}};
  fixture.Answers("/call", {music, {{"verb", "pause"}, {"length", 1}}});
  const Words left = fixture.HeardAll(fixture.Ring({{"hang_up_after_ms", 5000}}));
  CHECK(std::count(left.begin(), left.end(), "pause 1") == 0);
  music["timeoutSecs"] = 2;
  fixture.Answers("/call", {music, {{"verb", "pause"}, {"length", 1}}});
  CHECK(fixture.HeardAll(fixture.Ring(Json::object())) ==
        Words{"play https://x.example/m.mp3", "pause 1", "end"});
}

TEST_CASE("a call is looked up, muted and ended over REST", "[simulator][jambonz]") {
  JambonzFixture fixture;
  fixture.Answers("/call", {{{"verb", "answer"}}, {{"verb", "pause"}, {"length", 36000}}});
  const std::string call = fixture.Ring(Json::object());
  testing::EventuallyTrue([&] { return fixture.Statuses(false, "in-progress").size() == 2; },
                          "the answer");
  auto client = http::Client::Create(fixture.mine().executor());
  const auto ask = [&](const std::string& method, const std::string& body = "") {
    http::ClientRequest request;
    request.method = method;
    request.url = fixture.Url("/jambonz/v1/Accounts/A1/Calls/" + call);
    request.bearer = base::Secret("key");
    request.body = body;
    return fixture.mine().Run(client->Send(std::move(request))).response;
  };
  CHECK(Json::parse(ask("GET").body)["call_status"] == "in-progress");
  CHECK(ask("POST", R"({"mute_status":"mute"})").status == 202);
  const Json live = Json::parse(fixture.Send("GET", "/_calls").response.body)["jambonz"];
  REQUIRE(live.size() == 1);
  CHECK(live[0]["muted"] == true);
  CHECK(ask("DELETE").status == 204);
  CHECK(ask("DELETE").status == 422);
  CHECK(fixture.HeardAll(call).back() == "end");
}

}  // namespace ctc::simulator
