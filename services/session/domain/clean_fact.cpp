// Cutting and clearing; sizes are those of the columns in migrations 019 and 020.
#include "services/session/domain/clean_fact.h"

#include "libs/base/proto_time.h"
#include "services/session/domain/parties.h"

namespace ctc::session::domain {
namespace {

// Length of the UTF-8 character at `i`, 0 when it is broken.
size_t CharacterAt(std::string_view text, size_t i) {
  const auto byte = [&](size_t k) { return static_cast<unsigned char>(text[k]); };
  size_t length = 0;
  if (byte(i) < 0x80) return 1;
  if (byte(i) >= 0xC2 && byte(i) < 0xE0) length = 2;
  if (byte(i) >= 0xE0 && byte(i) < 0xF0) length = 3;
  if (byte(i) >= 0xF0 && byte(i) < 0xF5) length = 4;
  if (length == 0 || i + length > text.size()) return 0;
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::string CleanAscii(std::string_view text, size_t bytes) {
  std::string out;
  for (char c : text) {
    if (out.size() < bytes && c >= 0x20 && c < 0x7F) out += c;
  }
  return out;
}

// A provider's clock may be wrong by hours, not by years.
bool IsPlausible(absl::Time time, absl::Time now) {
  return time > now - absl::Hours(24 * 370) && time < now + absl::Hours(24 * 2);
}

}  // namespace

std::string CleanText(std::string_view text, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t length = CharacterAt(text, i);
    if (length == 0 || (length == 1 && static_cast<unsigned char>(text[i]) < 0x20)) {
      ++i;
      continue;
    }
    if (out.size() + length > bytes) break;
    out.append(text.substr(i, length));
    i += length;
  }
  return out;
}

Fact CleanFact(Fact fact, absl::Time now) {
  if (!v1::CallFact::Kind_IsValid(fact.kind())) fact.clear_kind();
  if (!v1::Leg::Party_IsValid(fact.party())) fact.clear_party();
  fact.set_leg_id(CleanAscii(fact.leg_id(), 32));
  if (const v1::Leg::Party party = PartyOfLeg(fact.leg_id()); party != v1::Leg::PARTY_UNSPECIFIED) {
    fact.set_party(party);
  } else {
    fact.clear_leg_id();
  }
  if (!v1::KnownBy_IsValid(fact.source()) || fact.source() == v1::KNOWN_BY_UNSPECIFIED) {
    fact.set_source(v1::WEBHOOK);
  }
  if (!v1::EndReason_IsValid(fact.reason())) fact.clear_reason();
  if (!fact.has_received_time() || !IsPlausible(base::FromProto(fact.received_time()), now)) {
    *fact.mutable_received_time() = base::ToProto(now);
  }
  if (fact.has_provider_time() && !IsPlausible(base::FromProto(fact.provider_time()), now)) {
    fact.clear_provider_time();
  }
  constexpr int32_t kWeek = 7 * 24 * 3600;
  if (fact.duration_seconds() < 0 || fact.duration_seconds() > kWeek) {
    fact.clear_duration_seconds();
  }
  if (fact.sequence() < 0) fact.clear_sequence();
  fact.set_event_key(CleanText(fact.event_key(), 512));
  fact.set_provider_leg_id(CleanText(fact.provider_leg_id(), 191));
  fact.set_cause(CleanAscii(fact.cause(), 64));
  fact.set_error_code(CleanAscii(fact.error_code(), 64));
  fact.set_phone(CleanText(fact.phone(), 128));
  fact.set_agent_id(CleanText(fact.agent_id(), 128));
  fact.set_message(CleanText(fact.message(), 500));
  fact.set_recording_url(CleanText(fact.recording_url(), 1024));
  // What was keyed may be card data: that keys were pressed is kept, not which.
  fact.clear_digits();
  return fact;
}

}  // namespace ctc::session::domain
