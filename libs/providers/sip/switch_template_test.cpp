#include "libs/providers/sip/switch_template.h"

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include "libs/base/error.h"
#include "libs/providers/sip/presets.h"
#include "libs/providers/sip/template_cache.h"

namespace ctc::providers::sip {
namespace {

using Json = nlohmann::json;

dispatch::v1::Provider WithSettings(const std::string& json) {
  dispatch::v1::Provider config;
  REQUIRE(google::protobuf::util::JsonStringToMessage(json, config.mutable_settings()).ok());
  return config;
}

std::shared_ptr<const SwitchTemplate> Read(const std::string& json) {
  const auto read = ReadSwitchTemplate(WithSettings(json));
  INFO(read.status());
  REQUIRE(read.ok());
  return *read;
}

// "field detail" of each fault.
std::vector<std::string> Faults(const std::string& json) {
  std::vector<std::string> faults;
  const auto read = ReadSwitchTemplate(WithSettings(json));
  for (const base::FieldError& fault : base::DetailOf(read.status()).fields) {
    faults.push_back(fault.field + " " + fault.detail);
  }
  return faults;
}

// One operation, added to a place that is right.
std::vector<std::string> FaultsOf(const std::string& operation, const std::string& json) {
  return Faults(R"({"operations":{"place":{"path":"/p","id":"/id"},")" + operation + "\":" + json +
                "}}");
}

TEST_CASE("every preset is right as it stands", "[sip][settings]") {
  for (const char* preset :
       {"reference", "freeswitch", "jambonz", "kamailio", "opensips", "signalwire"}) {
    INFO(preset);
    const auto read = Read(R"({"preset":")" + std::string(preset) + "\"}");
    CHECK(read->Find("place") != nullptr);
    CHECK(read->Find("health") != nullptr);
  }
  CHECK(Read("{}")->Find("hold") != nullptr);  // the reference contract is the default
  CHECK(Read(R"({"preset":"kamailio"})")->Find("hang_up") == nullptr);
}

TEST_CASE("an account's settings go over its preset's", "[sip][settings]") {
  const auto read = Read(R"({"preset":"reference","ring_timeout_seconds":20,
    "operations":{"hold":null,"hang_up":{"path":"/other/{provider_call_id}"}},
    "webhook":{"events":{"call.parked":"HELD","call.dtmf":null}}})");
  CHECK(read->Find("hold") == nullptr);
  CHECK(read->Find("hang_up")->body_kind == http_switch::BodyKind::kJson);
  CHECK(read->ring_timeout_seconds == 20);
  CHECK(read->webhook.events.at("call.parked") == "HELD");
  CHECK(read->webhook.events.count("call.dtmf") == 0);
  CHECK(read->webhook.events.at("call.ended") == "ENDED");
}

TEST_CASE("with operations of its own and no preset nothing is inherited", "[sip][settings]") {
  const auto read = Read(R"({"operations":{"place":{"path":"/p","id":"/id"}}})");
  CHECK(read->operations.size() == 1);
  CHECK_FALSE(read->webhook.event.set());
}

TEST_CASE("every fault is named by its field", "[sip][settings]") {
  using V = std::vector<std::string>;
  CHECK(Faults(R"({"operatons":{}})") == V{"settings.operatons is not known"});
  CHECK(Faults(R"({"preset":"nexus"})").front() ==
        "settings.preset must be one of reference, freeswitch, jambonz, kamailio, opensips, "
        "signalwire, none");
  CHECK(Faults(R"({"preset":"none"})") == V{"settings.operations.place is required"});
  CHECK(Faults(R"({"operations":7})").front() == "settings.operations must be an object");
  CHECK(Faults(R"({"ring_timeout_seconds":4})") ==
        V{"settings.ring_timeout_seconds must be a whole number from 5 to 600"});
  CHECK(Faults(R"({"ring_timeout_seconds":5.5})").size() == 1);
  CHECK(Faults(R"({"max_duration_seconds":"long"})").size() == 1);
  CHECK(Faults(R"({"constants":{"a":[1]}})") ==
        V{"settings.constants.a must be a text, a whole number or a boolean"});
  CHECK(Faults(R"({"auth":{"mode":"digest"}})") ==
        V{"settings.auth.mode must be one of bearer, basic, header, none"});
  CHECK(Faults(R"({"auth":{"mode":"header"}})") ==
        V{"settings.auth.header must be the name of a header that a request may carry"});
  CHECK(Faults(R"({"auth":{"mode":"header","header":"Host"}})").size() == 1);
  CHECK(Faults(R"({"auth":{"realm":"x"}})") == V{"settings.auth.realm is not known"});
  CHECK(Faults(R"({"operations":{"place":{"path":"/p"}}})") ==
        V{"settings.operations.place.id is required, or supplied_id"});
  CHECK(Faults(R"({"operations":{"place":{"id":"/id"}}})") ==
        V{"settings.operations.place.path is required"});
  CHECK(Faults(R"({"operations":{"place":{"path":"p","id":"/id"}}})").front() ==
        "settings.operations.place.path must begin with /; api_url goes before it");
  CHECK(Faults(R"({"operations":{"place":{"path":"/p","id":"id"}}})").size() == 2);
  CHECK(FaultsOf("dance", R"({"path":"/x"})") == V{"settings.operations.dance is not known"});
}

TEST_CASE("an operation's faults are named by their fields", "[sip][settings]") {
  using V = std::vector<std::string>;
  const std::string at = "settings.operations.hold.";
  CHECK(FaultsOf("hold", R"({"path":"/x/{provider_cal_id}"})") ==
        V{at + "path {provider_cal_id} is not known here"});
  CHECK(FaultsOf("hold", R"({"path":"/x","methd":"GET"})") == V{at + "methd is not known"});
  CHECK(FaultsOf("hold", R"({"path":"/x","method":"TRACE"})").size() == 1);
  CHECK(FaultsOf("hold", R"({"path":"/x","method":"GET","body":{"a":1}})") ==
        V{at + "body must not be given with GET"});
  CHECK(FaultsOf("hold", R"({"path":"/x","body":{"a":{"b":"{x}"}}})") ==
        V{at + "body {x} is not known here"});
  CHECK(FaultsOf("hold", R"({"path":"/x","content_type":"image/png","body":{"a":1}})").size() == 1);
  CHECK(FaultsOf("hold", R"({"path":"/x","content_type":"application/json","body":"a"})") ==
        V{at + "body must be an object or a list"});
  CHECK(FaultsOf("hold", R"({"path":"/x","headers":{"Content-Length":"5"}})").size() == 1);
  CHECK(FaultsOf("hold", R"({"path":"/x","headers":{"X A":"5"}})").size() == 1);
  CHECK(FaultsOf("hold", R"({"path":"/x","headers":{"X":5}})") ==
        V{at + "headers.X must be a text"});
  CHECK(FaultsOf("hold", R"({"path":"/x","headers":{"X":"{y}"}})") ==
        V{at + "headers.X {y} is not known here"});
  CHECK(FaultsOf("hold", R"({"path":"/x","headers":{"X":["a","b"]}})") ==
        V{at + "headers.X must be a text"});
  const std::string form = R"({"path":"/x","content_type":"application/x-www-form-urlencoded",)";
  CHECK(FaultsOf("hold", form + R"("body":{"a":["b","c"]}})").empty());
  CHECK(FaultsOf("hold", form + R"("body":{"a":["b",["c"]]}})") ==
        V{at + "body.a[1] must be a text"});
  CHECK(FaultsOf("hold", form + R"("body":{"a":["{y}","c"]}})") ==
        V{at + "body.a[0] {y} is not known here"});
  CHECK(FaultsOf("hold", R"({"path":"/x","success":{"status":[99]}})") ==
        V{at + "success.status must be a list of HTTP statuses from 200 to 599"});
  CHECK(FaultsOf("hold", R"({"path":"/x","success":{"equals":"a"}})") ==
        V{at + "success.at is required to compare with"});
  CHECK(FaultsOf("hold", R"({"path":"/x","errors":[{"class":"conflict"}]})") ==
        V{at + "errors[0].status is required, or at: a rule must tell what it is about"});
  CHECK(FaultsOf("hold", R"({"path":"/x","errors":[{"status":[409],"class":"odd"}]})").size() == 1);
  CHECK(FaultsOf("hold", R"({"path":"/x","errors":{}})").size() == 1);
  for (const std::string leg : {"agent_leg", "leg_a", "leg_b"}) {
    const std::string rest = R"(","status":"/s","statuses":{"up":"LIVE"}})";
    for (const std::string look_up : {"look_up", "look_up_by_reference"}) {
      CHECK(FaultsOf(look_up, R"({"path":"/x/{)" + leg + "}" + rest) ==
            V{"settings.operations." + look_up + ".path {" + leg + "} is not known here"});
    }
    CHECK(FaultsOf("hold", R"({"path":"/x/{)" + leg + "}\"}").empty());
  }
  CHECK(FaultsOf("look_up", R"({"path":"/x"})") ==
        V{"settings.operations.look_up.status is required, with statuses"});
  CHECK(FaultsOf("look_up", R"({"path":"/x","status":"/s","statuses":{"a":"DEAD"}})").size() == 2);
}

TEST_CASE("an operation names only what it is about", "[sip][settings]") {
  CHECK(FaultsOf("hold", R"({"path":"/{digits}"})").size() == 1);
  CHECK(FaultsOf("dtmf", R"({"path":"/{digits}"})").empty());
  CHECK(FaultsOf("hold", R"({"path":"/{target}"})").size() == 1);
  CHECK(FaultsOf("consult", R"({"path":"/{target}/{leg}"})").empty());
  CHECK(FaultsOf("drop_party", R"({"path":"/{target}"})").size() == 1);
  CHECK(FaultsOf("health", R"({"path":"/{session_id}"})").size() == 1);
  CHECK(Faults(R"({"operations":{"place":{"path":"/{provider_call_id}","id":"/id"}}})").size() ==
        1);
  CHECK(Faults(R"({"constants":{"a":"x"},
    "operations":{"place":{"path":"/{constants.a}/{constants.b}","id":"/id"}}})") ==
        std::vector<std::string>{"settings.operations.place.path {constants.b} is not known here"});
}

TEST_CASE("a webhook mapping's faults are named by their fields", "[sip][settings]") {
  using V = std::vector<std::string>;
  const auto faults = [](const std::string& webhook) {
    return Faults(R"({"operations":{"place":{"path":"/p","id":"/id"}},"webhook":)" + webhook + "}");
  };
  CHECK(faults(R"({"map":{"event":"/e","call_id":"/id"},"events":{"up":"ANSWERED"}})").empty());
  CHECK(faults("{}") == V{"settings.webhook.map.event is required",
                          "settings.webhook.map.call_id is required, or reference: an event must "
                          "name its call",
                          "settings.webhook.events must name at least one event"});
  const std::string map = R"("map":{"event":"/e","call_id":"/id"})";
  CHECK(faults("{" + map + R"(,"events":{"up":"UP"}})")
            .front()
            .starts_with("settings.webhook.events.up must be one of"));
  CHECK(faults("{" + map + R"(,"events":{"up":"ANSWERED"},"json_field":"x"})").size() == 1);
  CHECK(faults("{" + map + R"(,"events":{"up":"ANSWERED"},"at_format":"julian"})").size() == 1);
  CHECK(faults("{" + map + R"(,"events":{"up":"ANSWERED"},"verify":{"mode":"none"}})").size() == 1);
  CHECK(faults("{" + map + R"(,"events":{"up":"ANSWERED"},"legs":{"a":"BOSS"}})").size() == 1);
  CHECK(faults(R"({"map":{"event":"e","call_id":"/id"},"events":{"up":"ANSWERED"}})").size() == 2);
}

TEST_CASE("the words for callers are checked field by field", "[sip][settings][flow]") {
  const auto faults = [](const std::string& flow) {
    return Faults(R"({"preset":"reference","flow":)" + flow + "}");
  };
  using List = std::vector<std::string>;
  CHECK(faults("{}") == List{"settings.flow.dialect is required: twiml or jambonz"});
  CHECK(faults(R"({"dialect":"vxml"})") ==
        List{"settings.flow.dialect must be one of twiml, jambonz"});
  CHECK(faults(R"({"dialect":"twiml","voices":{}})") ==
        List{"settings.flow.voices leave it out: only the dialect jambonz heeds it"});
  CHECK(faults(R"({"dialect":"jambonz","voices":{"de-DE":{"vendor":"google"}}})") ==
        List{"settings.flow.voices.de-DE.voice is required"});
  CHECK(faults(R"({"dialect":"jambonz","ringback_url":"ring.wav"})") ==
        List{"settings.flow.ringback_url must be an http or https URL"});
  CHECK(faults(R"({"dialect":"jambonz","dialekt":1})") ==
        List{"settings.flow.dialekt is not known"});
  CHECK(faults("7") == List{"settings.flow must be an object",
                            "settings.flow.dialect is required: twiml or jambonz"});
  CHECK(Faults(R"({"flow":{"dialect":"twiml"},"operations":{"place":{"path":"/p","id":"/id"}}})") ==
        List{"settings.webhook is required by flow"});
  const auto read = Read(R"({"preset":"jambonz",
    "flow":{"voices":{"de-DE":{"vendor":"google","voice":"de-DE-Wavenet-A"}}}})");
  CHECK(read->flow->dialect == FlowSettings::Dialect::kJambonz);
  CHECK(read->flow->voices.at("de-DE").voice == "de-DE-Wavenet-A");
  CHECK_FALSE(Read("{}")->flow.has_value());
}

TEST_CASE("a template is read once for the same settings", "[sip][settings]") {
  const TemplateCache cache;
  const auto config = WithSettings(R"({"preset":"reference","ring_timeout_seconds":20})");
  const auto first = cache.Of(config);
  REQUIRE(first.ok());
  CHECK(cache.Of(config).value() == *first);
  CHECK(cache.Of(WithSettings("{}")).value()->ring_timeout_seconds == 45);
  CHECK(!cache.Of(WithSettings(R"({"preset":"none"})")).ok());
  CHECK(!cache.Of(WithSettings(R"({"preset":"none"})")).ok());
}

}  // namespace
}  // namespace ctc::providers::sip
