// The server with real sockets: phones on loopback.
#include "libs/media/media_server.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "libs/media/call_for_test.h"
#include "libs/media/rtcp.h"
#include "libs/media/tone.h"
#include "libs/media/tone_for_test.h"
#include "libs/testing/quiet_port.h"
#include "libs/testing/status_matchers.h"

namespace ctc::media {
namespace {

using testing::EventuallyTrue;
using testing::HasCode;
using testing::IsOk;

TEST_CASE("two hear each other, a third joins, one is muted", "[media][server]") {
  Call call;
  Leg& a = call.Join("a");
  Leg& b = call.Join("b", [](Stream& stream) { stream.codec = Codec::kPcma; });
  const std::map<std::string, int16_t> said = {{"a", 1000}, {"b", 2000}, {"c", 4000}};
  call.AwaitLevel(b, 0, said);  // nobody hears anybody before it is said
  call.server->SetHearing(kRoom, EverybodyOf({"a", "b", "c"}));
  call.AwaitLevel(b, 1000, said);
  call.AwaitLevel(a, 2000, said);
  Leg& c = call.Join("c");
  call.AwaitLevel(a, 6000, said);
  call.AwaitLevel(c, 3000, said);
  // c is muted: it hears and is not heard.
  call.server->SetHearing(kRoom, {{"a", "b"}, {"b", "a"}, {"a", "c"}, {"b", "c"}});
  call.AwaitLevel(a, 2000, said);
  call.AwaitLevel(c, 3000, said);
  call.server->Close(kRoom, "b");
  call.AwaitLevel(c, 1000, said);
  call.AwaitLevel(a, 0, said);
  call.Settle();
  const auto left = call.told.Ask([](Told& told) { return told.closed; });
  REQUIRE(left.contains("b"));
  CHECK(left.at("b").packets_received > 10);
  CHECK(left.at("b").packets_sent > 10);
  CHECK(left.at("b").packets_refused == 0);
}

TEST_CASE("one who is put on hold is neither sent to nor heard", "[media][server]") {
  Call call;
  Leg& a = call.Join("a");
  Leg& b = call.Join("b");
  const std::map<std::string, int16_t> said = {{"a", 1000}, {"b", 2000}};
  call.server->SetHearing(kRoom, EverybodyOf({"a", "b"}));
  call.AwaitLevel(b, 1000, said);
  Stream held = a.phone.stream();
  held.remote = {"0.0.0.0", 0};
  held.send = held.receive = false;
  REQUIRE_THAT(call.server->Connect(kRoom, "a", held), IsOk());
  call.Settle();
  b.phone.Listen();
  call.AwaitLevel(b, 0, said);
  a.phone.Listen();  // what it was sent before
  int frames = 0;
  call.Await(said, [&] { return (frames += b.phone.Listen().packets) > 5; }, "b is sent frames");
  CHECK(a.phone.Listen().packets == 0);
  REQUIRE_THAT(call.server->Connect(kRoom, "a", a.phone.stream()), IsOk());
  call.AwaitLevel(a, 2000, said);
}

TEST_CASE("a key is told once, and keys are pressed for a phone", "[media][server]") {
  Call call;
  Leg& a = call.Join("a");
  Leg& b = call.Join("b", [](Stream& stream) { stream.telephone_event.reset(); });
  a.phone.Press(a.server, '7');
  a.phone.Press(a.server, '#');
  const auto digits = [&call] { return call.told.Ask([](Told& told) { return told.digits; }); };
  call.Await({}, [&] { return digits().size() >= 4; }, "the keys are told");
  CHECK(digits() == "a7a#");

  std::string pressed;
  std::vector<int16_t> tones;
  call.server->SendDigits(kRoom, "a", "4x2");
  call.server->SendDigits(kRoom, "b", "5");
  call.Await(
      {},
      [&] {
        pressed += a.phone.Listen().digits;
        const auto heard = b.phone.Listen().samples;
        tones.insert(tones.end(), heard.begin(), heard.end());
        const auto loud =
            std::count_if(tones.begin(), tones.end(), [](int16_t s) { return s > 8000; });
        return pressed.size() >= 2 && loud > 50 && tones.back() == 0;
      },
      "the keys are heard");
  CHECK(pressed == "42");
  const auto begin = std::find_if(tones.begin(), tones.end(), [](int16_t s) { return s > 200; });
  REQUIRE(tones.end() - begin > 760);
  CHECK(LevelAt(std::span(begin, begin + 760), 770) > 5000);
  CHECK(LevelAt(std::span(begin, begin + 760), 1336) > 5000);
  CHECK(digits() == "a7a#");
}

TEST_CASE("keys are heard in the sound of a phone without events", "[media][server]") {
  Call call;
  Leg& a = call.Join("a", [](Stream& stream) { stream.telephone_event.reset(); });
  const auto tone = DigitSamples('9', absl::Milliseconds(100));
  // Spoken as a phone would, before and after silence, by its own clock: a frame that is late is
  // not made up for.
  const auto press = [&] {
    int said = 0;
    absl::Duration next = base::SystemClock().Monotonic();
    call.Await(
        {},
        [&] {
          const absl::Duration now = base::SystemClock().Monotonic();
          if (now < next) return false;
          next = now + kFrameLength;
          const std::vector<int16_t> silence(kFrameSamples);
          const bool on = said >= 10 && said < 15;
          const auto at = static_cast<size_t>(said - 10) * kFrameSamples;
          a.phone.SayFrame(a.server, on ? std::span(tone).subspan(at, kFrameSamples)
                                        : std::span<const int16_t>(silence));
          return ++said > 30;
        },
        "the key is pressed");
  };
  const auto digits = [&call] { return call.told.Ask([](Told& told) { return told.digits; }); };
  // A machine that stops in the midst of the tone tears it, so it is pressed again then.
  std::string before;
  for (int i = 0; i < 5 && digits() != before + "a9"; ++i) {
    before = digits();
    press();
  }
  CHECK(digits() == before + "a9");
}

TEST_CASE("strangers and garbage are not heard", "[media][server]") {
  Call call;
  Leg& a = call.Join("a", [](Stream& stream) { stream.latch = Latch::kNever; });
  Leg& b = call.Join("b");
  call.server->SetHearing(kRoom, EverybodyOf({"a", "b"}));
  call.AwaitLevel(b, 1000, {{"a", 1000}, {"b", 2000}});
  PhoneForTest stranger("127.0.0.1", 1);
  PhoneForTest far("127.0.0.2", 2);
  const std::map<std::string, int16_t> said = {{"a", 1000}, {"b", 2000}};
  int frames = 0;
  int rounds = 0;  // several, however many frames have waited to be heard
  call.Await(
      said,
      [&] {
        stranger.Say(a.server, 30000);
        far.Say(b.server, 30000);
        stranger.Press(a.server, '1');
        for (size_t length = 0; length < 40; ++length) {
          a.phone.SendRaw(a.server,
                          std::vector<uint8_t>(length, static_cast<uint8_t>(0x80 + length)));
          a.phone.SendRaw({a.server.ip, static_cast<uint16_t>(a.server.port + 1)},
                          std::vector<uint8_t>(length, static_cast<uint8_t>(0x81)));
        }
        a.phone.SendRaw(a.server, std::vector<uint8_t>(5000, 0x80));
        const auto heard = b.phone.Listen();
        frames += heard.packets;
        for (const int16_t sample : heard.samples) REQUIRE(std::abs(sample) < 1100);
        return ++rounds > 10 && frames > 20;
      },
      "b goes on hearing a");
  b.phone.Listen();
  call.AwaitLevel(b, 1000, said);
  CHECK(stranger.Listen().packets == 0);
  CHECK(call.told.Ask([](Told& told) { return told.digits; }).empty());
  call.server->CloseRoom(kRoom);
  EventuallyTrue([&] { return call.told.Ask([](Told& told) { return told.closed.size(); }) == 2; },
                 "both are closed");
  CHECK(call.told.Ask([](Told& told) { return told.closed.at("a"); }).packets_refused > 100);
}

TEST_CASE("sound goes where it comes from, when that is allowed", "[media][server]") {
  Call call;
  const bool allowed = GENERATE(true, false);
  Leg& a = call.Join(
      "a", [allowed](Stream& stream) { stream.latch = allowed ? Latch::kSameIp : Latch::kNever; });
  PhoneForTest moved;
  int packets = 0;
  call.Await(
      {},
      [&] {
        moved.Say(a.server, 1000);
        packets += (allowed ? moved : a.phone).Listen().packets;
        return packets > 10;
      },
      "it is sent where it should be");
  (allowed ? a.phone : moved).Listen();
  packets = 0;
  call.Await(
      {}, [&] { return (packets += (allowed ? moved : a.phone).Listen().packets) > 5; },
      "it goes on");
  CHECK((allowed ? a.phone : moved).Listen().packets == 0);
}

TEST_CASE("a phone that moves to another port is heard and spoken to there", "[media][server]") {
  Call call;
  Leg& a = call.Join("a");
  const std::map<std::string, int16_t> said = {{"a", 1000}};
  int packets = 0;
  call.Await(said, [&] { return (packets += a.phone.Listen().packets) > 3; }, "it is sent sound");
  PhoneForTest moved("127.0.0.1", 2);
  a.phone.Say(a.server, 1000);
  REQUIRE_THAT(call.server->Connect(kRoom, "a", moved.stream()), IsOk());
  // What it sent before goes on coming.
  packets = 0;
  call.Await(said, [&] { return (packets += moved.Listen().packets) > 5; }, "it is sent it there");
  moved.Press(a.server, '7');
  const auto digits = [&call] { return call.told.Ask([](Told& told) { return told.digits; }); };
  call.Await(said, [&] { return !digits().empty(); }, "it is heard there");
  CHECK(digits() == "a7");
  call.server->CloseRoom(kRoom);
  EventuallyTrue([&] { return call.told.Ask([](Told& told) { return told.closed.size(); }) == 1; },
                 "it is closed");
  CHECK(call.told.Ask([](Told& told) { return told.closed.at("a"); }).packets_refused > 0);
}

TEST_CASE("a prompt is played to one, and its end is told", "[media][server]") {
  Call call;
  Leg& a = call.Join("a");
  Leg& b = call.Join("b");
  call.server->SetHearing(kRoom, EverybodyOf({"a", "b"}));
  const auto prompt = std::make_shared<const std::vector<int16_t>>(8000, int16_t{500});
  const auto played = [&call] { return call.told.Ask([](Told& told) { return told.played; }); };
  call.server->Play(kRoom, "a", {prompt, Silence{absl::Milliseconds(100)}}, 1,
                    call.told.OnPlayed());
  int64_t heard = 0;
  call.Await(
      {},
      [&] {
        const bool told = !played().empty();
        const auto more = a.phone.Listen().samples;
        heard += std::count_if(more.begin(), more.end(), [](int16_t s) { return s > 450; });
        return told;
      },
      "the prompt ends");
  CHECK(heard > 7000);
  CHECK(played() == std::vector<bool>{true});
  for (const int16_t sample : b.phone.Listen().samples) REQUIRE(sample == 0);

  const std::vector<Clip> an_hour(3600, prompt);
  call.server->Play(kRoom, "a", an_hour, 2, call.told.OnPlayed());
  call.AwaitLevel(a, 2500, {{"b", 2000}});
  call.server->StopPlay(kRoom, "a", 1);  // not this one
  call.server->Play(kRoom, "a", an_hour, 3, call.told.OnPlayed());
  call.Await({}, [&] { return played().size() == 2; }, "another replaces it");
  call.AwaitLevel(a, 500, {});
  call.server->StopPlay(kRoom, "a", 3);
  call.AwaitLevel(a, 0, {});
  call.server->Play(kRoom, "nobody", {prompt}, 4, call.told.OnPlayed());
  call.server->Play(kRoom, "a", {prompt}, 5, call.told.OnPlayed());
  call.server->Close(kRoom, "a");
  call.Await({}, [&] { return played().size() == 5; }, "each is told");
  CHECK(played() == std::vector<bool>{true, false, false, false, false});
}

TEST_CASE("tones are heard until they are ended", "[media][server]") {
  Call call;
  Leg& a = call.Join("a");
  std::vector<int16_t> heard;
  // So many samples of what it is sent from now on, from the first that is loud.
  const auto listen = [&](ptrdiff_t samples) {
    call.Settle();
    a.phone.Listen();
    heard.clear();
    call.Await(
        {},
        [&] {
          const auto more = a.phone.Listen().samples;
          heard.insert(heard.end(), more.begin(), more.end());
          const auto loud = [](int16_t s) { return std::abs(s) > 200; };
          heard.erase(heard.begin(), std::find_if(heard.begin(), heard.end(), loud));
          return std::ssize(heard) >= samples;
        },
        "it is sent sound");
  };
  call.server->SetTone(kRoom, "a", Tone::kRingback);
  listen(1600);
  CHECK(LevelAt(std::span(heard).first(1600), 425) > 4000);
  call.server->SetTone(kRoom, "a", Tone::kHoldMusic);
  listen(8000);
  CHECK(std::count_if(heard.begin(), heard.end(), [](int16_t s) { return std::abs(s) > 300; }) >
        1000);
  call.server->SetTone(kRoom, "a", Tone::kNone);
  call.AwaitLevel(a, 0, {});
}

TEST_CASE("one who falls silent is told of, once each time", "[media][server]") {
  SteppedCall stepped({.silent_after = absl::Milliseconds(200)});  // ten frames
  Call& call = stepped.call;
  call.Join("b", [](Stream& stream) { stream.receive = false; });
  using Names = std::vector<std::string>;
  const auto silent = [&call] { return call.told.Ask([](Told& told) { return told.silent; }); };
  stepped.Step(15);
  CHECK(silent().empty());  // nobody wants to know
  call.server->SetWatched(kRoom, {"a", "b", "who is to come"});
  call.Settle();
  stepped.Step(9);
  CHECK(silent().empty());
  stepped.Step(1);
  CHECK(silent() == Names{"a"});
  stepped.Step(10);
  CHECK(silent() == Names{"a", "a"});
  stepped.Step(15, {{&stepped.a, 1000}});
  CHECK(silent().size() == 2);
  stepped.Step(10);
  CHECK(silent().size() == 3);
}

TEST_CASE("silence is counted from when a party is watched", "[media][server]") {
  SteppedCall stepped({.silent_after = absl::Milliseconds(200)});  // ten frames
  Call& call = stepped.call;
  const auto silent = [&call] {
    return call.told.Ask([](Told& told) { return told.silent.size(); });
  };
  const auto watch = [&call](std::vector<std::string> parties) {
    call.server->SetWatched(kRoom, std::move(parties));
    call.Settle();
  };
  stepped.Step(5);
  watch({"a"});
  stepped.Step(5);
  watch({"a"});  // changes nothing
  stepped.Step(4);
  CHECK(silent() == 0);
  stepped.Step(1);
  CHECK(silent() == 1);
  stepped.Step(5);
  watch({});
  stepped.Step(5);
  watch({"a"});
  stepped.Step(9);
  CHECK(silent() == 1);
  stepped.Step(1);
  CHECK(silent() == 2);
}

TEST_CASE("reports are sent, and read", "[media][server]") {
  Call call;
  Leg& a = call.Join("a");
  asio::io_context io;
  // RTCP's port is the next one; another program may have it, then there is nothing to be seen.
  boost::system::error_code error;
  asio::ip::udp::socket rtcp(io, asio::ip::udp::v4());
  rtcp.bind(
      {asio::ip::make_address("127.0.0.1"), static_cast<uint16_t>(a.phone.address().port + 1)},
      error);
  if (error) return;
  rtcp.non_blocking(true);
  std::array<uint8_t, 2048> bytes;
  std::optional<PeerReport> report;
  uint32_t theirs = 0;
  call.Await(
      {{"a", 1000}},
      [&] {
        const size_t count = rtcp.receive(asio::buffer(bytes), 0, error);
        if (!error) report = ReadRtcp(std::span(bytes).first(count), 1);
        if (report)
          theirs = uint32_t{bytes[4]} << 24 | uint32_t{bytes[5]} << 16 | uint32_t{bytes[6]} << 8 |
                   bytes[7];
        return report && report->sent_at && report->about_us;
      },
      "a report about us comes");
  // Answered at once: the way there and back is short.
  OurReport answer;
  answer.ssrc = 1;
  answer.now = base::SystemClock().Now();
  answer.heard = ReceptionReport{.ssrc = theirs};
  answer.peer_sent_at = *report->sent_at;
  answer.since_peer = absl::ZeroDuration();
  std::array<uint8_t, kLongestReport> out{};
  const size_t length = WriteRtcp(answer, out);
  rtcp.send_to(asio::buffer(out.data(), length),
               {asio::ip::make_address("127.0.0.1"), static_cast<uint16_t>(a.server.port + 1)});
  a.phone.Listen();
  int frames = 0;
  call.Await(
      {{"a", 1000}}, [&] { return (frames += a.phone.Listen().packets) > 60; }, "it is read");
  call.server->Close(kRoom, "a");
  EventuallyTrue([&] { return call.told.Ask([](Told& told) { return told.closed.size(); }) == 1; },
                 "it is closed");
  const auto last = call.told.Ask([](Told& told) { return told.closed.at("a"); });
  CHECK(last.round_trip > absl::ZeroDuration());
  CHECK(last.round_trip < absl::Minutes(1));
}

TEST_CASE("ports are even, end, and are given back", "[media][server]") {
  MediaConfig config;
  const uint16_t first = testing::QuietPort();
  config.first_port = first;
  config.last_port = static_cast<uint16_t>(first + 1);
  const auto server = MediaServer::Start(config).value();
  const Address address = server->Open("1", "a").value();
  CHECK(address == Address{"127.0.0.1", first});
  CHECK(first % 2 == 0);
  CHECK_THAT(server->Open("1", "a").status(), HasCode(absl::StatusCode::kAlreadyExists));
  CHECK_THAT(server->Open("1", "b").status(), HasCode(absl::StatusCode::kResourceExhausted));
  server->Close("1", "a");
  EventuallyTrue([&] { return server->Open("2", "a").ok(); }, "the port is given back");
}

TEST_CASE("what cannot be is refused", "[media][server]") {
  const auto refused = [](const MediaConfig& config) {
    return MediaServer::Start(config).status().code() == absl::StatusCode::kInvalidArgument;
  };
  CHECK(refused({.bind_ip = "localhost"}));
  CHECK(refused({.bind_ip = "0.0.0.0"}));
  CHECK(refused({.bind_ip = "127.0.0.1", .announced_ip = "::1"}));
  CHECK(refused({.first_port = 4001, .last_port = 4002}));
  CHECK(refused({.first_port = 4002, .last_port = 4001}));
  CHECK(refused({.first_port = 0, .last_port = 4001}));
  CHECK_THAT(MediaServer::Start({.bind_ip = "192.0.2.1"}).status(),
             HasCode(absl::StatusCode::kUnavailable));

  const auto server = MediaServer::Start({.announced_ip = "192.0.2.7"}).value();
  const auto connect = [&server](const std::string& ip, uint16_t port) {
    Stream stream;
    stream.remote = {ip, port};
    return server->Connect("1", "a", stream);
  };
  CHECK_THAT(connect("127.0.0.1", 4000), HasCode(absl::StatusCode::kNotFound));
  CHECK(server->Open("1", "a").value().ip == "192.0.2.7");
  CHECK_THAT(connect("127.0.0.1", 4000), IsOk());
  CHECK_THAT(connect("0.0.0.0", 0), IsOk());
  CHECK_THAT(connect("127.0.0.1", 0), HasCode(absl::StatusCode::kInvalidArgument));
  CHECK_THAT(connect("::1", 4000), HasCode(absl::StatusCode::kInvalidArgument));
  CHECK_THAT(connect("phone.example", 4000), HasCode(absl::StatusCode::kInvalidArgument));
  CHECK_THAT(connect("239.0.0.1", 4000), HasCode(absl::StatusCode::kInvalidArgument));
  server->CloseRoom("1");
  CHECK_THAT(connect("127.0.0.1", 4000), HasCode(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace ctc::media
