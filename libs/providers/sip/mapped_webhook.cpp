#include "libs/providers/sip/mapped_webhook.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <limits>

#include "libs/base/error_catalogue.h"
#include "libs/base/ids.h"
#include "libs/base/proto_time.h"
#include "libs/http/message.h"
#include "libs/providers/outcome.h"
#include "libs/providers/sip/sip_status.h"
#include "libs/providers/sip/webhook_proof.h"

namespace ctc::providers::sip {
namespace {

using dispatch::v1::ReadWebhookResponse;
using http_switch::Answer;
using session::v1::CallFact;
using session::v1::Leg;

constexpr size_t kMaxBody = 256 << 10;  // a call record with all channel variables
constexpr size_t kMaxId = 191;
constexpr size_t kMaxUrl = 1024;
constexpr int64_t kWeekSeconds = 7 * 24 * 3600;
constexpr int64_t kLastSecond = 253'402'300'799;  // of the year 9999

void Refuse(ReadWebhookResponse& response, ReadWebhookResponse::Verdict verdict,
            std::string reason) {
  response.set_verdict(verdict);
  response.set_reason(std::move(reason));
  response.clear_facts();
}

std::optional<int64_t> NumberAt(const Probe& probe, const Answer& event, int64_t limit) {
  int64_t number = 0;
  const std::optional<std::string> text = probe.Find(event);
  if (!text.has_value() || !absl::SimpleAtoi(*text, &number)) return std::nullopt;
  return number < 0 || number > limit ? std::nullopt : std::optional<int64_t>(number);
}

std::optional<absl::Time> TimeAt(const WebhookMapping& mapping, const std::string& text) {
  using Format = WebhookMapping::TimeFormat;
  if (mapping.at_format == Format::kRfc3339) {
    absl::Time at;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, text, &at, &error)) return std::nullopt;
    return at;
  }
  const int64_t unit = mapping.at_format == Format::kSeconds  ? 1
                       : mapping.at_format == Format::kMillis ? 1000
                                                              : 1'000'000;
  int64_t count = 0;
  if (!absl::SimpleAtoi(text, &count) || count < 0 || count / unit > kLastSecond) {
    return std::nullopt;
  }
  return absl::FromUnixSeconds(count / unit) + absl::Seconds(1) * (count % unit) / unit;
}

// The body as the tree that the probes look into; nothing when it is not of the form promised.
std::optional<Answer> Parse(const WebhookMapping& mapping, const std::string& body) {
  if (mapping.body == WebhookMapping::Body::kJson) {
    Answer answer(body);
    if (!answer.json.is_object()) return std::nullopt;
    return answer;
  }
  const auto pairs = http::ParseForm(body);
  if (!pairs.ok()) return std::nullopt;
  Json tree = Json::object();
  for (const auto& [name, value] : *pairs) {
    if (name == mapping.json_field) {
      Json inner = Json::parse(value, nullptr, /*allow_exceptions=*/false);
      if (!inner.is_object()) return std::nullopt;
      return Answer(body, std::move(inner));
    }
    tree[name] = value;
  }
  if (!mapping.json_field.empty()) return std::nullopt;
  return Answer(body, std::move(tree));
}

class EventReader {
 public:
  EventReader(const Account& account, const WebhookMapping& mapping, const Answer& event,
              absl::Time now, std::string session)
      : account_(account),
        mapping_(mapping),
        event_(event),
        now_(now),
        session_(std::move(session)) {}

  // The first fault, "" when there is none.
  std::string Read(ReadWebhookResponse& response) {
    const std::string word = mapping_.event.Find(event_).value_or("");
    response.set_event_type(word.substr(0, 64));
    if (word.empty()) return "event: is missing";
    const auto meaning = mapping_.events.find(word);
    if (meaning == mapping_.events.end() && !mapping_.ignore_unknown) return "event: is not known";
    call_id_ = mapping_.call_id.Find(event_).value_or("");
    const std::string reference = mapping_.reference.Find(event_).value_or("");
    // Another system may place calls at the same switch, with references of its own.
    if (base::IsUuid(reference)) response.set_session(reference);
    if (!session_.empty()) {
      if (!reference.empty() && reference != session_) return "reference: is not the URL's session";
      response.set_session(session_);
    }
    if (call_id_.size() > kMaxId) return "call_id: is longer than 191 bytes";
    if (response.session().empty() && call_id_.empty()) return "call_id: is missing";
    if (const std::string fault = ReadTime(); !fault.empty()) return fault;
    if (meaning == mapping_.events.end() || meaning->second == "IGNORE") return "";
    CallFact fact = ReadFact(EventMeanings().at(meaning->second), word);
    if (fact.kind() == CallFact::RECORDING_READY && fact.recording_url().empty()) {
      return "recording_url: must be an http or https URL";
    }
    Add(response, std::move(fact));
    return "";
  }

  std::optional<absl::Time> at() const { return at_; }

 private:
  std::string ReadTime() {
    const std::optional<std::string> text = mapping_.at.Find(event_);
    if (!text.has_value()) return "";
    at_ = TimeAt(mapping_, *text);
    return at_.has_value() ? "" : "at: is not a time of the form promised";
  }

  Leg::Party PartyOf(const std::string& leg) const {
    if (mapping_.customer_if.set()) {
      return mapping_.customer_if.IsPresent(event_) ? Leg::CUSTOMER : Leg::AGENT;
    }
    Leg::Party party = Leg::PARTY_UNSPECIFIED;
    if (const auto found = mapping_.legs.find(leg); found != mapping_.legs.end()) {
      Leg::Party_Parse(found->second, &party);
    } else if (leg.starts_with("agent-")) {  // our own names: the agent rung again,
      party = Leg::AGENT;
    } else if (leg.starts_with("consult-")) {  // and further parties
      party = Leg::CONSULT;
    } else if (leg.starts_with("party-")) {
      party = Leg::GUEST;
    } else if (leg.starts_with("supervisor-")) {
      party = Leg::SUPERVISOR;
    }
    return party;
  }

  // How it ended: the cause's own word, else the SIP status. Switches have one word for a person's
  // refusal and the trunk's, and one for a silent phone and a gateway: there the status tells.
  CallFact ReadEnding(Leg::Party party, CallFact::Kind kind) const {
    const int sip_status = static_cast<int>(NumberAt(mapping_.sip_status, event_, 699).value_or(0));
    const auto cause = mapping_.causes.find(mapping_.cause.Find(event_).value_or(""));
    const bool vague = kind == CallFact::CALL_ENDED || kind == CallFact::CALL_FAILED;
    if (!vague || cause == mapping_.causes.end()) return EndingOf(party, kind, sip_status);
    const std::string& word = cause->second;
    const bool barred =
        sip_status == 401 || sip_status == 402 || sip_status == 403 || sip_status == 407;
    CallFact fact;
    if ((word == "REJECTED" && barred) || (word == "NO_ANSWER" && sip_status == 504)) {
      fact = EndingOfStatus(party, sip_status);
    } else if (word == "INVALID_NUMBER") {
      fact = EndingOfStatus(party, 404);
    } else if (word == "UNREACHABLE") {
      fact = EndingOfStatus(party, 503);
      fact.set_reason(session::v1::UNREACHABLE);
    } else if (word == "AGENT_REJECTED") {
      fact = EndingOfStatus(Leg::AGENT, 486);
    } else if (word == "AGENT_NO_ANSWER") {
      fact = EndingOfStatus(Leg::AGENT, 480);
    } else {
      fact = EndingOf(party, EventMeanings().at(word), word == "FAILED" ? sip_status : 0);
    }
    fact.clear_cause();
    if (sip_status >= 200) fact.set_cause(absl::StrCat("sip:", sip_status));
    return fact;
  }

  CallFact ReadFact(CallFact::Kind kind, const std::string& word) const {
    const std::string leg = mapping_.leg.Find(event_).value_or("");
    const Leg::Party party = PartyOf(leg);
    const bool ends = kind == CallFact::CALL_ENDED || kind == CallFact::CALL_BUSY ||
                      kind == CallFact::CALL_NO_ANSWER || kind == CallFact::CALL_REJECTED ||
                      kind == CallFact::CALL_FAILED || kind == CallFact::CALL_CANCELLED;
    CallFact fact;
    fact.set_kind(kind);
    fact.set_party(party);
    if (ends) fact = ReadEnding(party, kind);
    const bool further = party == Leg::CONSULT || party == Leg::GUEST || party == Leg::SUPERVISOR;
    const bool again = party == Leg::AGENT && leg.starts_with("agent-") &&
                       mapping_.legs.find(leg) == mapping_.legs.end();
    if (further || again) fact.set_leg_id(leg.substr(0, 64));
    const auto sequence = NumberAt(mapping_.sequence, event_, std::numeric_limits<int32_t>::max());
    fact.set_sequence(static_cast<int32_t>(sequence.value_or(0)));
    const auto seconds = NumberAt(mapping_.duration, event_, kWeekSeconds);
    if (ends && seconds.has_value()) fact.set_duration_seconds(static_cast<int32_t>(*seconds));
    const std::string url = mapping_.recording_url.Find(event_).value_or("");
    if (url.size() <= kMaxUrl && (url.starts_with("https://") || url.starts_with("http://"))) {
      fact.set_recording_url(url);
    }
    if (kind == CallFact::RECORDING_FAILED) {
      fact.set_message(Excerpt(mapping_.cause.Find(event_).value_or("")));
    }
    if (kind == CallFact::DTMF_RECEIVED) {
      fact.set_digits(mapping_.digits.Find(event_).value_or("").substr(0, 64));
    }
    std::string id = mapping_.event_id.Find(event_).value_or("").substr(0, kMaxId);
    if (id.empty()) {
      id = absl::StrCat(word, ":", leg, ":", fact.sequence(), ":",
                        at_.has_value() ? absl::ToUnixMicros(*at_) : 0);
    }
    fact.set_event_key(absl::StrCat("sip:", account_.config.id(), ":", call_id_, ":", id));
    return fact;
  }

  void Add(ReadWebhookResponse& response, CallFact fact) const {
    session::v1::SessionFact item;
    item.set_tenant_id(account_.tenant.value());
    item.set_session(response.session());
    item.set_provider_id(account_.config.id());
    item.set_provider_call_id(call_id_);
    fact.set_source(session::v1::WEBHOOK);
    *fact.mutable_received_time() = base::ToPreciseProto(now_);
    if (at_.has_value()) *fact.mutable_provider_time() = base::ToPreciseProto(*at_);
    *item.mutable_fact() = std::move(fact);
    const CallFact::Kind kind = item.fact().kind();
    *response.add_facts() = item;
    if (kind == CallFact::RECORDING_READY || item.fact().recording_url().empty()) return;
    if (kind == CallFact::RECORDING_FAILED) return;  // where the audio would have been
    // An ending that brings the recording along says two things.
    CallFact recording;
    recording.set_kind(CallFact::RECORDING_READY);
    recording.set_recording_url(item.fact().recording_url());
    recording.set_event_key(item.fact().event_key() + ":recording");
    recording.set_source(session::v1::WEBHOOK);
    *recording.mutable_received_time() = item.fact().received_time();
    if (item.fact().has_provider_time()) {
      *recording.mutable_provider_time() = item.fact().provider_time();
    }
    *item.mutable_fact() = std::move(recording);
    *response.add_facts() = std::move(item);
  }

  const Account& account_;
  const WebhookMapping& mapping_;
  const Answer& event_;
  const absl::Time now_;
  const std::string session_;  // that the proof is for; empty: any
  std::string call_id_;
  std::optional<absl::Time> at_;
};

}  // namespace

bool IsSeedWebhook(const common::v1::HttpRequest& request) {
  if (request.body().size() > kMaxBody) return false;
  const Json json = Json::parse(request.body(), nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("event_type") && json.contains("timestamp");
}

ReadWebhookResponse ReadMappedWebhook(const Account& account, const WebhookMapping& mapping,
                                      const common::v1::HttpRequest& request, absl::Time now,
                                      const ReplayWindow& window) {
  ReadWebhookResponse response;
  WebhookProof proof = ProveWebhook(account, mapping.verify, request);
  if (proof.verdict != ReadWebhookResponse::GENUINE) {
    Refuse(response, proof.verdict, std::move(proof.reason));
    return response;
  }
  response.set_provider_id(account.config.id());
  if (request.body().size() > kMaxBody) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, "body: is longer than 256 kB");
    return response;
  }
  const std::optional<Answer> event = Parse(mapping, request.body());
  if (!event.has_value()) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, "body: is not of the form promised");
    return response;
  }
  EventReader reader(account, mapping, *event, now, proof.session);
  if (std::string fault = reader.Read(response); !fault.empty()) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, std::move(fault));
    return response;
  }
  if (IsOutside(reader.at(), now, window) || IsOutside(proof, mapping.verify, now, window)) {
    Refuse(response, ReadWebhookResponse::OUTSIDE_WINDOW, "the event is too old or in the future");
    return response;
  }
  response.set_verdict(ReadWebhookResponse::GENUINE);
  return response;
}

}  // namespace ctc::providers::sip
