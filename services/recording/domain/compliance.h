// May this call be made, and may it be recorded? Pure: a policy, a number and a moment in, a
// verdict with every reason out.
#pragma once

#include <absl/time/time.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "ctc/recording/v1/recording_service.pb.h"
#include "services/recording/domain/calling_hours.h"

namespace ctc::recording {

struct ListEntry {
  std::string id;
  v1::PhoneNumber::ListType type = v1::PhoneNumber::LIST_TYPE_UNSPECIFIED;
  absl::Time expires_at = absl::InfiniteFuture();
};

struct HoursRule {
  std::string id;
  std::string name;
  std::string jurisdiction;  // ISO country; empty means all
  CallingHours hours;
};

struct ConsentRule {
  std::string id;
  std::string name;
  std::string jurisdiction;
  bool messages = false;  // for a message left on request, too
};
// ConsentRule::messages of a rule's parameters. INVALID_ARGUMENT with the field at fault.
absl::StatusOr<bool> ReadConsentParameters(const google::protobuf::Struct& parameters);

// Everything a tenant has decided, loaded at once.
struct Policy {
  std::unordered_map<std::string, std::vector<ListEntry>> lists;  // by E.164
  bool lists_are_whole = true;  // false: they are too long to be here, CallQuestion::entries tells
  std::vector<HoursRule> hours;
  std::vector<ConsentRule> consent;  // where a recording may not begin by itself
  bool auto_record = false;
  // False lets the caller skip finding out the number's country.
  bool needs_region() const;
};

struct CallQuestion {
  std::string to_phone;  // E.164
  std::string region;    // ISO country of it, "" when unknown or not needed
  absl::Time at;
  enum class Record { kByConfiguration, kYes, kNo } record = Record::kByConfiguration;
  bool message = false;            // not a conversation: somebody was asked to leave a message
  std::vector<ListEntry> entries;  // of to_phone, when the policy has no whole lists
};

enum class Verdict { kAllow, kDefer, kDeny };

struct Reason {
  std::string code;
  std::string detail;
  std::string rule_id;
};

struct Decision {
  Verdict verdict = Verdict::kAllow;
  std::vector<Reason> reasons;
  absl::Time allowed_from = absl::InfinitePast();  // with kDefer
  bool record = false;
};

// Every step speaks, so that all reasons are told; DENY beats DEFER beats ALLOW. A whitelisted
// number is exempt from the tenant's own lists, never from the hours. A number of unknown country
// is under every rule.
Decision Decide(const Policy& policy, const CallQuestion& question);

// Only whether it is recorded: of somebody who called us, neither lists nor hours are asked.
Decision DecideRecording(const Policy& policy, const CallQuestion& question);

std::string_view VerdictName(Verdict verdict);

}  // namespace ctc::recording
