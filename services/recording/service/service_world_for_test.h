// For tests: the recording service over a database of its own, with a session and its audio at
// hand.
#pragma once

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ctc/session/v1/session_service.pb.h"
#include "libs/base/error_catalogue.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "services/recording/service/recording_follower.h"
#include "services/recording/service/recording_service.h"

namespace ctc::recording {

inline constexpr char kSession[] = "01890000-0000-7000-8000-000000000001";
inline constexpr char kAccount[] = "01890000-0000-7000-8000-00000000000a";

// The session service as far as recordings ask it: one session, of agent ann.
struct FakeSessions final : rpc::Channel {
  Task<absl::StatusOr<rpc::MessagePtr>> Call(std::string_view, rpc::Context context,
                                             const google::protobuf::Message& request,
                                             const google::protobuf::Message&) override {
    const auto& get = static_cast<const session::v1::GetSessionRequest&>(request);
    const bool known = get.id() == kSession || get.id() == "sess_1";
    const bool visible =
        context.principal.role != rpc::Role::kAgent || context.principal.agent_id == "ann";
    if (!known || !visible) co_return base::MakeError(base::kNotFound, "no such session");
    auto response = std::make_unique<session::v1::GetSessionResponse>();
    response->mutable_session()->set_id(kSession);
    response->mutable_session()->set_provider_id(kAccount);
    co_return rpc::MessagePtr(std::move(response));
  }
};

struct FakeMedia final : MediaSource {
  Task<absl::StatusOr<common::v1::MediaPiece>> Read(rpc::Context, MediaPlace place,
                                                    common::v1::ByteRange range) override {
    asked = std::move(place);
    if (!failure.ok()) co_return failure;
    common::v1::MediaPiece piece;
    piece.set_content_type("audio/x-wav; rate=8000");
    piece.set_data(
        std::string("0123456789")
            .substr(static_cast<size_t>(range.offset()), static_cast<size_t>(range.max_bytes())));
    piece.set_total_bytes(10);
    co_return piece;
  }
  Task<absl::Status> Delete(rpc::Context context, MediaPlace place) override {
    if (place.recording_url == stuck) co_return base::MakeError(base::kInternal, "busy");
    if (!failure.ok()) co_return failure;
    deleted.push_back(context.tenant.value() + " " + place.provider_id + " " + place.recording_url);
    co_return absl::OkStatus();
  }
  MediaPlace asked;
  absl::Status failure;
  std::string stuck = "none";
  std::vector<std::string> deleted;
};

struct ServiceWorld {
  testing::IoThreads io;  // outlives the database, whose threads resume on it
  std::unique_ptr<db::Database> database = testing::MariaDb::Shared().OpenFresh();
  FakeMedia media;
  FakeSessions sessions;
  RecordingService service{*database, base::SystemClock(), base::SystemRandom(), media, sessions};
  RecordingFollower follower{*database, base::SystemClock(), base::SystemRandom()};

  rpc::Context As(const std::string& tenant = "t1") const {
    rpc::Context context;
    context.tenant = base::TenantId(tenant);
    context.deadline = base::SystemClock().Now() + absl::Seconds(10);
    return context;
  }

  absl::StatusOr<v1::CreatePhoneNumberResponse> Add(const std::string& number,
                                                    v1::PhoneNumber::ListType type) {
    v1::CreatePhoneNumberRequest request;
    request.set_phone_number(number);
    request.set_list_type(type);
    return io.Run(service.CreatePhoneNumber(As(), request));
  }

  v1::CheckCallResponse Check(const std::string& number, const std::string& tenant = "t1") {
    v1::CheckCallRequest request;
    request.set_to_phone(number);
    request.set_agent_id("ann");
    auto response = io.Run(service.CheckCall(As(tenant), request));
    REQUIRE(response.ok());
    return *response;
  }

  int64_t Count(std::string_view sql) {
    int64_t count = 0;
    REQUIRE(database
                ->RunBlocking([&](db::Connection& c) -> absl::Status {
                  auto rows = c.Query(sql);
                  if (!rows.ok()) return rows.status();
                  count = (*rows)[0].Int(0);
                  return absl::OkStatus();
                })
                .ok());
    return count;
  }
};

inline session::v1::CallEvent Event(int64_t seq, const std::string& type) {
  session::v1::CallEvent event;
  event.set_seq(seq);
  event.set_tenant_id("t1");
  event.set_id(kSession);
  event.set_type(type);
  event.mutable_occurred_at()->set_seconds(1772539200 + seq);
  return event;
}

inline events::FeedConsumer::Batch BatchOf(const session::v1::CallEvent& event) {
  events::FeedConsumer::Batch batch;
  *batch.Add() = event;
  return batch;
}

}  // namespace ctc::recording
