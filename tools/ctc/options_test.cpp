// The words behind a command.
#include "tools/ctc/options.h"

#include <catch2/catch.hpp>

#include "libs/testing/status_matchers.h"

namespace ctc::tool {
namespace {

absl::StatusOr<Options> Parse(const std::vector<const char*>& words) {
  return ParseOptions(words, {"state", "limit"}, {"json"});
}

TEST_CASE("values, switches and names are told apart in any order") {
  const auto options = Parse({"list", "--state=PARKED", "--json", "--limit", "5", "more"});
  REQUIRE(options.ok());
  CHECK(options->Value("state") == "PARKED");
  CHECK(options->Value("limit") == "5");
  CHECK(options->Has("json"));
  CHECK(options->names == std::vector<std::string>{"list", "more"});
  CHECK_FALSE(options->help);
}

TEST_CASE("help is asked for anywhere") {
  CHECK(Parse({"--help"})->help);
  CHECK(Parse({"list", "-h"})->help);
}

TEST_CASE("an unknown option is named without its value, which may be a secret") {
  const absl::Status status = Parse({"list", "--token=ctc_secret"}).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(std::string(status.message()) == "unknown option --token; see --help");
  CHECK_FALSE(Parse({"-x"}).ok());
  CHECK_FALSE(Parse({"--json=yes"}).ok());
}

TEST_CASE("an option that lacks its value says so") {
  CHECK(std::string(Parse({"--state"}).status().message()) == "--state needs a value; see --help");
}

}  // namespace
}  // namespace ctc::tool
