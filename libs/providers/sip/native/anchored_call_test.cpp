// Calls whose sound runs through us: legs, joins, hold, keys, recordings.
#include <catch2/catch.hpp>

#include "libs/providers/sip/native/anchored_story_for_test.h"
#include "libs/providers/sip/native/lost_call.h"

namespace ctc::providers::sip::native {
namespace {

using Kind = Input::Kind;
using Party = session::v1::Leg;

TEST_CASE("the agent is called, then the customer, each with a description of ours",
          "[sip][anchored]") {
  Tale t;
  CHECK(t.Asked() == V{"invite agent 1000"});
  CHECK(t.Told() == V{"CALL_INITIATED AGENT"});
  t.Hears(Kind::kRinging, "agent", 180);
  t.Answers("agent");
  CHECK(t.Asked() == V{"ack agent", "invite customer 1002"});
  CHECK(t.Ordered() == V{"connect agent 10.0.0.9"});
  CHECK(t.Told() == V{"CALL_RINGING AGENT", "CALL_ANSWERED AGENT"});
  CHECK(ToneOf(t, "agent") == media::Tone::kRingback);
  t.Hears(Kind::kRinging, "customer", 180);
  t.Hears(Kind::kRinging, "customer", 180);
  t.Answers("customer");
  CHECK(t.Asked() == V{"ack customer"});
  CHECK(t.Told() == V{"CALL_RINGING CUSTOMER", "CALL_ANSWERED CUSTOMER"});
  CHECK(ToneOf(t, "agent") == media::Tone::kNone);
  CHECK(Hear(t, "agent", "customer"));
  CHECK(Hear(t, "customer", "agent"));
  t.Hears(Kind::kEnded, "customer");
  CHECK(t.Asked() == V{"bye agent"});
  CHECK(t.Ordered() == V{"connect customer 10.0.0.9", "close customer", "close agent"});
  CHECK(t.Told() == V{"CALL_ENDED CUSTOMER"});
  CHECK(t.call.over());
}

TEST_CASE("what a customer says before it picks up is heard", "[sip][anchored]") {
  Tale t;
  t.Answers("agent");
  t.Hears(Kind::kRinging, "customer", 183, Sound());
  CHECK(Hear(t, "agent", "customer"));
  CHECK_FALSE(Hear(t, "customer", "agent"));
  CHECK(ToneOf(t, "agent") == media::Tone::kNone);
  // The description in the answer may be left out then.
  t.Answers("customer", "");
  CHECK(Hear(t, "customer", "agent"));
  CHECK(t.Told().back() == "CALL_ANSWERED CUSTOMER");
}

TEST_CASE("a phone that answers without sound for us is hung up", "[sip][anchored]") {
  const std::string sdp =
      GENERATE(as<std::string>(), "", "no description", NoSound(), Sound("sendrecv", "host.name"));
  Tale t;
  SECTION("the agent's") {
    t.Forget();
    t.Answers("agent", sdp);
    CHECK(t.Asked() == V{"ack agent", "bye agent 488"});
    CHECK(t.Told() == V{"CALL_FAILED AGENT"});
    CHECK(t.last().error_code() == "PROVIDER_ERROR");
    CHECK(t.last().message().find("session description") != std::string::npos);
  }
  SECTION("the customer's") {
    t.Answers("agent");
    t.Forget();
    t.Answers("customer", sdp);
    CHECK(t.Asked() == V{"ack customer", "bye customer 488", "bye agent"});
    CHECK(t.Told() == V{"CALL_FAILED CUSTOMER"});
    CHECK(t.last().error_code() == "PROVIDER_ERROR");
  }
  CHECK(t.call.over());
}

TEST_CASE("the stack's refresh of a session is acknowledged", "[sip][anchored]") {
  Tale t;
  t.Connect();
  t.Answers("agent", Sound("sendonly", "10.0.0.7"));  // to our offer of before
  CHECK(t.Asked() == V{"ack agent"});
  CHECK(t.Ordered() == V{"connect agent 10.0.0.7"});
  CHECK(t.Told() == V{"CALL_HELD AGENT"});
}

TEST_CASE("sound of the other IP family is none for us", "[sip][anchored]") {
  Tale t;
  t.call.legs.at("agent").own.ip = "2001:db8::1";
  t.Forget();
  t.Answers("agent");
  CHECK(t.Asked() == V{"ack agent", "bye agent 488"});
}

TEST_CASE("sound is sent to no address that is not allowed", "[sip][anchored][ssrf]") {
  AnchoredConfig config;
  config.guard = http::AddressGuard::PublicAnd("10.0.0.0/24").value();
  const std::string ip = GENERATE(as<std::string>(), "127.0.0.1", "10.1.0.1", "169.254.169.254");
  Tale t;
  t.call.config = std::make_shared<const AnchoredConfig>(config);
  t.Answers("agent", Sound("sendrecv", ip));
  CHECK(t.Ordered() == V{"close agent", "close customer"});
  CHECK(t.Told().back() == "CALL_FAILED AGENT");
}

TEST_CASE("how a customer could not be had is told, and the agent let go", "[sip][anchored]") {
  const auto [status, fact, code] = GENERATE(
      table<int, const char*, const char*>({{486, "CALL_BUSY CUSTOMER", ""},
                                            {603, "CALL_REJECTED CUSTOMER", ""},
                                            {404, "CALL_FAILED CUSTOMER", "INVALID_DESTINATION"},
                                            {500, "CALL_FAILED CUSTOMER", "PROVIDER_ERROR"},
                                            {503, "CALL_FAILED CUSTOMER", "PROVIDER_ERROR"}}));
  Tale t;
  t.Answers("agent");
  t.Forget();
  t.Hears(Kind::kRejected, "customer", status);
  CHECK(t.Asked() == V{"bye agent " + std::to_string(status)});
  CHECK(t.Told() == V{fact});
  CHECK(t.last().error_code() == code);
  CHECK(t.call.over());
}

TEST_CASE("a customer who rings too long is cancelled", "[sip][anchored]") {
  Tale t;
  t.Answers("agent");
  t.Forget();
  t.Hears(Kind::kRingTimeout, "customer", 408);
  CHECK(t.Asked() == V{"cancel customer"});
  SECTION("and agrees") {
    t.Hears(Kind::kRejected, "customer", 487);
    CHECK(t.Asked() == V{"bye agent 487"});
  }
  SECTION("and has picked up meanwhile") {
    t.Answers("customer");
    CHECK(t.Asked() == V{"ack customer", "bye customer", "bye agent"});
  }
  CHECK(t.Told() == V{"CALL_NO_ANSWER CUSTOMER"});
  CHECK(t.call.over());
}

TEST_CASE("an agent who hangs up before the customer answers cancels the call", "[sip][anchored]") {
  Tale t;
  t.Answers("agent");
  t.Forget();
  t.Hears(Kind::kEnded, "agent");
  CHECK(t.Asked() == V{"cancel customer"});
  CHECK_FALSE(t.call.over());
  t.Hears(Kind::kRejected, "customer", 487);
  CHECK(t.Told() == V{"CALL_ENDED AGENT", "CALL_CANCELLED CUSTOMER"});
  CHECK(t.call.over());
}

TEST_CASE("hold, mute and keys ask nothing of the phones", "[sip][anchored]") {
  Tale t;
  CHECK(absl::IsFailedPrecondition(Hold(t.call).status()));
  CHECK(absl::IsFailedPrecondition(SendDigits(t.call, "1").status()));
  CHECK(absl::IsFailedPrecondition(Mute(t.call, true).status()));
  CHECK(absl::IsFailedPrecondition(StartRecording(t.call, "c1").status()));
  t.Connect();
  t.Take(Hold(t.call).value());
  CHECK(ToneOf(t, "customer") == media::Tone::kHoldMusic);
  CHECK_FALSE(Hear(t, "agent", "customer"));
  t.Take(Resume(t.call).value());
  CHECK(Hear(t, "agent", "customer"));
  t.Take(Mute(t.call, true).value());
  CHECK_FALSE(Hear(t, "customer", "agent"));
  t.Take(Mute(t.call, false).value());
  CHECK(Hear(t, "customer", "agent"));
  t.Take(SendDigits(t.call, "12#").value());
  CHECK(t.Asked().empty());
  CHECK(t.Ordered() == V{"press customer 12#"});
  CHECK(t.Told().empty());
}

TEST_CASE("a phone changes its sound by itself", "[sip][anchored][reinvite]") {
  Tale t;
  t.Connect();
  std::string answer;
  t.Take(Reoffered(t.call, "agent", Sound("sendonly", "10.0.0.7"), answer));
  CHECK(answer.find("a=recvonly") != std::string::npos);
  CHECK(t.Ordered() == V{"connect agent 10.0.0.7"});
  CHECK(t.Told() == V{"CALL_HELD AGENT"});
  CHECK(ToneOf(t, "customer") == media::Tone::kHoldMusic);
  t.Take(Reoffered(t.call, "agent", Sound("inactive"), answer));
  CHECK(answer.find("a=inactive") != std::string::npos);
  CHECK(t.Told().empty());
  t.Take(Reoffered(t.call, "agent", Sound(), answer));
  CHECK(t.Told() == V{"CALL_RESUMED AGENT"});
  CHECK(ToneOf(t, "customer") == media::Tone::kNone);
  t.Forget();
  SECTION("an offer that has nothing for us changes nothing") {
    t.Take(Reoffered(t.call, "agent", NoSound(), answer));
    CHECK(answer.empty());
    CHECK(t.Ordered().empty());
    CHECK(Hear(t, "agent", "customer"));
  }
  SECTION("asked for an offer we make one, and the ACK answers it") {
    t.Take(Reoffered(t.call, "agent", "", answer));
    CHECK(answer.find("m=audio 1000 ") != std::string::npos);
    CHECK(t.Ordered().empty());
    t.Hears(Kind::kAcknowledged, "agent", 200, Sound("sendonly", "10.0.0.8"));
    CHECK(t.Ordered() == V{"connect agent 10.0.0.8"});
    CHECK(t.Told() == V{"CALL_HELD AGENT"});
  }
  SECTION("of a leg that is not there any more it is refused") {
    t.Hears(Kind::kEnded, "agent");
    t.Take(Reoffered(t.call, "agent", Sound(), answer));
    CHECK(answer.empty());
  }
  CHECK(t.Asked().size() <= 1);
}

TEST_CASE("keys of the phones are told, each once", "[sip][anchored][keys]") {
  Tale t;
  t.Connect();
  t.Take(KeyPressed(t.call, "customer", '5', AnchoredLeg::Keys::kInSound));
  CHECK(t.Told() == V{"DTMF_RECEIVED CUSTOMER"});
  CHECK(t.last().digits() == "5");
  // The same key, told in another way.
  t.Take(KeyPressed(t.call, "customer", '5', AnchoredLeg::Keys::kBySignalling));
  CHECK(t.Told().empty());
  t.Take(KeyPressed(t.call, "agent", '#', AnchoredLeg::Keys::kBySignalling));
  CHECK(t.Told() == V{"DTMF_RECEIVED AGENT"});
  t.Take(KeyPressed(t.call, "nobody", '1', AnchoredLeg::Keys::kInSound));
  CHECK(t.Told().empty());
}

TEST_CASE("a phone that has fallen silent is hung up", "[sip][anchored]") {
  Tale t;
  t.Connect();
  t.Take(FellSilent(t.call, "agent"));
  CHECK(t.Asked() == V{"bye agent", "bye customer"});
  CHECK(t.Told() == V{"CALL_ENDED AGENT"});
  CHECK(t.call.over());
  Tale holds;
  holds.Connect();
  std::string answer;
  holds.Take(Reoffered(holds.call, "agent", Sound("inactive"), answer));
  holds.Take(FellSilent(holds.call, "agent"));
  CHECK(holds.Asked().empty());
}

TEST_CASE("silence counts of who is connected and not on hold", "[sip][anchored]") {
  Tale t;
  const auto& watched = t.call.scene.watched;
  t.Hears(Kind::kRinging, "agent", 183, Sound());
  CHECK(watched.empty());
  t.Take(FellSilent(t.call, "agent"));
  CHECK(t.call.legs.at("agent").phase == AnchoredLeg::Phase::kInviting);
  t.Answers("agent", "");  // as it said while it rang
  CHECK(watched == V{"agent"});
  t.Hears(Kind::kRinging, "customer", 183, Sound());
  CHECK(watched == V{"agent"});
  t.Answers("customer");
  CHECK(watched == V{"agent", "customer"});
  std::string answer;
  t.Take(Reoffered(t.call, "agent", Sound("sendonly"), answer));
  CHECK(watched == V{"customer"});
  t.Take(Hold(t.call).value());
  CHECK(watched.empty());
  t.Take(FellSilent(t.call, "customer"));
  t.Take(Resume(t.call).value());
  CHECK(watched == V{"customer"});
  t.Take(Reoffered(t.call, "agent", Sound(), answer));
  CHECK(watched == V{"agent", "customer"});
  t.Forget();
  t.Take(FellSilent(t.call, "customer"));
  CHECK(t.Asked() == V{"bye customer", "bye agent"});
  CHECK(watched.empty());
  t.Take(FellSilent(t.call, "customer"));  // told before it was hung up
  CHECK(t.Asked().empty());
}

TEST_CASE("a call is recorded from the join on", "[sip][anchored][recording]") {
  Tale t(true);
  t.Answers("agent");
  CHECK(t.Told().back() == "CALL_ANSWERED AGENT");
  t.Ordered();
  t.Answers("customer");
  CHECK(t.Told() == V{"CALL_ANSWERED CUSTOMER", "RECORDING_STARTED CUSTOMER"});
  CHECK(t.Ordered() == V{"connect customer 10.0.0.9", "record c1-m-1.wav"});
  t.Hears(Kind::kEnded, "customer");
  CHECK(t.Ordered() == V{"close customer", "close agent", "end recording"});
  CHECK_FALSE(t.call.over());
  t.Told();
  t.Take(RecordingDone(t.call, "c1-m-1.wav", absl::Seconds(3)));
  CHECK(t.Told() == V{"RECORDING_STOPPED CUSTOMER", "RECORDING_READY CUSTOMER"});
  CHECK(t.last().recording_url() == "ctc-recording:p1/c1-m-1.wav");
  // As who tells of it after a crash has it.
  CHECK(t.last().event_key() == ReadyFact(t.last().recording_url()).event_key());
  CHECK(t.call.over());
}

TEST_CASE("recordings are begun, paused and ended", "[sip][anchored][recording]") {
  Tale t;
  t.Connect();
  CHECK(absl::IsFailedPrecondition(StopRecording(t.call).status()));
  CHECK(absl::IsFailedPrecondition(PauseRecording(t.call, true).status()));
  // Of the session that has the conversation since a transfer.
  t.Take(StartRecording(t.call, "c2").value());
  CHECK(t.whose == "c2");
  t.Take(StartRecording(t.call, "c2").value());
  t.Take(PauseRecording(t.call, true).value());
  t.Take(PauseRecording(t.call, false).value());
  t.Take(StopRecording(t.call).value());
  CHECK(absl::IsFailedPrecondition(StopRecording(t.call).status()));
  CHECK(t.Ordered() == V{"record c2-m-1.wav", "pause", "go on", "end recording"});
  CHECK(t.Told() == V{"RECORDING_STARTED CUSTOMER"});
  t.Take(RecordingDone(t.call, "another.wav", absl::Seconds(3)));
  CHECK(t.Told().empty());
  SECTION("well") {
    t.Take(RecordingDone(t.call, "c2-m-1.wav", absl::Seconds(3)));
    CHECK(t.Told() == V{"RECORDING_STOPPED CUSTOMER", "RECORDING_READY CUSTOMER"});
    CHECK(t.whose == "c2");
    t.Take(StartRecording(t.call, "c1").value());
    CHECK(t.Ordered() == V{"record c1-m-2.wav"});
    CHECK(t.whose.empty());
  }
  SECTION("while another one has begun") {
    t.Take(StartRecording(t.call, "c1").value());
    t.Told();
    t.Take(RecordingDone(t.call, "c2-m-1.wav", absl::Seconds(3)));
    CHECK(t.whose == "c2");
    CHECK(t.call.Recording() != nullptr);
  }
  SECTION("with a full disk") {
    t.Take(RecordingDone(t.call, "c2-m-1.wav", absl::Seconds(-1)));
    CHECK(t.Told() == V{"RECORDING_STOPPED CUSTOMER", "RECORDING_FAILED CUSTOMER"});
    CHECK(t.whose == "c2");
  }
}

TEST_CASE("of a call whose process ends only the recording is waited for", "[sip][anchored]") {
  Tale t(true);
  t.Connect();
  t.Rings("party-1", Party::GUEST);
  t.Forget();
  t.Take(EndAtOnce(t.call));
  CHECK(t.Asked() == V{"bye agent", "bye customer", "cancel party-1"});
  CHECK(t.Told() == V{"CALL_ENDED CUSTOMER", "CALL_CANCELLED GUEST"});
  CHECK(t.Ordered() == V{"close agent", "close customer", "close party-1", "end recording"});
  CHECK_FALSE(t.call.over());
  t.Take(RecordingDone(t.call, "c1-m-1.wav", absl::Seconds(3)));
  CHECK(t.Told() == V{"RECORDING_STOPPED CUSTOMER", "RECORDING_READY CUSTOMER"});
  CHECK(t.call.over());
}

TEST_CASE("whatever the API hangs up is over at once", "[sip][anchored]") {
  Tale t;
  SECTION("while the agent rings") {
    t.Forget();
    t.Take(HangUp(t.call));
    CHECK(t.Asked() == V{"cancel agent"});
    t.Hears(Kind::kRejected, "agent", 487);
    CHECK(t.Told() == V{"CALL_CANCELLED AGENT"});
  }
  SECTION("in a conversation of three") {
    t.Connect();
    t.Rings("party-1", Party::GUEST);
    t.Answers("party-1");
    t.Forget();
    t.Take(HangUp(t.call));
    CHECK(t.Asked() == V{"bye agent", "bye customer", "bye party-1"});
    CHECK(t.Told() == V{"CALL_ENDED CUSTOMER"});
  }
  CHECK(t.call.over());
  CHECK(absl::IsFailedPrecondition(Resume(t.call).status()));
}

}  // namespace
}  // namespace ctc::providers::sip::native
