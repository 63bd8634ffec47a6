// Where the clock stands for whoever is called: the time zones that a number may be in. Pure;
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "libs/telephony/phone_number.h"

namespace ctc::telephony {

// Names of the tz database. Of a number of the North American plan those of its area code, of any
// other, and of one that belongs to no area, all of its country; empty where there is no country
// (+800, satellites). The area is the number's: its holder may be elsewhere.
std::vector<std::string> ZonesOf(const E164& number);

}  // namespace ctc::telephony
