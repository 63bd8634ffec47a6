#include "libs/providers/sip/jambonz_verbs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "libs/providers/missing_capability.h"
#include "libs/providers/sip/caller_url.h"
#include "libs/providers/twiml/question.h"

namespace ctc::providers::sip {
namespace {

using Json = nlohmann::json;
using routing::v1::FlowInput;
using routing::v1::FlowStep;

constexpr int kDeclined = 603;

bool IsSound(const FlowStep::Prompt& prompt) { return !prompt.audio_url().empty(); }

// What a phone is to a dial verb; null for one that cannot be rung.
Json TargetOf(const std::string& phone) {
  const std::string_view digits = std::string_view(phone).substr(phone.starts_with('+') ? 1 : 0);
  if (!digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos) {
    return {{"type", "phone"}, {"number", phone}};
  }
  if (phone.starts_with("sip:") || phone.starts_with("sips:")) {
    return {{"type", "sip"}, {"sipUri", phone}};
  }
  // A phone that is registered at jambonz.
  if (phone.find('@') != std::string::npos) return {{"type", "user"}, {"name", phone}};
  return Json();
}

class VerbWriter {
 public:
  VerbWriter(const Account& account, const FlowSettings& settings, int most_seconds,
             const dispatch::v1::RenderFlowRequest& request)
      : account_(account),
        settings_(settings),
        most_seconds_(most_seconds),
        order_(request.order()),
        step_(request.step()) {}

  absl::StatusOr<Json> Write();

 private:
  std::string Url(std::string_view on) const {
    return CallerFlowUrl(account_, order_.id(), step_.number(), on);
  }
  Json SayOf(const FlowStep::Prompt& prompt) const;
  // The first `count` prompts, a verb each.
  void AddPrompts(int count);
  void AddGather(const FlowStep::Gather& gather);
  void AddDial(const FlowStep::Dial& dial);
  void AddWait(const FlowStep::Wait& wait);
  void AddHangUp();
  void AddRedirect(std::string_view on) {
    verbs_.push_back({{"verb", "redirect"}, {"actionHook", Url(on)}});
  }

  const Account& account_;
  const FlowSettings& settings_;
  const int most_seconds_;
  const dispatch::v1::CallOrder& order_;
  const FlowStep& step_;
  Json verbs_ = Json::array();
};

Json VerbWriter::SayOf(const FlowStep::Prompt& prompt) const {
  Json say = {{"text", prompt.text()}};
  if (const auto voice = settings_.voices.find(prompt.language());
      voice != settings_.voices.end()) {
    say["synthesizer"] = {{"vendor", voice->second.vendor},
                          {"language", prompt.language()},
                          {"voice", voice->second.voice}};
  }
  return say;
}

void VerbWriter::AddPrompts(int count) {
  for (int i = 0; i < count; ++i) {
    const FlowStep::Prompt& prompt = step_.prompts(i);
    if (IsSound(prompt)) {
      verbs_.push_back({{"verb", "play"}, {"url", prompt.audio_url()}});
    } else if (!prompt.text().empty()) {
      Json say = SayOf(prompt);
      say["verb"] = "say";
      verbs_.push_back(std::move(say));
    }
  }
}

// One prompt can be inside, where the first key ends it: a sound, or texts of one language.
void VerbWriter::AddGather(const FlowStep::Gather& gather) {
  int first = step_.prompts_size();
  const auto joins = [&](int i) {
    const FlowStep::Prompt& last = step_.prompts(step_.prompts_size() - 1);
    const FlowStep::Prompt& prompt = step_.prompts(i);
    if (i == step_.prompts_size() - 1) return IsSound(prompt) || !prompt.text().empty();
    return !IsSound(prompt) && !IsSound(last) && prompt.language() == last.language() &&
           !prompt.text().empty();
  };
  while (first > 0 && joins(first - 1)) --first;
  AddPrompts(first);
  const int seconds = std::max(1, gather.timeout_seconds());
  // With minDigits the timer between keys runs from the first one on.
  Json verb = {{"verb", "gather"},
               {"input", Json::array({"digits"})},
               {"minDigits", 1},
               {"timeout", seconds},
               {"dtmfBargein", true},
               {"interDigitTimeout", seconds},
               {"actionHook", Url("gather")}};
  if (gather.max_digits() > 0) verb["maxDigits"] = gather.max_digits();
  if (!gather.finish_on_key().empty()) verb["finishOnKey"] = gather.finish_on_key();
  if (first < step_.prompts_size()) {
    const FlowStep::Prompt& prompt = step_.prompts(first);
    if (IsSound(prompt)) {
      verb["play"] = {{"url", prompt.audio_url()}};
    } else {
      Json say = SayOf(prompt);
      say["text"] = Json::array();
      for (int i = first; i < step_.prompts_size(); ++i)
        say["text"].push_back(step_.prompts(i).text());
      verb["say"] = std::move(say);
    }
  }
  verbs_.push_back(std::move(verb));
}

void VerbWriter::AddDial(const FlowStep::Dial& dial) {
  Json target = TargetOf(dial.phone());
  if (target.is_null()) return AddRedirect(twiml::AskedWord(FlowInput::DIAL_FAILED));
  Json verb = {{"verb", "dial"},
               {"target", Json::array({std::move(target)})},
               {"timeout", std::max(1, dial.ring_seconds())},
               {"timeLimit", most_seconds_},
               {"answerOnBridge", true},
               {"actionHook", Url("dial")},
               {"tag", {{"session_id", order_.id()}, {"leg", "agent"}}}};
  // The number that was called is ours to show; the caller's is not.
  if (!order_.to_phone().empty()) verb["callerId"] = order_.to_phone();
  if (!settings_.ringback_url.empty()) verb["dialMusic"] = settings_.ringback_url;
  verbs_.push_back(std::move(verb));
}

void VerbWriter::AddWait(const FlowStep::Wait& wait) {
  // A pause alone would leave the caller's phone ringing.
  if (step_.number() <= 1 && verbs_.empty()) verbs_.push_back({{"verb", "answer"}});
  const int seconds = std::max(1, wait.seconds());
  if (wait.music_url().empty()) {
    verbs_.push_back({{"verb", "pause"}, {"length", seconds}});
  } else {
    // A longer piece is cut: the place in the queue is looked at when it ends.
    verbs_.push_back({{"verb", "play"}, {"url", wait.music_url()}, {"timeoutSecs", seconds}});
  }
  AddRedirect("done");
}

// A caller that is not wanted, and has heard nothing yet, is not even answered.
void VerbWriter::AddHangUp() {
  const bool unheard = step_.number() <= 1 && verbs_.empty();
  if (unheard && step_.hang_up().reason() == session::v1::BLOCKED_BY_POLICY) {
    verbs_.push_back({{"verb", "sip:decline"}, {"status", kDeclined}});
  } else {
    verbs_.push_back({{"verb", "hangup"}});
  }
}

absl::StatusOr<Json> VerbWriter::Write() {
  if (step_.has_voicemail()) return MissingCapability("jambonz", "voicemail");
  if (step_.has_gather()) {
    AddGather(step_.gather());
    return std::move(verbs_);
  }
  AddPrompts(step_.prompts_size());
  if (step_.has_dial()) {
    AddDial(step_.dial());
  } else if (step_.has_wait()) {
    AddWait(step_.wait());
  } else if (step_.has_hang_up()) {
    AddHangUp();
  } else {
    AddRedirect("done");
  }
  return std::move(verbs_);
}

}  // namespace

absl::StatusOr<common::v1::HttpResponse> RenderVerbs(
    const Account& account, const FlowSettings& settings, int most_seconds,
    const dispatch::v1::RenderFlowRequest& request) {
  VerbWriter writer(account, settings, most_seconds, request);
  CTC_ASSIGN_OR_RETURN(const Json verbs, writer.Write());
  common::v1::HttpResponse answer;
  answer.set_status(200);
  answer.set_content_type("application/json");
  answer.set_body(verbs.dump(-1, ' ', false, Json::error_handler_t::replace));
  return answer;
}

}  // namespace ctc::providers::sip
