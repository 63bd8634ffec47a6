// How native calls end with the process that carries them, and what is told of those of a process
// that told nothing.
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>

#include "libs/providers/sip/native/recording_files.h"
#include "libs/providers/sip/native_world_for_test.h"

namespace ctc::providers::sip {
namespace {

using session::v1::CallFact;
using session::v1::Session;
using V = std::vector<std::string>;

// A file that a process which is no more has left.
std::string Left(const World& w, const std::string& name, int age = 0) {
  const std::filesystem::path path = std::filesystem::path(w.folder.path()) / "p1" / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << std::string(60, 'R');  // more than a head
  std::filesystem::last_write_time(
      path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(age));
  return "ctc-recording:p1/" + name;
}

V UrlsOf(const LookUpCallResponse& response) {
  V urls;
  for (const CallFact& fact : response.facts()) {
    CHECK(fact.kind() == CallFact::RECORDING_READY);
    urls.push_back(fact.recording_url());
  }
  return urls;
}

// "CALL_ENDED of call-1 LOST", "RECORDING_READY of call-1 <url>".
V WordsOf(const std::vector<session::v1::SessionFact>& facts) {
  V words;
  for (const auto& item : facts) {
    const CallFact& fact = item.fact();
    const bool reason = fact.reason() != session::v1::END_REASON_UNSPECIFIED;
    words.push_back(absl::StrCat(CallFact::Kind_Name(fact.kind()), " of ", item.session(),
                                 reason ? " " + session::v1::EndReason_Name(fact.reason()) : "",
                                 fact.recording_url().empty() ? "" : " " + fact.recording_url()));
    CHECK(item.provider_id() == "p1");
    CHECK_FALSE(fact.event_key().empty());
    CHECK(fact.has_received_time());
  }
  return words;
}

Session ASession(const std::string& id, Session::Status status = Session::CONNECTED) {
  Session session;
  session.set_id(id);
  session.set_conversation_id(id);
  session.set_status(status);
  session.set_submission(Session::ACCEPTED);
  return session;
}

TEST_CASE("who leaves has told the ends of its calls, and of their recordings",
          "[sip][native][leave]") {
  World w;
  w.more_settings = R"(,"media":"anchored")";
  const AccountPtr account = w.Written();
  dispatch::v1::CallOrder order = w.Order();
  order.set_record(true);
  REQUIRE(w.calls->Place(*account, order).outcome() == PlaceCallResponse::ACCEPTED);
  w.phone.Accept();
  w.phone.Accept();
  EventuallyTrue([&] { return w.told.Count("RECORDING_STARTED ") == 1; }, "the recording");
  std::future<void> left = std::async(std::launch::async, [&] { w.calls->Leave(); });
  w.phone.Answer("BYE", "200 OK");
  w.phone.Answer("BYE", "200 OK");
  left.get();
  CHECK(w.told.Count("CALL_ENDED ") == 1);
  CHECK(w.told.Count("RECORDING_STOPPED ") == 1);
  REQUIRE(w.told.recordings().size() == 1);
  CHECK(native::ReadRecording(w.folder.path(), account->config, w.told.recordings()[0]).ok());
  // It takes no more, and listens no more.
  const PlaceCallResponse refused = w.calls->Place(*account, w.Order("call-2"));
  CHECK(refused.outcome() == PlaceCallResponse::NOT_SENT);
  CHECK(w.calls->Attend({account}) == absl::InfiniteDuration());
  CHECK(w.calls->lines() == 0);
}

TEST_CASE("who leaves waits for no phone that rings, and not for ever for one that does not answer",
          "[sip][native][leave]") {
  World w;
  if (GENERATE(false, true)) w.more_settings = R"(,"media":"anchored")";
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  const std::string invite = w.phone.Answer("INVITE", "180 Ringing");
  std::future<absl::Duration> left = std::async(std::launch::async, [&] {
    const absl::Duration began = base::SystemClock().Monotonic();
    w.calls->Leave();
    return base::SystemClock().Monotonic() - began;
  });
  EventuallyTrue([&] { return w.told.Count("CALL_CANCELLED sip:487") == 1; }, "the end");
  CHECK(left.get() > absl::Seconds(2));  // it did wait for the phone
  CHECK(w.told.facts().back().fact().kind() == CallFact::CALL_CANCELLED);
  // The stack would wait for it in the end.
  w.phone.Answer("CANCEL", "200 OK");
  w.phone.AnswerTo(invite, "487 Request Terminated");
}

TEST_CASE("a call that is not here has left its recordings", "[sip][native][recording]") {
  World w;
  const AccountPtr account = w.Written();
  dispatch::v1::LookUpCallRequest request;
  *request.mutable_order() = w.Order();
  CHECK(w.calls->LookUp(*account, request).facts().empty());
  const std::string newer = Left(w, "call-1-ab-1.wav", 1);
  const std::string older = Left(w, "call-1-message-zz-2.wav", 2);
  for (const char* other : {"call-2-ab-1.wav", "call-11-ab-1.wav", "call-1-ab-1.txt",
                            "call-1-.wav.x", "call-1-a b.wav", "call-1.wav"}) {
    Left(w, other);
  }
  const LookUpCallResponse gone = w.calls->LookUp(*account, request);
  CHECK(gone.found() == LookUpCallResponse::NOT_FOUND);
  CHECK(UrlsOf(gone) == V{older, newer});
  // The same when asked again.
  CHECK(w.calls->LookUp(*account, request).SerializeAsString() == gone.SerializeAsString());
  // Of a call that is here the files are not complete.
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  const LookUpCallResponse here = w.calls->LookUp(*account, request);
  CHECK(here.found() == LookUpCallResponse::LIVE);
  CHECK(here.facts().empty());
  w.phone.Answer("INVITE", "486 Busy Here");
}

TEST_CASE("the end of a call is told that is nowhere any more", "[sip][native][lost]") {
  World w;
  const AccountPtr account = w.Written();
  const auto ended = [&](const Session& session) {
    const size_t before = w.told.facts().size();
    w.calls->EndLost(account, {session});
    const std::vector<session::v1::SessionFact> all = w.told.facts();
    return WordsOf({all.begin() + static_cast<ptrdiff_t>(before), all.end()});
  };
  Session session = ASession("call-1");
  SECTION("as its session stood") {
    CHECK(ended(session) == V{"CALL_ENDED of call-1 LOST"});
    session.set_status(Session::RINGING);
    CHECK(ended(session) == V{"CALL_FAILED of call-1 LOST"});
  }
  SECTION("but not of one whose request has no answer yet") {
    session.set_submission(Session::SENT);
    CHECK(ended(session).empty());
  }
  SECTION("with its recording") {
    session.set_is_recorded(true);
    CHECK(ended(session) == V{"CALL_ENDED of call-1 LOST", "RECORDING_STOPPED of call-1",
                              "RECORDING_FAILED of call-1"});
    const std::string url = Left(w, "call-1-ab-1.wav");
    CHECK(ended(session) == V{"CALL_ENDED of call-1 LOST", "RECORDING_STOPPED of call-1",
                              "RECORDING_READY of call-1 " + url});
    // What was told before is no news.
    session.set_recording_url(url);
    CHECK(ended(session) == V{"CALL_ENDED of call-1 LOST", "RECORDING_READY of call-1 " + url});
  }
  SECTION("with a recording that began before a transfer") {
    session = ASession("call-3");
    session.set_conversation_id("call-1");
    session.set_parent_session_id("call-2");
    session.set_is_recorded(true);
    Left(w, "call-1-ab-1.wav", 3);
    const std::string url = Left(w, "call-1-ab-2.wav", 2);
    CHECK(ended(session) == V{"CALL_ENDED of call-3 LOST", "RECORDING_STOPPED of call-1",
                              "RECORDING_READY of call-1 " + url});
    const std::string own = Left(w, "call-3-ab-3.wav", 1);
    CHECK(ended(session) == V{"CALL_ENDED of call-3 LOST", "RECORDING_STOPPED of call-3",
                              "RECORDING_READY of call-3 " + own});
    session.set_is_recorded(false);
    std::filesystem::remove_all(w.folder.path());
    CHECK(ended(session) == V{"CALL_ENDED of call-3 LOST"});
  }
  SECTION("but not of one that is here") {
    REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
    CHECK(ended(session).empty());
    session = ASession("call-2");  // of the same conversation
    session.set_conversation_id("call-1");
    CHECK(ended(session).empty());
    w.phone.Answer("INVITE", "486 Busy Here");
    EventuallyTrue([&] { return !w.IsLive(account); }, "the call to end");
    CHECK(ended(session) == V{"CALL_ENDED of call-2 LOST"});
  }
}

TEST_CASE("a caller's recordings are named by the session", "[sip][native][recording]") {
  World w;
  w.more_settings = R"(,"media":"anchored")";
  const AccountPtr account = w.Written();
  std::promise<native::FlowNote> asking;
  native::Outlets outlets = OutletsTo(w.told);
  std::atomic<bool> asked = false;
  outlets.flows = [&](const AccountPtr&, native::FlowNote note) {
    if (!asked.exchange(true)) asking.set_value(std::move(note));
  };
  w.calls = std::make_unique<NativeCalls>(
      native::Ground{w.clock, base::SystemRandom(), std::move(outlets),
                     http::AddressGuard::Everywhere(), w.folder.path()});
  w.AwaitListening({account});
  Phone trunk("127.0.0.2");
  const std::string from = "From: <sip:c@x>;tag=c\r\n";
  trunk.Request("INVITE", "sip:+15550199@127.0.0.1", w.own_port,
                from + "To: <sip:+15550199@127.0.0.1>\r\nCall-ID: c1\r\n", "", kSound);
  const native::FlowNote note = asking.get_future().get();
  // Its session is there, and not known here yet.
  Session session = ASession("s-1");
  session.set_provider_call_id(note.provider_call_id);
  w.calls->EndLost(account, {session});
  CHECK(w.told.facts().empty());
  native::FlowAnswer answer{"s-1", {}};
  answer.step.set_number(1);
  answer.step.mutable_voicemail()->set_max_seconds(30);
  note.done(answer);
  const std::string taken = trunk.Await("SIP/2.0 200");
  const std::string contact = FieldOf(taken, "Contact");
  trunk.Request("ACK", contact.substr(1, contact.find('>') - 1), w.own_port,
                absl::StrCat(from, "To: ", FieldOf(taken, "To"), "\r\nCall-ID: c1\r\n"));
  EventuallyTrue(
      [&] { return native::RecordingList(w.folder.path(), account->config).Of("s-1").size() == 1; },
      "the message's file");
  std::future<void> left = std::async(std::launch::async, [&] { w.calls->Leave(); });
  trunk.Answer("BYE", "200 OK");
  left.get();
  CHECK(w.told.Count("CALL_ENDED ") == 1);
}

}  // namespace
}  // namespace ctc::providers::sip
