#include "libs/providers/sip/capabilities.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include <algorithm>

namespace ctc::providers::sip {
namespace {

using Names = std::vector<std::string>;

Names Of(const std::string& settings) {
  dispatch::v1::Provider config;
  config.set_provider_type(common::v1::ProviderType::SIP);
  config.set_api_url("http://switch:8080");
  REQUIRE(google::protobuf::util::JsonStringToMessage(settings, config.mutable_settings()).ok());
  return CapabilitiesOf(config);
}

bool Has(const Names& names, const char* name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

TEST_CASE("an account can do what its template has operations for", "[sip][capabilities]") {
  CHECK(Of("{}") == Names{"place", "hang_up", "hold", "mute", "dtmf", "record", "pause_recording",
                          "fetch_recording", "transfer", "warm_transfer", "conference", "webhook",
                          "look_up"});
  CHECK(Of(R"({"preset":"kamailio"})") == Names{"place", "fetch_recording", "webhook"});
  CHECK(Of(R"({"preset":"jambonz"})") == Names{"place", "hang_up", "mute", "fetch_recording",
                                               "webhook", "inbound", "ivr", "look_up"});
}

TEST_CASE("what a caller can get is the dialect's", "[sip][capabilities]") {
  const Names twiml = Of(R"({"preset":"signalwire"})");
  CHECK((Has(twiml, "inbound") && Has(twiml, "ivr") && Has(twiml, "voicemail")));
  const Names jambonz = Of(R"({"preset":"reference","flow":{"dialect":"jambonz"}})");
  CHECK((Has(jambonz, "inbound") && Has(jambonz, "ivr")));
  CHECK_FALSE(Has(jambonz, "voicemail"));
  CHECK_FALSE(Has(Of(R"({"preset":"jambonz","flow":null})"), "inbound"));
  CHECK_FALSE(Has(Of("{}"), "inbound"));
}

TEST_CASE("an operation that is taken away takes what needs it along", "[sip][capabilities]") {
  const Names two = Of(R"({"preset":"reference","operations":{"add_party":null}})");
  CHECK(Has(two, "transfer"));
  CHECK_FALSE(Has(two, "warm_transfer"));
  CHECK_FALSE(Has(two, "conference"));
  const Names held = Of(R"({"preset":"reference","operations":{"resume":null}})");
  CHECK_FALSE(Has(held, "hold"));
  CHECK_FALSE(Has(held, "transfer"));
  CHECK(Has(held, "conference"));
  CHECK(Has(Of(R"({"preset":"reference","operations":{"look_up":null}})"), "look_up"));
}

TEST_CASE("signalling alone has no sound to mix, mute or record", "[sip][capabilities]") {
  const Names usual = {"place", "hang_up", "hold", "dtmf", "transfer", "look_up"};
  CHECK(Of(R"({"mode":"native"})") == usual);
  Names called = usual;
  CHECK(Of(R"({"mode":"native","transfer":"bridge"})") == usual);
  Names refers = usual;
  refers.emplace_back("refer");
  CHECK(Of(R"({"mode":"native","transfer":"refer"})") == refers);
  called.emplace_back("inbound");
  CHECK(Of(R"({"mode":"native","inbound_from":["10.0.0.0/8"]})") == called);
}

TEST_CASE("whose sound passes through us can do everything", "[sip][capabilities]") {
  const Names all = Of(R"({"mode":"native","media":"anchored","inbound_from":["10.0.0.0/8"]})");
  for (const char* name : {"place", "hang_up", "hold", "dtmf", "transfer", "look_up", "inbound",
                           "mute", "record", "pause_recording", "fetch_recording", "warm_transfer",
                           "conference", "listen", "whisper", "barge", "ivr", "voicemail"}) {
    INFO(name);
    CHECK(Has(all, name));
  }
  const Names uncalled = Of(R"({"mode":"native","media":"anchored"})");
  CHECK(Has(uncalled, "record"));
  CHECK_FALSE(Has(uncalled, "ivr"));
  CHECK_FALSE(Has(uncalled, "inbound"));
  CHECK_FALSE(Has(Of(R"({"mode":"native","media":"direct"})"), "mute"));
}

TEST_CASE("no account can do what its type cannot", "[sip][capabilities]") {
  const Names all = AllCapabilities();
  for (const char* settings : {"{}", R"({"mode":"native","inbound_from":[]})",
                               R"({"mode":"native","media":"anchored","inbound_from":[]})",
                               R"({"mode":"native","transfer":"refer"})"}) {
    for (const std::string& name : Of(settings)) CHECK(Has(all, name.c_str()));
  }
  CHECK(Of(R"({"preset":"unheard-of"})").empty());
}

}  // namespace
}  // namespace ctc::providers::sip
