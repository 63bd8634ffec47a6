// ctc webhooks: what providers sent, and applying it again.
#include <absl/strings/numbers.h>

#include <cstdio>

#include "libs/host/settings.h"
#include "libs/http/message.h"
#include "tools/ctc/commands.h"
#include "tools/ctc/options.h"
#include "tools/ctc/rest.h"

namespace ctc::tool {
namespace {

constexpr char kPath[] = "/api/v1/webhooks/logs";
constexpr char kUsage[] =
    "Usage: ctc webhooks list [--state STATE] [--limit N] [--json]\n"
    "       ctc webhooks replay ID... | --failed\n\n"
    "list shows what providers sent, newest first, at most N (50; 0: all). STATE is RECEIVED, "
    "APPLIED,\nDUPLICATE, REFUSED or PARKED. replay applies genuine events again and tells what "
    "became of each:\napplied, duplicate (nothing new in it) or refused. --failed takes all that "
    "are PARKED: they could not\nbe applied for long. Ends with 1 when one was not applied.\n\n"
    "Environment: CTC_URL, CTC_TENANT, CTC_TOKEN (replay: with the scope webhooks:write).\n";

int List(Rest& rest, const Options& options) {
  size_t limit = 50;
  const std::string wanted = options.Value("limit"), state = options.Value("state");
  if (!wanted.empty() && !absl::SimpleAtoi(wanted, &limit)) {
    return Fail("webhooks", absl::InvalidArgumentError("--limit must be a whole number"));
  }
  const std::string query = state.empty() ? "" : "?state=" + http::Encode(state);
  const auto logs = rest.List(kPath, query, "logs", limit);
  if (!logs.ok()) return Fail("webhooks", logs.status());
  if (options.Has("json")) {
    std::fputs(Pretty(*logs).c_str(), stdout);
    return 0;
  }
  std::vector<Row> rows = {{"ID", "RECEIVED", "TYPE", "EVENT", "STATE", "SESSION", "WHY"}};
  for (const Json& log : *logs) {
    const std::string code = TextOf(log, "error_code"), why = TextOf(log, "error_message");
    rows.push_back({TextOf(log, "id"), TextOf(log, "received_at"), TextOf(log, "provider_type"),
                    TextOf(log, "event_type"), TextOf(log, "state"), TextOf(log, "session_id"),
                    code.empty() ? why : code + ": " + why});
  }
  std::fputs(Table(rows).c_str(), stdout);
  std::fflush(stdout);
  if (limit != 0 && logs->size() == limit) {
    std::fprintf(stderr, "ctc webhooks: the newest %zu; --limit shows more\n", limit);
  }
  return 0;
}

// All of them first: those that are applied leave the list that is read.
absl::StatusOr<std::vector<std::string>> ParkedIds(Rest& rest) {
  CTC_ASSIGN_OR_RETURN(const Json logs, rest.List(kPath, "?state=PARKED", "logs"));
  std::vector<std::string> ids;
  for (const Json& log : logs) ids.push_back(TextOf(log, "id"));
  return ids;
}

int Replay(Rest& rest, const std::vector<std::string>& ids) {
  size_t failed = 0;
  for (const std::string& id : ids) {
    const auto answer = rest.Post(std::string(kPath) + "/" + http::Encode(id) + "/replay");
    const bool good = answer.ok() && IsTrue(*answer, "success");
    if (!good) ++failed;
    const std::string told =
        answer.ok() ? TextOf(*answer, "message") : std::string(answer.status().message());
    const char* word = good ? "ok" : "FAIL";
    std::printf("%-4s  %-36s  %s\n", word, Printable(id).c_str(), Printable(told).c_str());
    std::fflush(stdout);
  }
  std::fprintf(stderr, "ctc webhooks: %zu of %zu applied\n", ids.size() - failed, ids.size());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int Webhooks(Arguments arguments) {
  const auto options = ParseOptions(arguments, {"state", "limit"}, {"json", "failed"});
  if (!options.ok()) return Fail("webhooks", options.status());
  const auto& names = options->names;
  const std::string action = names.empty() ? "" : names[0];
  const bool failed = options->Has("failed");
  const bool lists = action == "list" && names.size() == 1 && !failed;
  const bool replays = action == "replay" && (names.size() > 1) != failed;
  if (options->help || (!lists && !replays)) return Usage(kUsage, options->help);
  auto rest = Rest::Open(host::CtcEnvironment());
  if (!rest.ok()) return Fail("webhooks", rest.status());
  if (lists) return List(*rest, *options);
  if (!failed) return Replay(*rest, {names.begin() + 1, names.end()});
  const auto parked = ParkedIds(*rest);
  return parked.ok() ? Replay(*rest, *parked) : Fail("webhooks", parked.status());
}

}  // namespace ctc::tool
