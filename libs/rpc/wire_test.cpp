// What leaves the process comes back the same.
#include "libs/rpc/wire.h"

#include <catch2/catch.hpp>

#include "google/rpc/error_details.pb.h"
#include "libs/base/error_catalogue.h"

namespace ctc::rpc {
namespace {

absl::Status SampleError() {
  base::ErrorDetail extra;
  extra.fields = {{"a", "bad"}, {"b.c", "worse"}};
  extra.metadata = {{"session_id", "sess_1"}};
  extra.retry_after = absl::Milliseconds(2500);
  return base::MakeError(base::kCallNotLive, "the call is ringing", extra);
}

Context SampleContext() {
  Context context;
  context.tenant = base::TenantId("t1");
  context.principal.subject = "key_9";
  context.principal.role = Role::kSupervisor;
  context.principal.agent_id = "a7";
  context.principal.scopes = {"calls:read", "calls:write"};
  context.request_id = "req_5";
  context.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  context.idempotency_key = "once";
  context.prefer_async = true;
  return context;
}

void CheckSame(const Context& a, const Context& b) {
  CHECK(a.tenant == b.tenant);
  CHECK(a.principal.subject == b.principal.subject);
  CHECK(a.principal.role == b.principal.role);
  CHECK(a.principal.agent_id == b.principal.agent_id);
  CHECK(a.principal.scopes == b.principal.scopes);
  CHECK(a.request_id == b.request_id);
  CHECK(a.traceparent == b.traceparent);
  CHECK(a.idempotency_key == b.idempotency_key);
  CHECK(a.prefer_async == b.prefer_async);
}

}  // namespace

TEST_CASE("an error of ours is the same after the wire") {
  const absl::Status back = StatusFromGrpc(StatusToGrpc(SampleError()));
  const base::ErrorDetail detail = base::DetailOf(back);
  const base::ErrorDetail before = base::DetailOf(SampleError());
  CHECK(back.code() == SampleError().code());
  CHECK(back.message() == SampleError().message());
  CHECK(detail.code == before.code);
  CHECK(detail.http_status == before.http_status);
  CHECK(detail.title == before.title);
  CHECK(detail.action == before.action);
  CHECK(detail.metadata == before.metadata);
  REQUIRE(detail.fields.size() == 2);
  CHECK(detail.fields[1].field == "b.c");
  CHECK(detail.fields[1].detail == "worse");
  CHECK(detail.retry_after == absl::Milliseconds(2500));
}

TEST_CASE("an error without retry time gets none on the wire") {
  const absl::Status back =
      StatusFromGrpc(StatusToGrpc(base::MakeError(base::kNotFound, "no such call")));
  CHECK_FALSE(base::DetailOf(back).retry_after.has_value());
}

TEST_CASE("a foreign client finds the standard details") {
  const google::rpc::Status proto = StatusToProto(SampleError());
  REQUIRE(proto.details_size() == 4);
  CHECK(proto.details(0).type_url() == "type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::RetryInfo retry;
  REQUIRE(proto.details(2).UnpackTo(&retry));
  CHECK(retry.retry_delay().seconds() == 2);
  CHECK(retry.retry_delay().nanos() == 500000000);
}

TEST_CASE("an error of a foreign server without details keeps code and message") {
  const absl::Status back = StatusFromGrpc(grpc::Status(grpc::StatusCode::ABORTED, "lost"));
  CHECK(absl::IsAborted(back));
  CHECK(back.message() == "lost");
}

TEST_CASE("a context is the same after a frame, with the time left") {
  Context context = SampleContext();
  const absl::Time now = absl::FromUnixSeconds(1700000000);
  context.deadline = now + absl::Seconds(3);
  // The receiver's clock is a minute ahead.
  const absl::Time theirs = now + absl::Minutes(1);
  const Context back = ContextFromFrame(ContextToFrame(context, now), theirs);
  CheckSame(context, back);
  CHECK(back.deadline == theirs + absl::Seconds(3));
}

TEST_CASE("a frame without limit stays without, and a late one does not lose its limit") {
  const absl::Time now = absl::FromUnixSeconds(1700000000);
  Context context = SampleContext();
  CHECK(ContextFromFrame(ContextToFrame(context, now), now).deadline == absl::InfiniteFuture());
  context.deadline = now - absl::Seconds(1);
  CHECK(ContextFromFrame(ContextToFrame(context, now), now).deadline < now + absl::Seconds(1));
}

TEST_CASE("a context is the same after metadata") {
  const auto map = ContextToMetadata(SampleContext());
  Metadata metadata;
  for (const auto& [name, value] : map) metadata.emplace(name, value);
  CheckSame(SampleContext(), ContextFromMetadata(metadata, absl::InfiniteFuture()));
}

TEST_CASE("a value that metadata cannot carry is left out") {
  Context context = SampleContext();
  context.idempotency_key = "caf\xc3\xa9\n";
  CHECK(ContextToMetadata(context).count("idempotency-key") == 0);
}

TEST_CASE("bytes that are no message are refused") {
  grpc::Slice slice(std::string("\xff\xff\xff"));
  google::rpc::Status proto;
  CHECK_FALSE(FromBuffer(grpc::ByteBuffer(&slice, 1), proto));
}

}  // namespace ctc::rpc
