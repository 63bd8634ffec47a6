// A small XML reader, enough for TwiML: elements, attributes, text, comments and the five entities.
// No DTD, no namespaces. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"

namespace ctc::simulator {

struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;  // all text directly inside, trimmed
  std::vector<XmlElement> children;

  std::string Attribute(const std::string& key, const std::string& fallback = "") const;
};

// INVALID_ARGUMENT when it is not well-formed or more than 32 levels deep.
absl::StatusOr<XmlElement> ParseXml(std::string_view text);

}  // namespace ctc::simulator
