// JSON bodies into every kind of request that the edge takes, and back. The first byte picks the
// type.
#include <memory>
#include <vector>

#include <google/protobuf/message.h>

#include "ctc/dispatch/v1/provider_service.pb.h"
#include "ctc/gateway/v1/gateway_service.pb.h"
#include "ctc/recording/v1/recording_service.pb.h"
#include "ctc/routing/v1/routing_service.pb.h"
#include "ctc/session/v1/session_service.pb.h"
#include "libs/transcoding/field_text.h"
#include "libs/transcoding/json_reader.h"
#include "libs/transcoding/json_writer.h"
#include "tests/fuzz/fuzz_target.h"

namespace ctc::fuzz {
namespace {

using google::protobuf::Message;

const std::vector<const Message*>& Prototypes() {
  static const std::vector<const Message*> prototypes = {
      &session::v1::InitiateCallRequest::default_instance(),
      &session::v1::UpdateSessionStatusRequest::default_instance(),
      &session::v1::WrapUpSessionRequest::default_instance(),
      &session::v1::Session::default_instance(),
      &dispatch::v1::CreateProviderRequest::default_instance(),
      &dispatch::v1::UpdateProviderRequest::default_instance(),
      &routing::v1::CreateRoutingRuleRequest::default_instance(),
      &routing::v1::CreateAgentRequest::default_instance(),
      &routing::v1::LogAgentActivityRequest::default_instance(),
      &recording::v1::CreatePhoneNumberRequest::default_instance(),
      &recording::v1::CreateComplianceRuleRequest::default_instance(),
      &recording::v1::PutRecordingConfigRequest::default_instance(),
      &gateway::v1::CreateApiKeyRequest::default_instance(),
  };
  return prototypes;
}

// A field of a query string: "name=text".
void SetOne(std::string_view text, const transcoding::MessageTable& table, Message& message) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) return;
  const transcoding::FieldEntry* entry = table.Find(text.substr(0, equals));
  if (entry == nullptr) return;
  (void)transcoding::SetFromText(text.substr(equals + 1), *entry, message);
}

}  // namespace

void Transcoder(std::string_view bytes) {
  const Message& prototype = *Prototypes()[TakeByte(bytes) % Prototypes().size()];
  const auto& table = transcoding::TableOf(prototype.GetDescriptor());
  const std::unique_ptr<Message> message(prototype.New());
  SetOne(bytes, table, *message);
  message->Clear();
  if (!transcoding::ReadJson(bytes, table, *message).ok()) return;
  const std::string text = transcoding::ToJson(*message);
  const std::unique_ptr<Message> again(prototype.New());
  const absl::Status status = transcoding::ReadJson(text, table, *again);
  Require(status.ok(), "what was written can be read");
  Require(transcoding::ToJson(*again) == text, "what was read again is the same");
}

}  // namespace ctc::fuzz
