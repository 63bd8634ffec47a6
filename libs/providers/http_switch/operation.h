// One request to a switch that is driven over HTTP, as a template, and how its answer is read.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/providers/http_switch/probe.h"
#include "libs/providers/http_switch/text_template.h"

namespace ctc::providers::http_switch {

// A question to an answer: what `at` finds, compared. Set parts must all hold.
struct Condition {
  std::vector<int> status;  // empty: any
  Probe at;
  std::optional<std::string> equals;
  std::optional<std::string> starts_with;
  bool absent = false;  // `at` must find nothing, where it can be looked for
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

}  // namespace ctc::providers::http_switch
