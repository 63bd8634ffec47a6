#include "libs/providers/vonage/webhook.h"

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <map>

#include "libs/base/error_catalogue.h"
#include "libs/base/proto_time.h"
#include "libs/http/message.h"
#include "libs/providers/outcome.h"
#include "libs/providers/vonage/api.h"
#include "libs/providers/vonage/leg_fact.h"
#include "libs/providers/vonage/signature.h"

namespace ctc::providers::vonage {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using session::v1::Leg;

constexpr size_t kMaxBody = 64 << 10;
constexpr size_t kMaxField = 2048;
constexpr int kMaxDurationSeconds = 7 * 24 * 3600;
// `leg` of a recording's URL, of a talk and of a caller's message.
constexpr std::string_view kRecording = "recording";
constexpr std::string_view kMessage = "message";

// What our URL says beside the event.
using Query = std::map<std::string, std::string>;

std::string ValueOf(const Query& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? "" : found->second;
}

// Numbers come as strings or as numbers.
int IntOf(const Json& event, const char* name, int fallback) {
  const auto found = event.find(name);
  if (found == event.end()) return fallback;
  if (found->is_number_integer()) {
    const auto value = found->get<int64_t>();
    return value >= 0 && value <= kMaxDurationSeconds ? static_cast<int>(value) : fallback;
  }
  int value = 0;
  const bool read = found->is_string() && absl::SimpleAtoi(found->get<std::string>(), &value);
  return read && value >= 0 && value <= kMaxDurationSeconds ? value : fallback;
}

// A leg beyond the first two: one consulted, a guest, or the agent rung again as "agent-2".
bool IsNumbered(std::string_view leg_id) { return leg_id != "agent" && leg_id != "customer"; }

bool OfRecording(std::string_view leg_id) { return leg_id == kRecording || leg_id == kMessage; }

// One event being read into facts.
class Reader {
 public:
  Reader(const Account& account, const Query& query, const Json& event, absl::Time now,
         ReadWebhookResponse& response)
      : account_(account), query_(query), event_(event), now_(now), response_(response) {}

  // What cannot be read, as "uuid: is missing"; "" when all went well.
  std::string Read();

 private:
  CallFact& Add(CallFact fact, const std::string& key);
  std::string ReadLeg(const std::string& status);
  std::string ReadInboundLeg(const std::string& status, const LegStatus& leg,
                             const std::string& uuid);
  std::string ReadRecording(const std::string& url);
  std::string ReadFault(const std::string& reason);
  std::string ReadRecordingFault(const std::string& reason);
  LegStatus StatusOf(const std::string& status) const;

  const Account& account_;
  const Query& query_;
  const Json& event_;
  const absl::Time now_;
  ReadWebhookResponse& response_;
  std::optional<absl::Time> at_;
};

CallFact& Reader::Add(CallFact fact, const std::string& key) {
  session::v1::SessionFact& item = *response_.add_facts();
  item.set_tenant_id(account_.tenant.value());
  item.set_session(response_.session());
  item.set_provider_id(account_.config.id());
  *item.mutable_fact() = std::move(fact);
  CallFact& added = *item.mutable_fact();
  added.set_source(session::v1::WEBHOOK);
  added.set_event_key("vonage:" + key);
  *added.mutable_received_time() = base::ToPreciseProto(now_);
  if (at_.has_value()) *added.mutable_provider_time() = base::ToPreciseProto(*at_);
  return added;
}

LegStatus Reader::StatusOf(const std::string& status) const {
  LegStatus leg;
  leg.status = status;
  leg.detail = Excerpt(TextOf(event_, "detail"));
  leg.sip_code = IntOf(event_, "sip_code", 0);
  return leg;
}

// The leg of a caller, told at the application's own URL: only that it ended matters. That it was
// answered, by our menu, joins nobody, and its duration is not talk.
std::string Reader::ReadInboundLeg(const std::string& status, const LegStatus& leg,
                                   const std::string& uuid) {
  if (TextOf(event_, "direction") != "inbound") return "";  // no call of ours
  CallFact fact = FactOf(Leg::CUSTOMER, leg);
  const bool ended = fact.kind() >= CallFact::CALL_ENDED && fact.kind() <= CallFact::CALL_CANCELLED;
  if (!ended) return "";
  fact.set_kind(CallFact::CALL_ENDED);
  fact.clear_reason();
  fact.clear_message();
  fact.clear_error_code();
  fact.set_provider_leg_id(uuid);
  Add(std::move(fact), uuid + ":" + status);
  response_.mutable_facts(0)->set_provider_call_id(uuid);
  return "";
}

std::string Reader::ReadLeg(const std::string& status) {
  const LegStatus leg = StatusOf(status);
  const std::string leg_id = ValueOf(query_, "leg");
  const Leg::Party party = PartyOf(leg_id);
  CallFact fact = FactOf(party, leg);
  const CallFact::Kind kind = fact.kind();
  // A word of a newer Vonage, or a recording's transcript.
  if (kind == CallFact::KIND_UNSPECIFIED || OfRecording(leg_id)) return "";
  std::string uuid = TextOf(event_, "uuid");
  if (uuid.empty()) uuid = TextOf(event_, "call_uuid");  // as human and machine have it
  if (!IsId(uuid)) return "uuid: is missing or malformed";
  if (leg_id.empty()) return ReadInboundLeg(status, leg, uuid);
  if (party == Leg::PARTY_UNSPECIFIED) return "leg: is not known";
  if (response_.session().empty()) return "session: is missing in the webhook's URL";
  fact.set_provider_leg_id(uuid);
  if (IsNumbered(leg_id)) fact.set_leg_id(leg_id);
  CallFact& added = Add(std::move(fact), uuid + ":" + status);
  const int duration = IntOf(event_, "duration", -1);
  if (kind == CallFact::CALL_ENDED && party == Leg::CUSTOMER && duration >= 0) {
    added.set_duration_seconds(duration);
  }
  if (kind != CallFact::CALL_ANSWERED) return "";
  if (ValueOf(query_, "records") == "1") {
    CallFact started;
    started.set_kind(CallFact::RECORDING_STARTED);
    Add(std::move(started), uuid + ":recording");
  }
  return "";
}

std::string Reader::ReadRecording(const std::string& url) {
  const std::string id = TextOf(event_, "recording_uuid");
  if (!IsId(id)) return "recording_uuid: is missing or malformed";
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    return "recording_url: must be an http or https URL";
  }
  if (response_.session().empty()) return "session: is missing in the webhook's URL";
  CallFact stopped;
  stopped.set_kind(CallFact::RECORDING_STOPPED);
  Add(std::move(stopped), id + ":stopped");
  CallFact ready;
  ready.set_kind(CallFact::RECORDING_READY);
  ready.set_recording_url(url);
  Add(std::move(ready), id + ":ready");
  if (ValueOf(query_, "leg") != kMessage) return "";
  CallFact left;
  left.set_kind(CallFact::CALL_MACHINE);
  Add(std::move(left), id + ":message");
  return "";
}

// Told where a recording is told of, it is the recording's. Vonage gives it no id of its own.
std::string Reader::ReadRecordingFault(const std::string& reason) {
  const std::string key =
      absl::StrCat(response_.session(), ":recording:", TextOf(event_, "timestamp"));
  CallFact stopped;
  stopped.set_kind(CallFact::RECORDING_STOPPED);
  Add(std::move(stopped), key + ":stopped");
  CallFact failed;
  failed.set_kind(CallFact::RECORDING_FAILED);
  failed.set_message(Excerpt(reason));
  Add(std::move(failed), key + ":failed");
  return "";
}

// An NCCO or a connect that Vonage could not do: nobody will be called.
std::string Reader::ReadFault(const std::string& reason) {
  if (ValueOf(query_, "leg") == kRecording && !response_.session().empty()) {
    return ReadRecordingFault(reason);
  }
  const Leg::Party party = PartyOf(ValueOf(query_, "leg"));
  if (party == Leg::PARTY_UNSPECIFIED || response_.session().empty()) return "";
  CallFact fact;
  fact.set_kind(CallFact::CALL_FAILED);
  fact.set_party(party);
  if (IsNumbered(ValueOf(query_, "leg"))) fact.set_leg_id(ValueOf(query_, "leg"));
  fact.set_reason(session::v1::PROVIDER_ERROR);
  fact.set_error_code(std::string(base::kProviderError.code));
  fact.set_message(Excerpt(reason));
  Add(std::move(fact), response_.session() + ":" + ValueOf(query_, "leg") + ":fault");
  return "";
}

// In the order in which events are told apart: several have no status.
std::string Reader::Read() {
  for (const auto& [name, value] : event_.items()) {
    if (value.is_string() && value.get_ref<const std::string&>().size() > kMaxField) {
      return Excerpt(name.substr(0, 64)) + ": is too long";
    }
  }
  response_.set_session(ValueOf(query_, "session"));
  if (!response_.session().empty() && !base::IsUuid(response_.session())) {
    return "session: is not a UUID";
  }
  const std::string stamp = TextOf(event_, "timestamp");
  at_ = ReadTime(stamp);
  if (!stamp.empty() && !at_.has_value()) return "timestamp: is not a time";
  const std::string status = TextOf(event_, "status");
  if (!status.empty()) {
    response_.set_event_type(Excerpt(status));
    return ReadLeg(status);
  }
  const std::string recording = TextOf(event_, "recording_url");
  if (event_.contains("conversation_uuid_from")) {
    response_.set_event_type("transfer");
  } else if (event_.contains("speech") || event_.contains("dtmf")) {
    response_.set_event_type("input");
  } else if (!recording.empty()) {
    response_.set_event_type("record");
    return ReadRecording(recording);
  } else if (event_.contains("payload")) {
    response_.set_event_type("notify");
  } else if (const std::string reason = TextOf(event_, "reason"); !reason.empty()) {
    response_.set_event_type("error");
    return ReadFault(reason);
  } else if (!OfRecording(ValueOf(query_, "leg"))) {  // where a room tells of itself as well
    return "status: is missing, and it is no other event";
  }
  return "";
}

void Refuse(ReadWebhookResponse& response, ReadWebhookResponse::Verdict verdict,
            std::string reason) {
  response.set_verdict(verdict);
  response.set_reason(std::move(reason));
  response.clear_facts();
}

}  // namespace

std::optional<Json> FieldsOf(const common::v1::HttpRequest& request) {
  if (request.method() == "GET") {
    const auto pairs = http::ParseForm(request.query());
    if (!pairs.ok()) return std::nullopt;
    Json fields = Json::object();
    for (const auto& [name, value] : *pairs) {
      // Objects come as JSON text.
      Json nested = value.starts_with('{') ? Json::parse(value, nullptr, false) : Json();
      fields[name] = nested.is_object() ? std::move(nested) : Json(value);
    }
    return fields;
  }
  if (request.body().size() > kMaxBody) return std::nullopt;
  Json fields = Json::parse(request.body(), nullptr, false);
  if (!fields.is_object()) return std::nullopt;
  return fields;
}

ReadWebhookResponse ReadEvent(const Account& account, const common::v1::HttpRequest& request,
                              absl::Time now, const ReplayWindow& window) {
  ReadWebhookResponse response;
  SignatureCheck check = CheckSignature(account, request, now, window);
  if (check.verdict != ReadWebhookResponse::GENUINE) {
    Refuse(response, check.verdict, std::move(check.reason));
    return response;
  }
  response.set_provider_id(account.config.id());
  const std::optional<Json> event = FieldsOf(request);
  const auto pairs = http::ParseForm(request.query());
  if (!event.has_value() || !pairs.ok()) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, "the body is not one JSON object");
    return response;
  }
  const Query query(pairs->begin(), pairs->end());
  Reader reader(account, query, *event, now, response);
  if (std::string fault = reader.Read(); !fault.empty()) {
    Refuse(response, ReadWebhookResponse::UNREADABLE, std::move(fault));
    return response;
  }
  response.set_verdict(ReadWebhookResponse::GENUINE);
  // Vonage runs the bodies of some answers; an empty one can never be an NCCO.
  response.mutable_answer()->set_status(204);
  return response;
}

}  // namespace ctc::providers::vonage
