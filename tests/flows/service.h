// What stands between a provider's question and its answer: routing's real interpreter of menus, as
// the session service asks it, and the orders of dispatch for a caller's agent.
#pragma once

#include "ctc/dispatch/v1/dispatch_service.pb.h"
#include "libs/providers/adapter.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/testing/fake_clock.h"
#include "services/routing/domain/flow_world_for_test.h"
#include "tests/flows/line.h"

namespace ctc::flows {

inline constexpr char kSession[] = "01930000-0000-7000-8000-000000000001";
inline constexpr char kCaller[] = "+919800000002";
inline constexpr char kNumber[] = "+918040000003";

class Service {
 public:
  using Action = dispatch::v1::ControlCallRequest::Action;

  explicit Service(routing::FlowWorld& world);

  // The step that follows `input`: the one before when it was answered already.
  const routing::v1::FlowStep& Answer(routing::v1::FlowInput input);
  const routing::v1::FlowStep& step() const { return world_.state.current(); }

  dispatch::v1::CallOrder Order() const;
  // As dispatch makes it for the agent of the present step.
  dispatch::v1::ControlCallRequest Request(Action action, const std::string& caller_leg) const;

 private:
  routing::FlowWorld& world_;
};

// A provider's real adapter over a switchboard that takes every order; what it was asked for is
// `http.requests`.
struct Exchange {
  using Make = std::unique_ptr<providers::Adapter> (*)(const providers::Environment&);

  explicit Exchange(Make make);

  absl::Status Control(const dispatch::v1::ControlCallRequest& request);
  // A question read by the adapter, answered by the service, and rendered by the adapter. Throws
  // for a question that is not genuine.
  absl::StatusOr<common::v1::HttpResponse> Ask(Service& service, common::v1::HttpRequest question);
  // True when the callback tells that the caller's leg has ended.
  bool TellsEnd(const common::v1::HttpRequest& callback);

  providers::FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<providers::Adapter> adapter;
  providers::Account account;
};

// What became of a phone that was rung, as the session hears it.
routing::v1::FlowInput::Kind OutcomeOf(Rung rung);

}  // namespace ctc::flows
