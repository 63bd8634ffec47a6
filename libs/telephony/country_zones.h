// The time zones of a country. Pure; thread-safe.
#pragma once

#include <string_view>

namespace ctc::telephony {

// Names of the tz database with a space between; empty for a code that is no country's.
std::string_view ZonesOfCountry(std::string_view code);

}  // namespace ctc::telephony
