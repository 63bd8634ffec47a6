#include "libs/providers/sip/native/caller_rules.h"

#include <catch2/catch.hpp>

namespace ctc::providers::sip::native {
namespace {

CallerRules Rules(const std::vector<std::string>& ranges) {
  CallerRules rules;
  for (const std::string& range : ranges) rules.trusted.push_back(ReadAddressRange(range).value());
  return rules;
}

TEST_CASE("a trunk is known by its addresses", "[sip][callers]") {
  const CallerRules rules = Rules({"10.1.0.0/16", "192.0.2.7", "2001:db8::/32"});
  for (const char* address :
       {"10.1.0.0", "10.1.255.255", "192.0.2.7", "2001:db8:1::2", "::ffff:10.1.2.3"}) {
    INFO(address);
    CHECK(rules.Trusts(address));
  }
  for (const char* address :
       {"10.2.0.0", "192.0.2.8", "2001:db9::1", "::1", "", "10.1.0.0:5060", "trunk.example"}) {
    INFO(address);
    CHECK_FALSE(rules.Trusts(address));
  }
  CHECK(Rules({"0.0.0.0/0"}).Trusts("203.0.113.9"));
  CHECK_FALSE(Rules({"0.0.0.0/0"}).Trusts("2001:db8::1"));
  CHECK_FALSE(CallerRules().Trusts("10.1.0.0"));
}

TEST_CASE("what is no address range is refused", "[sip][callers]") {
  for (const char* text : {"", "trunk.example", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0",
                           "2001:db8::/129", "10.0.0.0/8x"}) {
    INFO(text);
    CHECK_FALSE(ReadAddressRange(text).ok());
  }
}

}  // namespace
}  // namespace ctc::providers::sip::native
