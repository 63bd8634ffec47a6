// Menus, queues and agents for tests of a caller's way, and a caller who walks through them.
#pragma once

#include <google/protobuf/util/json_util.h>

#include <catch2/catch.hpp>

#include "services/routing/domain/flow.h"

namespace ctc::routing {

inline google::protobuf::Struct Json(const std::string& text) {
  google::protobuf::Struct json;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &json);
  INFO(text);
  REQUIRE(status.ok());
  return json;
}

// Ids are short in tests, but in the shape that is asked for.
inline std::string Id(const std::string& name) {
  std::string hex;
  for (const char c : name) hex += "0123456789abcdef"[static_cast<unsigned char>(c) % 16];
  return "01890000-0000-7000-8000-" + std::string(12 - hex.size(), '0') + hex;
}

inline v1::IvrMenuOption Option(const std::string& key, v1::IvrMenuOption::Action action,
                                const std::string& json = "{}", const std::string& target = "") {
  v1::IvrMenuOption option;
  option.set_id("option " + key);
  option.set_dtmf_key(key);
  option.set_action(action);
  *option.mutable_action_json() = Json(json);
  if (!target.empty()) option.set_target_menu_id(Id(target));
  return option;
}

struct FlowWorld {
  using Kind = v1::IvrMenuOption;
  using Input = v1::FlowInput;

  // A menu named like its id that says its name, waits 5 s and repeats twice.
  v1::IvrMenu& AddMenu(const std::string& name, std::vector<v1::IvrMenuOption> options) {
    v1::IvrMenu row;
    row.set_id(Id(name));
    row.set_menu_name(name);
    row.set_prompt_text("this is " + name);
    row.set_language("en-GB");
    row.set_timeout_seconds(5);
    row.set_max_retries(2);
    row.set_is_active(true);
    for (v1::IvrMenuOption& option : options) {
      option.set_id(name + " " + option.dtmf_key());
      *row.add_options() = std::move(option);
    }
    auto menu = ReadMenu(std::move(row));
    INFO(menu.status().ToString());
    REQUIRE(menu.ok());
    return book.menus.insert_or_assign(Id(name), *std::move(menu)).first->second.row;
  }

  v1::Queue& AddQueue(const std::string& name) {
    v1::Queue queue;
    queue.set_id(Id(name));
    queue.set_queue_name(name);
    queue.set_strategy(v1::Queue::LONGEST_IDLE);
    queue.set_max_wait_seconds(60);
    queue.set_ring_seconds(15);
    queue.set_music_url("https://music.example/a.mp3");
    queue.set_overflow("HANG_UP");
    queue.set_is_active(true);
    floor.last_offered[Id(name)] = "";
    return book.queues.insert_or_assign(Id(name), std::move(queue)).first->second;
  }

  // One who is free since `idle_since` seconds of the epoch.
  AgentNow& AddAgent(const std::string& id, int idle_since = 1000) {
    AgentNow now;
    now.agent.set_id(id);
    now.agent.set_phone("PJSIP/" + id);
    now.agent.set_capacity(1);
    now.agent.set_is_active(true);
    now.has_chosen = true;
    now.takes_calls = true;
    now.idle_since = absl::FromUnixSeconds(idle_since);
    return floor.agents.insert_or_assign(id, std::move(now)).first->second;
  }

  // Gives one input to the caller's state and remembers what came of it.
  const v1::FlowStep& Do(const Input& input) {
    outcome = Advance(book, &floor, call, state, input);
    REQUIRE_FALSE(outcome.need);
    state = outcome.state;
    return state.current();
  }
  const v1::FlowStep& Start() {
    Input input;
    input.set_kind(Input::STARTED);
    return Do(input);
  }
  const v1::FlowStep& Answer(Input::Kind kind, const std::string& digits = "") {
    Input input;
    input.set_kind(kind);
    input.set_digits(digits);
    input.set_step_number(state.current().number());
    return Do(input);
  }
  const v1::FlowStep& Press(const std::string& digits) { return Answer(Input::DIGITS, digits); }

  std::string Heard() const {
    std::string heard;
    for (const auto& prompt : state.current().prompts()) {
      heard += (heard.empty() ? "" : " | ") + prompt.text() + prompt.audio_url();
    }
    return heard;
  }
  bool IsOver() const { return state.current().has_hang_up(); }

  Book book;
  Floor floor{.agents = {},
              .waiting = {},
              .last_offered = {{QueueOfEveryAgent().id(), ""}},
              .reserved_for_caller = ""};
  FlowCall call{.session_id = Id("call"),
                .to_phone = "+15550100",
                .now = absl::FromUnixSeconds(1'767'600'000)};  // Monday, 2026-01-05 08:00 UTC
  v1::FlowState state;
  FlowOutcome outcome;
};

}  // namespace ctc::routing
