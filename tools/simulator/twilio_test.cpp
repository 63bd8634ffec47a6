// Twilio as an adapter sees it: form requests and signed callbacks.
#include <catch2/catch.hpp>

#include "tools/simulator/fixture_for_test.h"

namespace ctc::simulator {
namespace {

constexpr const char* kForm = "application/x-www-form-urlencoded";
const std::string kAccount = "/2010-04-01/Accounts/AC1";
constexpr const char* kAllEvents =
    "&StatusCallbackEvent=initiated&StatusCallbackEvent=ringing&StatusCallbackEvent=answered"
    "&StatusCallbackEvent=completed";

struct Answer {
  int status = 0;
  Json body;
  std::string Text(const char* key) const { return body.value(key, ""); }
};

Answer Post(Fixture& f, const std::string& path, const std::string& form) {
  const http::ClientResult result = f.Send("POST", kAccount + path, form, kForm);
  return {result.response.status, Json::parse(result.response.body, nullptr, false)};
}

Answer Get(Fixture& f, const std::string& path) {
  const http::ClientResult result = f.Send("GET", kAccount + path);
  return {result.response.status, Json::parse(result.response.body, nullptr, false)};
}

std::string Create(const Receiver& receiver, const std::string& to, const std::string& twiml,
                   const std::string& session = "s1") {
  return "To=" + http::Encode(to) + "&From=%2B15551230001&Twiml=" + http::Encode(twiml) +
         "&StatusCallback=" + http::Encode(receiver.Url("/status?session=" + session)) + kAllEvents;
}

std::string StatusesOf(const Receiver& receiver, const std::string& sid) {
  return receiver.Sequence("CallSid", sid, "CallStatus");
}

}  // namespace

TEST_CASE("a call goes through its statuses and says so, signed", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const Answer created =
      Post(f, "/Calls.json", Create(receiver, "+15550109920", "<Response><Hangup/></Response>"));
  CHECK(created.status == 201);
  CHECK(created.Text("status") == "queued");
  CHECK(created.Text("direction") == "outbound-api");
  const std::string sid = created.Text("sid");
  CHECK(sid.starts_with("CA"));
  CHECK(sid.size() == 34);
  testing::EventuallyTrue([&] { return receiver.Received().size() == 4; }, "four callbacks");
  CHECK(StatusesOf(receiver, sid) == "initiated ringing in-progress completed ");
  CHECK(receiver.Sequence("CallSid", sid, "SequenceNumber") == "0 1 2 3 ");
  for (Form form : receiver.Received()) {
    const std::string signature = ValueOf(form, "_signature");
    const std::string url = ValueOf(form, "_url");
    for (const char* own : {"_signature", "_url", "_body", "_x_signature"}) form.erase(own);
    CHECK(signature == TwilioSignature("secret", url, form));
  }
  const Answer fetched = Get(f, "/Calls/" + sid + ".json");
  CHECK(fetched.Text("status") == "completed");
  CHECK(fetched.body["end_time"].is_string());
  CHECK(f.Dials("15550109920") == 1);
  CHECK(f.Send("GET", "/_stats?reference=s1").response.body == "{\"dials\":1}");
}

TEST_CASE("Dial with Number runs both legs, the action and the recording", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const std::string twiml =
      "<Response><Dial callerId=\"+15551230001\" record=\"record-from-answer-dual\" action=\"" +
      receiver.Url("/action") + "\" recordingStatusCallback=\"" + receiver.Url("/recording") +
      "\" recordingStatusCallbackEvent=\"in-progress completed\"><Number statusCallback=\"" +
      receiver.Url("/leg") +
      "\" statusCallbackEvent=\"initiated ringing answered completed\">+15550109920</Number>"
      "</Dial></Response>";
  const std::string parent =
      Post(f, "/Calls.json", Create(receiver, "+15551110000", twiml)).Text("sid");
  testing::EventuallyTrue(
      [&] { return StatusesOf(receiver, parent).find("completed") != std::string::npos; },
      "the agent's leg ends");
  testing::EventuallyTrue(
      [&] { return !receiver.Sequence("RecordingStatus", "completed", "RecordingSid").empty(); },
      "a recording");
  const Answer children = Get(f, "/Calls.json?ParentCallSid=" + parent);
  REQUIRE(children.body["calls"].size() == 1);
  const Json child = children.body["calls"][0];
  CHECK(child["direction"] == "outbound-dial");
  testing::EventuallyTrue(
      [&] {
        return StatusesOf(receiver, child["sid"]) == "initiated ringing in-progress completed ";
      },
      "what is told of the customer's leg");
  CHECK(receiver.Sequence("DialCallSid", child["sid"], "DialCallStatus") == "completed ");
  const std::string recording = receiver.Sequence("RecordingStatus", "completed", "RecordingSid");
  const std::string sid = recording.substr(0, recording.size() - 1);
  CHECK(receiver.Sequence("RecordingSid", sid, "RecordingStatus") == "in-progress completed ");
  CHECK(Get(f, "/Recordings/" + sid + ".json").body["channels"] == 2);
  CHECK(f.Send("GET", kAccount + "/Recordings/" + sid + ".wav").response.body.starts_with("RIFF"));
}

TEST_CASE("a customer that is not reached is told by the action", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"+15550109901", "busy "}, {"+15550109902", "no-answer "}, {"+15550109905", "failed "}};
  for (const auto& [number, status] : cases) {
    INFO(number);
    const std::string twiml = "<Response><Dial timeout=\"5\" action=\"" + receiver.Url("/action") +
                              "\"><Number>" + number + "</Number></Dial></Response>";
    const std::string parent =
        Post(f, "/Calls.json", Create(receiver, "+15551110000", twiml)).Text("sid");
    testing::EventuallyTrue(
        [&] { return StatusesOf(receiver, parent).find("completed") != std::string::npos; },
        "the agent's leg ends");
    std::string dial_status;
    for (const Form& form : receiver.Received()) {
      if (ValueOf(form, "CallSid") == parent && form.contains("DialCallStatus")) {
        dial_status += ValueOf(form, "DialCallStatus") + " ";
      }
    }
    CHECK(dial_status == status);
  }
}

TEST_CASE("a conference joins agent and customer, holds, mutes and ends", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const std::string twiml =
      "<Response><Dial><Conference startConferenceOnEnter=\"false\" endConferenceOnExit=\"true\" "
      "participantLabel=\"agent\" statusCallback=\"" +
      receiver.Url("/room") +
      "\" statusCallbackEvent=\"start end join leave mute hold\">room 1</Conference></Dial>"
      "</Response>";
  const std::string agent =
      Post(f, "/Calls.json", Create(receiver, "+15551110000", twiml)).Text("sid");
  auto events = [&] { return receiver.Sequence("FriendlyName", "room 1", "StatusCallbackEvent"); };
  testing::EventuallyTrue([&] { return events() == "participant-join "; }, "the agent joins");
  const std::string by_name = "/Conferences/room%201/Participants";
  const Answer customer =
      Post(f, by_name + ".json",
           "From=%2B15551230001&To=%2B15550109921&Label=customer&StatusCallback=" +
               http::Encode(receiver.Url("/leg")) + kAllEvents);
  CHECK(customer.status == 201);
  CHECK(customer.Text("conference_sid").starts_with("CF"));
  CHECK(Post(f, by_name + ".json", "From=%2B15551230001&To=%2B15550109921&Label=customer").status ==
        400);
  testing::EventuallyTrue(
      [&] { return events() == "participant-join participant-join conference-start "; },
      "the conference starts");
  CHECK(Post(f, by_name + "/customer.json", "Hold=true").status == 404);
  const std::string participants =
      "/Conferences/" + customer.Text("conference_sid") + "/Participants";
  CHECK(Post(f, participants + "/customer.json", "Hold=true").body["hold"] == true);
  CHECK(Post(f, participants + "/customer.json", "Hold=false").body["hold"] == false);
  CHECK(Post(f, participants + "/customer.json", "Muted=true").body["muted"] == true);
  CHECK(Get(f, participants + ".json").body["participants"].size() == 2);
  CHECK(Post(f, "/Calls/" + agent + ".json", "Status=completed").status == 200);
  testing::EventuallyTrue([&] { return events().find("conference-end") != std::string::npos; },
                          "it ends");
  testing::EventuallyTrue(
      [&] {
        return StatusesOf(receiver, customer.Text("call_sid")).find("completed") !=
               std::string::npos;
      },
      "the customer's leg ends");
  CHECK(Get(f, "/Conferences.json?FriendlyName=room%201").body["conferences"][0]["status"] ==
        "completed");
}

TEST_CASE("bad requests get Twilio's error codes", "[twilio]") {
  Fixture f;
  const std::vector<std::tuple<std::string, std::string, int, int>> cases = {
      {"/Calls.json", "From=%2B15551230001&Twiml=x", 400, 21201},
      {"/Calls.json", "To=nonsense&From=%2B15551230001&Twiml=x", 400, 21211},
      {"/Calls.json", "To=%2B15550100000&Twiml=x", 400, 21213},
      {"/Calls.json", "To=%2B15550100000&From=%2B15551230001", 400, 21205},
      {"/Calls.json", "To=%2B15550100000&From=%2B15551230001&Twiml=x&Timeout=9999", 400, 21208},
      {"/Calls/CAnone.json", "Status=completed", 404, 20404},
      {"/Conferences/CFnone.json", "Status=completed", 404, 20404},
      {"/Nonsense.json", "", 404, 20404}};
  for (const auto& [path, form, status, code] : cases) {
    INFO(path + " " + form);
    const Answer answer = Post(f, path, form);
    CHECK(answer.status == status);
    CHECK(answer.body["code"] == code);
    CHECK(answer.body["status"] == status);
  }
  CHECK(f.Send("GET", "/2010-04-01/Accounts/AC2/Calls.json").response.status == 401);
  CHECK(Get(f, ".json").Text("status") == "active");
}

TEST_CASE("an ended call cannot be controlled, a queued one is cancelled in silence", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const std::string form =
      Create(receiver, "+15550109902", "<Response><Hangup/></Response>") + "&Timeout=600";
  const std::string sid = Post(f, "/Calls.json", form).Text("sid");
  CHECK(Post(f, "/Calls/" + sid + ".json", "Status=canceled").Text("status") == "canceled");
  const Answer late = Post(f, "/Calls/" + sid + ".json", "Status=completed");
  CHECK(late.status == 400);
  CHECK(late.body["code"] == 21220);
}

TEST_CASE("faults happen as the number says, and are counted as dialled or not", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const std::vector<std::tuple<std::string, int, int>> cases = {
      {"15550109911", 500, 0}, {"15550109912", 429, 0}, {"15550109913", 0, 1},
      {"15550109915", 200, 1}, {"15550109916", 200, 0}, {"15550109917", 500, 1},
      {"15550109918", 0, 0},   {"15550109925", 503, 0}, {"15550109926", 401, 0}};
  for (const auto& [number, status, dials] : cases) {
    INFO(number);
    const std::string form = Create(receiver, "+" + number, "<Response><Hangup/></Response>");
    CHECK(f.Send("POST", kAccount + "/Calls.json", form, kForm).response.status == status);
    CHECK(f.Dials(number) == dials);
  }
}

TEST_CASE("callbacks come twice, in any order, early, or not at all", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const std::string twiml = "<Response><Hangup/></Response>";
  auto call = [&](const std::string& number) {
    return Post(f, "/Calls.json", Create(receiver, number, twiml)).Text("sid");
  };
  const std::string twice = call("+15550109907");
  const std::string shuffled = call("+15550109908");
  const std::string early = call("+15550109909");
  CHECK(StatusesOf(receiver, early).starts_with("initiated "));  // before the answer was read
  const std::string lost = call("+15550109910");
  testing::EventuallyTrue(
      [&] {
        return StatusesOf(receiver, twice) ==
               "initiated initiated ringing ringing in-progress in-progress completed completed ";
      },
      "everything twice");
  testing::EventuallyTrue(
      [&] {
        const std::string all = StatusesOf(receiver, shuffled);
        return all.size() == std::string("initiated ringing in-progress completed ").size();
      },
      "everything in some order");
  testing::EventuallyTrue(
      [&] { return Get(f, "/Calls/" + lost + ".json").Text("status") == "completed"; }, "it ends");
  CHECK(StatusesOf(receiver, lost).find("completed") == std::string::npos);
}

TEST_CASE("a customer can be taken to another number", "[twilio]") {
  Receiver receiver;
  Fixture f;
  const std::string twiml = "<Response><Dial><Number>+15550109921</Number></Dial></Response>";
  const std::string agent =
      Post(f, "/Calls.json", Create(receiver, "+15551110000", twiml)).Text("sid");
  std::string child;
  testing::EventuallyTrue(
      [&] {
        const Answer children = Get(f, "/Calls.json?ParentCallSid=" + agent);
        if (children.body["calls"].empty()) return false;
        child = children.body["calls"][0]["sid"];
        return children.body["calls"][0]["status"] == "in-progress";
      },
      "the customer answers");
  const std::string other = "<Response><Dial><Number>+15550109923</Number></Dial></Response>";
  CHECK(Post(f, "/Calls/" + child + ".json", "Twiml=" + http::Encode(other)).status == 200);
  testing::EventuallyTrue(
      [&] { return Get(f, "/Calls/" + agent + ".json").Text("status") == "completed"; },
      "the agent's leg ends");
  testing::EventuallyTrue([&] { return f.Dials("15550109923") == 1; }, "the other is dialled");
}

}  // namespace ctc::simulator
