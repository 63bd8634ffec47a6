#include "services/recording/domain/compliance.h"

#include <absl/strings/str_cat.h>

#include <algorithm>
#include <span>

#include "libs/base/error_catalogue.h"

namespace ctc::recording {
namespace {

using List = v1::PhoneNumber;

bool Applies(const std::string& jurisdiction, const std::string& region) {
  return jurisdiction.empty() || region.empty() || jurisdiction == region;
}

void Raise(Decision& decision, Verdict verdict) {
  decision.verdict = std::max(decision.verdict, verdict);
}

std::span<const ListEntry> EntriesOf(const Policy& policy, const CallQuestion& question) {
  if (!policy.lists_are_whole) return question.entries;
  const auto found = policy.lists.find(question.to_phone);
  return found == policy.lists.end() ? std::span<const ListEntry>() : found->second;
}

void AskLists(const Policy& policy, const CallQuestion& question, Decision& decision) {
  const std::span<const ListEntry> entries = EntriesOf(policy, question);
  const auto on = [&](List::ListType type) -> const ListEntry* {
    for (const ListEntry& entry : entries) {
      if (entry.type == type && entry.expires_at > question.at) return &entry;
    }
    return nullptr;
  };
  if (on(List::WHITELIST) != nullptr) return;
  if (const ListEntry* entry = on(List::BLACKLIST)) {
    decision.reasons.push_back({"NUMBER_BLACKLISTED", "the number is on the BLACKLIST", entry->id});
    Raise(decision, Verdict::kDeny);
  }
  if (const ListEntry* entry = on(List::SPAM)) {
    decision.reasons.push_back({"NUMBER_SPAM", "the number is on the SPAM list", entry->id});
    Raise(decision, Verdict::kDeny);
  }
}

// The hours of a rule, wherever the number may be; none when that cannot be told.
std::vector<CallingHours> HoursOf(const HoursRule& rule, const CallQuestion& question) {
  if (!rule.hours.follow_callee()) return {rule.hours};
  std::vector<CallingHours> all;
  for (const std::string& zone : question.zones) {
    auto there = rule.hours.In(zone);
    if (!there) return {};
    all.push_back(*std::move(there));
  }
  return all;
}

// The first moment when all are open.
absl::Time AllOpen(const std::vector<CallingHours>& all, absl::Time at) {
  for (int round = 0; round < 32; ++round) {
    absl::Time latest = at;
    for (const CallingHours& hours : all) latest = std::max(latest, hours.NextOpen(at));
    if (latest == at) return at;
    at = latest;
  }
  return absl::InfiniteFuture();
}

void AskHours(const Policy& policy, const CallQuestion& question, Decision& decision) {
  std::vector<CallingHours> applying;
  bool closed = false;
  bool never = false;
  const auto tell = [&](const HoursRule& rule, std::string_view where) {
    closed = true;
    decision.reasons.push_back(
        {"OUTSIDE_CALLING_HOURS",
         absl::StrCat("closed by \"", rule.name, "\" (", std::string(where), ")"), rule.id});
  };
  for (const HoursRule& rule : policy.hours) {
    if (!Applies(rule.jurisdiction, question.region)) continue;
    const std::vector<CallingHours> all = HoursOf(rule, question);
    const auto shut = std::find_if(all.begin(), all.end(), [&](const CallingHours& hours) {
      return !hours.IsOpen(question.at);
    });
    if (all.empty()) {
      never = true;
      tell(rule, "the number's time zone is not known");
    } else if (shut != all.end()) {
      tell(rule, shut->zone_name());
    }
    applying.insert(applying.end(), all.begin(), all.end());
  }
  if (!closed) return;
  decision.allowed_from = never ? absl::InfiniteFuture() : AllOpen(applying, question.at);
  Raise(decision,
        decision.allowed_from == absl::InfiniteFuture() ? Verdict::kDeny : Verdict::kDefer);
}

void AskRecording(const Policy& policy, const CallQuestion& question, Decision& decision) {
  using Record = CallQuestion::Record;
  decision.record = question.record == Record::kYes ||
                    (question.record == Record::kByConfiguration && policy.auto_record);
  if (!decision.record) return;
  const char* why = question.message
                        ? "\" wants consent even for a message that is left on request"
                        : "\" wants consent first: start the recording once it is given";
  for (const ConsentRule& rule : policy.consent) {
    if (!Applies(rule.jurisdiction, question.region)) continue;
    // Who speaks after being asked to leave a message agrees to its recording.
    if (question.message && !rule.messages) continue;
    decision.record = false;
    decision.reasons.push_back(
        {"RECORDING_NEEDS_CONSENT", absl::StrCat("\"", rule.name, why), rule.id});
  }
}

}  // namespace

absl::StatusOr<bool> ReadConsentParameters(const google::protobuf::Struct& parameters) {
  bool messages = false;
  for (const auto& [name, value] : parameters.fields()) {
    if (name != "messages") {
      return base::InvalidField("parameters." + name, "is not known for RECORDING_CONSENT");
    }
    if (value.kind_case() != google::protobuf::Value::kBoolValue) {
      return base::InvalidField("parameters.messages", "must be true or false");
    }
    messages = value.bool_value();
  }
  return messages;
}

bool Policy::needs_region() const {
  const auto has = [](const auto& rule) { return !rule.jurisdiction.empty(); };
  return std::any_of(hours.begin(), hours.end(), has) ||
         std::any_of(consent.begin(), consent.end(), has);
}

bool Policy::needs_zones() const {
  return std::any_of(hours.begin(), hours.end(),
                     [](const HoursRule& rule) { return rule.hours.follow_callee(); });
}

Decision Decide(const Policy& policy, const CallQuestion& question) {
  Decision decision;
  AskLists(policy, question, decision);
  AskHours(policy, question, decision);
  AskRecording(policy, question, decision);
  return decision;
}

Decision DecideRecording(const Policy& policy, const CallQuestion& question) {
  Decision decision;
  AskRecording(policy, question, decision);
  return decision;
}

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllow:
      return "ALLOW";
    case Verdict::kDefer:
      return "DEFER";
    case Verdict::kDeny:
      return "DENY";
  }
  return "";
}

}  // namespace ctc::recording
