#include "services/dispatch/service/credentials.h"

#include <catch2/catch.hpp>

namespace ctc::dispatch {
namespace {

const std::string kOld = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const std::string kNew = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const base::TenantId kTenant("t1");

Keyring Ring(const std::string& keys) { return Keyring::Parse(base::Secret(keys)).value(); }

v1::ProviderSecrets Secrets() {
  v1::ProviderSecrets secrets;
  secrets.set_auth_token("ctc:secret");
  secrets.set_webhook_secret("hook");
  return secrets;
}

TEST_CASE("credentials come back for their own account only", "[dispatch][credentials]") {
  const Keyring ring = Ring(kOld);
  const std::string sealed = ring.Seal(Secrets(), kTenant, "p1").value();
  CHECK(sealed.find("secret") == std::string::npos);
  CHECK(sealed.starts_with("1:"));
  CHECK(ring.Unseal(sealed, kTenant, "p1")->auth_token() == "ctc:secret");
  CHECK_FALSE(ring.Unseal(sealed, kTenant, "p2").ok());
  CHECK_FALSE(ring.Unseal(sealed, base::TenantId("t2"), "p1").ok());
  CHECK_FALSE(Ring(kNew).Unseal(sealed, kTenant, "p1").ok());
  std::string broken = sealed;
  broken[broken.size() / 2] = broken[broken.size() / 2] == 'A' ? 'B' : 'A';
  CHECK_FALSE(ring.Unseal(broken, kTenant, "p1").ok());
}

TEST_CASE("an account without credentials needs no key", "[dispatch][credentials]") {
  CHECK(Ring(kOld).Unseal("", kTenant, "p1")->ByteSizeLong() == 0);
}

TEST_CASE("after a change of keys the old ones still open", "[dispatch][credentials]") {
  const std::string sealed = Ring("a:" + kOld).Seal(Secrets(), kTenant, "p1").value();
  const Keyring rotated = Ring("b:" + kNew + ",a:" + kOld);
  CHECK(rotated.Unseal(sealed, kTenant, "p1").ok());
  CHECK(rotated.Seal(Secrets(), kTenant, "p1")->starts_with("b:"));
  CHECK_FALSE(Ring("b:" + kNew).Unseal(sealed, kTenant, "p1").ok());
}

TEST_CASE("a master key that is none is refused", "[dispatch][credentials]") {
  for (const char* bad : {"", "short", "AAAA", "!!!", ":AAAA"}) {
    INFO(bad);
    CHECK_FALSE(Keyring::Parse(base::Secret(bad)).ok());
  }
}

TEST_CASE("names of credentials are shown, not their values", "[dispatch][credentials]") {
  CHECK(NamesOf(Secrets()) == std::vector<std::string>{"auth_token", "webhook_secret"});
}

}  // namespace
}  // namespace ctc::dispatch
