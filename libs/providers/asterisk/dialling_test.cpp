#include "libs/providers/asterisk/dialling.h"

#include <catch2/catch.hpp>

#include "libs/base/error.h"

namespace ctc::providers::asterisk {
namespace {

const std::string kUuid = "01930000-0000-7000-8000-000000000001";

dispatch::v1::Provider Config(const std::string& name = "", const std::string& value = "") {
  dispatch::v1::Provider config;
  config.set_api_url("http://pbx:8088/");
  config.set_dial_plan_prefix("100");
  if (!name.empty()) (*config.mutable_settings()->mutable_fields())[name].set_string_value(value);
  return config;
}

std::string FaultOf(const dispatch::v1::Provider& config) {
  const auto settings = ReadSettings(config);
  return settings.ok() ? "" : base::DetailOf(settings.status()).fields.at(0).field;
}

TEST_CASE("the seed's account dials prefix and number", "[asterisk][dialling]") {
  const auto settings = ReadSettings(Config());
  REQUIRE(settings.ok());
  CHECK(settings->ari_url == "http://pbx:8088/ari");
  CHECK(settings->app == "ctc");
  CHECK(CustomerEndpoint(*settings, "100", "+15550100").value() == "PJSIP/100+15550100");
  CHECK(AgentEndpoint(*settings, "100", "agent-a").value() == "PJSIP/agent-a");
  CHECK(AgentEndpoint(*settings, "100", "PJSIP/agent-a").value() == "PJSIP/agent-a");
  CHECK(AgentEndpoint(*settings, "100", "+15550001").value() == "PJSIP/100+15550001");
}

TEST_CASE("a trunk is named by the template", "[asterisk][dialling]") {
  const auto settings = ReadSettings(Config("endpoint_template", "PJSIP/{number}@trunk"));
  REQUIRE(settings.ok());
  CHECK(CustomerEndpoint(*settings, "", "+15550100").value() == "PJSIP/+15550100@trunk");
}

TEST_CASE("nothing can be smuggled into a dial string", "[asterisk][dialling]") {
  const auto settings = ReadSettings(Config());
  REQUIRE(settings.ok());
  for (const char* bad : {"", "+", "+1555,1", "+1555/n", "+1555;ext=1", "+1555@evil", "+1555\r\n",
                          "1555&PJSIP/x", "+1 555", "+155501001550100155010"}) {
    INFO(bad);
    CHECK_FALSE(CustomerEndpoint(*settings, "100", bad).ok());
  }
  for (const char* bad : {"", "a,b", "a&b", "a;b", "a b", "a\nb", "Local/1@any/n", "local/1@any",
                          "/x", "Console/dsp", "a\"b"}) {
    INFO(bad);
    CHECK_FALSE(AgentEndpoint(*settings, "100", bad).ok());
  }
}

TEST_CASE("settings that Asterisk would misread are refused by name", "[asterisk][dialling]") {
  CHECK(FaultOf(Config("app", "ctc&x=1")) == "settings.app");
  CHECK(FaultOf(Config("app", "")) == "settings.app");
  CHECK(FaultOf(Config("endpoint_template", "PJSIP/trunk")) == "settings.endpoint_template");
  CHECK(FaultOf(Config("endpoint_template", "PJSIP/{number},30")) == "settings.endpoint_template");
  CHECK(FaultOf(Config("agent_endpoint_template", "PJSIP/x")) ==
        "settings.agent_endpoint_template");
  CHECK(FaultOf(Config("agent_context", "a/b")) == "settings.agent_context");
  dispatch::v1::Provider slow = Config();
  (*slow.mutable_settings()->mutable_fields())["ring_timeout_seconds"].set_number_value(4);
  CHECK(FaultOf(slow) == "settings.ring_timeout_seconds");
}

TEST_CASE("a caller's name cannot end its quotes", "[asterisk][dialling]") {
  CHECK(CallerId("Acme Sales", "+15550199") == "\"Acme Sales\" <+15550199>");
  CHECK(CallerId("A\"B\\<x>,\r\nC", "+1") == "\"ABxC\" <+1>");
  CHECK(CallerId("", "+15550199") == "+15550199");
}

TEST_CASE("a plan survives the application's arguments", "[asterisk][dialling]") {
  CallPlan plan;
  plan.call = kUuid;
  plan.to = "+15550100";
  plan.from = "+15550199";
  plan.record = true;
  plan.has_agent = false;
  plan.agent_id = "a7";
  CHECK(EncodeArgs(plan, kAgentLeg) == "agent," + kUuid + ",+15550100,+15550199,1,0,a7");
  const auto read = DecodeArgs({"agent", kUuid, "+15550100", "+15550199", "1", "0", "a7"});
  REQUIRE(read.has_value());
  CHECK(read->to == plan.to);
  CHECK(read->record);
  CHECK_FALSE(read->has_agent);
  CHECK_FALSE(DecodeArgs({"agent", kUuid}).has_value());
  CHECK_FALSE(DecodeArgs({"inbound", "18005550100"}).has_value());
}

TEST_CASE("how a party joins survives the application's arguments", "[asterisk][dialling]") {
  CHECK(EncodeArgs(PartyPlan()) == "join");
  CHECK(DecodePartyArgs({"join"})->watches.empty());
  const std::string channel = kUuid + "-agent";
  CHECK(EncodeArgs(PartyPlan{channel, false}) == "watch," + channel + ",listen");
  const auto whispers = DecodePartyArgs({"watch", channel, "whisper"});
  REQUIRE(whispers.has_value());
  CHECK(whispers->watches == channel);
  CHECK(whispers->whispers);
  CHECK_FALSE(DecodePartyArgs({}).has_value());
  CHECK_FALSE(DecodePartyArgs({"watch", "../x", "listen"}).has_value());
  CHECK_FALSE(DecodePartyArgs({"agent", kUuid}).has_value());
}

TEST_CASE("a caller is known by the dialplan's word", "[asterisk][dialling]") {
  CHECK(IsCaller({"inbound", "18005550100"}));
  CHECK_FALSE(IsCaller({}));
  CHECK_FALSE(IsCaller({"agent-dialled", "1002"}));
}

TEST_CASE("what a text is said with must be a sound", "[asterisk][dialling]") {
  const auto settings = [](const char* say) {
    dispatch::v1::Provider config;
    (*config.mutable_settings()->mutable_fields())["say"].set_string_value(say);
    return ReadSettings(config);
  };
  CHECK(settings("sound:https://tts.example/{language}.wav?text={text}").ok());
  CHECK(settings("").ok());
  for (const char* bad : {"https://tts.example/{text}", "sound:a,b", "sound:a b", "sound:\"x"}) {
    CHECK(base::DetailOf(settings(bad).status()).fields.at(0).field == "settings.say");
  }
}

TEST_CASE("an agent id that is not plain stays out of the dialplan", "[asterisk][dialling]") {
  dispatch::v1::CallOrder order;
  order.set_agent_id("a,1&x");
  CHECK(PlanOf(order).agent_id.empty());
}

}  // namespace
}  // namespace ctc::providers::asterisk
