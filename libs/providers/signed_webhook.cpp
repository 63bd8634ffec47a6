#include "libs/providers/signed_webhook.h"

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "libs/base/proto_time.h"
#include "libs/crypto/crypto.h"

namespace ctc::providers {
namespace {

using dispatch::v1::ReadWebhookResponse;
using session::v1::CallFact;
using Json = nlohmann::json;

constexpr size_t kMaxBody = 64 << 10;
constexpr int kMaxDurationSeconds = 7 * 24 * 3600;

// What a field's text may be.
enum class Alphabet { kAny, kId, kUrl };

// Reads typed, bounded fields and keeps the first fault, named by its field.
class FieldReader {
 public:
  explicit FieldReader(const Json& object) : object_(object) {}

  std::string Text(const char* name, size_t limit, Alphabet alphabet = Alphabet::kAny) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return "";
    if (!found->is_string()) return Fault(name, "must be a string");
    const auto& text = found->get_ref<const std::string&>();
    if (text.size() > limit) return Fault(name, absl::StrCat("is longer than ", limit, " bytes"));
    if (!Fits(text, alphabet)) return Fault(name, "holds characters that do not belong there");
    return text;
  }

  std::optional<int> Number(const char* name, int limit) {
    const auto found = object_.find(name);
    if (found == object_.end() || found->is_null()) return std::nullopt;
    if (!found->is_number_integer() || found->get<int64_t>() < 0 || found->get<int64_t>() > limit) {
      Fault(name, absl::StrCat("must be a whole number from 0 to ", limit));
      return std::nullopt;
    }
    return found->get<int>();
  }

  std::string Fault(const char* name, std::string detail) {
    if (fault_.empty()) fault_ = absl::StrCat(name, ": ", detail);
    return "";
  }
  const std::string& fault() const { return fault_; }

 private:
  static bool Fits(const std::string& text, Alphabet alphabet) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) return false;
      if (alphabet == Alphabet::kAny) return true;
      if (byte >= 0x80 || c == ' ' || c == '"' || c == '<' || c == '>') return false;
      return alphabet == Alphabet::kUrl || absl::ascii_isalnum(byte) || c == '_' || c == '-' ||
             c == '.' || c == ':';
    });
  }

  const Json& object_;
  std::string fault_;
};

std::string Upper(std::string text) {
  absl::AsciiStrToUpper(&text);
  return text;
}

CallFact::Kind KindOf(const std::string& event_type) {
  static constexpr std::pair<std::string_view, CallFact::Kind> kAliases[] = {
      {"CALL_HOLD", CallFact::CALL_HELD},          {"CALL_UNHOLD", CallFact::CALL_RESUMED},
      {"CALL_CANCELED", CallFact::CALL_CANCELLED}, {"CALL_VOICEMAIL", CallFact::CALL_MACHINE},
      {"CALL_COMPLETED", CallFact::CALL_ENDED},    {"CALL_CONNECTED", CallFact::CALL_ANSWERED},
  };
  CallFact::Kind kind = CallFact::KIND_UNSPECIFIED;
  // CANCEL_REQUESTED is our own step, never a provider's word.
  if (CallFact::Kind_Parse(event_type, &kind)) {
    return kind == CallFact::CANCEL_REQUESTED ? CallFact::KIND_UNSPECIFIED : kind;
  }
  for (const auto& [alias, meaning] : kAliases) {
    if (alias == event_type) return meaning;
  }
  // "answered" for CALL_ANSWERED.
  const bool bare = !event_type.empty() && !event_type.starts_with("CALL_") &&
                    std::all_of(event_type.begin(), event_type.end(), absl::ascii_islower);
  return bare ? KindOf("CALL_" + Upper(event_type)) : CallFact::KIND_UNSPECIFIED;
}

// A bare "ended" whose status says more is that ending.
CallFact::Kind Refine(CallFact::Kind kind, std::string_view status) {
  if (kind != CallFact::CALL_ENDED) return kind;
  if (status == "BUSY") return CallFact::CALL_BUSY;
  if (status == "NO_ANSWER") return CallFact::CALL_NO_ANSWER;
  if (status == "FAILED") return CallFact::CALL_FAILED;
  if (status == "CANCELLED") return CallFact::CALL_CANCELLED;
  return kind;
}

// Reads the body into `response`; returns the event's time.
absl::Time ReadBody(FieldReader& fields, const Account& account, absl::Time now,
                    ReadWebhookResponse& response) {
  response.set_event_type(fields.Text("event_type", 64, Alphabet::kId));
  response.set_session(fields.Text("session_id", 64, Alphabet::kId));
  response.set_correlation_id(fields.Text("correlation_id", 128, Alphabet::kId));
  const std::string call_id = fields.Text("provider_call_id", 191, Alphabet::kUrl);
  fields.Text("from_phone", 32);
  fields.Text("to_phone", 32);
  const std::string status = Upper(fields.Text("status", 32));
  const std::string stamp = fields.Text("timestamp", 40);
  std::string party = Upper(fields.Text("party", 16, Alphabet::kId));
  if (party.empty()) party = Upper(fields.Text("leg", 16, Alphabet::kId));
  const std::string reason = fields.Text("reason", 200);
  const std::string recording_url = fields.Text("recording_url", 2048, Alphabet::kUrl);

  session::v1::SessionFact& item = *response.add_facts();
  CallFact& fact = *item.mutable_fact();
  fact.set_kind(Refine(KindOf(response.event_type()), status));
  if (fact.kind() == CallFact::KIND_UNSPECIFIED) fields.Fault("event_type", "is not known");
  if (response.session().empty() && call_id.empty()) fields.Fault("session_id", "is missing");
  session::v1::Leg::Party who = session::v1::Leg::PARTY_UNSPECIFIED;
  if (!party.empty() && !session::v1::Leg::Party_Parse(party, &who)) {
    fields.Fault("party", "must be AGENT or CUSTOMER");
  }
  absl::Time at;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, stamp, &at, &error)) {
    fields.Fault("timestamp", "must be an RFC 3339 time");
    at = now;
  }
  item.set_tenant_id(account.tenant.value());
  item.set_session(response.session());
  item.set_provider_id(account.config.id());
  item.set_provider_call_id(call_id);
  fact.set_party(who);
  fact.set_source(session::v1::WEBHOOK);
  *fact.mutable_provider_time() = base::ToPreciseProto(at);
  *fact.mutable_received_time() = base::ToPreciseProto(now);
  fact.set_cause(fields.Text("cause", 32, Alphabet::kId));
  fact.set_recording_url(recording_url);
  if (const auto seconds = fields.Number("duration_seconds", kMaxDurationSeconds)) {
    fact.set_duration_seconds(*seconds);
  }
  session::v1::EndReason end_reason = session::v1::END_REASON_UNSPECIFIED;
  // Why a recording failed is for people to read, whatever the word: it ended no call.
  if (fact.kind() != CallFact::RECORDING_FAILED &&
      session::v1::EndReason_Parse(Upper(reason), &end_reason)) {
    fact.set_reason(end_reason);
  } else {
    fact.set_message(reason);
  }
  fact.set_event_key(
      absl::StrCat(common::v1::ProviderType::Value_Name(account.config.provider_type()), ":",
                   item.session(), item.session().empty() ? call_id : "", ":",
                   response.correlation_id(), ":", session::v1::Leg::Party_Name(who), ":",
                   CallFact::Kind_Name(fact.kind()), ":", absl::ToUnixMillis(at)));
  return at;
}

// An ending that brings the recording along says two things.
void AddRecordingFact(ReadWebhookResponse& response) {
  const CallFact::Kind kind = response.facts(0).fact().kind();
  if (kind == CallFact::RECORDING_READY || response.facts(0).fact().recording_url().empty()) return;
  if (kind == CallFact::RECORDING_FAILED) return;  // where the audio would have been
  session::v1::SessionFact ready = response.facts(0);
  ready.mutable_fact()->set_kind(CallFact::RECORDING_READY);
  ready.mutable_fact()->set_event_key(absl::StrCat(ready.fact().event_key(), ":recording"));
  ready.mutable_fact()->clear_reason();
  ready.mutable_fact()->clear_duration_seconds();
  *response.add_facts() = std::move(ready);
}

void Refuse(ReadWebhookResponse& response, ReadWebhookResponse::Verdict verdict,
            std::string_view reason) {
  response.set_verdict(verdict);
  response.set_reason(std::string(reason));
  response.clear_facts();
}

void Read(const Account& account, std::string_view body, absl::Time now, const ReplayWindow& window,
          ReadWebhookResponse& response) {
  if (body.size() > kMaxBody) {
    return Refuse(response, ReadWebhookResponse::UNREADABLE, "body: is longer than 64 kB");
  }
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Refuse(response, ReadWebhookResponse::UNREADABLE, "body: is not a JSON object");
  }
  FieldReader fields(json);
  const absl::Time at = ReadBody(fields, account, now, response);
  if (!fields.fault().empty()) {
    return Refuse(response, ReadWebhookResponse::UNREADABLE, fields.fault());
  }
  if (at < now - window.max_age || at > now + window.max_skew) {
    return Refuse(response, ReadWebhookResponse::OUTSIDE_WINDOW,
                  at < now ? "timestamp: is too old" : "timestamp: is in the future");
  }
  AddRecordingFact(response);
  response.set_verdict(ReadWebhookResponse::GENUINE);
}

}  // namespace

bool SignatureFits(const base::Secret& secret, std::string_view body, std::string_view header) {
  constexpr std::string_view kPrefix = "sha256=";
  if (header.substr(0, kPrefix.size()) == kPrefix) header.remove_prefix(kPrefix.size());
  if (secret.empty() || header.size() != 64) return false;
  const absl::StatusOr<std::string> given = crypto::FromHex(header);
  if (!given.ok()) return false;
  return crypto::ConstantTimeEqual(*given, crypto::HmacSha256(secret.Reveal(), body));
}

ReadWebhookResponse ReadSignedWebhook(const Account& account,
                                      const common::v1::HttpRequest& request, absl::Time now,
                                      const ReplayWindow& window) {
  ReadWebhookResponse response;
  const std::string* signature = nullptr;
  int signatures = 0;
  for (const auto& header : request.headers()) {
    if (header.name() != "x-signature") continue;
    signature = &header.value();
    ++signatures;
  }
  if (signature == nullptr || signature->empty()) {
    Refuse(response, ReadWebhookResponse::UNSIGNED, "X-Signature is missing");
    return response;
  }
  if (signatures > 1 || !SignatureFits(account.webhook_secret, request.body(), *signature)) {
    Refuse(response, ReadWebhookResponse::FORGED,
           account.webhook_secret.empty() ? "the account has no webhook_secret"
                                          : "X-Signature does not fit the body");
    return response;
  }
  response.set_provider_id(account.config.id());
  Read(account, request.body(), now, window, response);
  return response;
}

}  // namespace ctc::providers
