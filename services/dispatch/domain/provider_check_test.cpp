#include "services/dispatch/domain/provider_check.h"

#include <catch2/catch.hpp>

#include "libs/base/error_catalogue.h"

namespace ctc::dispatch {
namespace {

// The seed's account, as its document prints it.
v1::Provider SeedProvider() {
  v1::Provider p;
  p.set_provider_name("My Asterisk Server");
  p.set_provider_type(common::v1::ProviderType::ASTERISK);
  p.set_api_url("http://asterisk-server:8088");
  p.set_phone_number("+1234567890");
  p.set_caller_id("MyCompany");
  p.set_dial_plan_prefix("100");
  p.set_retry_count(3);
  p.set_timeout_seconds(30);
  p.set_priority(1);
  return p;
}

std::string FieldAtFault(const v1::Provider& provider) {
  const std::vector<base::FieldError> faults = CheckProvider(provider);
  return faults.empty() ? "" : faults.front().field;
}

TEST_CASE("the seed's account is accepted", "[provider]") {
  CHECK(CheckProvider(SeedProvider()).empty());
}

TEST_CASE("every missing field is named at once", "[provider]") {
  const absl::Status status = ToStatus(CheckProvider(v1::Provider()));
  CHECK(base::IsError(status, base::kValidationFailed));
  std::vector<std::string> fields;
  for (const base::FieldError& fault : base::DetailOf(status).fields) fields.push_back(fault.field);
  CHECK(fields == std::vector<std::string>{"provider_name", "api_url", "phone_number",
                                           "timeout_seconds", "priority"});
}

TEST_CASE("an api_url is an absolute http or https URL and nothing more", "[provider]") {
  for (const char* good : {"http://pbx", "https://pbx.example.com:8088/base", "http://[::1]:8088",
                           "http://10.0.0.1:8088/"}) {
    INFO(good);
    CHECK(IsHttpUrl(good));
  }
  for (const char* bad :
       {"", "pbx", "/ari", "ftp://pbx", "file:///etc/passwd", "http://", "http:///x",
        "http://user:secret@pbx", "http://pbx?x=1", "http://pbx#f", "http://pbx:port",
        "http://pbx:", "http://p bx", "http://pbx\r\nHost: x", "gopher://pbx", "HTTP://pbx"}) {
    INFO(bad);
    CHECK_FALSE(IsHttpUrl(bad));
  }
}

TEST_CASE("numbers out of bounds are refused by name", "[provider]") {
  v1::Provider p = SeedProvider();
  SECTION("retry_count") {
    p.set_retry_count(11);
    CHECK(FieldAtFault(p) == "retry_count");
  }
  SECTION("timeout_seconds") {
    p.set_timeout_seconds(121);
    CHECK(FieldAtFault(p) == "timeout_seconds");
  }
  SECTION("priority") {
    p.set_priority(0);
    CHECK(FieldAtFault(p) == "priority");
  }
  SECTION("phone_number") {
    p.set_phone_number("0123");
    CHECK(FieldAtFault(p) == "phone_number");
  }
  SECTION("dial_plan_prefix") {
    p.set_dial_plan_prefix("1,2");
    CHECK(FieldAtFault(p) == "dial_plan_prefix");
  }
  SECTION("callback_url") {
    p.set_callback_url("https://u@host");
    CHECK(FieldAtFault(p) == "callback_url");
  }
  SECTION("caller_id") {
    p.set_caller_id("Acme\r\nX: y");
    CHECK(FieldAtFault(p) == "caller_id");
  }
}

}  // namespace
}  // namespace ctc::dispatch
