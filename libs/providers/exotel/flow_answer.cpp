// Rendering: a step as the answer of one applet.
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/base/error_catalogue.h"
#include "libs/providers/account_setting.h"
#include "libs/providers/callback_fields.h"
#include "libs/providers/callback_token.h"
#include "libs/providers/exotel/applet.h"
#include "libs/providers/exotel/flow.h"
#include "libs/providers/exotel/request.h"
#include "libs/providers/missing_capability.h"

namespace ctc::providers::exotel {
namespace {

using common::v1::HttpResponse;
using dispatch::v1::RenderFlowRequest;
using routing::v1::FlowStep;
using Json = nlohmann::json;

constexpr char kWebhookPath[] = "/api/v1/webhooks/voip/exotel";
constexpr int kMaxCallSeconds = 14400;

absl::Status Cannot(std::string_view applet, std::string_view what) {
  return MissingCapability(absl::StrCat("Exotel's ", std::string(applet), " applet"), what);
}

HttpResponse Answer(int status, std::string type, std::string body) {
  HttpResponse response;
  response.set_status(status);
  response.set_content_type(std::move(type));
  response.set_body(std::move(body));
  return response;
}

HttpResponse JsonAnswer(const Json& json) {
  return Answer(200, "application/json", json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// Branch A or B of a Passthru.
HttpResponse Branch(bool a) { return Answer(a ? 200 : 302, "", ""); }

struct Heard {
  std::string text;
  std::string audio;
};

// All prompts as one: texts go together, a sound goes alone.
absl::StatusOr<Heard> JoinPrompts(std::string_view applet, const FlowStep& step) {
  Heard heard;
  for (const FlowStep::Prompt& prompt : step.prompts()) {
    if (!prompt.audio_url().empty()) {
      if (!heard.audio.empty() || !heard.text.empty()) return Cannot(applet, "several prompts");
      heard.audio = prompt.audio_url();
    } else {
      if (!heard.audio.empty()) return Cannot(applet, "several prompts");
      absl::StrAppend(&heard.text, heard.text.empty() ? "" : " ", prompt.text());
    }
  }
  return heard;
}

// No applet waits in silence, and one that says nothing would ask again at once.
absl::StatusOr<HttpResponse> Greet(const Account& account, const FlowStep& step) {
  CTC_ASSIGN_OR_RETURN(Heard heard, JoinPrompts("Greeting", step));
  if (heard.text.empty() && heard.audio.empty() && step.has_wait()) {
    heard.audio = step.wait().music_url();
    heard.text = SettingOf(account.config, "wait_text");
    if (heard.text.empty()) heard.text = "Please hold the line.";
  }
  return Answer(200, "text/plain; charset=utf-8", heard.audio.empty() ? heard.text : heard.audio);
}

absl::StatusOr<HttpResponse> Gather(const FlowStep& step) {
  if (!step.has_gather()) return Cannot("Gather", "anything but waiting for keys");
  CTC_ASSIGN_OR_RETURN(const Heard heard, JoinPrompts("Gather", step));
  Json prompt = {{"text", heard.text}};
  if (!heard.audio.empty()) prompt = {{"audio_url", heard.audio}};
  // The menu repeats itself by our own count, so never by the applet's.
  return JsonAnswer({{"gather_prompt", prompt},
                     {"max_input_digits", step.gather().max_digits()},
                     {"finish_on_key", step.gather().finish_on_key()},
                     {"input_timeout", step.gather().timeout_seconds()},
                     {"repeat_menu", 0}});
}

// Rings one agent; with nobody to ring the flow takes the branch for that. A lone applet asks again
// after an attempt that failed, where else the next Passthru tells.
absl::StatusOr<HttpResponse> Connect(const Account& account, const RenderFlowRequest& request,
                                     bool alone) {
  const FlowStep& step = request.step();
  if (!step.has_dial()) return JsonAnswer({{"destination", {{"numbers", Json::array()}}}});
  const std::string number = DiallableNumber(step.dial().phone());
  if (number.empty()) return Cannot("Connect", "agents without a number");
  Json json = {{"fetch_after_attempt", alone},
               {"destination", {{"numbers", {number}}}},
               {"outgoing_phone_number", DiallableNumber(request.order().to_phone())},
               {"record", step.dial().record()},
               {"max_ringing_duration", std::max(1, step.dial().ring_seconds())},
               {"max_conversation_duration", kMaxCallSeconds},
               {"music_on_hold", {{"type", "operator_tone"}}},
               {"parallel_ringing", {{"activate", false}}},
               {"dial_passthru_event_url",
                CallUrl(account, account.api_secret, kWebhookPath, request.order().id())}};
  if (step.dial().record()) json["recording_channels"] = "dual";
  return JsonAnswer(json);
}

// What a lone Connect applet cannot do at all.
absl::Status CheckLoneConnect(const FlowStep& step) {
  if (step.has_gather()) return Cannot("Connect", "gather");
  if (step.has_voicemail()) return Cannot("Connect", "voicemail");
  if (step.has_wait()) return Cannot("Connect", "wait");
  if (step.has_hang_up() || step.prompts_size() == 0) return absl::OkStatus();
  return Cannot("Connect", "prompts");
}

}  // namespace

absl::StatusOr<HttpResponse> RenderAnswer(const Account& account,
                                          const RenderFlowRequest& request) {
  const FlowStep& step = request.step();
  const std::optional<Applet> applet = AppletOf(request.request());
  if (!applet.has_value()) return Cannot("unknown", "flow");
  switch (*applet) {
    case Applet::kLoneConnect:
      CTC_RETURN_IF_ERROR(CheckLoneConnect(step));
      return Connect(account, request, true);
    case Applet::kConnect:
      return Connect(account, request, false);
    case Applet::kGather:
      return Gather(step);
    case Applet::kGreeting:
      return Greet(account, step);
    case Applet::kIsGather:
      return Branch(step.has_gather());
    case Applet::kIsDial:
      return Branch(step.has_dial());
    case Applet::kIsVoicemail:
      return Branch(step.has_voicemail());
    case Applet::kIsOver:
      return Branch(step.has_hang_up());
    default:
      return Branch(!step.has_hang_up());
  }
}

}  // namespace ctc::providers::exotel
