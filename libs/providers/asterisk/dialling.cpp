#include "libs/providers/asterisk/dialling.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/ids.h"

namespace ctc::providers::asterisk {
namespace {

constexpr size_t kMaxEndpoint = 128;
constexpr size_t kMaxSay = 512;
constexpr int kDefaultRingSeconds = 45;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlnum(char c) { return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool OnlyAllowed(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return IsAlnum(c) || extra.find(c) != std::string_view::npos; });
}

// "+" and digits, or digits: all that may stand where a number is dialled.
bool IsNumber(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), IsDigit);
}

std::string TextSetting(const dispatch::v1::Provider& config, const char* name,
                        std::string_view fallback) {
  const auto& fields = config.settings().fields();
  const auto found = fields.find(name);
  return found == fields.end() ? std::string(fallback) : found->second.string_value();
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// A template is the administrator's, so it may name any technology; its fixed part may still hold
// nothing that Asterisk would read as options.
bool IsTemplate(std::string text) {
  for (const std::string_view variable : {"{prefix}", "{number}", "{agent_phone}"}) {
    ReplaceAll(text, variable, "");
  }
  return !text.empty() && text.size() <= kMaxEndpoint && OnlyAllowed(text, "/@._-+:") &&
         text.find('/') != std::string::npos;
}

absl::StatusOr<absl::Duration> RingTimeout(const dispatch::v1::Provider& config) {
  const auto& fields = config.settings().fields();
  const auto found = fields.find("ring_timeout_seconds");
  if (found == fields.end()) return absl::Seconds(kDefaultRingSeconds);
  const double seconds = found->second.number_value();
  if (!(seconds >= 5 && seconds <= 600)) {
    return base::InvalidField("settings.ring_timeout_seconds", "must be a number from 5 to 600");
  }
  return absl::Seconds(static_cast<int64_t>(seconds));
}

std::string AriUrl(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  const std::string_view ari = "/ari";
  if (url.size() < ari.size() || url.substr(url.size() - ari.size()) != ari) url += ari;
  return url;
}

// Printable, without what would end the URI in a list of them.
bool IsSayTemplate(std::string_view text) {
  return text.empty() || (text.starts_with("sound:") && text.size() <= kMaxSay &&
                          std::all_of(text.begin(), text.end(), [](char c) {
                            return c > 0x20 && c < 0x7f && c != ',' && c != '"';
                          }));
}

}  // namespace

absl::StatusOr<DialSettings> ReadSettings(const dispatch::v1::Provider& config) {
  DialSettings settings;
  settings.ari_url = AriUrl(config.api_url());
  settings.app = TextSetting(config, "app", "ctc");
  settings.endpoint_template = TextSetting(config, "endpoint_template", "PJSIP/{prefix}{number}");
  settings.agent_endpoint_template =
      TextSetting(config, "agent_endpoint_template", "PJSIP/{agent_phone}");
  settings.agent_context = TextSetting(config, "agent_context", "");
  settings.say = TextSetting(config, "say", "");
  CTC_ASSIGN_OR_RETURN(settings.ring_timeout, RingTimeout(config));
  if (settings.app.empty() || settings.app.size() > 64 || !OnlyAllowed(settings.app, "_-")) {
    return base::InvalidField("settings.app", "letters, digits, _ and - only");
  }
  if (!IsTemplate(settings.endpoint_template) ||
      settings.endpoint_template.find("{number}") == std::string::npos) {
    return base::InvalidField("settings.endpoint_template",
                              "must look like PJSIP/{prefix}{number}@trunk");
  }
  if (!IsTemplate(settings.agent_endpoint_template) ||
      settings.agent_endpoint_template.find("{agent_phone}") == std::string::npos) {
    return base::InvalidField("settings.agent_endpoint_template",
                              "must look like PJSIP/{agent_phone}");
  }
  if (settings.agent_context.size() > 64 || !OnlyAllowed(settings.agent_context, "_-")) {
    return base::InvalidField("settings.agent_context", "letters, digits, _ and - only");
  }
  if (!IsSayTemplate(settings.say)) {
    return base::InvalidField("settings.say",
                              "must look like sound:https://tts.example/say.wav?text={text}");
  }
  if (config.dial_plan_prefix().size() > 32 || !OnlyAllowed(config.dial_plan_prefix(), "+*#")) {
    return base::InvalidField("dial_plan_prefix", "letters, digits, +, * and # only");
  }
  return settings;
}

absl::StatusOr<std::string> CustomerEndpoint(const DialSettings& settings, std::string_view prefix,
                                             std::string_view number) {
  if (!IsNumber(number))
    return base::InvalidField("to_phone", "is not a number that can be dialled");
  if (!OnlyAllowed(prefix, "+*#")) return base::InvalidField("dial_plan_prefix", "is not dialable");
  std::string endpoint = settings.endpoint_template;
  ReplaceAll(endpoint, "{prefix}", prefix);
  ReplaceAll(endpoint, "{number}", number);
  return endpoint;
}

absl::StatusOr<std::string> AgentEndpoint(const DialSettings& settings, std::string_view prefix,
                                          std::string_view agent_phone) {
  if (!agent_phone.empty() && agent_phone.front() == '+') {
    return CustomerEndpoint(settings, prefix, agent_phone);
  }
  if (agent_phone.empty() || agent_phone.size() > kMaxEndpoint ||
      !OnlyAllowed(agent_phone, "/@._-+")) {
    return base::InvalidField("agent_phone", "is not a phone of the switch");
  }
  const size_t slash = agent_phone.find('/');
  if (slash == std::string_view::npos) {
    std::string endpoint = settings.agent_endpoint_template;
    ReplaceAll(endpoint, "{agent_phone}", agent_phone);
    return endpoint;
  }
  // Local/... would reach any context of the dialplan, which an agent's phone must not.
  const std::string_view technology = agent_phone.substr(0, slash);
  if (technology != "PJSIP" && technology != "SIP") {
    return base::InvalidField("agent_phone", "only PJSIP/ and SIP/ endpoints can be rung");
  }
  return std::string(agent_phone);
}

std::string CallerId(std::string_view name, std::string_view number) {
  std::string safe;
  for (const char c : name.substr(0, 64)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == ',') {
      continue;
    }
    safe += c;
  }
  const std::string_view shown = IsNumber(number) ? number : std::string_view();
  if (safe.empty()) return std::string(shown);
  return absl::StrCat("\"", safe, "\" <", absl::string_view(shown.data(), shown.size()), ">");
}

CallPlan PlanOf(const dispatch::v1::CallOrder& order) {
  CallPlan plan;
  plan.call = order.id();
  plan.to = order.to_phone();
  plan.from = order.from_phone();
  if (order.agent_id().size() <= 64 && OnlyAllowed(order.agent_id(), "_-")) {
    plan.agent_id = order.agent_id();
  }
  plan.record = order.record();
  plan.has_agent = !order.agent_phone().empty();
  return plan;
}

std::string EncodeArgs(const CallPlan& plan, std::string_view leg) {
  return absl::StrCat(absl::string_view(leg.data(), leg.size()), ",", plan.call, ",", plan.to, ",",
                      plan.from, ",", plan.record ? 1 : 0, ",", plan.has_agent ? 1 : 0, ",",
                      plan.agent_id);
}

std::optional<CallPlan> DecodeArgs(const std::vector<std::string>& args) {
  if (args.size() < 6 || !base::IsUuid(args[1]) || !IsNumber(args[2])) return std::nullopt;
  if (!args[3].empty() && !IsNumber(args[3])) return std::nullopt;
  CallPlan plan;
  plan.call = args[1];
  plan.to = args[2];
  plan.from = args[3];
  plan.record = args[4] == "1";
  plan.has_agent = args[5] == "1";
  if (args.size() > 6) plan.agent_id = args[6];
  return plan;
}

bool IsCaller(const std::vector<std::string>& args) {
  return !args.empty() && args.front() == "inbound";
}

std::string EncodeArgs(const PartyPlan& plan) {
  if (plan.watches.empty()) return "join";
  return absl::StrCat("watch,", plan.watches, plan.whispers ? ",whisper" : ",listen");
}

std::optional<PartyPlan> DecodePartyArgs(const std::vector<std::string>& args) {
  if (args.size() == 1 && args[0] == "join") return PartyPlan();
  if (args.size() != 3 || args[0] != "watch" || !IsChannelId(args[1])) return std::nullopt;
  return PartyPlan{args[1], args[2] == "whisper"};
}

}  // namespace ctc::providers::asterisk
