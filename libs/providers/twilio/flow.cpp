#include "libs/providers/twilio/flow.h"

#include "libs/providers/twilio/incoming.h"
#include "libs/providers/twilio/request_text.h"
#include "libs/providers/twiml/question.h"
#include "libs/providers/twiml/step.h"

namespace ctc::providers::twilio {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using routing::v1::FlowStep;

ReadFlowResponse ReadQuestion(const Account& account, const common::v1::HttpRequest& request) {
  ReadFlowResponse response;
  const Incoming incoming = Verify(account, request);
  response.set_verdict(incoming.verdict);
  response.set_reason(incoming.reason);
  if (incoming.verdict != ReadWebhookResponse::GENUINE) return response;
  const std::string fault = twiml::ReadQuestion(incoming.query, incoming.form, response);
  if (!fault.empty()) {
    ReadFlowResponse refusal;
    refusal.set_verdict(ReadWebhookResponse::UNREADABLE);
    refusal.set_reason(fault);
    refusal.set_provider_id(account.config.id());
    return refusal;
  }
  response.set_provider_id(account.config.id());
  return response;
}

std::string StepTwiml(const Account& account, const dispatch::v1::CallOrder& order,
                      const FlowStep& step) {
  twiml::StepWords words;
  words.flow_url = [&](int number, std::string_view on) {
    return FlowUrl(account, order.id(), number, on);
  };
  words.recording_url = CallbackUrl(account, order.id(), "recording");
  // Into the room, where the one dialled by us joins it.
  words.dial = [&](const FlowStep& dial) {
    RoomEntry entry;
    entry.label = "customer";
    entry.waits = true;
    entry.music = true;
    entry.record = dial.dial().record();
    entry.action = FlowUrl(account, order.id(), dial.number(), "dial");
    return RoomTwiml(account, order, entry);
  };
  return twiml::StepTwiml(words, step);
}

}  // namespace ctc::providers::twilio
