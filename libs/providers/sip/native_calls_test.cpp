// The lines of native accounts: when one stays, is replaced, is listened for again and ends.
#include <malloc.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>
#include <future>

#include "libs/base/error_catalogue.h"
#include "libs/providers/sip/native/recording_files.h"
#include "libs/providers/sip/native_world_for_test.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::sip {
namespace {

TEST_CASE("a line outlives what does not concern it, and is replaced by what does",
          "[sip][native]") {
  World w;
  const AccountPtr first = w.Written();
  REQUIRE(w.calls->Attend({first}) == absl::InfiniteDuration());
  REQUIRE(w.calls->Place(*first, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  const AccountPtr dearer = w.Written(7);
  CHECK(w.calls->Attend({dearer}) == absl::InfiniteDuration());
  CHECK(w.calls->lines() == 1);
  // The password is another, and the call that goes on keeps the account's own address.
  const AccountPtr changed = w.Written(7, "new");
  CHECK(w.calls->Attend({changed}) == absl::Seconds(1));
  const PlaceCallResponse refused = w.calls->Place(*changed, w.Order("call-2"));
  CHECK(refused.outcome() == PlaceCallResponse::NOT_SENT);
  CHECK(refused.error_message().find("not yet") != std::string::npos);
  CHECK(w.IsLive(changed));
  w.phone.Answer("INVITE", "486 Busy Here");
  EventuallyTrue([&] { return !w.IsLive(changed); }, "the call to end");
  w.AwaitListening({changed});
  CHECK(w.calls->lines() == 1);
}

TEST_CASE("the line of an account that is no more ends with its last call", "[sip][native]") {
  World w;
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  CHECK(w.calls->Attend({}) == absl::Seconds(30));
  CHECK(w.calls->lines() == 1);
  w.phone.Answer("INVITE", "486 Busy Here");
  w.AwaitListening({});
  CHECK(w.calls->lines() == 0);
  // Switched on again, it is as before.
  w.AwaitListening({account});
  CHECK(w.calls->lines() == 1);
}

TEST_CASE("an account that cannot listen is tried again later, or when it was written",
          "[sip][native]") {
  World w;
  Phone squatter("127.0.0.1", w.own_port);
  const AccountPtr account = w.Written();
  CHECK(w.calls->Attend({account}) == absl::Seconds(30));
  squatter.Close();
  w.clock.Advance(absl::Seconds(10));
  CHECK(w.calls->Attend({account}) == absl::Seconds(20));
  CHECK(w.calls->lines() == 0);
  const bool later = GENERATE(true, false);
  if (later) w.clock.Advance(absl::Seconds(20));
  const absl::Duration began = w.clock.Monotonic();
  // What is left of the first try may have the address a moment longer, of real time.
  w.AwaitListening({later ? account : w.Written()}, absl::Milliseconds(1));
  CHECK(w.clock.Monotonic() - began < absl::Seconds(20));
  CHECK(w.calls->lines() == 1);
}

TEST_CASE("a re-INVITE that is put off is made again", "[sip][native]") {
  World w;
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  w.phone.Accept();
  w.phone.Await("ACK");
  w.phone.Accept();  // the customer; acknowledged with the agent's answer
  // The one that would join them.
  w.phone.Answer("INVITE", "500 Server Internal Error", "Retry-After: 0\r\n");
  w.phone.Await("ACK");
  w.phone.Accept();
  EventuallyTrue([&] { return w.told.Count("CALL_ANSWERED ") == 2; }, "both to have picked up");
  CHECK(w.IsLive(account));
  CHECK(w.told.Count("CALL_FAILED sip:500") == 0);
  w.HangUp(account);
}

TEST_CASE("a re-INVITE that crosses the phone's own is made again", "[sip][native]") {
  World w;
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  w.phone.Accept();
  w.phone.Await("ACK");
  w.phone.Accept();
  w.phone.Answer("INVITE", "491 Request Pending");
  w.phone.Await("ACK");
  w.phone.Accept();
  EventuallyTrue([&] { return w.told.Count("CALL_ANSWERED ") == 2; }, "both to have picked up");
  CHECK(w.IsLive(account));
  w.HangUp(account);
}

TEST_CASE("what we serve is said, and no more", "[sip][native]") {
  World w;
  const bool anchored = GENERATE(false, true);
  if (anchored) w.more_settings = R"(,"media":"anchored")";
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  const std::string invite = w.phone.Answer("INVITE", "486 Busy Here");
  const std::string served = "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, REFER";
  CHECK(FieldOf(invite, "Allow") == served + (anchored ? ", INFO" : ""));
  CHECK(FieldOf(invite, "Supported") == "timer, replaces");
  // A trunk that may call, and must have its 18x acknowledged.
  Phone trunk("127.0.0.2");
  trunk.Request("INVITE", "sip:+15550199@127.0.0.1", w.own_port,
                "From: <sip:c@x>;tag=c\r\nTo: <sip:+15550199@127.0.0.1>\r\nCall-ID: c1\r\n",
                "Require: 100rel\r\n", kSound);
  const std::string refused = trunk.Await("SIP/2.0 420");
  CHECK(FieldOf(refused, "Unsupported") == "100rel");
}

TEST_CASE("an UPDATE refreshes, or is answered as a re-INVITE", "[sip][native]") {
  World w;
  const bool anchored = GENERATE(false, true);
  if (anchored) w.more_settings = R"(,"media":"anchored")";
  const AccountPtr account = w.Written();
  REQUIRE(w.calls->Place(*account, w.Order()).outcome() == PlaceCallResponse::ACCEPTED);
  const std::string invite = w.phone.Accept();
  w.phone.Await("ACK");
  w.phone.Accept();
  if (!anchored) w.phone.Accept();
  EventuallyTrue([&] { return w.told.Count("CALL_ANSWERED ") == 2; }, "both to have picked up");
  w.phone.RequestIn(invite, "UPDATE", w.own_port);
  const std::string refreshed = w.phone.Await("SIP/2.0");
  CHECK(absl::StartsWith(refreshed, "SIP/2.0 200"));
  CHECK_FALSE(absl::StrContains(refreshed, "m=audio"));
  w.phone.RequestIn(invite, "UPDATE", w.own_port, kSound);
  const std::string answered = w.phone.Await("SIP/2.0");
  CHECK(absl::StartsWith(answered, "SIP/2.0 200"));
  CHECK(absl::StrContains(answered, "m=audio"));
  w.phone.RequestIn(invite, "MESSAGE", w.own_port);
  CHECK(absl::StartsWith(w.phone.Await("SIP/2.0"), "SIP/2.0 405"));
  CHECK(w.IsLive(account));
  w.HangUp(account);
}

TEST_CASE("the password is proven to the account's own hosts alone", "[sip][native]") {
  World w;
  Phone elsewhere("127.0.0.3");
  const AccountPtr account = w.Written();
  dispatch::v1::CallOrder order = w.Order();
  const std::string moved = "Contact: <sip:ann@" + elsewhere.host() + ">\r\n";
  SECTION("not to a phone elsewhere") {
    order.set_agent_phone("ann@" + elsewhere.host());
    REQUIRE(w.calls->Place(*account, order).outcome() == PlaceCallResponse::ACCEPTED);
    elsewhere.Answer("INVITE", "401 Unauthorized", kChallenge);
    EventuallyTrue([&] { return w.told.Count("CALL_FAILED sip:401") == 1; }, "the call to fail");
  }
  SECTION("not to where a call was sent on") {
    REQUIRE(w.calls->Place(*account, order).outcome() == PlaceCallResponse::ACCEPTED);
    w.phone.Answer("INVITE", "302 Moved Temporarily", moved);
    elsewhere.Answer("INVITE", "401 Unauthorized", kChallenge);
    EventuallyTrue([&] { return w.told.Count("CALL_FAILED sip:401") == 1; }, "the call to fail");
  }
  SECTION("nor goes a call that showed it on from there") {
    REQUIRE(w.calls->Place(*account, order).outcome() == PlaceCallResponse::ACCEPTED);
    w.phone.Answer("INVITE", "401 Unauthorized", kChallenge);
    w.phone.Await("ACK");
    const std::string proven = w.phone.Answer("INVITE", "302 Moved Temporarily", moved);
    CHECK(absl::StrContains(proven, "Authorization: Digest"));
    EventuallyTrue([&] { return w.told.Count("CALL_FAILED sip:302") == 1; }, "the call to fail");
  }
  SECTION("but within the account's own host") {
    REQUIRE(w.calls->Place(*account, order).outcome() == PlaceCallResponse::ACCEPTED);
    w.phone.Answer("INVITE", "302 Moved Temporarily",
                   "Contact: <sip:ben@" + w.phone.host() + ">\r\n");
    w.phone.Await("ACK");
    w.phone.Answer("INVITE", "401 Unauthorized", kChallenge);
    w.phone.Await("ACK");
    CHECK(absl::StrContains(w.phone.Accept(), "Authorization: Digest"));
    w.phone.Await("ACK");
    w.phone.Accept();
    w.phone.Accept();
    EventuallyTrue([&] { return w.told.Count("CALL_ANSWERED ") == 2; }, "both to have picked up");
    w.HangUp(account);
  }
}

TEST_CASE("what strangers ask leaves nothing behind", "[sip][native]") {
  World w;
  REQUIRE(w.calls->Attend({w.Written()}) == absl::InfiniteDuration());
  // Over TCP the stack need not keep its answers for repetitions.
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), static_cast<uint16_t>(w.own_port)});
  int asked = 0;
  std::string heard;
  const auto ask = [&](const std::string& method, const std::string& status) {
    ++asked;
    const std::string request = absl::StrCat(
        method, " sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK", asked,
        "\r\nFrom: <sip:s@x>;tag=s\r\nTo: <sip:x@127.0.0.1>\r\nCall-ID: ", asked, "\r\nCSeq: 1 ",
        method, "\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n");
    asio::write(socket, asio::buffer(request));
    const size_t end = asio::read_until(socket, asio::dynamic_buffer(heard), "\r\n\r\n");
    REQUIRE(heard.starts_with("SIP/2.0 " + status));
    heard.erase(0, end);
  };
  const auto in_use = [] { return static_cast<int64_t>(mallinfo2().uordblks); };
  constexpr int kTimes = 3000;
  for (int i = 0; i < 300; ++i) ask("OPTIONS", "200");
  const int64_t before = in_use();
  for (int i = 0; i < kTimes; ++i) ask("OPTIONS", "200");
  CHECK(in_use() - before < int64_t{kTimes} * 500);
  for (const char* method : {"MESSAGE", "SUBSCRIBE", "NOTIFY", "REGISTER", "PUBLISH", "INFO"}) {
    ask(method, "405");
  }
  ask("UPDATE", "481");
}

TEST_CASE("a call of a session that had one before keeps the recording of that", "[sip][native]") {
  World w;
  w.more_settings = R"(,"media":"anchored")";
  const AccountPtr account = w.Written();
  dispatch::v1::CallOrder order = w.Order();
  order.set_record(true);
  dispatch::v1::ControlCallRequest hang_up;
  *hang_up.mutable_order() = order;
  hang_up.set_action(dispatch::v1::ControlCallRequest::HANG_UP);
  for (size_t calls = 1; calls <= 2; ++calls) {
    REQUIRE(w.calls->Place(*account, order).outcome() == PlaceCallResponse::ACCEPTED);
    w.phone.Accept();
    w.phone.Accept();
    EventuallyTrue([&] { return w.told.Count("RECORDING_STARTED ") == calls; }, "the recording");
    CHECK(w.calls->Control(*account, hang_up).ok());
    w.phone.Answer("BYE", "200 OK");
    w.phone.Answer("BYE", "200 OK");
    EventuallyTrue([&] { return w.told.recordings().size() == calls; }, "its file");
    EventuallyTrue([&] { return !w.IsLive(account); }, "the call to end");
  }
  CHECK(w.told.recordings()[0] != w.told.recordings()[1]);
  for (const std::string& url : w.told.recordings()) {
    CHECK(native::ReadRecording(w.folder.path(), account->config, url).ok());
  }
}

TEST_CASE("a check is answered by the proxy, or by the end of the line", "[sip][native]") {
  World w;
  testing::IoThreads threads;
  const AccountPtr account = w.Written();
  std::future<absl::StatusOr<std::string>> checked =
      asio::co_spawn(threads.executor(), w.calls->Check(*account), asio::use_future);
  SECTION("the proxy") {
    w.phone.Answer("OPTIONS", "404 Not Found");
    CHECK(checked.get().value() == "the proxy answers OPTIONS with 404");
  }
  SECTION("the end") {
    w.phone.Await("OPTIONS");
    w.AwaitListening({});  // the thread that asked may hold the line a moment longer
    CHECK(w.calls->lines() == 0);
    CHECK(base::IsError(checked.get().status(), base::kProviderUnreachable));
  }
}

}  // namespace
}  // namespace ctc::providers::sip
