#include "services/routing/domain/action.h"

#include <absl/strings/str_cat.h>

#include <algorithm>

#include "libs/base/error.h"
#include "libs/base/ids.h"
#include "services/routing/domain/free_data.h"

namespace ctc::routing {
namespace {

using Kind = v1::IvrMenuOption;
using google::protobuf::Struct;

constexpr size_t kMaxText = 2000;
constexpr size_t kMaxId = 128;
constexpr size_t kMaxName = 64;
constexpr int kMaxDigits = 32;
// Actions that follow each other: an agent, a second, a queue, voicemail, and one to spare.
constexpr int kMaxDepth = 5;
constexpr char kNoAnswer[] = "no_answer";
constexpr char kThen[] = "then";

absl::StatusOr<Action> Parse(Kind::Action kind, const Struct& json, const std::string& target,
                             const std::string& path, int depth);

// An action inside another: its kind is its member "action", the menu of SUB_MENU its "menu_id".
absl::StatusOr<std::shared_ptr<const Action>> Following(const Struct& json, const std::string& path,
                                                        int depth) {
  if (depth >= kMaxDepth) return base::InvalidField(path, "at most 5 actions follow each other");
  Struct rest = json;
  const auto take = [&](const char* name) {
    const auto found = json.fields().find(name);
    rest.mutable_fields()->erase(name);
    return found == json.fields().end() ? std::string() : found->second.string_value();
  };
  Kind::Action kind = Kind::ACTION_UNSPECIFIED;
  const bool known = Kind::Action_Parse(take("action"), &kind);
  if (!known || kind == Kind::ACTION_UNSPECIFIED || kind == Kind::REPEAT) {
    return base::InvalidField(path + ".action", "must be an action other than REPEAT");
  }
  std::string menu_id;
  if (kind == Kind::SUB_MENU) {
    menu_id = take("menu_id");
    if (!base::IsUuid(menu_id)) {
      return base::InvalidField(path + ".menu_id", "must be the UUID of a menu");
    }
  }
  CTC_ASSIGN_OR_RETURN(Action action, Parse(kind, rest, menu_id, path, depth));
  return std::make_shared<const Action>(std::move(action));
}

void ReadFollowing(FreeData& data, const char* name, int depth,
                   std::shared_ptr<const Action>& into) {
  const Struct* json = data.Object(name);
  if (json == nullptr) return;
  auto action = Following(*json, data.PathOf(name), depth + 1);
  data.Take(action.status());
  if (action.ok()) into = *std::move(action);
}

void ReadWords(FreeData& data, Action& action) {
  action.text = data.Text("text", kMaxText);
  action.audio_url = data.Url("audio_url");
}

void ReadPhone(FreeData& data, Action& action) {
  const std::string given = data.Text("phone", kMaxId);
  if (given.empty()) return;
  auto phone = NormalPhone(given);
  if (phone.ok()) {
    action.phone = *std::move(phone);
  } else {
    data.Refuse("phone", "must be a number, an extension or a SIP endpoint");
  }
}

void ReadRinging(FreeData& data, Action& action, int depth) {
  ReadWords(data, action);
  action.record = data.Flag("record");
  ReadFollowing(data, kNoAnswer, depth, action.no_answer);
}

void ReadFinishKey(FreeData& data, Action& action) {
  const std::string key = data.Text("finish_on_key", 8);
  if (key.empty()) return;
  if (key == "none") {
    action.finish_on_key.clear();
  } else if (key == "#" || key == "*") {
    action.finish_on_key = key;
  } else {
    data.Refuse("finish_on_key", "must be \"#\", \"*\" or \"none\"");
  }
}

void ReadCollect(FreeData& data, Action& action, int depth) {
  ReadWords(data, action);
  action.name = data.Text("name", kMaxName);
  if (action.name.empty()) data.Refuse("name", "is required: the digits are kept under it");
  action.max_digits = data.Whole("max_digits", 1, kMaxDigits, 0);
  if (action.max_digits == 0) data.Refuse("max_digits", "is required");
  action.min_digits = data.Whole("min_digits", 1, kMaxDigits, 1);
  if (action.min_digits > action.max_digits) {
    data.Refuse("min_digits", "must not be more than max_digits");
  }
  action.timeout_seconds = data.Whole("timeout_seconds", 1, 60, 0);
  action.max_retries = data.Whole("max_retries", 0, 10, -1);
  ReadFinishKey(data, action);
  ReadFollowing(data, kThen, depth, action.then);
}

void ReadPlay(FreeData& data, Action& action, int depth) {
  ReadWords(data, action);
  if (action.text.empty() && action.audio_url.empty()) {
    data.Refuse("text", "or audio_url is required");
  }
  ReadFollowing(data, kThen, depth, action.then);
}

void ReadQueue(FreeData& data, Action& action, int depth) {
  action.queue_id = data.Text("queue_id", kMaxId);
  if (!base::IsUuid(action.queue_id)) data.Refuse("queue_id", "must be the UUID of a queue");
  ReadRinging(data, action, depth);
}

void ReadMembers(FreeData& data, Action& action, int depth) {
  switch (action.kind) {
    case Kind::ROUTE_AGENT:
      action.agent_id = data.Text("agent_id", kMaxId);
      if (action.agent_id.empty()) data.Refuse("agent_id", "is required");
      ReadPhone(data, action);
      action.ring_seconds = data.Whole("ring_seconds", 5, 120, 20);
      return ReadRinging(data, action, depth);
    case Kind::ROUTE_NUMBER:
      ReadPhone(data, action);
      if (action.phone.empty()) data.Refuse("phone", "is required");
      action.ring_seconds = data.Whole("ring_seconds", 5, 120, 20);
      return ReadRinging(data, action, depth);
    case Kind::ROUTE_QUEUE:
      return ReadQueue(data, action, depth);
    case Kind::PLAY_MESSAGE:
      return ReadPlay(data, action, depth);
    case Kind::COLLECT_DTMF:
      return ReadCollect(data, action, depth);
    case Kind::VOICEMAIL:
      ReadWords(data, action);
      action.max_seconds = data.Whole("max_seconds", 5, 600, 120);
      return ReadFinishKey(data, action);
    case Kind::HANG_UP:
      return ReadWords(data, action);
    default:
      return;  // SUB_MENU and REPEAT have no members
  }
}

absl::StatusOr<Action> Parse(Kind::Action kind, const Struct& json, const std::string& target,
                             const std::string& path, int depth) {
  Action action;
  action.kind = kind;
  action.menu_id = target;
  FreeData data(json, path);
  ReadMembers(data, action, depth);
  CTC_RETURN_IF_ERROR(data.Finish());
  return action;
}

void WalkFrom(const Action& action, const std::string& path,
              const std::function<void(const Action&, const std::string& path)>& visit) {
  visit(action, path);
  const std::string prefix = path.empty() ? "" : path + ".";
  if (action.no_answer) WalkFrom(*action.no_answer, prefix + kNoAnswer, visit);
  if (action.then) WalkFrom(*action.then, prefix + kThen, visit);
}

}  // namespace

absl::StatusOr<Action> ParseAction(Kind::Action kind, const Struct& json,
                                   const std::string& target_menu_id, const std::string& path) {
  return Parse(kind, json, target_menu_id, path, 0);
}

const Action* Follow(const Action& action, std::string_view path) {
  const Action* at = &action;
  while (at != nullptr && !path.empty()) {
    const size_t dot = path.find('.');
    const std::string_view word = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
    at = word == kNoAnswer ? at->no_answer.get() : word == kThen ? at->then.get() : nullptr;
  }
  return at;
}

void Walk(const Action& action,
          const std::function<void(const Action&, const std::string& path)>& visit) {
  WalkFrom(action, "", visit);
}

}  // namespace ctc::routing
