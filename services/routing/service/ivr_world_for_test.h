// Menus and queues over a real database, and what their tests do again and again.
#pragma once

#include <google/protobuf/util/json_util.h>

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/mariadb.h"
#include "libs/testing/run_task.h"
#include "libs/testing/status_matchers.h"
#include "libs/transcoding/json_writer.h"
#include "services/routing/service/counting_database_for_test.h"
#include "services/routing/service/ivr_service.h"
#include "services/routing/service/queue_service.h"
#include "services/routing/store/activity_store.h"
#include "services/routing/store/agent_store.h"

namespace ctc::routing {

// A request as a client would write it.
template <class Message>
Message FromJson(const std::string& text) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &message);
  INFO(text << ": " << status.ToString());
  REQUIRE(status.ok());
  return message;
}

// The same text for the same message: maps serialise in any order.
inline std::string Text(const google::protobuf::Message& message) {
  return transcoding::ToJson(message);
}

struct IvrWorld {
  rpc::Context As(const std::string& tenant = "t1") const {
    return rpc::Context::ForService(base::TenantId(tenant),
                                    base::SystemClock().Now() + absl::Seconds(20));
  }

  absl::StatusOr<v1::CreateIvrMenuResponse> TryMenu(const std::string& json,
                                                    const std::string& tenant = "t1") {
    return io.Run(ivr.CreateIvrMenu(As(tenant), FromJson<v1::CreateIvrMenuRequest>(json)));
  }
  v1::IvrMenu AddMenu(const std::string& json, const std::string& tenant = "t1") {
    const auto made = TryMenu(json, tenant);
    INFO(made.status().ToString());
    REQUIRE(made.ok());
    return made->menu();
  }
  absl::StatusOr<v1::UpdateIvrMenuResponse> Update(const std::string& id, const std::string& json) {
    auto request = FromJson<v1::UpdateIvrMenuRequest>(json);
    request.set_id(id);
    return io.Run(ivr.UpdateIvrMenu(As(), request));
  }
  absl::Status DeleteMenu(const std::string& id, const std::string& tenant = "t1") {
    v1::DeleteIvrMenuRequest request;
    request.set_id(id);
    return io.Run(ivr.DeleteIvrMenu(As(tenant), request)).status();
  }
  absl::StatusOr<v1::GetIvrMenuResponse> GetMenu(const std::string& id,
                                                 const std::string& tenant = "t1") {
    v1::GetIvrMenuRequest request;
    request.set_id(id);
    return io.Run(ivr.GetIvrMenu(As(tenant), request));
  }

  absl::StatusOr<v1::CreateQueueResponse> TryQueue(const std::string& json) {
    return io.Run(queues.CreateQueue(As(), FromJson<v1::CreateQueueRequest>(json)));
  }
  v1::Queue AddQueue(const std::string& json) {
    const auto made = TryQueue(json);
    INFO(made.status().ToString());
    REQUIRE(made.ok());
    return made->queue();
  }
  v1::GetQueueLiveResponse Live(const std::string& id) {
    v1::GetQueueLiveRequest request;
    request.set_id(id);
    const auto live = io.Run(queues.GetQueueLive(As(), request));
    REQUIRE(live.ok());
    return *live;
  }

  // A registered agent who has logged in.
  void AddAgent(const std::string& id, const std::string& team = "") {
    v1::Agent agent;
    agent.set_id(id);
    agent.set_name(id);
    agent.set_phone("PJSIP/" + id);
    agent.set_capacity(1);
    agent.set_is_active(true);
    if (!team.empty()) agent.add_teams(team);
    *agent.mutable_created_at() = *agent.mutable_updated_at() = base::ToProto(clock.Now());
    Write([&](db::Connection& c) { return AgentStore(base::TenantId("t1")).Insert(c, agent); });
    directory.ForgetAgent(base::TenantId("t1"), id);
    Log(id, v1::AgentActivity::LOGIN);
  }
  void Log(const std::string& agent_id, v1::AgentActivity::Type type) {
    v1::AgentActivity line;
    line.set_id(ids.Uuid());
    line.set_agent_id(agent_id);
    line.set_activity_type(type);
    line.set_is_available(type == v1::AgentActivity::LOGIN || type == v1::AgentActivity::IDLE);
    *line.mutable_created_at() = base::ToProto(clock.Now());
    clock.Advance(absl::Milliseconds(10));  // so that who came first is idle longest
    Write(
        [&](db::Connection& c) { return ActivityStore(base::TenantId("t1")).Insert(c, line, 0); });
    directory.ForgetPresence(base::TenantId("t1"));
  }
  void Write(const db::Work& work) {
    const absl::Status status = database.RunBlocking(work);
    INFO(status.ToString());
    REQUIRE(status.ok());
  }
  int64_t CountEntries() {
    int64_t count = 0;
    Write([&](db::Connection& c) -> absl::Status {
      CTC_ASSIGN_OR_RETURN(const auto rows, c.Query("SELECT COUNT(*) FROM queue_entry"));
      count = rows[0].Int(0);
      return absl::OkStatus();
    });
    return count;
  }

  testing::IoThreads io{4};  // outlives the database, whose threads resume on it
  CountingDatabase database{testing::MariaDb::Shared().OpenFresh()};
  // Stands still and leads the real clock, so that no deadline made from it ever passes.
  testing::FakeClock clock{base::SystemClock().Now() + absl::Hours(1)};
  base::IdGenerator ids{clock, base::SystemRandom()};
  Directory directory{database, clock};
  Catalogue catalogue{database, clock};
  IvrService ivr{database, directory, catalogue, clock, base::SystemRandom()};
  QueueService queues{database, directory, catalogue, clock, base::SystemRandom()};
};

// A caller who asks for the next step, as the session service does for it.
struct Caller {
  Caller(IvrWorld& w, std::string number) : world(w), to_phone(std::move(number)) {
    session = world.ids.Uuid();
  }
  absl::StatusOr<v1::NextFlowStepResponse> Try(v1::FlowInput::Kind kind,
                                               const std::string& digits = "") {
    v1::NextFlowStepRequest request;
    request.set_session(session);
    request.set_to_phone(to_phone);
    *request.mutable_state() = state;
    request.mutable_input()->set_kind(kind);
    request.mutable_input()->set_digits(digits);
    request.mutable_input()->set_step_number(state.current().number());
    return world.io.Run(world.ivr.NextFlowStep(world.As(), request));
  }
  const v1::FlowStep& Do(v1::FlowInput::Kind kind, const std::string& digits = "") {
    const auto response = Try(kind, digits);
    INFO(response.status().ToString());
    REQUIRE(response.ok());
    state = response->state();
    return state.current();
  }
  const v1::FlowStep& Start() { return Do(v1::FlowInput::STARTED); }
  std::string Rung() const { return state.current().dial().agent_id(); }

  IvrWorld& world;
  std::string to_phone;
  std::string session;
  v1::FlowState state;
};

}  // namespace ctc::routing
