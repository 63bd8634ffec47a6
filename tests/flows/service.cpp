#include "tests/flows/service.h"

#include <stdexcept>

#include "libs/testing/run_task.h"

namespace ctc::flows {

using dispatch::v1::ControlCallRequest;
using routing::v1::FlowInput;

Service::Service(routing::FlowWorld& world) : world_(world) {}

const routing::v1::FlowStep& Service::Answer(FlowInput input) {
  // As AdvanceFlow: whose question cannot bear a number answers the step the caller is in.
  if (input.kind() != FlowInput::STARTED && input.step_number() == 0) {
    input.set_step_number(step().number());
  }
  return world_.Do(input);
}

dispatch::v1::CallOrder Service::Order() const {
  dispatch::v1::CallOrder order;
  order.set_id(kSession);
  order.set_room(kSession);
  order.set_session_id("sess_1");
  order.set_correlation_id("sess_1");
  order.set_from_phone(kCaller);
  order.set_to_phone(kNumber);
  order.set_direction(session::v1::Session::INBOUND);
  order.set_record(step().dial().record());
  return order;
}

ControlCallRequest Service::Request(Action action, const std::string& caller_leg) const {
  ControlCallRequest request;
  *request.mutable_order() = Order();
  request.set_provider_call_id(caller_leg);
  request.set_action(action);
  request.set_not_joined_yet(true);
  session::v1::Leg& customer = *request.add_legs();
  customer.set_id("customer");
  customer.set_party(session::v1::Leg::CUSTOMER);
  customer.set_state(session::v1::Leg::ANSWERED);
  customer.set_provider_leg_id(caller_leg);
  ControlCallRequest::Target& target = *request.mutable_target();
  target.set_leg_id("agent");
  target.set_party(session::v1::Leg::AGENT);
  target.set_phone(step().dial().phone());
  target.set_agent_id(step().dial().agent_id());
  target.set_ring_seconds(step().dial().ring_seconds());
  request.mutable_flow_input()->set_step_number(step().number());
  return request;
}

Exchange::Exchange(Make make) : adapter(make({http, clock, {}})) {
  http.When("", 200, R"({"uuid":"63f61863-4a51-4f6b-86e1-46edebcf0001","call_sid":"CAagent"})");
}

absl::Status Exchange::Control(const ControlCallRequest& request) {
  return testing::RunTask(adapter->Control(account, request)).status();
}

absl::StatusOr<common::v1::HttpResponse> Exchange::Ask(Service& service,
                                                       common::v1::HttpRequest question) {
  const dispatch::v1::ReadFlowResponse read = adapter->ReadFlow(account, question, clock.Now());
  if (read.verdict() != dispatch::v1::ReadWebhookResponse::GENUINE) {
    throw std::logic_error("a question is not understood: " + read.reason());
  }
  if (!read.call().session().empty() && read.call().session() != kSession) {
    throw std::logic_error("a question names another session");
  }
  const bool begins = read.input().kind() == FlowInput::STARTED;
  if (begins && read.call().to_phone() != kNumber) {
    throw std::logic_error("the number called is not read: " + read.call().to_phone());
  }
  dispatch::v1::RenderFlowRequest render;
  *render.mutable_step() = service.Answer(read.input());
  *render.mutable_order() = service.Order();
  render.set_provider_call_id(read.call().provider_call_id());
  *render.mutable_request() = std::move(question);
  return adapter->RenderFlow(account, render);
}

bool Exchange::TellsEnd(const common::v1::HttpRequest& callback) {
  const dispatch::v1::ReadWebhookResponse read =
      adapter->ReadWebhook(account, callback, clock.Now());
  for (const session::v1::SessionFact& item : read.facts()) {
    const session::v1::CallFact::Kind kind = item.fact().kind();
    const bool over =
        kind == session::v1::CallFact::CALL_ENDED || kind == session::v1::CallFact::CALL_CANCELLED;
    if (over && item.fact().party() == session::v1::Leg::CUSTOMER) return true;
  }
  return false;
}

FlowInput::Kind OutcomeOf(Rung rung) {
  switch (rung) {
    case Rung::kBusy:
      return FlowInput::DIAL_BUSY;
    case Rung::kNoAnswer:
      return FlowInput::DIAL_NO_ANSWER;
    case Rung::kRejected:
      return FlowInput::DIAL_REJECTED;
    case Rung::kFailed:
      return FlowInput::DIAL_FAILED;
    default:
      return FlowInput::DIAL_ENDED;
  }
}

}  // namespace ctc::flows
