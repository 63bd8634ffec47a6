#include "services/routing/store/json_lists.h"

#include <nlohmann/json.hpp>

namespace ctc::routing {

std::string LevelsJson(const Levels& levels) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [skill, level] : levels) json[skill] = level;
  return json.dump();
}

std::string TextsJson(const Texts& texts) {
  nlohmann::json json = nlohmann::json::array();
  for (const std::string& text : texts) json.push_back(text);
  return json.dump();
}

void ReadLevels(const std::string& json, Levels& into) {
  const auto read = nlohmann::json::parse(json, nullptr, false);
  if (!read.is_object()) return;
  for (const auto& [skill, level] : read.items()) {
    if (level.is_number_integer()) into[skill] = level.get<int>();
  }
}

void ReadTexts(const std::string& json, Texts& into) {
  const auto read = nlohmann::json::parse(json, nullptr, false);
  if (!read.is_array()) return;
  for (const auto& text : read) {
    if (text.is_string()) *into.Add() = text.get<std::string>();
  }
}

}  // namespace ctc::routing
