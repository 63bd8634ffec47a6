// ctc sessions: the live feed of calls on a terminal.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "ctc/session/v1/session.pb.h"
#include "libs/host/settings.h"
#include "tools/ctc/checks.h"
#include "tools/ctc/commands.h"
#include "tools/ctc/options.h"
#include "tools/ctc/rest.h"
#include "tools/ctc/sse.h"

namespace ctc::tool {
namespace {

constexpr char kUsage[] =
    "Usage: ctc sessions tail [--status STATUS] [--session ID]\n\n"
    "Prints a line for each event of the tenant's calls as it happens: when, session, event, "
    "status after\nit, and what else is known. --status shows only events that leave the session "
    "in it (CONNECTED, ...),\n--session only those of one session (UUID or sess_ id). When the "
    "connection breaks it comes back\nto where it was, so that no event is missed. Ctrl-C ends "
    "it.\n\n"
    "Environment: CTC_URL, CTC_TENANT, CTC_TOKEN; NO_COLOR for no colours.\n";
constexpr absl::Duration kLongestWait = absl::Seconds(15);

void EndAtOnce(int) { _exit(0); }  // each line was flushed

bool ColoursWanted() { return isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr; }

absl::StatusOr<EventFilter> FilterOf(const Options& options) {
  EventFilter filter;
  filter.session = options.Value("session");
  filter.status = options.Value("status");
  std::transform(filter.status.begin(), filter.status.end(), filter.status.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  session::v1::Session::Status known;
  if (filter.status.empty() || session::v1::Session::Status_Parse(filter.status, &known)) {
    return filter;
  }
  std::string all;
  const auto* values = session::v1::Session::Status_descriptor();
  for (int i = 1; i < values->value_count(); ++i) {
    all += (i == 1 ? "" : ", ") + values->value(i)->name();
  }
  return absl::InvalidArgumentError("--status must be one of " + all);
}

// Follows the feed over its breaks; one object is one `tail`.
class Tail {
 public:
  Tail(Rest rest, EventFilter filter) : rest_(std::move(rest)), filter_(std::move(filter)) {}

  // Ends when it cannot go on; OK when nobody reads what it prints.
  absl::Status Run() {
    absl::Duration wait = absl::ZeroDuration();
    while (true) {
      heard_ = false;
      const absl::Status status =
          rest_.Follow("/api/v1/events", parser_.last_id(),
                       [this](std::string_view bytes) { return Take(bytes); });
      if (absl::IsCancelled(status)) return absl::OkStatus();
      const bool passes = status.ok() || absl::IsUnavailable(status);
      // A suite that never answered is rather a wrong URL than a break.
      if (!passes || !followed_) return status.ok() ? NoFeed() : status;
      parser_.Break();
      if (heard_) Say("the connection broke; coming back to event " + parser_.last_id());
      wait = heard_ ? parser_.retry() : std::min(wait * 2, kLongestWait);
      std::this_thread::sleep_for(absl::ToChronoMilliseconds(wait));
    }
  }

 private:
  bool Take(std::string_view bytes) {
    const std::vector<ServerEvent> events = parser_.Feed(bytes);
    if (!heard_ && !parser_.last_id().empty()) {
      Say("following " + ShownUrl(rest_.url()) + " from event " + parser_.last_id());
      heard_ = followed_ = true;
    }
    for (const ServerEvent& event : events) {
      const Json json = Json::parse(event.data, nullptr, false);
      if (!filter_.Matches(json)) continue;
      std::fputs((EventLine(json, colours_) + "\n").c_str(), stdout);
    }
    return std::fflush(stdout) == 0;
  }

  static absl::Status NoFeed() {
    return absl::UnavailableError("the edge ended the feed before it began: is $CTC_URL its edge?");
  }
  static void Say(const std::string& text) {
    std::fprintf(stderr, "ctc sessions tail: %s\n", text.c_str());
  }

  Rest rest_;
  const EventFilter filter_;
  const bool colours_ = ColoursWanted();
  EventParser parser_;
  bool heard_ = false;     // on this connection
  bool followed_ = false;  // on any
};

}  // namespace

int Sessions(Arguments arguments) {
  const auto options = ParseOptions(arguments, {"status", "session"}, {});
  if (!options.ok()) return Fail("sessions", options.status());
  const bool good = options->names.size() == 1 && options->names[0] == "tail";
  if (options->help || !good) return Usage(kUsage, options->help);
  auto filter = FilterOf(*options);
  if (!filter.ok()) return Fail("sessions", filter.status());
  auto rest = Rest::Open(host::CtcEnvironment());
  if (!rest.ok()) return Fail("sessions", rest.status());
  std::signal(SIGINT, &EndAtOnce);
  const absl::Status status = Tail(*std::move(rest), *std::move(filter)).Run();
  return status.ok() ? 0 : Fail("sessions", status);
}

}  // namespace ctc::tool
