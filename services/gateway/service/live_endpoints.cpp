#include "services/gateway/service/live_endpoints.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/secret.h"

namespace ctc::gateway {

namespace {

constexpr absl::Duration kHeartbeat = absl::Seconds(15);
constexpr absl::Duration kReadmitTimeout = absl::Seconds(2);  // events wait for it
constexpr absl::Duration kResumeGrace = absl::Milliseconds(250);
constexpr int kServiceRestart = 1012;  // WebSocket close code: come again
constexpr int kPolicyViolation = 1008;
constexpr char kTokenEnded[] = "the token is no longer valid";

// The right to listen, which can end before the stream does. Of one stream, on its executor.
class Admission {
 public:
  Admission(Gatekeeper& gatekeeper, const base::Clock& clock, std::string_view authorization,
            absl::Time expires_at)
      : gatekeeper_(gatekeeper),
        clock_(clock),
        authorization_(std::string(authorization)),
        expires_at_(expires_at),
        checked_at_(clock.Monotonic()) {}

  // Asks once a heartbeat, however many events there are. True: the stream has to end.
  Task<bool> Ended() {
    const absl::Duration now = clock_.Monotonic();
    if (now - checked_at_ < kHeartbeat) co_return false;
    checked_at_ = now;
    if (clock_.Now() >= expires_at_) co_return true;
    std::string authorization(authorization_.Reveal());
    const absl::Time deadline = clock_.Now() + kReadmitTimeout;
    const absl::Status status =
        co_await gatekeeper_.Readmit(std::move(authorization), kLiveScope, deadline);
    co_return base::IsError(status, base::kUnauthenticated) ||
        base::IsError(status, base::kScopeMissing);
  }

 private:
  Gatekeeper& gatekeeper_;
  const base::Clock& clock_;
  base::Secret authorization_;
  absl::Time expires_at_;
  absl::Duration checked_at_;
};

}  // namespace

struct LiveEndpoints::Start {
  FeedFilter filter;
  int64_t after_seq = 0;
  int64_t newest_seq = 0;  // a later position would wait for ever
  Admission admission;
  std::shared_ptr<const void> place;
};

namespace {

absl::Status TooManyStreams() {
  base::ErrorDetail extra;
  extra.retry_after = kHeartbeat;
  return base::MakeError(base::kRateLimited, "The tenant has too many live streams open.",
                         std::move(extra));
}

bool ParseSeq(std::string_view text, int64_t& seq) {
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &seq) && seq >= 0;
}

void AppendEvent(const LiveEvent& event, std::string& out) {
  absl::StrAppend(&out, "id: ", event.seq, "\nevent: ", event.type, "\ndata: ", event.json, "\n\n");
}

// A block of an id only: it sets the client's Last-Event-ID and makes no event (HTML, 9.2.6).
void AppendPosition(int64_t seq, std::string& out) { absl::StrAppend(&out, "id: ", seq, "\n"); }

Task<void> SendEvents(LiveFeed& feed, FeedFilter filter, int64_t after_seq, Admission admission,
                      http::StreamWriter& writer) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  LiveFeed::Subscription subscription(feed, std::move(filter), after_seq, executor);
  std::string chunk;
  AppendPosition(after_seq, chunk);
  absl::StrAppend(&chunk, ": from ", after_seq, "\n\n");
  while (true) {
    if (absl::Status status = co_await writer.Write(std::move(chunk)); !status.ok()) co_return;
    const std::vector<LiveEventPtr> events = co_await subscription.Next(kHeartbeat);
    chunk.clear();
    if (co_await admission.Ended()) {
      chunk = absl::StrCat(": ", kTokenEnded, "\n\n");
      absl::Status ignored = co_await writer.Write(std::move(chunk));
      co_return;
    }
    for (const LiveEventPtr& event : events) AppendEvent(*event, chunk);
    if (feed.stopped() || writer.draining()) {
      AppendPosition(subscription.position(), chunk);
      chunk += "retry: 1000\n\n";  // another process takes the client up where it was
      absl::Status ignored = co_await writer.Write(std::move(chunk));
      co_return;
    }
    if (!chunk.empty()) continue;
    AppendPosition(subscription.position(), chunk);
    chunk += ": alive\n\n";
  }
}

// What the reading and the writing half of a WebSocket share; both run on the connection's strand.
struct SocketState {
  SocketState(LiveFeed& feed, FeedFilter filter, int64_t after_seq, int64_t newest,
              asio::any_io_executor executor)
      : subscription(feed, std::move(filter), after_seq, executor),
        newest_seq(newest),
        reader_done(executor) {
    reader_done.expires_at(std::chrono::steady_clock::time_point::max());
  }
  LiveFeed::Subscription subscription;
  const int64_t newest_seq;
  asio::steady_timer reader_done;
  bool closed = false;
  bool heard = false;  // the first message came
};

bool ParseResume(const std::string& text, int64_t& seq) {
  const nlohmann::json message = nlohmann::json::parse(text, nullptr, false);
  if (!message.is_object() || message.size() != 1) return false;
  const auto found = message.find("resume_after");
  if (found == message.end() || !found->is_number_unsigned()) return false;
  seq = static_cast<int64_t>(std::min<uint64_t>(found->get<uint64_t>(), INT64_MAX));
  return true;
}

Task<void> ReadMessages(http::WebSocket& socket, SocketState& state) {
  while (!state.closed) {
    absl::StatusOr<std::string> message = co_await socket.Read();
    if (!message.ok()) {
      state.closed = true;
    } else if (int64_t seq = 0; !state.heard && ParseResume(*message, seq)) {
      state.subscription.MoveTo(std::min(seq, state.newest_seq));
    }
    state.heard = true;
    state.subscription.Wake();
  }
}

// Until the socket or the process ends; true when it was the token that did.
Task<bool> WriteMessages(LiveFeed& feed, Admission admission, http::WebSocket& socket,
                         SocketState& state) {
  // A client that resumes says so at once; without this its old events would follow newer ones.
  if (!state.heard) co_await state.subscription.WaitForWake(kResumeGrace);
  while (!state.closed && !feed.stopped() && !socket.draining()) {
    const std::vector<LiveEventPtr> events = co_await state.subscription.Next(kHeartbeat);
    if (co_await admission.Ended()) co_return true;
    for (const LiveEventPtr& event : events) {
      if (absl::Status status = co_await socket.Write(event->json); !status.ok()) co_return false;
    }
  }
  co_return false;
}

Task<void> ServeWebSocket(LiveFeed& feed, FeedFilter filter, int64_t after_seq, int64_t newest_seq,
                          Admission admission, http::WebSocket& socket) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  SocketState state(feed, std::move(filter), after_seq, newest_seq, executor);
  bool reading = true;
  asio::co_spawn(executor, ReadMessages(socket, state), [&](std::exception_ptr) {
    state.closed = true;
    reading = false;
    state.reader_done.cancel();
  });
  const bool refused = co_await WriteMessages(feed, std::move(admission), socket, state);
  const int code = refused ? kPolicyViolation : kServiceRestart;
  std::string reason(refused ? kTokenEnded : "resume elsewhere");
  co_await socket.Close(code, std::move(reason));
  // `state` lives here: the reader has to end first, which the close makes it do.
  boost::system::error_code ignored;
  while (reading) {
    co_await state.reader_done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace

Task<absl::StatusOr<LiveEndpoints::Start>> LiveEndpoints::Begin(const http::Request& request,
                                                                const Caller& caller) {
  Start start{
      {},
      0,
      0,
      Admission(gatekeeper_, clock_, request.headers.Get("Authorization"), caller.expires_at),
      nullptr};
  start.filter.tenant = caller.tenant.value();
  bool positioned = false;
  auto parameters = http::ParseForm(request.query);
  if (!parameters.ok()) co_return base::InvalidField("query", "cannot be decoded");
  for (const auto& [name, value] : *parameters) {
    if (name == "agent_id") {
      start.filter.agent_id = value;
    } else if (name == "after") {
      positioned = ParseSeq(value, start.after_seq);
      if (!positioned) co_return base::InvalidField("after", "must be a whole number");
    } else {
      co_return base::InvalidField(name, "is not known here");
    }
  }
  if (const std::string_view last = request.headers.Get("Last-Event-ID"); !last.empty()) {
    positioned = ParseSeq(last, start.after_seq);
    if (!positioned) co_return base::InvalidField("Last-Event-ID", "must be a whole number");
  }
  if (caller.principal.role == rpc::Role::kAgent) {
    // Asking for another agent's events gives none, as asking for their calls does.
    if (!start.filter.agent_id.empty() && start.filter.agent_id != caller.principal.agent_id) {
      co_return base::MakeError(base::kNotFound, "There is no such agent.");
    }
    start.filter.agent_id = caller.principal.agent_id;
  }
  start.place = places_.Take(start.filter.tenant);
  if (start.place == nullptr) co_return TooManyStreams();
  absl::StatusOr<int64_t> newest = co_await feed_.NewestSeq();
  if (!newest.ok()) co_return std::move(newest).status();
  start.newest_seq = *newest;
  start.after_seq = positioned ? std::min(start.after_seq, *newest) : *newest;
  co_return start;
}

Task<absl::StatusOr<http::Response>> LiveEndpoints::OpenEvents(const http::Request& request,
                                                               const Caller& caller) {
  absl::StatusOr<Start> start = co_await Begin(request, caller);
  if (!start.ok()) co_return std::move(start).status();
  http::Response response;
  response.headers.Add("Content-Type", "text/event-stream");
  response.headers.Add("Cache-Control", "no-store");
  response.headers.Add("X-Accel-Buffering", "no");
  response.stream = [&feed = feed_, from = *std::move(start)](http::StreamWriter& writer) {
    return SendEvents(feed, from.filter, from.after_seq, from.admission, writer);
  };
  co_return response;
}

Task<absl::StatusOr<http::Response>> LiveEndpoints::OpenWebSocket(const http::Request& request,
                                                                  const Caller& caller) {
  absl::StatusOr<Start> start = co_await Begin(request, caller);
  if (!start.ok()) co_return std::move(start).status();
  http::Response response;
  response.status = 101;
  response.websocket = [&feed = feed_, from = *std::move(start)](http::WebSocket& socket) {
    return ServeWebSocket(feed, from.filter, from.after_seq, from.newest_seq, from.admission,
                          socket);
  };
  co_return response;
}

}  // namespace ctc::gateway
