#include "libs/providers/vonage/flow.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/http/message.h"
#include "libs/providers/vonage/ncco.h"
#include "libs/providers/vonage/signature.h"
#include "libs/providers/vonage/webhook.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::ReadFlowResponse;
using dispatch::v1::ReadWebhookResponse;
using dispatch::v1::RenderFlowRequest;
using routing::v1::FlowInput;
using routing::v1::FlowStep;

constexpr size_t kMaxTalk = 1500;
constexpr size_t kMaxDigits = 20;
constexpr int kMaxInputSeconds = 10;
constexpr int kMaxSeconds = 7200;
constexpr int kMinMessageSeconds = 3;
// The silence that ends a message, of a caller who says nothing too.
constexpr int kMessageSilence = 10;
constexpr int kMaxSteps = 1'000'000;

// --- Steps to NCCO

// A text in pieces that one talk can hold, cut at a space where there is one.
std::vector<std::string> Pieces(std::string_view text) {
  std::vector<std::string> pieces;
  while (text.size() > kMaxTalk) {
    size_t cut = text.rfind(' ', kMaxTalk);
    if (cut == std::string_view::npos || cut == 0) {
      cut = kMaxTalk;
      while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    }
    pieces.emplace_back(text.substr(0, cut));
    text.remove_prefix(text[cut] == ' ' ? cut + 1 : cut);
  }
  pieces.emplace_back(text);
  return pieces;
}

class Renderer {
 public:
  Renderer(const Account& account, const RenderFlowRequest& request)
      : account_(account), request_(request), step_(request.step()) {}

  Json Render();

 private:
  void AddPrompts();
  void AddGather(const FlowStep::Gather& gather);
  void AddDial(const FlowStep::Dial& dial);
  void AddWait(const FlowStep::Wait& wait);
  void AddVoicemail(const FlowStep::Voicemail& voicemail);
  // Asks for the next step: the answer to a notify replaces the rest of the NCCO.
  void AddAsk(FlowInput::Kind outcome);
  std::string FlowUrlOf(std::string_view extra) const {
    return FlowUrl(account_, request_.order(), step_.number(), extra);
  }

  const Account& account_;
  const RenderFlowRequest& request_;
  const FlowStep& step_;
  Json actions_ = Json::array();
};

void Renderer::AddPrompts() {
  const bool interruptible = step_.has_gather();
  for (const FlowStep::Prompt& prompt : step_.prompts()) {
    if (!prompt.audio_url().empty()) {
      actions_.push_back({{"action", "stream"},
                          {"streamUrl", Json::array({prompt.audio_url()})},
                          {"bargeIn", interruptible}});
    }
    if (!prompt.audio_url().empty() || prompt.text().empty()) continue;
    for (std::string& piece : Pieces(prompt.text())) {
      Json talk = {{"action", "talk"}, {"text", std::move(piece)}, {"bargeIn", interruptible}};
      if (!prompt.language().empty()) talk["language"] = prompt.language();
      actions_.push_back(std::move(talk));
    }
  }
}

// Only "#" ends an input at Vonage; any other key travels in our URL and is cut off when the digits
// come.
void Renderer::AddGather(const FlowStep::Gather& gather) {
  const std::string& finish = gather.finish_on_key();
  const bool cut = !finish.empty() && finish != "#";
  const std::string url = FlowUrlOf(cut ? "&finish=" + http::Encode(finish) : "");
  const int limit = static_cast<int>(kMaxDigits);
  const int max_digits = gather.max_digits() > 0 ? std::min(gather.max_digits(), limit) : limit;
  const Json dtmf = {{"maxDigits", max_digits},
                     {"timeOut", std::clamp(gather.timeout_seconds(), 0, kMaxInputSeconds)},
                     {"submitOnHash", finish == "#"}};
  actions_.push_back({{"action", "input"},
                      {"type", Json::array({"dtmf"})},
                      {"dtmf", dtmf},
                      {"eventUrl", Json::array({url})}});
}

// Whom the caller is offered to is rung by us, into the room where the caller waits.
void Renderer::AddDial(const FlowStep::Dial& dial) {
  Seat seat;
  seat.starts = false;
  seat.ends = true;
  seat.music_url = SettingUrl(account_, "hold_music_url");
  seat.record = dial.record();
  actions_.push_back(ConversationAction(account_, request_.order(), seat));
}

// Music lasts as long as it is: Vonage has no action that stops it. Silence lasts `seconds`.
void Renderer::AddWait(const FlowStep::Wait& wait) {
  if (wait.music_url().empty()) {
    actions_.push_back(
        {{"action", "wait"}, {"timeout", std::clamp(wait.seconds(), 1, kMaxSeconds)}});
  } else {
    actions_.push_back({{"action", "stream"}, {"streamUrl", Json::array({wait.music_url()})}});
  }
  AddAsk(FlowInput::DONE);
}

// The message itself is told at its own URL, for nobody asks what comes next when the caller ended
// it by hanging up.
void Renderer::AddVoicemail(const FlowStep::Voicemail& voicemail) {
  LegUrl recording;
  recording.leg = "message";
  Json record = {{"action", "record"},
                 {"beepStart", true},
                 {"timeOut", std::clamp(voicemail.max_seconds(), kMinMessageSeconds, kMaxSeconds)},
                 {"endOnSilence", kMessageSilence},
                 {"eventUrl", Json::array({EventUrl(account_, request_.order(), recording)})}};
  if (!voicemail.finish_on_key().empty()) record["endOnKey"] = voicemail.finish_on_key();
  actions_.push_back(std::move(record));
  AddAsk(FlowInput::VOICEMAIL_LEFT);
}

void Renderer::AddAsk(FlowInput::Kind outcome) {
  // A notify names no leg: its payload does.
  const Json payload = {{"outcome", FlowInput::Kind_Name(outcome)},
                        {"uuid", request_.provider_call_id()}};
  actions_.push_back(
      {{"action", "notify"}, {"payload", payload}, {"eventUrl", Json::array({FlowUrlOf("")})}});
}

Json Renderer::Render() {
  AddPrompts();
  switch (step_.then_case()) {
    case FlowStep::kGather:
      AddGather(step_.gather());
      break;
    case FlowStep::kDial:
      AddDial(step_.dial());
      break;
    case FlowStep::kWait:
      AddWait(step_.wait());
      break;
    case FlowStep::kVoicemail:
      AddVoicemail(step_.voicemail());
      break;
    case FlowStep::kHangUp:
      break;  // there is no such action: the leg ends with the NCCO
    case FlowStep::THEN_NOT_SET:
      AddAsk(FlowInput::DONE);
      break;
  }
  return std::move(actions_);
}

// --- Questions to inputs

bool IsKeys(std::string_view keys) {
  return keys.size() <= kMaxDigits && std::all_of(keys.begin(), keys.end(), [](char c) {
           return (c >= '0' && c <= '9') || c == '*' || c == '#';
         });
}

std::string ReadKeys(const Json& dtmf, const std::string& finish, FlowInput& input) {
  // Older events hold the digits themselves.
  std::string keys = dtmf.is_string() ? dtmf.get<std::string>() : TextOf(dtmf, "digits");
  if (!IsKeys(keys)) return "dtmf: holds no keys";
  if (!finish.empty()) keys = keys.substr(0, keys.find(finish));
  input.set_kind(keys.empty() ? FlowInput::NO_INPUT : FlowInput::DIGITS);
  input.set_digits(std::move(keys));
  return "";
}

std::string ReadOutcome(const std::string& name, FlowInput& input) {
  FlowInput::Kind kind = FlowInput::KIND_UNSPECIFIED;
  const bool known = FlowInput::Kind_Parse(name, &kind);
  // What needs digits or a beginning is never told so.
  if (!known || kind < FlowInput::DONE) return "outcome: is not known";
  input.set_kind(kind);
  return "";
}

// The fault, or "".
std::string Read(const common::v1::HttpRequest& request, ReadFlowResponse& response) {
  const std::optional<Json> fields = FieldsOf(request);
  const auto pairs = http::ParseForm(request.query());
  if (!fields.has_value() || !pairs.ok()) return "the question is not one JSON object";
  const auto query = [&](std::string_view name) -> std::string {
    for (const auto& [key, value] : *pairs) {
      if (key == name) return value;
    }
    return "";
  };
  dispatch::v1::FlowCall& call = *response.mutable_call();
  FlowInput& input = *response.mutable_input();
  call.set_session(query("session"));
  if (!call.session().empty() && !base::IsUuid(call.session())) return "session: is not a UUID";
  const Json payload = fields->value("payload", Json());
  std::string uuid = TextOf(*fields, "uuid");
  if (uuid.empty()) uuid = TextOf(payload, "uuid");
  if (!IsId(uuid)) return "uuid: is missing or malformed";
  call.set_provider_call_id(uuid);
  call.set_from_phone(E164Of(TextOf(*fields, "from")));
  call.set_to_phone(E164Of(TextOf(*fields, "to")));
  const std::string step = query("step");
  if (step.empty() && call.session().empty()) {
    input.set_kind(FlowInput::STARTED);
    return "";
  }
  int number = 0;
  if (!absl::SimpleAtoi(step, &number) || number < 1 || number > kMaxSteps) {
    return "step: is not the number of a step";
  }
  if (call.session().empty()) return "session: is missing in the question's URL";
  input.set_step_number(number);
  if (fields->contains("dtmf")) return ReadKeys((*fields)["dtmf"], query("finish"), input);
  const std::string outcome = query("outcome");
  return ReadOutcome(outcome.empty() ? TextOf(payload, "outcome") : outcome, input);
}

}  // namespace

ReadFlowResponse ReadQuestion(const Account& account, const common::v1::HttpRequest& request,
                              absl::Time now, const ReplayWindow& window) {
  ReadFlowResponse response;
  SignatureCheck check = CheckSignature(account, request, now, window);
  if (check.verdict == ReadWebhookResponse::GENUINE) {
    response.set_provider_id(account.config.id());
    check.reason = Read(request, response);
    if (!check.reason.empty()) check.verdict = ReadWebhookResponse::UNREADABLE;
  }
  response.set_verdict(check.verdict);
  response.set_reason(std::move(check.reason));
  if (check.verdict != ReadWebhookResponse::GENUINE) {
    response.clear_call();
    response.clear_input();
  }
  return response;
}

common::v1::HttpResponse RenderStep(const Account& account, const RenderFlowRequest& request) {
  common::v1::HttpResponse answer;
  answer.set_status(200);
  answer.set_content_type("application/json");
  answer.set_body(Dump(Renderer(account, request).Render()));
  return answer;
}

std::string AskAgainUrl(const Account& account, const dispatch::v1::CallOrder& order,
                        const FlowInput& input) {
  return FlowUrl(account, order, input.step_number(),
                 "&outcome=" + FlowInput::Kind_Name(input.kind()));
}

}  // namespace ctc::providers::vonage
