// Callers at Twilio: TwiML that is fetched, carried out and answered.
#include <catch2/catch.hpp>

#include <functional>

#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";
const std::string kAccount = "/2010-04-01/Accounts/AC1";

// An application that answers each question by the path that was asked.
class Application {
 public:
  using Answer = std::function<std::string(const std::string& path)>;

  explicit Application(Answer answer) : answer_(std::move(answer)) {
    auto serve = [this](const http::Request& request) -> Task<http::Response> {
      Form form;
      const auto pairs = http::ParseForm(request.body);
      for (const auto& [name, value] : pairs.value()) form.emplace(name, value);
      const std::string signature(request.headers.Get("X-Twilio-Signature"));
      const bool genuine = signature == TwilioSignature("secret", Url(request.target), form);
      form.emplace("_path", request.path);
      http::Response response;
      response.headers.Add("Content-Type", "text/xml");
      response.body = genuine ? "<Response>" + answer_(request.path) + "</Response>" : "";
      const base::MutexLock lock(mutex_);
      asked_.push_back(std::move(form));
      co_return response;
    };
    server_ = http::Server::Start(io_.executor(), http::ServerOptions(), serve).value();
  }
  std::string Url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + target;
  }
  // The last question at a path; empty when there was none.
  Form At(const std::string& path) const {
    const base::MutexLock lock(mutex_);
    Form found;
    for (const Form& form : asked_) {
      if (ValueOf(form, "_path") == path) found = form;
    }
    return found;
  }

 private:
  Answer answer_;
  mutable base::Mutex mutex_;
  std::vector<Form> asked_ ABSL_GUARDED_BY(mutex_);
  testing::IoThreads io_;  // ends before what its requests are kept in
  std::unique_ptr<http::Server> server_;
};

std::string Call(Fixture& f, const Application& application, Json script = Json::object()) {
  script["provider"] = "twilio";
  script["from"] = "+15550001111";
  script["to"] = "+15551230001";
  script["account"] = "AC1";
  script["secret"] = "secret";
  if (!script.contains("answer_url")) script["answer_url"] = application.Url("/voice");
  if (!script.contains("event_url")) script["event_url"] = application.Url("/status");
  const http::ClientResult result = f.Send("POST", "/_inbound", script.dump(), "application/json");
  CHECK(result.response.status == 201);
  return Json::parse(result.response.body).value("call", "");
}

// What the caller heard, words joined by "|".
std::string Heard(Fixture& f, const std::string& sid) {
  const Json body =
      Json::parse(f.Send("GET", "/_inbound?call=" + sid).response.body, nullptr, false);
  std::string text;
  for (const Json& word : body["calls"][sid]["heard"]) text += word.get<std::string>() + "|";
  return text;
}

std::string HeardToTheEnd(Fixture& f, const std::string& sid) {
  testing::EventuallyTrue([&] { return Heard(f, sid).ends_with("end|"); }, "the call ends");
  return Heard(f, sid);
}

std::string StatusOf(Fixture& f, const std::string& sid) {
  const std::string body = f.Send("GET", kAccount + "/Calls/" + sid + ".json").response.body;
  return Json::parse(body).value("status", "");
}

// The path of a room that goes on.
std::string RoomPath(Fixture& f, const std::string& name) {
  const std::string path = kAccount + "/Conferences.json?FriendlyName=" + name;
  const Json body = Json::parse(f.Send("GET", path).response.body);
  for (const Json& room : body["conferences"]) {
    if (room["status"] != "completed") return "/Conferences/" + room.value("sid", "");
  }
  return "";
}

int Post(Fixture& f, const std::string& path, const std::string& form) {
  return f.Send("POST", kAccount + path, form, kForm).response.status;
}

}  // namespace

TEST_CASE("a caller's keys are told to where the menu asked", "[twilio][inbound]") {
  Fixture f;
  std::string url;
  const Application app([&](const std::string& path) -> std::string {
    if (path != "/voice") return "<Hangup/>";
    return "<Gather action=\"" + url + "\" numDigits=\"1\"><Say>Press 1</Say></Gather>";
  });
  url = app.Url("/chosen");
  const std::string sid = Call(f, app, {{"keys", {"1"}}});
  CHECK(HeardToTheEnd(f, sid) == "say Press 1|keys 1|end|");
  CHECK(ValueOf(app.At("/voice"), "CallStatus") == "ringing");
  CHECK(ValueOf(app.At("/voice"), "Direction") == "inbound");
  CHECK(ValueOf(app.At("/chosen"), "Digits") == "1");
  CHECK(ValueOf(app.At("/chosen"), "CallStatus") == "in-progress");
  testing::EventuallyTrue([&] { return ValueOf(app.At("/status"), "CallSid") == sid; },
                          "the number's callback");
  CHECK(ValueOf(app.At("/status"), "CallStatus") == "completed");
}

TEST_CASE("silence falls through, unless it is asked about too", "[twilio][inbound]") {
  Fixture f;
  const Application app([](const std::string&) -> std::string {
    return "<Gather timeout=\"1\"/><Say>Nothing came</Say><Hangup/>";
  });
  CHECK(HeardToTheEnd(f, Call(f, app)) == "say Nothing came|end|");
  std::string url;
  const Application asks([&](const std::string& path) -> std::string {
    if (path != "/voice") return "<Hangup/>";
    return "<Gather timeout=\"1\" actionOnEmptyResult=\"true\" action=\"" + url +
           "\"/><Say>Never said</Say>";
  });
  url = asks.Url("/empty");
  CHECK(HeardToTheEnd(f, Call(f, asks)) == "end|");
  CHECK(asks.At("/empty").contains("Digits"));
  CHECK(ValueOf(asks.At("/empty"), "Digits").empty());
}

TEST_CASE("a message is recorded until a key or silence", "[twilio][inbound]") {
  Fixture f;
  std::string url;
  const Application app([&](const std::string& path) -> std::string {
    if (path != "/voice") return "<Hangup/>";
    return "<Say>Speak</Say><Record timeout=\"2\" finishOnKey=\"#\" action=\"" + url +
           "\"/><Say>Silence</Say>";
  });
  url = app.Url("/left");
  const std::string by_key = HeardToTheEnd(f, Call(f, app, {{"keys", {"#"}}}));
  const std::string seconds = ValueOf(app.At("/left"), "RecordingDuration");
  CHECK(by_key == "say Speak|message " + seconds + "|end|");
  CHECK(std::stoi(seconds) >= 3);  // measured, so that a busy machine makes it longer
  CHECK(ValueOf(app.At("/left"), "Digits") == "#");
  const std::string media = ValueOf(app.At("/left"), "RecordingUrl");
  CHECK(
      f.Send("GET", media.substr(media.find("/2010")) + ".wav").response.body.starts_with("RIFF"));
  CHECK(HeardToTheEnd(f, Call(f, app, {{"message_ms", 0}})) == "say Speak|say Silence|end|");
}

TEST_CASE("a message ends with its caller, and the action hears of it", "[twilio][inbound]") {
  Fixture f;
  std::string url;
  const Application app([&](const std::string& path) -> std::string {
    return path == "/voice" ? "<Record action=\"" + url + "\"/>" : "<Hangup/>";
  });
  url = app.Url("/left");
  const std::string gone = Call(f, app, {{"message_ms", 36000000}});
  // It is picked up by the verb that records.
  testing::EventuallyTrue([&] { return StatusOf(f, gone) == "in-progress"; }, "the message");
  CHECK(Post(f, "/Calls/" + gone + ".json", "Status=completed") == 200);
  testing::EventuallyTrue([&] { return ValueOf(app.At("/left"), "CallSid") == gone; },
                          "the action");
  CHECK(ValueOf(app.At("/left"), "Digits") == "hangup");
  CHECK(ValueOf(app.At("/left"), "CallStatus") == "completed");
}

TEST_CASE("a caller waits in the room until somebody joins, and talks", "[twilio][inbound]") {
  Fixture f;
  std::string url;
  const Application app([&](const std::string& path) -> std::string {
    if (path != "/voice") return "<Hangup/>";
    return "<Dial action=\"" + url +
           "\"><Conference startConferenceOnEnter=\"false\" endConferenceOnExit=\"true\" "
           "participantLabel=\"customer\">room1</Conference></Dial>";
  });
  url = app.Url("/dialled");
  const auto join = [&](const std::string& sid) {
    testing::EventuallyTrue([&] { return Heard(f, sid) == "room room1|music default|"; }, "music");
    const std::string agent =
        "From=%2B15551230001&To=%2B15551110000&Label=agent&EndConferenceOnExit=true";
    CHECK(Post(f, "/Conferences/room1/Participants.json", agent) == 201);
  };
  const std::string sid = Call(f, app, {{"talk_ms", 1000}});
  join(sid);
  CHECK(HeardToTheEnd(f, sid) == "room room1|music default|joined|end|");
  testing::EventuallyTrue([&] { return !app.At("/dialled").empty(); }, "the action");
  CHECK(ValueOf(app.At("/dialled"), "CallStatus") == "completed");
  const std::string patient = Call(f, app);
  join(patient);
  testing::EventuallyTrue([&] { return Heard(f, patient).ends_with("joined|"); }, "the agent");
  const std::string customer = RoomPath(f, "room1") + "/Participants/customer.json";
  CHECK(Post(f, customer, "Hold=true") == 200);
  CHECK(Post(f, customer, "Hold=false") == 200);
  CHECK(Heard(f, patient) == "room room1|music default|joined|held|resumed|");
}

TEST_CASE("a waiting caller is taken back to the menu", "[twilio][inbound]") {
  Fixture f;
  const Application app([](const std::string& path) -> std::string {
    if (path == "/asked") return "<Say>Sorry</Say><Hangup/>";
    return "<Dial><Conference startConferenceOnEnter=\"false\">room2</Conference></Dial>";
  });
  const std::string sid = Call(f, app);
  testing::EventuallyTrue([&] { return Heard(f, sid).ends_with("music default|"); }, "music");
  CHECK(Post(f, "/Calls/" + sid + ".json", "Url=" + http::Encode(app.Url("/asked"))) == 200);
  CHECK(HeardToTheEnd(f, sid) == "room room2|music default|say Sorry|end|");
}

TEST_CASE("a caller is rejected, gives up, or meets an application that fails",
          "[twilio][inbound]") {
  Fixture f;
  const Application app([](const std::string& path) -> std::string {
    if (path == "/reject") return "<Reject reason=\"busy\"/>";
    if (path == "/broken") return "<Say>";
    return "<Pause length=\"60\"/>";
  });
  const auto status_of = [&](const std::string& sid) {
    HeardToTheEnd(f, sid);
    return StatusOf(f, sid);
  };
  CHECK(status_of(Call(f, app, {{"answer_url", app.Url("/reject")}})) == "busy");
  CHECK(status_of(Call(f, app, {{"answer_url", app.Url("/broken")}})) == "completed");
  CHECK(status_of(Call(f, app, {{"hang_up_after_ms", 1000}})) == "no-answer");
}

TEST_CASE("a number knows its URLs", "[twilio][inbound]") {
  Fixture f;
  const Application app([](const std::string&) -> std::string { return "<Say>Hello</Say>"; });
  CHECK(Post(f, "/IncomingPhoneNumbers.json", "VoiceUrl=x") == 400);
  CHECK(Post(f, "/IncomingPhoneNumbers.json",
             "PhoneNumber=%2B15551230001&VoiceUrl=" + http::Encode(app.Url("/voice"))) == 201);
  CHECK(HeardToTheEnd(f, Call(f, app, {{"answer_url", ""}})) == "say Hello|end|");
  const Json nowhere = {{"provider", "twilio"}, {"to", "+1"}, {"account", "AC1"}, {"secret", "s"}};
  CHECK(f.Send("POST", "/_inbound", nowhere.dump(), "application/json").response.status == 409);
}

TEST_CASE("a document is played to one participant, digits too", "[twilio][inbound]") {
  Fixture f;
  const Application app([](const std::string& path) -> std::string {
    if (path == "/announced") return "<Say>Listen</Say><Play digits=\"12#\"/><Play digits=\"w4\"/>";
    return "<Dial><Conference participantLabel=\"customer\" waitUrl=\"\">r</Conference></Dial>";
  });
  const std::string sid = Call(f, app);
  testing::EventuallyTrue([&] { return Heard(f, sid) == "room r|"; }, "the caller waits");
  const std::string path = RoomPath(f, "r") + "/Participants/customer.json";
  CHECK(Post(f, path, "AnnounceUrl=ftp%3A%2F%2Fx") == 400);
  CHECK(Post(f, path, "AnnounceUrl=" + http::Encode(app.Url("/announced"))) == 200);
  testing::EventuallyTrue([&] { return Heard(f, sid) == "room r|say Listen|"; }, "it is played");
  const Json calls = Json::parse(f.Send("GET", "/_calls").response.body)["twilio"];
  REQUIRE(calls.size() == 1);
  CHECK(calls[0]["digits"] == "12#w4");
  CHECK(ValueOf(app.At("/announced"), "CallSid") == sid);
}

}  // namespace ctc::simulator
