// Which zones a number may be in.
#include "libs/telephony/number_zones.h"

#include <absl/time/time.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <sstream>

#include "libs/telephony/country_zones.h"

namespace ctc::telephony {
namespace {

using Zones = std::vector<std::string>;

Zones Of(const std::string& number) { return ZonesOf(E164::Parse(number).value()); }

bool Has(const Zones& zones, const char* zone) {
  return std::find(zones.begin(), zones.end(), zone) != zones.end();
}

TEST_CASE("a North American number is where its area code is") {
  CHECK(Of("+14158675310") == Zones{"America/Los_Angeles"});
  CHECK(Of("+12125550100") == Zones{"America/New_York"});
  CHECK(Of("+13125550100") == Zones{"America/Chicago"});
  CHECK(Of("+13035550100") == Zones{"America/Denver"});
  CHECK(Of("+16025550100") == Zones{"America/Phoenix"});
  CHECK(Of("+18085550100") == Zones{"Pacific/Honolulu"});
  CHECK(Of("+14165550100") == Zones{"America/Toronto"});
  CHECK(Of("+15065550100") == Zones{"America/Halifax"});
  CHECK(Of("+18095550100") == Zones{"America/Puerto_Rico"});
}

TEST_CASE("an area code that lies in several zones is in each") {
  CHECK(Of("+18505550100") == Zones{"America/New_York", "America/Chicago"});
  CHECK(Of("+12085550100") == Zones{"America/Denver", "America/Los_Angeles"});
  CHECK(Of("+19075550100") == Zones{"America/Anchorage", "America/Adak"});
  CHECK(Of("+17095550100") == Zones{"America/Halifax", "America/St_Johns"});
}

TEST_CASE("a number of no area may be anywhere in its country") {
  for (const char* number : {"+18002530000", "+18882530000"}) {
    CAPTURE(number);
    const Zones zones = Of(number);
    CHECK(zones.size() >= 6);
    CHECK(Has(zones, "America/New_York"));
    CHECK(Has(zones, "Pacific/Honolulu"));
  }
  // Not even its country is known.
  const Zones zones = Of("+19995550100");
  CHECK(Has(zones, "America/Los_Angeles"));
  CHECK(Has(zones, "America/St_Johns"));
}

TEST_CASE("a number elsewhere is in all zones of its country") {
  CHECK(Of("+4930123456") == Zones{"Europe/Berlin"});
  CHECK(Of("+442079460958") == Zones{"Europe/London"});
  CHECK(Of("+919876543210") == Zones{"Asia/Kolkata"});
  CHECK(Of("+5491123456789") == Zones{"America/Argentina/Buenos_Aires"});
  CHECK(Of("+34612345678") == Zones{"Atlantic/Canary", "Europe/Madrid"});
  const Zones australia = Of("+61412345678");
  CHECK(Has(australia, "Australia/Perth"));
  CHECK(Has(australia, "Australia/Sydney"));
  CHECK(Of("+5511987654321").size() == 4);
  CHECK(Of("+79161234567").size() == 11);
  CHECK(Of("+628123456789").size() == 3);
  CHECK(Of("+525512345678").size() >= 4);
}

TEST_CASE("what has no country has no zone") {
  CHECK(Of("+80012345678").empty());
  CHECK(Of("+870773111632").empty());
  CHECK(Of("+999123456789").empty());
}

TEST_CASE("each zone of the tables is one of the tz database") {
  std::set<std::string> zones;
  int countries = 0;
  for (char first = 'A'; first <= 'Z'; ++first) {
    for (char second = 'A'; second <= 'Z'; ++second) {
      const std::string_view names = ZonesOfCountry(std::string{first, second});
      countries += names.empty() ? 0 : 1;
      std::istringstream words{std::string(names)};
      for (std::string zone; words >> zone;) zones.insert(zone);
    }
  }
  CHECK(countries > 240);
  const size_t of_countries = zones.size();
  CHECK(of_countries > 300);
  for (int area = 200; area <= 999; ++area) {
    const Zones of_area = Of("+1" + std::to_string(area) + "5550100");
    CHECK_FALSE(of_area.empty());
    zones.insert(of_area.begin(), of_area.end());
  }
  for (const std::string& zone : zones) {
    CAPTURE(zone);
    absl::TimeZone loaded;
    CHECK(absl::LoadTimeZone(zone, &loaded));
  }
}

}  // namespace
}  // namespace ctc::telephony
