#include "libs/providers/http_switch/text_template.h"

#include <catch2/catch.hpp>

#include "libs/providers/http_switch/probe.h"

namespace ctc::providers::http_switch {
namespace {

using Json = nlohmann::json;

const VariableKinds kKnown = {{"number", true}, {"name", true}, {"seconds", false}, {"on", false}};

std::string Fill(const std::string& text, Position position, const std::string& value) {
  const auto parsed = TextTemplate::Parse(text, kKnown, position);
  if (!parsed.ok()) return "REFUSED TEMPLATE";
  const Values values = {
      {"number", value}, {"name", value}, {"seconds", int64_t{30}}, {"on", true}};
  const auto filled = parsed->Fill(values);
  return filled.ok() ? *filled : "REFUSED VALUE";
}

std::string Fault(const std::string& text, Position position = Position::kPlain) {
  return std::string(TextTemplate::Parse(text, kKnown, position).status().message());
}

TEST_CASE("variables are filled in and doubled braces are braces", "[sip][template]") {
  CHECK(Fill("a{number}b{name}", Position::kPlain, "1") == "a1b1");
  CHECK(Fill("{seconds}/{on}", Position::kPlain, "") == "30/true");
  CHECK(Fill("{{number}}", Position::kPlain, "1") == "{number}");
  CHECK(Fill("{{{number}}}", Position::kPlain, "1") == "{1}");
  CHECK(Fill("", Position::kPlain, "1").empty());
}

TEST_CASE("a broken template is refused and says why", "[sip][template]") {
  CHECK(Fault("{nmber}") == "{nmber} is not known here");
  CHECK(Fault("{}") == "{} is not known here");
  CHECK(Fault("{number") == "has a { without a }; write {{ for a brace");
  CHECK(Fault("number}") == "has a } without a {; write }} for a brace");
  CHECK(Fault("{number:upper}").find("only filter") != std::string::npos);
  CHECK(Fault("{number:raw}").find("only filter") != std::string::npos);
  CHECK(Fault("a\r\nb") == "must not hold control characters");
  CHECK(Fault(std::string("a\0b", 3)) == "must not hold control characters");
  CHECK_FALSE(Fault("/a b", Position::kUrl).empty());
  CHECK_FALSE(Fault("/a#b", Position::kUrl).empty());
  CHECK_FALSE(Fault("/a\"b", Position::kUrl).empty());
}

// What a value may try, in every position where it can stand.
TEST_CASE("no value leaves its position", "[sip][template][injection]") {
  const std::string line_break = "x\r\nX-Evil: 1";
  CHECK(Fill("/calls/{name}?a=1", Position::kUrl, "../../admin?b=2#c") ==
        "/calls/..%2F..%2Fadmin%3Fb%3D2%23c?a=1");
  CHECK(Fill("/c?x={name}", Position::kUrl, "1&record=false") == "/c?x=1%26record%3Dfalse");
  CHECK(Fill("/c?x={name}", Position::kUrl, "a b+c%00") == "/c?x=a%20b%2Bc%2500");
  CHECK(Fill("/c/{name}", Position::kUrl, line_break) == "/c/x%0D%0AX-Evil%3A%201");
  CHECK(Fill("{name}", Position::kForm, "1&to=2") == "1%26to%3D2");
  CHECK(Fill("{name}", Position::kHeader, line_break) == "REFUSED VALUE");
  CHECK(Fill("{name}", Position::kHeader, std::string("a\0b", 3)) == "REFUSED VALUE");
  CHECK(Fill("{name}", Position::kPlain, line_break) == "REFUSED VALUE");
  CHECK(Fill("<v>{name}</v>", Position::kXml, "</v><v>&\"'") ==
        "<v>&lt;/v&gt;&lt;v&gt;&amp;&quot;&apos;</v>");
  CHECK(Fill("<v>{name}</v>", Position::kXml, line_break) == "REFUSED VALUE");
  CHECK(Fill("{name}", Position::kPlain, "{number}") == "{number}");  // filled once, not again
}

TEST_CASE("a dial string takes nothing that has a meaning in it", "[sip][template][injection]") {
  CHECK(Fill("sofia/gateway/g/{number:dial}", Position::kPlain, "+919812345678") ==
        "sofia/gateway/g/+919812345678");
  for (const char* evil : {"1}sofia/x", "1,2", "1|2", "1&park", "1:_:2", "1 2", "1]", "[a=b]1", "",
                           "1/2", "1@evil", "1'2", "${x}", "1\n2", "^^;a=b"}) {
    INFO(evil);
    CHECK(Fill("{number:dial}", Position::kPlain, evil) == "REFUSED VALUE");
  }
}

TEST_CASE("in JSON a value stays a value", "[sip][template][injection]") {
  const Json body = {{"to", "{number}"},
                     {"n", "{seconds:raw}"},
                     {"on", "{on:raw}"},
                     {"list", {"x{name}y", 7, nullptr}},
                     {"{number}", "key"}};
  REQUIRE(CheckJsonTemplate(body, kKnown).ok());
  const Values values = {{"number", R"(1","evil":"yes)"},
                         {"name", std::string("\\\"{seconds}")},
                         {"seconds", int64_t{30}},
                         {"on", false}};
  const Json filled = FillJson(body, values).value();
  CHECK(filled["to"] == R"(1","evil":"yes)");
  CHECK(filled.size() == body.size());
  CHECK(filled["n"] == 30);
  CHECK(filled["on"] == false);
  CHECK(filled["list"][0] == "x\\\"{seconds}y");
  CHECK(filled["list"][1] == 7);
  CHECK(filled["{number}"] == "key");
  CHECK(Json::parse(filled.dump()) == filled);
}

TEST_CASE("a JSON template is checked to its leaves", "[sip][template]") {
  const auto fault = [](const Json& body) {
    return std::string(CheckJsonTemplate(body, kKnown).message());
  };
  CHECK(fault({{"a", {{"b", {"{nothing}"}}}}}) == "{nothing} is not known here");
  CHECK(fault({{"a", "{nothing:raw}"}}) == "{nothing} is not known here");
  CHECK(fault({{"a", "{number:raw}"}}) == "{number} is a text; :raw is for numbers and booleans");
  CHECK_FALSE(fault({{"a", "x{seconds:raw}"}}).empty());
  Json deep = "x";
  for (int i = 0; i < 40; ++i) deep = Json::array({deep});
  CHECK(fault(deep) == "is nested too deeply");
  CHECK_FALSE(FillJson({{"a", "{number}"}}, {}).ok());
  CHECK_FALSE(FillJson({{"a", "{seconds:raw}"}}, {}).ok());
}

std::optional<std::string> Find(const std::string& probe, const std::string& body) {
  return Probe::Parse(probe).value().Find(Answer(body));
}

TEST_CASE("a probe finds by pointer, by whole text and by what goes before", "[sip][probe]") {
  CHECK(Find("/data/id", R"({"data":{"id":"c1"}})") == "c1");
  CHECK(Find("/a/1", R"({"a":["x",9007199254740993]})") == "9007199254740993");
  CHECK(Find("/a~1b/c~0d", R"({"a/b":{"c~d":true}})") == "true");
  CHECK(Find("text", " +OK done\n") == "+OK done");
  CHECK(Find("text", "\r\nUP 0 years \r\nis ready\n") == "UP 0 years");
  CHECK(Find("after Job-UUID: ", "+OK Job-UUID: 7f4d\nmore") == "7f4d");
}

TEST_CASE("a probe finds nothing where nothing is", "[sip][probe]") {
  CHECK_FALSE(Find("/id", "").has_value());
  CHECK_FALSE(Find("/id", "<html>").has_value());
  CHECK_FALSE(Find("/id", R"({"id":)").has_value());
  CHECK_FALSE(Find("/id", R"({"id":null})").has_value());
  CHECK_FALSE(Find("/id", R"({"id":{"x":1}})").has_value());
  CHECK_FALSE(Find("/id", R"({"id":"a\nb"})").has_value());
  CHECK_FALSE(Find("/id", R"({"id":")" + std::string(5000, 'x') + "\"}").has_value());
  CHECK_FALSE(Find("/a/9", R"({"a":[1]})").has_value());
  CHECK_FALSE(Find("/a/-1", R"({"a":[1]})").has_value());
  CHECK_FALSE(Find("/a/1x", R"({"a":[1,2]})").has_value());
  CHECK_FALSE(Find("/a/b/c", R"({"a":"text"})").has_value());
  CHECK_FALSE(Find("after x", "nothing").has_value());
  CHECK_FALSE(Find("after x", "x \n").has_value());
  CHECK_FALSE(Probe().Find(Answer("text")).has_value());
  for (const char* bad : {"", "id", "after ", "/"}) {
    INFO(bad);
    CHECK(Probe::Parse(bad).ok() == (std::string_view(bad) == "/"));
  }
  CHECK_FALSE(Probe::Parse("/" + std::string(300, 'x')).ok());
}

TEST_CASE("presence sees what has no text", "[sip][probe]") {
  const Probe probe = Probe::Parse("/error").value();
  CHECK(probe.IsPresent(Answer(R"({"error":{"code":-32000}})")));
  CHECK_FALSE(probe.IsPresent(Answer(R"({"error":null})")));
  CHECK_FALSE(probe.IsPresent(Answer(R"({"result":1})")));
}

TEST_CASE("nothing is absent from what cannot be read", "[sip][probe]") {
  const Probe probe = Probe::Parse("/error").value();
  CHECK(probe.IsAbsent(Answer(R"({"error":null})")));
  CHECK(probe.IsAbsent(Answer(R"({"result":1})")));
  CHECK(probe.IsAbsent(Answer("[]")));
  for (const char* body : {R"({"error":1})", "", "<html>", R"({"result":)"}) {
    INFO(body);
    CHECK_FALSE(probe.IsAbsent(Answer(body)));
  }
  const Probe job = Probe::Parse("after Job-UUID: ").value();
  CHECK(job.IsAbsent(Answer("-ERR no job")));
  CHECK_FALSE(job.IsAbsent(Answer("+OK Job-UUID: 7f4d")));
}

}  // namespace
}  // namespace ctc::providers::http_switch
