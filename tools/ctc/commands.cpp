#include "tools/ctc/commands.h"

#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/error_catalogue.h"
#include "libs/db/migrator.h"
#include "libs/host/process.h"
#include "libs/host/settings.h"
#include "services/gateway/store/api_key_store.h"
#include "services/suite/suite.h"

namespace ctc::tool {
namespace {

// Options of a command are split from settings: "--tenant T" is taken out, the rest are settings.
struct Options {
  std::map<std::string, std::string, std::less<>> own;
  host::ParsedArguments rest;
};

absl::StatusOr<Options> Split(Arguments arguments, std::span<const std::string_view> names) {
  Options options;
  std::vector<const char*> rest;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    bool taken = false;
    for (std::string_view name : names) {
      const std::string flag = absl::StrCat("--", std::string(name));
      if (argument == flag && i + 1 < arguments.size()) {
        options.own[std::string(name)] = arguments[++i];
        taken = true;
      } else if (argument.starts_with(flag + "=")) {
        options.own[std::string(name)] = argument.substr(flag.size() + 1);
        taken = true;
      }
    }
    if (!taken) rest.push_back(arguments[i]);
  }
  CTC_ASSIGN_OR_RETURN(options.rest, host::ParseArguments(rest, host::CtcEnvironment()));
  return options;
}

}  // namespace

int Fail(std::string_view command, const absl::Status& status) {
  std::fprintf(stderr, "ctc %s: %s\n", std::string(command).c_str(),
               std::string(status.message()).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? 2 : 1;
}

int Usage(const char* text, bool asked_for) {
  std::fputs(text, asked_for ? stdout : stderr);
  return asked_for ? 0 : 2;
}

absl::StatusOr<std::unique_ptr<db::Database>> OpenDatabase(const host::Settings& settings) {
  db::Config config;
  config.url = settings.Text("db.url");
  config.password = settings.Secret("db.password");
  config.connections = 1;
  return db::Database::Open(std::move(config));
}

int Serve(int argc, const char* const* argv) {
  return host::RunProgram(suite::AllServices(), argc, argv);
}

int Migrate(Arguments arguments) {
  auto options = Split(arguments, {});
  if (!options.ok()) return Fail("migrate", options.status());
  if (options->rest.help) {
    std::printf(
        "Usage: ctc migrate [DIRECTORY]\n\nApplies each NNN_name.sql of DIRECTORY (migrations) "
        "once,"
        " in order.\nRefuses a file that was changed after it was applied.\n");
    return 0;
  }
  const auto& positional = options->rest.positional;
  auto database = OpenDatabase(*options->rest.settings);
  if (!database.ok()) return Fail("migrate", database.status());
  const absl::Status status =
      db::Migrate(**database, positional.empty() ? "migrations" : positional[0],
                  [](std::string_view line) { std::printf("%s\n", std::string(line).c_str()); });
  return status.ok() ? 0 : Fail("migrate", status);
}

int KeysCreate(Arguments arguments) {
  static constexpr std::string_view kNames[] = {"tenant", "name", "role", "agent"};
  auto options = Split(arguments, kNames);
  if (!options.ok()) return Fail("keys", options.status());
  const auto& own = options->own;
  const auto& positional = options->rest.positional;
  if (options->rest.help || positional.empty() || positional[0] != "create" ||
      !own.contains("tenant") || !own.contains("name")) {
    std::fprintf(
        options->rest.help ? stdout : stderr,
        "Usage: ctc keys create --tenant TENANT --name NAME [--role ADMIN|SUPERVISOR|AGENT]"
        " [--agent ID]\n\nPrints the key once; it is stored hashed.\n");
    return options->rest.help ? 0 : 2;
  }
  auto database = OpenDatabase(*options->rest.settings);
  if (!database.ok()) return Fail("keys", database.status());
  gateway::NewApiKey key;
  key.tenant = base::TenantId(own.find("tenant")->second);
  key.name = own.find("name")->second;
  if (own.contains("role")) key.role = own.find("role")->second;
  if (own.contains("agent")) key.agent_id = own.find("agent")->second;
  base::IdGenerator ids(base::SystemClock(), base::SystemRandom());
  auto token = gateway::CreateApiKey(**database, ids, base::SystemClock(), key);
  if (!token.ok()) return Fail("keys", token.status());
  std::printf("%s\n", token->c_str());
  return 0;
}

int PrintSettings(Arguments) {
  std::printf("%s", host::SettingsAsMarkdown().c_str());
  return 0;
}

int PrintErrors(Arguments) {
  std::printf("| code | HTTP | meaning | what to do |\n| --- | --- | --- | --- |\n");
  for (const base::ErrorSpec* spec : base::AllErrors()) {
    std::printf("| `%s` | %d | %s | %s |\n", std::string(spec->code).c_str(), spec->http_status,
                std::string(spec->title).c_str(), std::string(spec->action).c_str());
  }
  return 0;
}

}  // namespace ctc::tool
