// Requests in a native call: what waits for what, how a REFER of ours is answered and told of, and
// who proves to be whom.
#include "libs/providers/sip/native/digest.h"
#include "libs/providers/sip/native_world_for_test.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ControlCallRequest;
using session::v1::Leg;

// Two phones at one address that talk.
struct Talk {
  World w;
  AccountPtr account;

  explicit Talk(const std::string& settings = R"(,"transfer":"refer")", bool proves = true) {
    w.more_settings = settings;
    auto own = std::make_shared<Account>(*w.Written());
    if (!proves) own->api_key = base::Secret("");
    account = own;
    REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
    w.phone.Accept();
    w.phone.Await("ACK");
    w.phone.Accept();
    w.phone.Accept();
    EventuallyTrue([&] { return w.told.Count("CALL_ANSWERED ") == 2; }, "both to have picked up");
  }

  void Do(ControlCallRequest::Action action, const std::string& leg = "",
          const std::string& digits = "") {
    ControlCallRequest request;
    *request.mutable_order() = w.Order();
    request.set_action(action);
    request.set_digits(digits);
    request.mutable_target()->set_leg_id(leg);
    request.mutable_target()->set_party(Leg::CONSULT);
    request.mutable_target()->set_phone("+15550177");
    request.mutable_target()->set_by_refer(true);
    REQUIRE(w.calls->Control(*account, request).ok());
  }
  // The phone's word on a REFER.
  void Tell(const std::string& refer, const std::string& event, const std::string& line) {
    const std::string contact = FieldOf(refer, "Contact");
    w.phone.Request("NOTIFY", contact.substr(1, contact.find('>') - 1), w.own_port,
                    absl::StrCat("From: ", FieldOf(refer, "To"), "\r\nTo: ", FieldOf(refer, "From"),
                                 "\r\nCall-ID: ", FieldOf(refer, "Call-ID"), "\r\n"),
                    absl::StrCat("Event: ", event, "\r\nSubscription-State: active\r\n"),
                    absl::StrCat("SIP/2.0 ", line, "\r\n"));
    CHECK(absl::StartsWith(w.phone.Await("SIP/2.0"), "SIP/2.0 200"));
  }
  void HasEnded() {
    for (int phones = 0; phones < 2; ++phones) w.phone.Answer("BYE", "200 OK");
    EventuallyTrue([&] { return !w.IsLive(account); }, "the call to end");
  }
};

std::string IdOf(const std::string& refer) {
  const std::string sequence = FieldOf(refer, "CSeq");
  return "refer;id=" + sequence.substr(0, sequence.find(' '));
}

TEST_CASE("a re-INVITE waits for the answers to what was asked before", "[sip][native]") {
  Talk t;
  Phone& phone = t.w.phone;
  SECTION("to keys") {
    t.Do(ControlCallRequest::SEND_DTMF, "", "12");
    const std::string first = phone.Await("INFO");
    t.Do(ControlCallRequest::HOLD);
    phone.AnswerTo(first, "200 OK");
    phone.Answer("INFO", "200 OK");
  }
  SECTION("to keys that nobody takes without a proof") {
    t.Do(ControlCallRequest::SEND_DTMF, "", "1");
    const std::string first = phone.Await("INFO");
    t.Do(ControlCallRequest::HOLD);
    phone.AnswerTo(first, "401 Unauthorized", kChallenge);
    CHECK(absl::StrContains(phone.Answer("INFO", "401 Unauthorized", kChallenge),
                            "Authorization: Digest"));
  }
  SECTION("to a REFER that nobody waits for any more") {
    t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
    const std::string refer = phone.Await("REFER");
    t.Do(ControlCallRequest::DROP_PARTY, "consult-1");
    t.Do(ControlCallRequest::HOLD);
    phone.AnswerTo(refer, "202 Accepted");
  }
  for (int phones = 0; phones < 2; ++phones) {
    CHECK(absl::StrContains(phone.Accept(), "a=inactive"));
  }
  t.w.HangUp(t.account);
}

TEST_CASE("a REFER that is refused holds up nothing that follows", "[sip][native][refer]") {
  SECTION("for credentials that there are none of") {
    Talk t(R"(,"transfer":"refer")", false);
    t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
    t.w.phone.Answer("REFER", "401 Unauthorized", kChallenge);
    EventuallyTrue([&] { return t.w.told.Count("CALL_FAILED sip:401") == 1; }, "it to fail");
    t.w.HangUp(t.account);
  }
  SECTION("for credentials that are wrong") {
    Talk t;
    t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
    t.w.phone.Answer("REFER", "401 Unauthorized", kChallenge);
    t.w.phone.Answer("REFER", "401 Unauthorized", kChallenge);
    CHECK(absl::StrContains(t.w.phone.Answer("REFER", "401 Unauthorized", kChallenge),
                            "Authorization: Digest"));
    EventuallyTrue([&] { return t.w.told.Count("CALL_FAILED sip:401") == 1; }, "it to fail");
    t.w.HangUp(t.account);
  }
  SECTION("for a challenge that is none") {
    Talk t;
    t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
    t.w.phone.Answer("REFER", "401 Unauthorized");
    EventuallyTrue([&] { return t.w.told.Count("CALL_FAILED sip:401") == 1; }, "it to fail");
    t.w.HangUp(t.account);
  }
  SECTION("for now") {
    Talk t;
    t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
    t.w.phone.Answer("REFER", "503 Service Unavailable", "Retry-After: 1\r\n");
    EventuallyTrue([&] { return t.w.told.Count("CALL_FAILED sip:503") == 1; }, "it to fail");
    t.w.HangUp(t.account);
  }
}

TEST_CASE("a phone that has us prove ourselves takes the REFER then", "[sip][native][refer]") {
  Talk t;
  t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
  t.w.phone.Answer("REFER", "401 Unauthorized", kChallenge);
  t.w.phone.Answer("REFER", "401 Unauthorized", kChallenge);
  const std::string proven = t.w.phone.Answer("REFER", "202 Accepted");
  CHECK(absl::StrContains(proven, "Authorization: Digest"));
  t.Tell(proven, IdOf(proven), "200 OK");
  t.HasEnded();
  CHECK(t.w.told.Count("CALL_TRANSFERRED ") == 1);
}

TEST_CASE("what a phone tells of an older REFER is of nothing", "[sip][native][refer]") {
  Talk t;
  t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
  const bool late = GENERATE(false, true);
  const std::string first = t.w.phone.Await("REFER");
  if (!late) t.w.phone.AnswerTo(first, "202 Accepted");
  t.Do(ControlCallRequest::DROP_PARTY, "consult-1");
  t.Do(ControlCallRequest::DIAL_PARTY, "consult-2");
  if (late) t.w.phone.AnswerTo(first, "486 Busy Here");
  const std::string second = t.w.phone.Answer("REFER", "202 Accepted");
  if (!late) {
    t.Tell(first, IdOf(first), "200 OK");
    t.Tell(first, "refer", "486 Busy Here");  // may be of either
  }
  t.Tell(second, IdOf(second), "180 Ringing");
  EventuallyTrue([&] { return t.w.told.Count("CALL_RINGING ") > 0; }, "it to ring");
  CHECK(t.w.told.Count("CALL_TRANSFERRED ") == 0);
  CHECK(t.w.told.Count("CALL_FAILED sip:486") == 0);
  CHECK(t.w.told.Count("CALL_BUSY sip:486") == 0);
  t.Tell(second, IdOf(second), "200 OK");
  t.HasEnded();
  CHECK(t.w.told.Count("CALL_TRANSFERRED ") == 1);
}

TEST_CASE("a line that does not refer dials whom others would refer to", "[sip][native][refer]") {
  Talk t("");
  t.Do(ControlCallRequest::DIAL_PARTY, "consult-1");
  CHECK(absl::StrContains(t.w.phone.Answer("INVITE", "486 Busy Here"), "+15550177"));
  EventuallyTrue([&] { return t.w.told.Count("CALL_BUSY sip:486") == 1; }, "it to be busy");
  t.w.HangUp(t.account);
}

TEST_CASE("what proves one caller proves no other one of the same names", "[sip][native]") {
  World w;
  REQUIRE(w.calls->Attend({w.Written()}) == absl::InfiniteDuration());
  Phone stranger("127.0.0.3");
  const std::string uri = "sip:+15550199@127.0.0.1";
  const auto call = [&](const std::string& tag, const std::string& proof) {
    stranger.Request(
        "INVITE", uri, w.own_port,
        absl::StrCat("From: <sip:s@x>;tag=", tag, "\r\nTo: <", uri, ">\r\nCall-ID: c1\r\n"), proof,
        kSound);
  };
  call("a", "");
  const std::string challenge = FieldOf(stranger.Await("SIP/2.0 401"), "WWW-Authenticate");
  const std::vector<std::string> params = absl::StrSplit(challenge.substr(7), ", ");
  const auto terms = native::ReadChallenge({params.begin(), params.end()});
  REQUIRE(terms.ok());
  const base::Secret user("user");
  const base::Secret password("s3cret");
  const std::string proof = absl::StrCat(
      "Authorization: ",
      native::AnswerChallenge(*terms, {user, password, "INVITE", uri, ""}, "c", 1), "\r\n");
  call("b", proof);
  CHECK(absl::StrContains(stranger.Await("SIP/2.0 401"), "stale=true"));
  call("a", proof);
  stranger.Await("SIP/2.0 100");
}

}  // namespace
}  // namespace ctc::providers::sip
