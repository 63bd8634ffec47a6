// ctc doctor: what a start needs, looked at one by one.
#include <cstdio>

#include "libs/base/clock.h"
#include "libs/db/migrator.h"
#include "libs/host/settings.h"
#include "services/dispatch/service/credentials.h"
#include "tools/ctc/checks.h"
#include "tools/ctc/commands.h"
#include "tools/ctc/rest.h"

namespace ctc::tool {
namespace {

constexpr char kUsage[] =
    "Usage: ctc doctor [--SETTING VALUE ...]\n\n"
    "Looks at what a start needs, with the settings that `ctc serve` would have: settings, "
    "database, its\nversion, schema and clock, master key, rpc secret, public URL and the folder "
    "of recordings. With\nCTC_URL also whether the edge there is ready, with CTC_TENANT and "
    "CTC_TOKEN besides what it knows of\neach active provider account. One line each: ok, warn, or "
    "FAIL with what to do. Ends with 1 on a FAIL.\nNo secret is printed, and nothing is changed.\n";

using Environment = std::map<std::string, std::string>;

// Tells each check as it comes, and remembers whether one failed.
class Report {
 public:
  void Tell(const Check& check) {
    failed_ = failed_ || check.word == Word::kFail;
    std::fputs(CheckLine(check).c_str(), stdout);
    std::fflush(stdout);
  }
  bool failed() const { return failed_; }

 private:
  bool failed_ = false;
};

std::string MessageOf(const absl::Status& status) { return std::string(status.message()); }

void LookAtSchema(db::Database& database, Report& report) {
  const absl::Status status = db::CheckSchema(database);
  if (!status.ok()) return report.Tell({Word::kFail, "schema", MessageOf(status)});
  const auto version = db::SchemaVersion(database);
  const std::string newest = version.ok() ? std::to_string(*version) : "?";
  report.Tell({Word::kOk, "schema", "migration " + newest});
}

void LookAtDatabase(const host::Settings& settings, Report& report) {
  const auto database = OpenDatabase(settings);
  if (!database.ok()) {
    return report.Tell(
        {Word::kFail, "database", MessageOf(database.status()) + ": set CTC_DB_URL"});
  }
  const base::Clock& clock = base::SystemClock();
  std::string version;
  absl::Duration ahead;
  const absl::Status status =
      (*database)->RunBlocking([&](db::Connection& connection) -> absl::Status {
        CTC_RETURN_IF_ERROR(connection.Query("SELECT 1").status());  // connecting takes its time
        const absl::Time before = clock.Now();
        CTC_ASSIGN_OR_RETURN(const db::Rows rows,
                             connection.Query("SELECT VERSION(), UTC_TIMESTAMP(3)"));
        const absl::Time ours = before + (clock.Now() - before) / 2;
        version = rows[0].Text(0);
        ahead = rows[0].Time(1) - ours;
        return absl::OkStatus();
      });
  if (!status.ok()) {
    return report.Tell(
        {Word::kFail, "database",
         MessageOf(status) + ": is it up, and are CTC_DB_URL and the password right?"});
  }
  report.Tell({Word::kOk, "database", settings.Text("db.url")});
  report.Tell(CheckVersion(version));
  LookAtSchema(**database, report);
  report.Tell(CheckClock(ahead));
}

Check LookAtMasterKey(const host::Settings& settings) {
  const base::Secret key = settings.Secret("dispatch.master_key");
  if (key.empty()) {
    return {
        Word::kFail, "master key",
        "not set: set CTC_DISPATCH_MASTER_KEY_FILE to a file made by `openssl rand -base64 32`"};
  }
  const absl::Status status = dispatch::Keyring::Parse(key).status();
  if (!status.ok()) return {Word::kFail, "master key", MessageOf(status)};
  return {Word::kOk, "master key", "32 bytes"};
}

void LookAtSettings(const host::Settings& settings, Report& report) {
  LookAtDatabase(settings, report);
  report.Tell(LookAtMasterKey(settings));
  report.Tell(CheckRpcSecret(!settings.Secret("rpc.secret").empty(), settings.Text("rpc.listen")));
  report.Tell(CheckPublicUrl(settings.Text("public.url")));
  report.Tell(CheckFolder(settings.Text("dispatch.recordings_dir")));
}

Check LookAtEdge(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  const std::string shown = ShownUrl(url);
  const auto page = Rest::GetPage(url + "/readyz");
  if (!page.ok()) {
    return {Word::kFail, "edge",
            MessageOf(page.status()) + ": is the suite up, and CTC_URL right?"};
  }
  const auto& [status, body] = *page;
  if (status != 200) {
    const std::string reason = TextOf(Json::parse(body, nullptr, false), "reason");
    return {Word::kFail, "edge",
            shown + " is not ready" +
                (reason.empty() ? ", HTTP " + std::to_string(status) : ": " + reason)};
  }
  const bool clear = !url.starts_with("https://") && !IsLoopback(url);
  return clear
             ? Check{Word::kWarn, "edge", shown + " is ready, but a token goes there in clear text"}
             : Check{Word::kOk, "edge", shown + " is ready"};
}

void LookAtProviders(Rest& rest, Report& report) {
  const auto accounts = rest.List("/api/v1/voip-providers", "?is_active=true", "providers");
  if (!accounts.ok()) {
    return report.Tell({Word::kFail, "providers", MessageOf(accounts.status())});
  }
  if (accounts->empty()) {
    return report.Tell({Word::kWarn, "providers",
                        "the tenant has no active account: POST /api/v1/voip-providers"});
  }
  for (const Json& account : *accounts) {
    const std::string name = TextOf(account, "provider_name");
    const auto health = rest.Get("/api/v1/voip-providers/" + TextOf(account, "id") + "/health");
    report.Tell(health.ok()
                    ? CheckProvider(name, *health)
                    : Check{Word::kFail, "provider", name + ": " + MessageOf(health.status())});
  }
}

// Without CTC_URL nothing is said: before the first start there is none.
void LookAtSuite(const Environment& environment, Report& report) {
  const auto url = environment.find("CTC_URL");
  if (url == environment.end() || url->second.empty()) return;
  const Check edge = LookAtEdge(url->second);
  report.Tell(edge);
  if (edge.word == Word::kFail || !environment.contains("CTC_TOKEN")) return;
  auto rest = Rest::Open(environment);
  if (!rest.ok()) return report.Tell({Word::kFail, "providers", MessageOf(rest.status())});
  LookAtProviders(*rest, report);
}

}  // namespace

int Doctor(Arguments arguments) {
  const auto given = host::ParseArguments(arguments, {});
  if (!given.ok()) return Fail("doctor", given.status());
  if (given->help || !given->positional.empty()) return Usage(kUsage, given->help);
  Report report;
  const Environment environment = host::CtcEnvironment();
  const auto parsed = host::ParseArguments(arguments, environment);
  if (parsed.ok()) {
    report.Tell({Word::kOk, "settings", "read"});
    LookAtSettings(*parsed->settings, report);
  } else {
    report.Tell({Word::kFail, "settings", MessageOf(parsed.status())});
  }
  LookAtSuite(environment, report);
  return report.failed() ? 1 : 0;
}

}  // namespace ctc::tool
