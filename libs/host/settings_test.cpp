#include "libs/host/settings.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using ctc::host::AllSettings;
using ctc::host::ParseArguments;

namespace {

std::string MessageOf(const absl::StatusOr<ctc::host::ParsedArguments>& parsed) {
  return std::string(parsed.status().message());
}

}  // namespace

TEST_CASE("a flag wins over the environment, and that over the default", "[settings]") {
  const char* flags[] = {"--db.connections=3"};
  auto parsed = ParseArguments(flags, {{"CTC_DB_CONNECTIONS", "5"}, {"CTC_LOG_LEVEL", "warn"}});
  REQUIRE(parsed.ok());
  CHECK(parsed->settings->Int("db.connections") == 3);
  CHECK(parsed->settings->Text("log.level") == "warn");
  CHECK(parsed->settings->Text("log.format") == "json");
}

TEST_CASE("an unknown setting is refused by name", "[settings]") {
  const char* flags[] = {"--db.conections", "3"};
  CHECK_THAT(MessageOf(ParseArguments(flags, {})), Catch::Contains("--db.conections"));
}

TEST_CASE("a number that is none is refused with an example", "[settings]") {
  const char* flags[] = {"--db.connections", "many"};
  CHECK_THAT(MessageOf(ParseArguments(flags, {})), Catch::Contains("--db.connections=8"));
}

TEST_CASE("a secret is never taken from a flag, where every user of the machine could read it",
          "[settings]") {
  const char* flags[] = {"--db.password=geheim"};
  const std::string message = MessageOf(ParseArguments(flags, {}));
  CHECK_THAT(message, Catch::Contains("CTC_DB_PASSWORD_FILE"));
  CHECK_THAT(message, !Catch::Contains("geheim"));
}

TEST_CASE("a secret file that cannot be read stops the start", "[settings]") {
  auto parsed = ParseArguments({}, {{"CTC_DB_PASSWORD_FILE", "/no/such/file"}});
  CHECK_THAT(MessageOf(parsed), Catch::Contains("/no/such/file"));
}

TEST_CASE("every setting is named once and explained", "[settings]") {
  std::set<std::string_view> names;
  for (const auto& spec : AllSettings()) {
    INFO(spec.name);
    CHECK(names.insert(spec.name).second);
    CHECK(spec.help.ends_with("."));
  }
}
