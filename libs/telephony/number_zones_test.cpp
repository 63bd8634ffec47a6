// Which zones a number may be in.
#include "libs/telephony/number_zones.h"

#include <absl/time/time.h>
#include <catch2/catch.hpp>

#include <algorithm>

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
  for (const char* number : {"+16845550100", "+16705550100", "+14415550100", "+16495550100",
                             "+13455550100", "+18765550100", "+18075550100", "+18675550100",
                             "+14185550100", "+12505550100", "+13065550100", "+79161234567",
                             "+18002530000", "+19995550100", "+61412345678", "+525512345678"}) {
    CAPTURE(number);
    const Zones zones = Of(number);
    CHECK_FALSE(zones.empty());
    for (const std::string& zone : zones) {
      CAPTURE(zone);
      absl::TimeZone loaded;
      CHECK(absl::LoadTimeZone(zone, &loaded));
    }
  }
}

}  // namespace
}  // namespace ctc::telephony
