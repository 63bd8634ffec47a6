// Every row of the table through every renderer.
#include <absl/strings/str_join.h>

#include <catch2/catch.hpp>
#include <set>
#include <stdexcept>

#include "tests/flows/players.h"
#include "tests/flows/table.h"

namespace ctc::flows {
namespace {

struct Renderer {
  Wire wire;
  const char* name;
  void (*play)(Service&, Line&, bool twice);
};
constexpr Renderer kRenderers[] = {{Wire::kTwiml, "TwiML", PlayTwiml},
                                   {Wire::kNcco, "NCCO", PlayNcco},
                                   {Wire::kExotel, "Exotel's applets", PlayExotel},
                                   {Wire::kAri, "ARI", PlayAri},
                                   {Wire::kSip, "anchored SIP", PlaySip},
                                   {Wire::kSipTwiml, "SIP over HTTP in TwiML", PlaySipTwiml},
                                   {Wire::kJambonz, "jambonz's verbs", PlayJambonz}};

// Monday, 2026-01-05 12:00 in London.
const absl::Time kNoon = absl::FromUnixSeconds(1'767'614'400);

void AddEnd(const routing::FlowWorld& world, const Line& line, std::vector<std::string>& course) {
  const routing::v1::FlowStep& last = world.state.current();
  // After a talk, and once the caller has gone, the session itself tells how it ended.
  if (last.has_hang_up() && course.back() == "is hung up on" && !line.talked()) {
    course.back() += ": " + session::v1::EndReason_Name(last.hang_up().reason());
  }
  for (const auto& [name, digits] : world.state.collected()) {
    course.push_back(name + " is " + digits);
  }
}

std::string Play(const Row& row, const Renderer& renderer, bool twice) {
  routing::FlowWorld world;
  world.call.session_id = kSession;
  world.call.to_phone = kNumber;
  world.call.now = kNoon;
  row.menus(world);
  Service service(world);
  Line line(row.caller, world.call.now);
  std::vector<std::string> course;
  try {
    renderer.play(service, line, twice);
    course = line.course();
    AddEnd(world, line, course);
    for (const std::string& word : line.rest()) course.push_back("(never: " + word + ")");
  } catch (const std::exception& error) {
    course = line.course();
    course.push_back(std::string("(fault: ") + error.what() + ")");
  }
  return absl::StrJoin(course, "\n");
}

std::string Wanted(const Row& row, Wire wire) {
  const auto other = row.instead.find(wire);
  return absl::StrJoin(other == row.instead.end() ? row.course : other->second.course, "\n");
}

}  // namespace

TEST_CASE("the same menu gives the same behaviour through every renderer", "[flows]") {
  for (const Row& row : Table()) {
    for (const Renderer& renderer : kRenderers) {
      DYNAMIC_SECTION(row.name << ", " << renderer.name) {
        CHECK(Play(row, renderer, false) == Wanted(row, renderer.wire));
      }
    }
  }
}

TEST_CASE("a question asked twice changes nothing", "[flows]") {
  for (const Row& row : Table()) {
    for (const Renderer& renderer : kRenderers) {
      DYNAMIC_SECTION(row.name << ", " << renderer.name) {
        CHECK(Play(row, renderer, true) == Wanted(row, renderer.wire));
      }
    }
  }
}

TEST_CASE("the table is one: names differ, exceptions are few and say why", "[flows]") {
  std::set<std::string> names;
  size_t exceptions = 0;
  for (const Row& row : Table()) {
    INFO(row.name);
    CHECK(names.insert(row.name).second);
    for (const auto& [wire, instead] : row.instead) {
      CHECK_FALSE(instead.why.empty());
      CHECK(instead.course != row.course);
      ++exceptions;
    }
  }
  CHECK(exceptions * 4 < Table().size() * std::size(kRenderers));
}

}  // namespace ctc::flows
