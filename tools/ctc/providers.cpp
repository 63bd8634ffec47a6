// ctc providers: the tenant's accounts, and whether they are well.
#include <cstdio>

#include "libs/host/settings.h"
#include "tools/ctc/checks.h"
#include "tools/ctc/commands.h"
#include "tools/ctc/options.h"
#include "tools/ctc/rest.h"

namespace ctc::tool {
namespace {

constexpr char kPath[] = "/api/v1/voip-providers";
constexpr char kUsage[] =
    "Usage: ctc providers list [--json]\n"
    "       ctc providers test [ID|NAME] [--json]\n\n"
    "list shows the tenant's accounts by priority. test has the suite ask each one (or the one "
    "named)\nnow, and tells what is wrong and what to do; ok: well, FAIL: not, off: not active, "
    "whatever it is.\nEnds with 1 when an active account is not well. --json prints an array.\n\n"
    "Environment: CTC_URL, CTC_TENANT, CTC_TOKEN (test: with the scope providers:write).\n";
// An account's own time limit is at most two minutes.
constexpr absl::Duration kTestTimeout = absl::Seconds(130);

int List(Rest& rest, bool as_json) {
  const auto accounts = rest.List(kPath, "", "providers");
  if (!accounts.ok()) return Fail("providers", accounts.status());
  if (as_json) {
    std::fputs(Pretty(*accounts).c_str(), stdout);
    return 0;
  }
  std::vector<Row> rows = {{"ID", "NAME", "TYPE", "ACTIVE", "PRIORITY", "NUMBER", "API"}};
  for (const Json& account : *accounts) {
    rows.push_back({TextOf(account, "id"), TextOf(account, "provider_name"),
                    TextOf(account, "provider_type"), IsTrue(account, "is_active") ? "yes" : "no",
                    TextOf(account, "priority"), TextOf(account, "phone_number"),
                    TextOf(account, "api_url")});
  }
  std::fputs(Table(rows).c_str(), stdout);
  return 0;
}

// What became of one account's test; a refusal of ours counts as unwell, and the others go on.
Json Test(Rest& rest, const Json& account) {
  const std::string id = TextOf(account, "id");
  Json result = {{"id", id},
                 {"provider_name", TextOf(account, "provider_name")},
                 {"provider_type", TextOf(account, "provider_type")},
                 {"is_active", IsTrue(account, "is_active")}};
  const auto test = rest.Post(std::string(kPath) + "/" + id + "/test", kTestTimeout);
  const auto health = rest.Get(std::string(kPath) + "/" + id + "/health");
  if (!test.ok() || !health.ok()) {
    result["well"] = false;
    result["message"] = std::string((test.ok() ? health.status() : test.status()).message());
    return result;
  }
  const bool reached = IsTrue(*test, "success");
  const std::string code = TextOf(*test, "error_code"), trouble = ProviderTrouble(*health);
  std::string message = (code.empty() ? "" : code + ": ") + TextOf(*test, "message");
  if (!trouble.empty()) message = reached ? trouble : message + " And " + trouble;
  result["well"] = reached && trouble.empty();
  result["message"] = message;
  result["test"] = *test;
  result["health"] = *health;
  return result;
}

Row TestRow(const Json& result) {
  const Json none = Json::object();
  const Json& test = result.contains("test") ? result["test"] : none;
  const Json& health = result.contains("health") ? result["health"] : none;
  const std::string latency = TextOf(test, "latency_ms");
  const bool active = IsTrue(result, "is_active");
  return {!active                  ? "off"
          : IsTrue(result, "well") ? "ok"
                                   : "FAIL",
          TextOf(result, "provider_name"),
          TextOf(result, "provider_type"),
          latency.empty() ? "" : latency + " ms",
          TextOf(health, "circuit"),
          TextOf(health, "event_socket"),
          TextOf(result, "message")};
}

// Rows are told as they come: an account that does not answer takes its time.
int TestAll(Rest& rest, const Json& accounts, bool as_json) {
  const Row heading = {"IS", "NAME", "TYPE", "ANSWER", "CIRCUIT", "EVENTS", "SAYS"};
  Columns columns;
  columns.Fit(heading);
  columns.Fit({"FAIL", "", "", "9999 ms", "half_open", "DISCONNECTED", ""});
  for (const Json& account : accounts) {
    columns.Fit({"", TextOf(account, "provider_name"), TextOf(account, "provider_type")});
  }
  if (!as_json) std::fputs(columns.Line(heading).c_str(), stdout);
  Json results = Json::array();
  int code = 0;
  for (const Json& account : accounts) {
    Json result = Test(rest, account);
    if (IsTrue(result, "is_active") && !IsTrue(result, "well")) code = 1;
    if (!as_json) std::fputs(columns.Line(TestRow(result)).c_str(), stdout);
    std::fflush(stdout);
    results.push_back(std::move(result));
  }
  if (as_json) std::fputs(Pretty(results).c_str(), stdout);
  return code;
}

int Test(Rest& rest, const std::string& wanted, bool as_json) {
  const auto all = rest.List(kPath, "", "providers");
  if (!all.ok()) return Fail("providers", all.status());
  Json accounts = Json::array();
  for (const Json& account : *all) {
    const bool named =
        TextOf(account, "id") == wanted || TextOf(account, "provider_name") == wanted;
    if (wanted.empty() || named) accounts.push_back(account);
  }
  if (accounts.empty()) {
    return Fail("providers",
                absl::NotFoundError(wanted.empty()
                                        ? "the tenant has no account: POST /api/v1/voip-providers"
                                        : "no account has the id or name \"" + Printable(wanted) +
                                              "\"; `ctc providers list` shows them"));
  }
  return TestAll(rest, accounts, as_json);
}

}  // namespace

int Providers(Arguments arguments) {
  const auto options = ParseOptions(arguments, {}, {"json"});
  if (!options.ok()) return Fail("providers", options.status());
  const auto& names = options->names;
  const std::string action = names.empty() ? "" : names[0];
  const bool good =
      (action == "list" && names.size() == 1) || (action == "test" && names.size() <= 2);
  if (options->help || !good) return Usage(kUsage, options->help);
  auto rest = Rest::Open(host::CtcEnvironment());
  if (!rest.ok()) return Fail("providers", rest.status());
  const bool as_json = options->Has("json");
  return action == "list" ? List(*rest, as_json)
                          : Test(*rest, names.size() == 2 ? names[1] : "", as_json);
}

}  // namespace ctc::tool
