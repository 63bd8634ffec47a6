// The error detail inside a status.
#include <catch2/catch.hpp>
#include <set>

#include "libs/base/error_catalogue.h"
#include "libs/testing/status_matchers.h"

namespace ctc::base {
namespace {

TEST_CASE("an error carries its catalogue entry and what is added to it") {
  ErrorDetail extra;
  extra.fields.push_back({"to_phone", "is missing"});
  extra.metadata["session_id"] = "sess_1";
  extra.retry_after = absl::Milliseconds(1500);
  const absl::Status status = MakeError(kCallAlreadyRunning, "agent calls already", extra);

  CHECK(status.code() == absl::StatusCode::kFailedPrecondition);
  CHECK(status.message() == "agent calls already");
  const ErrorDetail detail = DetailOf(status);
  CHECK(detail.code == "CALL_ALREADY_RUNNING");
  CHECK(detail.http_status == 409);
  CHECK(detail.title == kCallAlreadyRunning.title);
  CHECK(detail.action == kCallAlreadyRunning.action);
  REQUIRE(detail.fields.size() == 1);
  CHECK(detail.fields[0].field == "to_phone");
  CHECK(detail.metadata.at("session_id") == "sess_1");
  CHECK(detail.retry_after == absl::Milliseconds(1500));
}

TEST_CASE("an error is known by its code, not by its status alone") {
  const absl::Status status = MakeError(kAgentBusy, "busy");
  CHECK(IsError(status, kAgentBusy));
  CHECK_FALSE(IsError(status, kAgentInactive));
  CHECK_FALSE(IsError(absl::OkStatus(), kAgentBusy));
}

TEST_CASE("a field error names the field") {
  const absl::Status status = InvalidField("metadata.note", "is too long");
  CHECK_THAT(status, testing::HasError(kValidationFailed));
  CHECK(testing::NamesField(status, "metadata.note"));
  CHECK_FALSE(testing::NamesField(status, "metadata"));
}

TEST_CASE("a status without detail gets that of its code") {
  CHECK(DetailOf(absl::NotFoundError("x")).code == "NOT_FOUND");
  CHECK(DetailOf(absl::UnavailableError("x")).http_status == 503);
  CHECK(DetailOf(absl::UnknownError("x")).code == "INTERNAL");
  CHECK_FALSE(DetailOf(absl::UnavailableError("x")).retry_after.has_value());
}

TEST_CASE("a damaged detail is taken for none") {
  absl::Status status = absl::AbortedError("x");
  constexpr char kDamaged[] = "\xff\xff\xff\xff\xff\xff\xff\x7fzz";
  status.SetPayload("ctc.error.v1", absl::Cord(absl::string_view(kDamaged)));
  CHECK(DetailOf(status).code == "CONFLICT");
}

TEST_CASE("a detail from the wire replaces what was there") {
  ErrorDetail detail = DetailOf(MakeError(kInUse, "x"));
  detail.metadata["by"] = "a rule";
  const absl::Status status = WithDetail(absl::FailedPreconditionError("y"), detail);
  CHECK(DetailOf(status).metadata.at("by") == "a rule");
  CHECK(status.message() == "y");
}

TEST_CASE("codes of the catalogue are unique and each says what to do") {
  std::set<std::string_view> codes;
  for (const ErrorSpec* spec : AllErrors()) {
    CHECK(codes.insert(spec->code).second);
    CHECK_FALSE(spec->action.empty());
    CHECK(spec->http_status >= 400);
  }
}

}  // namespace
}  // namespace ctc::base
