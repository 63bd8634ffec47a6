// Columns that hold levels by skill or a list of texts. What another release wrote there and we do
// not know is left out.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/repeated_field.h>

#include <string>

namespace ctc::routing {

using Levels = google::protobuf::Map<std::string, int32_t>;
using Texts = google::protobuf::RepeatedPtrField<std::string>;

std::string LevelsJson(const Levels& levels);
std::string TextsJson(const Texts& texts);
void ReadLevels(const std::string& json, Levels& into);
void ReadTexts(const std::string& json, Texts& into);

}  // namespace ctc::routing
