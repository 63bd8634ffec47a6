// What the operator's tool prints, as text: tables, a line of the live feed, a refusal of the API.
// Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ctc::tool {

using Json = nlohmann::json;

// A member as text; empty when it is absent or no plain value.
std::string TextOf(const Json& object, std::string_view name);
bool IsTrue(const Json& object, std::string_view name);

// For --json: readable, whatever bytes are in it.
std::string Pretty(const Json& json);

// One line without what a terminal would obey: a provider's words may hold anything.
std::string Printable(std::string_view text);

using Row = std::vector<std::string>;

// Columns as wide as the widest cell they were shown; the last one is not padded. An empty cell is
// "-", so that columns can be counted.
class Columns {
 public:
  void Fit(const Row& row);
  std::string Line(const Row& row) const;  // with its end of line

 private:
  std::vector<size_t> widths_;
};

std::string Table(const std::vector<Row>& rows);

// Code, detail, fields at fault, action and request id of a problem+json answer; of any other
// answer what can be told.
std::string RefusalText(int http_status, std::string_view body);

// Which events are shown; empty is any.
struct EventFilter {
  std::string status;   // after the event
  std::string session;  // UUID or sess_ id
  bool Matches(const Json& event) const;
};

// When, session, type, status after it, and what else is known of it; without its end of line.
std::string EventLine(const Json& event, bool colours);

}  // namespace ctc::tool
