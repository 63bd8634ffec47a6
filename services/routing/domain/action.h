// What a key of a menu does, read from the option's action_json; its shape is told in docs/ivr.md.
// Pure.
#pragma once

#include <google/protobuf/struct.pb.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ctc/routing/v1/ivr_service.pb.h"
#include "libs/base/status.h"

namespace ctc::routing {

struct Action {
  v1::IvrMenuOption::Action kind = v1::IvrMenuOption::ACTION_UNSPECIFIED;
  // Heard before it, or, with PLAY_MESSAGE, the message itself.
  std::string text;
  std::string audio_url;
  std::string agent_id;
  std::string queue_id;
  std::string phone;    // E.164 or an endpoint
  std::string menu_id;  // with SUB_MENU
  int ring_seconds = 20;
  bool record = false;
  int max_seconds = 120;            // longest message, with VOICEMAIL
  std::string finish_on_key = "#";  // with VOICEMAIL and COLLECT_DTMF; empty: none
  std::string name;                 // of the digits, with COLLECT_DTMF
  int min_digits = 1;
  int max_digits = 1;
  int timeout_seconds = 0;  // 0: the menu's
  int max_retries = -1;     // below 0: the menu's
  // What follows when nobody takes the call; absent: the queue's overflow, or good-bye.
  std::shared_ptr<const Action> no_answer;  // shared, since books of menus are copied
  // What follows a message or collected digits; absent: the menu again.
  std::shared_ptr<const Action> then;
};

// `path` names the object in errors, as "options[0].action_json". `target_menu_id` is the option's.
absl::StatusOr<Action> ParseAction(v1::IvrMenuOption::Action kind,
                                   const google::protobuf::Struct& json,
                                   const std::string& target_menu_id, const std::string& path);

// The part of `action` that a path of the words "no_answer" and "then" joined by dots leads to;
// nullptr when there is none.
const Action* Follow(const Action& action, std::string_view path);

// Calls `visit` with the action and each that may follow it, and the path to it.
void Walk(const Action& action,
          const std::function<void(const Action&, const std::string& path)>& visit);

}  // namespace ctc::routing
