// How a SIP switch with an HTTP interface is driven: the account's `settings`, read and checked
// field by field when they are written. docs/sip.md is the contract. Pure; thread-safe.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctc/dispatch/v1/provider.pb.h"
#include "libs/providers/sip/probe.h"
#include "libs/providers/sip/text_template.h"
#include "libs/providers/sip/webhook_mapping.h"

namespace ctc::providers::sip {

// A question to an answer: what `at` finds, compared. Set parts must all hold.
struct Condition {
  std::vector<int> status;  // empty: any
  Probe at;
  std::optional<std::string> equals;
  std::optional<std::string> starts_with;
  bool absent = false;  // `at` must find nothing
};

enum class ErrorClass {
  kAuth,
  kInvalidNumber,
  kNotFound,
  kConflict,  // the call is not in a state for this; for a hang-up: it ended already
  kRateLimited,
  kCapacity,
  kTemporary,
  kPermanent,
};

struct ErrorRule {
  Condition when;
  ErrorClass meaning = ErrorClass::kPermanent;
};

enum class BodyKind { kNone, kJson, kForm, kXml, kPlain };

// One request to the switch.
struct Operation {
  std::string method;
  TextTemplate path;  // with query
  std::vector<std::pair<std::string, TextTemplate>> headers;
  BodyKind body_kind = BodyKind::kNone;
  std::string content_type;
  nlohmann::json json;
  std::vector<std::pair<std::string, TextTemplate>> form;
  TextTemplate text;
  Condition success;  // status empty: 200 to 299
  std::vector<ErrorRule> errors;
  Probe message;  // the switch's words in an error
  // Of place: the call's id in the answer, or the one that we chose.
  Probe id;
  std::optional<TextTemplate> supplied_id;
  bool names_agent = false;  // it can only be filled for an order with an agent's phone
  // Of look_up: where the state stands, what its words mean.
  Probe status;
  std::map<std::string, std::string> statuses;  // word -> LIVE, NOT_FOUND or an ending
  Probe sip_status;
  Probe duration;
};

struct SwitchTemplate {
  enum class Auth { kNone, kBasic, kBearer, kHeader };

  Auth auth = Auth::kBearer;
  std::string auth_header;
  Values constants;  // "constants.x"
  int ring_timeout_seconds = 45;
  int max_duration_seconds = 14'400;
  std::map<std::string, Operation, std::less<>> operations;  // by name; absent: cannot be done
  WebhookMapping webhook;

  const Operation* Find(std::string_view name) const;
};

// VALIDATION_FAILED names every field at fault. A setting of the account's own replaces the one of
// its preset, objects member by member; an operation that is null is taken away.
absl::StatusOr<std::shared_ptr<const SwitchTemplate>> ReadSwitchTemplate(
    const dispatch::v1::Provider& config);

}  // namespace ctc::providers::sip
