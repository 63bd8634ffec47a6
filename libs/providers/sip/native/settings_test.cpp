#include "libs/providers/sip/native/settings.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include "libs/base/error.h"

namespace ctc::providers::sip::native {
namespace {

using V = std::vector<std::string>;

Account AnAccount(const std::string& url = "sip:trunk.example:5060;transport=udp",
                  const std::string& more = "") {
  Account account;
  account.config.set_api_url(url);
  account.config.set_phone_number("+15550199");
  const std::string settings = R"({"mode":"native")" + more + "}";
  REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
              .ok());
  return account;
}

http::AddressGuard Guard() { return http::AddressGuard::PublicAnd("10.1.0.0/16").value(); }

V Faults(const Account& account, const http::AddressGuard& guard) {
  V fields;
  for (const auto& fault : base::DetailOf(ReadNativeSettings(account, guard).status()).fields) {
    fields.push_back(fault.field);
  }
  return fields;
}

TEST_CASE("an account names no address that is not allowed", "[sip][settings][ssrf]") {
  for (const char* host : {"169.254.169.254:80", "127.0.0.1", "192.168.1.1:5060", "127.1:5060",
                           "localhost", "[::1]:5060", "[fe80::1]", "[::ffff:10.0.0.1]:5060"}) {
    INFO(host);
    const std::string url = std::string("sip:") + host;
    CHECK(Faults(AnAccount(url), Guard()) == V{"api_url"});
    CHECK(Faults(AnAccount("sip:trunk.example", R"(,"agent_proxy":")" + url + "\""), Guard()) ==
          V{"settings.agent_proxy"});
    CHECK(Faults(AnAccount(url), http::AddressGuard::Everywhere()).empty());
  }
  CHECK(Faults(AnAccount("sip:t.example", R"(,"bind":"sip:127.0.0.1:5060")"), Guard()) ==
        V{"settings.bind"});
  for (const char* bind : {"sip:*:*", "sip:0.0.0.0:5060", "sip:10.1.2.3:5060"}) {
    INFO(bind);
    const std::string more = std::string(R"(,"bind":")") + bind + "\"";
    CHECK(Faults(AnAccount("sip:10.1.0.9:5060", more), Guard()).empty());
  }
  CHECK(Faults(AnAccount("sips:198.41.0.4:5061"), Guard()).empty());
}

TEST_CASE("our own address may be one of IPv6, in brackets", "[sip][settings]") {
  const auto bound = [](const std::string& bind) {
    const std::string more = R"(,"media":"anchored","media_address":"2001:db8::7","bind":")" + bind;
    return ReadNativeSettings(AnAccount("sip:trunk.example", more + "\""));
  };
  const NativeSettings settings = bound("sip:[2001:db8::5]:5060").value();
  CHECK(settings.own_host() == "[2001:db8::5]");
  CHECK(settings.own_address() == "2001:db8::5");
  CHECK(settings.media_host() == "2001:db8::5");
  CHECK(settings.has_fixed_port());
  CHECK_FALSE(bound("sip:[2001:db8::5]:*")->has_fixed_port());
  CHECK(bound("sip:[::]:5060")->media_host() == "::");
  for (const char* bind :
       {"sip:2001:db8::5:5060", "sip:[2001:db8::5]", "sip:[2001:db8::5:5060", "sip:[x]:5060",
        "sip:[]:5060", "sip:[1.2.3.4]:5060", "sip:[fe80::1%eth0]:5060", "sip:[::1]:x", "sip:[",
        "sip:]:5060", "sip:*", "sip:10.0.0.5", "sip::5060", "10.0.0.5:5060", ""}) {
    INFO(bind);
    CHECK_FALSE(bound(bind).ok());
  }
  const std::string own = R"(,"bind":"sip:[::1]:5060")";
  CHECK(Faults(AnAccount("sip:t.example", own), Guard()) == V{"settings.bind"});
  const std::string any = R"(,"bind":"sip:[::]:5060")";
  CHECK(Faults(AnAccount("sip:10.1.0.9:5060", any), Guard()).empty());
}

TEST_CASE("our own address is no name, which binding it would look up", "[sip][settings]") {
  for (const char* bind : {"sip:slow.tenant.example:*", "sip:localhost:5060", "sip:10.0.5:5060",
                           "sip:*.example:*", "sip:10.0.0.5.example:5060", "sip:2130706433:5060"}) {
    INFO(bind);
    const std::string more = std::string(R"(,"bind":")") + bind + "\"";
    CHECK(Faults(AnAccount("sip:trunk.example", more), http::AddressGuard::Everywhere()) ==
          V{"settings.bind"});
  }
}

TEST_CASE("a transfer is bridged or referred", "[sip][settings]") {
  const auto with = [](const char* word) {
    return AnAccount("sip:trunk.example", std::string(R"(,"transfer":)") + word);
  };
  CHECK_FALSE(ReadNativeSettings(AnAccount())->refers);
  CHECK_FALSE(ReadNativeSettings(with(R"("bridge")"))->refers);
  CHECK(ReadNativeSettings(with(R"("refer")"))->refers);
  for (const char* word : {R"("")", R"("Refer")", "1", "null"}) {
    CAPTURE(word);
    CHECK(Faults(with(word), http::AddressGuard::Everywhere()) == V{"settings.transfer"});
  }
}

TEST_CASE("a phone names no address that is not allowed", "[sip][settings][ssrf]") {
  const NativeSettings settings = ReadNativeSettings(AnAccount(), Guard()).value();
  for (const char* host : {"169.254.169.254:80", "10.2.0.1", "[::1]:5060", "localhost"}) {
    INFO(host);
    CHECK(absl::IsPermissionDenied(PhoneUri(settings, "", std::string("ann@") + host).status()));
    CHECK(absl::IsPermissionDenied(PhoneOf(settings, "", "ann", host).status()));
  }
  CHECK(PhoneUri(settings, "", "ann@10.1.0.7:5070").value() ==
        "sip:ann@10.1.0.7:5070;transport=udp");
}

TEST_CASE("a host may be an IPv6 address with a port or none", "[sip][settings]") {
  const NativeSettings settings =
      ReadNativeSettings(
          AnAccount("sip:[2001:db8::1]:5060", R"(,"agent_proxy":"sip:[2001:db8::2]")"))
          .value();
  CHECK(PhoneUri(settings, "", "+15550100").value() == "sip:+15550100@[2001:db8::1]:5060");
  // The account's own hosts by their address, a stranger's with its port in the URI alone.
  for (const char* own : {"[2001:db8::1]", "[2001:db8::1]:5099", "[2001:db8::2]:5060"}) {
    INFO(own);
    const NamedPhone known = PhoneOf(settings, "", "ben", own).value();
    CHECK(known.phone == "ben");
    CHECK(known.uri == "sip:ben@[2001:db8::2]");
  }
  const NamedPhone other = PhoneOf(settings, "", "ben", "[2001:db8::3]:5070").value();
  CHECK(other.phone == "ben@[2001:db8::3]");
  CHECK(other.uri == "sip:ben@[2001:db8::3]:5070");
}

TEST_CASE("the account is at home where it was said to be", "[sip][settings]") {
  NativeSettings settings;
  settings.trunk.host = "Trunk.example:5061";
  settings.agents.host = "[2001:db8::1]:5060";
  CHECK(HomeOf(settings, "sip:+1@trunk.example:5061;transport=tcp") == "trunk.example");
  CHECK(HomeOf(settings, "sips:ann@trunk.example") == "trunk.example");
  CHECK(HomeOf(settings, "sip:ann@[2001:db8::1];transport=udp") == "[2001:db8::1]");
  CHECK(HomeOf(settings, "sip:trunk.example") == "trunk.example");
  CHECK(HomeOf(settings, "sip:ann@elsewhere.example") == "");
  CHECK(HomeOf(settings, "sip:ann@trunk.example.elsewhere") == "");
  CHECK(HomeOf(settings, "sip:ann@[2001:db8::2]:5060") == "");
}

TEST_CASE("what is no host is refused", "[sip][settings]") {
  for (const char* host : {"", "a:", "a:b", "a:123456", "2001:db8::1", "[2001:db8::1", "[]", "[x]",
                           "a]b", "[::1]5060", "a b"}) {
    INFO(host);
    CHECK(Faults(AnAccount(std::string("sip:") + host), http::AddressGuard::Everywhere()) ==
          V{"api_url"});
  }
}

TEST_CASE("only what its calls depend on makes it another line", "[sip][settings]") {
  const Account account = AnAccount();
  Account other = account;
  other.config.set_priority(9);
  other.config.set_provider_name("renamed");
  other.config.mutable_updated_at()->set_seconds(7);
  other.webhook_secret = base::Secret("new");
  CHECK(IsSameLine(account, other));
  const std::vector<std::function<void(Account&)>> changes = {
      [](Account& a) { a.config.set_api_url("sip:elsewhere.example"); },
      [](Account& a) { a.config.set_phone_number("+15550200"); },
      [](Account& a) { a.config.set_dial_plan_prefix("9"); },
      [](Account& a) {
        (*a.config.mutable_settings()->mutable_fields())["bind"].set_string_value("sip:*:5060");
      },
      [](Account& a) { a.api_key = base::Secret("user"); },
      [](Account& a) { a.api_secret = base::Secret("new"); },
      [](Account& a) { a.private_key = base::Secret("new"); },
  };
  for (const auto& change : changes) {
    Account changed = account;
    change(changed);
    CHECK_FALSE(IsSameLine(account, changed));
  }
}

}  // namespace
}  // namespace ctc::providers::sip::native
