// The live feed over server-sent events and WebSockets, with a session service that keeps a log.
#include <condition_variable>

#include "ctc/session/v1/session_service.rpc.h"
#include "libs/crypto/crypto.h"
#include "libs/http/client.h"
#include "libs/testing/eventually.h"
#include "services/gateway/service/edge_fixture_for_test.h"

namespace ctc::gateway {
namespace {

constexpr const char* kEvents = "/api/v1/events";

// The feed of the session service, in memory.
class FakeLog {
 public:
  explicit FakeLog(FakePeers& peers) {
    peers.On<session::v1::ReadFeedRequest, session::v1::ReadFeedResponse>(
        session::v1::SessionServiceRpc::kReadFeed,
        [this](const session::v1::ReadFeedRequest& request) { return Read(request); });
  }
  void Append(const char* tenant, const char* agent, const char* type) {
    base::MutexLock lock(mutex_);
    session::v1::CallEvent event;
    event.set_seq(static_cast<int64_t>(events_.size()) + 1);
    event.set_tenant_id(tenant);
    event.set_agent_id(agent);
    event.set_type(type);
    events_.push_back(event);
    news_.notify_all();
  }

 private:
  absl::StatusOr<session::v1::ReadFeedResponse> Read(const session::v1::ReadFeedRequest& request) {
    base::MutexLock lock(mutex_);
    session::v1::ReadFeedResponse response;
    const auto newest = [&] { return static_cast<int64_t>(events_.size()); };
    if (request.after_seq() < 0) {
      response.set_last_seq(newest());
      return response;
    }
    if (request.wait_ms() > 0 && request.after_seq() >= newest()) {
      std::unique_lock native(mutex_.native(), std::adopt_lock);
      news_.wait_for(native, std::chrono::milliseconds(20));
      native.release();
    }
    response.set_last_seq(request.after_seq());
    for (const auto& event : events_) {
      if (event.seq() <= request.after_seq()) continue;
      response.set_last_seq(event.seq());
      if (!request.tenant_id().empty() && event.tenant_id() != request.tenant_id()) continue;
      *response.add_events() = event;
    }
    return response;
  }

  base::Mutex mutex_;
  std::condition_variable news_;
  std::vector<session::v1::CallEvent> events_;
};

struct LiveFixture : EdgeFixture {
  LiveFixture() : EdgeFixture(EdgeOptions()), log(peers) {
    done = asio::co_spawn(feed.executor(), feed.Run(), asio::use_future);
  }
  // What runs in the background uses everything here: the reader, the streams, and the wake-up that
  // Stop has posted.
  ~LiveFixture() {
    feed.Stop();
    done.get();
    io.Run(server->Drain(absl::Seconds(10)));
    asio::post(feed.executor(), asio::use_future).get();
  }
  http::RawSocket Open(const std::string& target, const Headers& headers = {}) const {
    http::RawSocket socket = http::RawSocket::Connect(server->port());
    socket.Send(Text("GET", target, "", headers));
    return socket;
  }
  FakeLog log;
  std::future<void> done;
};

TEST_CASE("an event stream shows what happens from now on, of its tenant", "[live]") {
  LiveFixture f;
  f.log.Append("t-1", "a", "session.old");
  http::RawSocket socket = f.Open(kEvents);
  const std::string head = socket.ReceiveText(": from 1\n\n");
  CHECK(head.find("text/event-stream") != std::string::npos);
  CHECK(head.find("X-Accel-Buffering: no") != std::string::npos);
  f.log.Append("t-2", "a", "session.theirs");
  f.log.Append("t-1", "a", "session.ringing");
  const std::string text = socket.ReceiveText("session.ringing\"");
  CHECK(text.find("id: 3\nevent: session.ringing\ndata: {\"seq\":3,") != std::string::npos);
  CHECK(text.find("theirs") == std::string::npos);
  CHECK(text.find("session.old") == std::string::npos);
}

TEST_CASE("a stream resumes after the event seen last", "[live]") {
  LiveFixture f;
  for (const char* type : {"e.1", "e.2", "e.3"}) f.log.Append("t-1", "a", type);
  const bool header = GENERATE(true, false);
  http::RawSocket socket = header ? f.Open(kEvents, {{"Last-Event-ID", "1"}})
                                  : f.Open(std::string(kEvents) + "?after=1");
  const std::string text = socket.ReceiveText("e.3\"");
  CHECK(text.find("id: 2\n") != std::string::npos);
  CHECK(text.find("id: 1\n") == std::string::npos);
  f.log.Append("t-1", "a", "e.4");
  CHECK(socket.ReceiveText("e.4\"").find("id: 4\n") != std::string::npos);
}

TEST_CASE("an agent sees its own events, and may not ask for another's", "[live]") {
  LiveFixture f;
  const EdgeFixture::Headers agent = {{"Authorization", std::string("Bearer ") + kAgentToken}};
  http::RawSocket socket = f.Open(kEvents, agent);
  socket.ReceiveText(": from 0\n\n");
  f.log.Append("t-1", "agent-8", "not.mine");
  f.log.Append("t-1", "agent-7", "mine");
  const std::string text = socket.ReceiveText("\"mine\"");
  CHECK(text.find("id: 2\n") != std::string::npos);
  CHECK(text.find("not.mine") == std::string::npos);
  CHECK(f.Send("GET", std::string(kEvents) + "?agent_id=agent-8", "", agent).status == 404);
}

TEST_CASE("a stream that makes no sense is refused", "[live]") {
  LiveFixture f;
  CHECK(f.Send("GET", std::string(kEvents) + "?after=x").status == 400);
  CHECK(f.Send("GET", std::string(kEvents) + "?token=x").status == 400);
  CHECK(f.Send("GET", kEvents, "", {{"Last-Event-ID", "-1"}}).status == 400);
  CHECK(f.Send("GET", kEvents, "", {{"Authorization", ""}}).status == 401);
  CHECK(f.Send("GET", kEvents, "", {{"X-Tenant-ID", "t-2"}}).status == 403);
}

TEST_CASE("a stop ends the streams and says when to come back", "[live]") {
  LiveFixture f;
  http::RawSocket socket = f.Open(kEvents);
  socket.ReceiveText(": from 0\n\n");
  f.feed.Stop();
  CHECK(socket.ReceiveText("retry: 1000").find("retry: 1000") != std::string::npos);
}

TEST_CASE("a WebSocket carries the same events and resumes by its first message", "[live]") {
  LiveFixture f;
  f.log.Append("t-1", "a", "e.1");
  f.log.Append("t-1", "a", "e.2");
  const std::string url = "ws://127.0.0.1:" + std::to_string(f.server->port()) + "/api/v1/ws";
  const EdgeFixture::Headers headers = {{"Authorization", std::string("Bearer ") + kToken},
                                        {"X-Tenant-ID", "t-1"}};
  auto socket =
      f.io.Run(http::ConnectWebSocket(url, headers, absl::Seconds(20), absl::Seconds(20)));
  REQUIRE(socket.ok());
  REQUIRE(f.io.Run((*socket)->Write(R"({"resume_after":1})")).ok());
  const auto read = [&] { return nlohmann::json::parse(*f.io.Run((*socket)->Read())); };
  CHECK(read()["type"] == "e.2");
  f.log.Append("t-1", "a", "e.3");
  CHECK(read()["seq"] == 3);
  f.io.Run((*socket)->Close(1000, ""));
}

constexpr absl::Duration kHeartbeat = absl::Seconds(15);

// A stream of either kind that began, of agent-7, with a token of its own.
struct Listener {
  Listener(LiveFixture& f, const std::string& token, bool over_websocket)
      : websocket(over_websocket), socket(http::RawSocket::Connect(f.server->port())) {
    const std::string who = "Authorization: Bearer " + token + "\r\nX-Tenant-ID: t-1\r\n";
    const std::string upgrade =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    socket.Send(websocket
                    ? "GET /api/v1/ws?after=0 HTTP/1.1\r\nHost: x\r\n" + upgrade + who + "\r\n"
                    : "GET /api/v1/events?after=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                          who + "\r\n");
    f.log.Append("t-1", "agent-7", "first");
    seen = socket.ReceiveText("\"first\"");
  }
  bool Has(std::string_view text) const { return seen.find(text) != std::string::npos; }
  // Whether the stream came to the end that is its kind's way to say that the token ended.
  bool EndedByToken() const {
    const std::string reason = "the token is no longer valid";
    const std::string close = "\x88" + std::string(1, static_cast<char>(reason.size() + 2)) +
                              "\x03\xf0" + reason;  // 1008
    return websocket ? Has(close) : socket.closed() && Has(": " + reason + "\n\n");
  }
  void ReceiveEnd() {
    seen += websocket ? socket.ReceiveText("the token is no longer valid") : socket.ReceiveAll();
  }

  const bool websocket;
  http::RawSocket socket;
  std::string seen;
};

ApiKeyRecord AddKey(LiveFixture& f) { return f.api_keys.Add("ctc_own", "t-1", "AGENT", "agent-7"); }

void Revoke(LiveFixture& f, const ApiKeyRecord& key) {
  const absl::Time now = f.clock.Now();
  REQUIRE(f.io.Run(f.api_keys.Revoke(now, key.tenant, key.id, now)).ok());
}

TEST_CASE("a stream ends with its key, and shows nothing that came after it", "[live]") {
  LiveFixture f;
  const ApiKeyRecord key = AddKey(f);
  Listener listener(f, "ctc_own", GENERATE(false, true));
  REQUIRE(listener.Has("\"first\""));
  Revoke(f, key);
  f.clock.Advance(kHeartbeat);
  f.log.Append("t-1", "agent-7", "second");
  listener.ReceiveEnd();
  CHECK(listener.EndedByToken());
  CHECK_FALSE(listener.Has("\"second\""));
}

TEST_CASE("a stream on which nothing happens ends with its key, too", "[live]") {
  LiveFixture f;
  const ApiKeyRecord key = AddKey(f);
  Listener listener(f, "ctc_own", GENERATE(false, true));
  Revoke(f, key);
  // Its wait may begin after the clock was moved, and then ends by the next heartbeat.
  for (int i = 0; i < 200 && !listener.EndedByToken(); ++i) {
    f.clock.Advance(kHeartbeat);
    f.log.Append("t-1", "agent-8", "not.mine");
    listener.seen += listener.socket.ReceiveAll(std::chrono::milliseconds(50));
  }
  CHECK(listener.EndedByToken());
  CHECK_FALSE(listener.Has("not.mine"));
}

TEST_CASE("a stream ends when its JWT has expired", "[live]") {
  LiveFixture f;
  const nlohmann::json claims = {{"tenant_id", "t-1"},
                                 {"role", "agent"},
                                 {"agent_id", "agent-7"},
                                 {"sub", "u-1"},
                                 {"exp", absl::ToUnixSeconds(f.clock.Now()) + 600}};
  const std::string data =
      crypto::ToBase64Url(R"({"alg":"HS256"})") + "." + crypto::ToBase64Url(claims.dump());
  const std::string token =
      data + "." + crypto::ToBase64Url(crypto::HmacSha256("jwt secret", data));
  Listener listener(f, token, GENERATE(false, true));
  f.clock.Advance(absl::Minutes(5));
  f.log.Append("t-1", "agent-7", "second");
  listener.seen += listener.socket.ReceiveText("\"second\"");
  REQUIRE(listener.Has("\"second\""));
  CHECK_FALSE(listener.EndedByToken());
  f.clock.Advance(absl::Minutes(10));
  f.log.Append("t-1", "agent-7", "third");
  listener.ReceiveEnd();
  CHECK(listener.EndedByToken());
  CHECK_FALSE(listener.Has("\"third\""));
}

TEST_CASE("a stream goes on while its key is valid, or nobody can tell", "[live]") {
  LiveFixture f;
  AddKey(f);
  Listener listener(f, "ctc_own", GENERATE(false, true));
  const bool away = GENERATE(false, true);
  if (away) f.api_keys.Break(absl::UnavailableError("the database is away"));
  const int asked = f.api_keys.lookups();
  f.clock.Advance(absl::Hours(1));  // far beyond what the cache answers for
  f.log.Append("t-1", "agent-7", "second");
  listener.seen += listener.socket.ReceiveText("\"second\"");
  CHECK(listener.Has("\"second\""));
  CHECK(f.api_keys.lookups() == asked + 1);
  CHECK_FALSE(listener.EndedByToken());
}

TEST_CASE("a busy stream asks for its key once a heartbeat, not with every event", "[live]") {
  LiveFixture f;
  AddKey(f);
  Listener listener(f, "ctc_own", false);
  const int asked = f.api_keys.lookups();
  f.clock.Advance(kHeartbeat - absl::Seconds(1));
  for (const char* type : {"e.1", "e.2"}) {
    f.log.Append("t-1", "agent-7", type);
    listener.socket.ReceiveText(std::string("\"") + type + "\"");
  }
  CHECK(f.api_keys.lookups() == asked);
  f.clock.Advance(absl::Seconds(1));
  for (const char* type : {"e.3", "e.4"}) {
    f.log.Append("t-1", "agent-7", type);
    listener.socket.ReceiveText(std::string("\"") + type + "\"");
  }
  CHECK(f.api_keys.lookups() == asked + 1);
}

}  // namespace
}  // namespace ctc::gateway
