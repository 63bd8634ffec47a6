// What is kept of a provider's text, and what is not.
#include "services/webhook/domain/payload.h"

#include <array>
#include <catch2/catch.hpp>

namespace ctc::webhook {
namespace {

constexpr size_t kPlenty = 10000;

TEST_CASE("an event without secrets is kept as it is") {
  const std::string body =
      "{\"event_type\": \"CALL_ANSWERED\",\n\t\"from_phone\": \"+0987654321\", \"n\": [1, 2]}";
  CHECK(CleanPayload(body, kPlenty) == body);
  const std::string form = "CallSid=CA1&AccountSid=AC1&From=%2B4930&CallStatus=ringing";
  CHECK(CleanPayload(form, kPlenty) == form);
}

TEST_CASE("credentials and pressed digits lose their value, whatever the notation") {
  const std::pair<std::string, std::string> vectors[] = {
      {R"({"auth_token":"t0p","a":1})", R"({"auth_token":"***","a":1})"},
      {R"({"authToken" : "t\"0p" , "a":1})", R"({"authToken" : "***" , "a":1})"},
      {R"({"password":12345})", R"({"password":***})"},
      {R"({"dtmf":{"digits":"1234","timed_out":false}})",
       R"({"dtmf":{"digits":"***","timed_out":false}})"},
      {R"({"digits":["1","2"],"x":2})", R"({"digits":***,"x":2})"},
      {R"({"digit":"5"})", R"({"digit":"***"})"},
      {"Digits=1234&CallSid=CA1", "Digits=***&CallSid=CA1"},
      {"CallSid=CA1&api_key=abc", "CallSid=CA1&api_key=***"},
      {R"({"body":"{\"digits\":\"12\",\"b\":1}"})", R"({"body":"{\"digits\":\"***\",\"b\":1}"})"},
      {"Authorization: abc", "Authorization: ***"},
      {R"({"X-Webhook-Secret":"s"})", R"({"X-Webhook-Secret":"***"})"},
      {R"({"token":"never closed)", R"({"token":"***")"},
      {"token=", "token="},
      {"token", "token"},
      {R"(["digits", "other"])", R"(["digits", "other"])"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
  }
}

TEST_CASE("JSON in a field of a form, percent-encoded, is read as what it stands for") {
  const std::pair<std::string, std::string> vectors[] = {
      {"cdr=%7B%22variables%22%3A%7B%22digits_dialed%22%3A%224929%22%2C%22duration%22%3A%225%22%7D%"
       "7D",
       "cdr=%7B%22variables%22%3A%7B%22digits_dialed%22%3A%22***%22%2C%22duration%22%3A%225%22%7D%"
       "7D"},
      {"cdr=%7b%22digit%22%3a%224%22%2c%22n%22%3a1%7d&b=2",
       "cdr=%7b%22digit%22%3a%22***%22%2c%22n%22%3a1%7d&b=2"},
      {"a=%7B%22digits%22%3A4929%2C%22b%22%3A1%7D", "a=%7B%22digits%22%3A***%2C%22b%22%3A1%7D"},
      {"a=%7b%22digits%22%3a4929%7d&b=1", "a=%7b%22digits%22%3a***%7d&b=1"},
      {"a=%7B%22digits%22%3A+4929+%7D", "a=%7B%22digits%22%3A+***%7D"},
      {"a=%7B%22digits%22+%3A%20%2249%22%7D", "a=%7B%22digits%22+%3A%20%22***%22%7D"},
      // Some encode no more than they must.
      {"a={%22digits%22:%2249%22,%22b%22:1}", "a={%22digits%22:%22***%22,%22b%22:1}"},
      {"a=%7B%22digits%22%3A%5B%224%22%2C%229%22%5D%2C%22b%22%3A1%7D",
       "a=%7B%22digits%22%3A***%2C%22b%22%3A1%7D"},
      {"a=%7B%22dtmf%22%3A%7B%22digits%22%3A%2212%22%2C%22timed_out%22%3A0%7D%7D",
       "a=%7B%22dtmf%22%3A%7B%22digits%22%3A%22***%22%2C%22timed_out%22%3A0%7D%7D"},
      {"a=%22token%22%3A%22x%5C%22y%22%2C%22b%22%3A1", "a=%22token%22%3A%22***%22%2C%22b%22%3A1"},
      {"a=%22%5C%22token%5C%22%3A%5C%22x%5C%22%2C1%22",
       "a=%22%5C%22token%5C%22%3A%5C%22***%5C%22%2C1%22"},
      {"a=b%26token%3Dabc%26c%3Dd", "a=b%26token%3D***%26c%3Dd"},
      {"a=%7B%22token%22%3A%22never%20closed", "a=%7B%22token%22%3A%22***%22"},
      {"a=%7B%22token%22%3A%22abc%22", "a=%7B%22token%22%3A%22***%22"},
      {"a=%7B%22token%22%3Aabc", "a=%7B%22token%22%3A***"},
      {"a=%7B%22token%22%3A", "a=%7B%22token%22%3A"},
      {"a=%7B%22token%22%3", "a=%7B%22token%22%3"},
      {"a=%22" + std::string(35, 'x') + "token%22%3A1",
       "a=%22" + std::string(35, 'x') + "token%22%3A***"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
  }
}

TEST_CASE("what is encoded twice, or once more within JSON or XML, is read all the same") {
  const std::pair<std::string, std::string> vectors[] = {
      {"cdr=%257B%2522digits%2522%253A%25224929%2522%252C%2522b%2522%253A1%257D&c=2",
       "cdr=%257B%2522digits%2522%253A%2522***%2522%252C%2522b%2522%253A1%257D&c=2"},
      {"a=%25257B%252522digits%252522%25253A4929%25252C1%25257D",
       "a=%25257B%252522digits%252522%25253A***%25252C1%25257D"},
      // What is encoded more often than the quotes, or less, is part of the value.
      {"a=%22token%22%3A%22x\"y%22%2C%22b%22%3A1", "a=%22token%22%3A%22***%22%2C%22b%22%3A1"},
      {"a=%22token%22%3A%22x%2522y%22%2C%22b%22%3A1", "a=%22token%22%3A%22***%22%2C%22b%22%3A1"},
      {"a=b%26token%3Dab%252Cc%26c%3Dd", "a=b%26token%3D***%26c%3Dd"},
      {R"({"body":"{\u0022digits\u0022:\u002212\\\u002234\u0022,\u0022b\u0022:1}"})",
       R"({"body":"{\u0022digits\u0022:\u0022***\u0022,\u0022b\u0022:1}"})"},
      {R"({"a":"{\"b\":\"{\\\"digits\\\":\\\"12\\\",\\\"c\\\":1}\"}"})",
       R"({"a":"{\"b\":\"{\\\"digits\\\":\\\"***\\\",\\\"c\\\":1}\"}"})"},
      {R"({"form":"Digits=12&b=1"})", R"({"form":"Digits=***&b=1"})"},
      {R"(<p>{&quot;digits&quot;:&quot;12&quot;,&quot;b&quot;:1}</p>)",
       R"(<p>{&quot;digits&quot;:&quot;***&quot;,&quot;b&quot;:1}</p>)"},
      {R"(<p>{&amp;quot;digits&amp;quot;:&amp;quot;12&amp;quot;}</p>)",
       R"(<p>{&amp;quot;digits&amp;quot;:&amp;quot;***&amp;quot;}</p>)"},
      {"{\"token\":\r\n \"abc\"}", "{\"token\": \n \"***\"}"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
    CHECK(CleanPayload(clean, kPlenty) == clean);
  }
}

TEST_CASE("elements and attributes of XML lose their value by the same names") {
  const std::pair<std::string, std::string> vectors[] = {
      {"<cdr><Digits>1234</Digits><n>1</n></cdr>", "<cdr><Digits>***</Digits><n>1</n></cdr>"},
      {R"(<cdr digits="12" n='1' api-key = 'k'/>)", R"(<cdr digits="***" n='1' api-key = '***'/>)"},
      {R"(<s:Password t="a">p&lt;w</s:Password><b>1</b>)",
       R"(<s:Password t="a">***</s:Password><b>1</b>)"},
      {"<dtmf>\n  <digits> 12 </digits>\n  <timed_out>0</timed_out>\n</dtmf>",
       "<dtmf>\n  <digits>***</digits>\n  <timed_out>0</timed_out>\n</dtmf>"},
      {"<token><![CDATA[a</token>]]b]]></token><b>1</b>", "<token>***</token><b>1</b>"},
      {"<token><!-- c -->abc</token>", "<token>***</token>"},
      {"<digits>1<x/>2</digits>3", "<digits>***</digits>3"},
      {"<digits/><b>1</b>", "<digits/><b>1</b>"},
      {"<digits></digits><b>1</b>", "<digits></digits><b>1</b>"},
      {"<digits>never closed", "<digits>***"},
      {"<n>5</n> digits > 3", "<n>5</n> digits > 3"},
      {"xml=%3Ca%3E%3CDigits%3E12%3C%2FDigits%3E%3Cb%3E1%3C%2Fb%3E%3C%2Fa%3E&c=2",
       "xml=%3Ca%3E%3CDigits%3E***%3C%2FDigits%3E%3Cb%3E1%3C%2Fb%3E%3C%2Fa%3E&c=2"},
      {"xml=%253CDigits%253E12%253C%252FDigits%253E%253Cb%253E1",
       "xml=%253CDigits%253E***%253C%252FDigits%253E%253Cb%253E1"},
      {"xml=%3Cc+digits%3D%2212%22+n%3D%221%22%2F%3E",
       "xml=%3Cc+digits%3D%22***%22+n%3D%221%22%2F%3E"},
      {R"({"xml":"<Digits>12<\/Digits><c token=\"t\"\/>","b":1})",
       R"({"xml":"<Digits>***<\/Digits><c token=\"***\"\/>","b":1})"},
      {"<soap>&lt;Digits&gt;12&lt;/Digits&gt;&lt;b&gt;1&lt;/b&gt;</soap>",
       "<soap>&lt;Digits&gt;***&lt;/Digits&gt;&lt;b&gt;1&lt;/b&gt;</soap>"},
      {R"({"xml":"\u003cDigits\u003e12\u003c/Digits\u003e"})",
       R"({"xml":"\u003cDigits\u003e***\u003c/Digits\u003e"})"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
    CHECK(CleanPayload(clean, kPlenty) == clean);
  }
}

TEST_CASE("an attribute with a plain = loses its value when only its quotes are encoded") {
  const std::pair<std::string, std::string> vectors[] = {
      {"<soap>&lt;c digits=&quot;1234&quot; n=&quot;1&quot;/&gt;</soap>",
       "<soap>&lt;c digits=&quot;***&quot; n=&quot;1&quot;/&gt;</soap>"},
      {"<soap>&lt;c digits = &#34;1 2, 3&#34;/&gt;</soap>",
       "<soap>&lt;c digits = &#34;***&#34;/&gt;</soap>"},
      {"<a>&lt;c pin-token=&apos;1;2&apos;/&gt;</a>",
       "<a>&lt;c pin-token=&apos;***&apos;/&gt;</a>"},
      {"<a>&lt;c token=&#039;1;2&#039;/&gt;</a>", "<a>&lt;c token=&#039;***&#039;/&gt;</a>"},
      {"<a>&lt;c token=&#034;1;2&#034;/&gt;</a>", "<a>&lt;c token=&#034;***&#034;/&gt;</a>"},
      {"<a>&lt;c token=&#x22;1;2&#x22;/&gt;</a>", "<a>&lt;c token=&#x22;***&#x22;/&gt;</a>"},
      {"<a>&amp;lt;c token=&amp;quot;1;2&amp;quot;/&amp;gt;</a>",
       "<a>&amp;lt;c token=&amp;quot;***&amp;quot;/&amp;gt;</a>"},
      {R"({"xml":"<c token=\u0022ab cd, ef\u0022/>"})", R"({"xml":"<c token=\u0022***\u0022/>"})"},
      {R"({"x":"{\"xml\":\"<c token=\\u0022ab cd\\u0022/>\"}"})",
       R"({"x":"{\"xml\":\"<c token=\\u0022***\\u0022/>\"}"})"},
      {R"({"xml":"\u0026lt;c token=\u0026quot;ab cd\u0026quot;/\u0026gt;","b":1})",
       R"({"xml":"\u0026lt;c token=\u0026quot;***\u0026quot;/\u0026gt;","b":1})"},
      {R"({"xml":"\u003cc token\u003d\"ab cd\"/\u003e","b":1})",
       R"({"xml":"\u003cc token\u003d\"***\"/\u003e","b":1})"},
      {"xml=%26lt%3Bc+digits%3D%26quot%3B12+34%26quot%3B%2F%26gt%3B&b=1",
       "xml=%26lt%3Bc+digits%3D%26quot%3B***%26quot%3B%2F%26gt%3B&b=1"},
      {"Digits=&b=1", "Digits=***&b=1"},
      {R"(token=\d+ b=1)", "token=*** b=1"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
    CHECK(CleanPayload(clean, kPlenty) == clean);
  }
}

TEST_CASE("codings of different kinds within one another are read") {
  const std::pair<std::string, std::string> vectors[] = {
      {"xml=%7B%26quot%3Bdigits%26quot%3B%3A%26quot%3B1234%26quot%3B%2C%26quot%3Bb%26quot%3B%3A1%"
       "7D",
       "xml=%7B%26quot%3Bdigits%26quot%3B%3A%26quot%3B***%26quot%3B%2C%26quot%3Bb%26quot%3B%3A1%"
       "7D"},
      {"xml=%26lt%3BDigits%26gt%3B1234%26lt%3B%2FDigits%26gt%3B%26lt%3Bb%26gt%3B1&c=2",
       "xml=%26lt%3BDigits%26gt%3B***%26lt%3B%2FDigits%26gt%3B%26lt%3Bb%26gt%3B1&c=2"},
      {"xml=%26%2334%3Btoken%26%2334%3B%3A%26%2334%3Bab%2Ccd%26%2334%3B&c=2",
       "xml=%26%2334%3Btoken%26%2334%3B%3A%26%2334%3B***%26%2334%3B&c=2"},
      {"x=%2526quot%253Btoken%2526quot%253B%253A%2526quot%253Bab%252Ccd%2526quot%253B&c=2",
       "x=%2526quot%253Btoken%2526quot%253B%253A%2526quot%253B***%2526quot%253B&c=2"},
      {"x=%26amp%3Bquot%3Btoken%26amp%3Bquot%3B%3A%26amp%3Bquot%3Ba%2Cb%26amp%3Bquot%3B&c=2",
       "x=%26amp%3Bquot%3Btoken%26amp%3Bquot%3B%3A%26amp%3Bquot%3B***%26amp%3Bquot%3B&c=2"},
      {R"({"a":"{\u0026quot;digits\u0026quot;:\u0026quot;1, 2\u0026quot;,\u0026quot;b\u0026quot;:1}"})",
       R"({"a":"{\u0026quot;digits\u0026quot;:\u0026quot;***\u0026quot;,\u0026quot;b\u0026quot;:1}"})"},
      {R"({"a":"{\u0026#34;digits\u0026#34;:\u0026#34;1, 2\u0026#34;,\u0026#34;b\u0026#34;:1}"})",
       R"({"a":"{\u0026#34;digits\u0026#34;:\u0026#34;***\u0026#34;,\u0026#34;b\u0026#34;:1}"})"},
      {R"({"a":"\u0026lt;Digits\u0026gt;12\u0026lt;/Digits\u0026gt;"})",
       R"({"a":"\u0026lt;Digits\u0026gt;***\u0026lt;/Digits\u0026gt;"})"},
      {"j=%7B%5Cu0022token%5Cu0022%3A%5Cu0022ab+cd%2Cef%5Cu0022%2C%5Cu0022b%5Cu0022%3A1%7D&c=2",
       "j=%7B%5Cu0022token%5Cu0022%3A%5Cu0022***%5Cu0022%2C%5Cu0022b%5Cu0022%3A1%7D&c=2"},
      {"j=%5Cu0026quot%3Btoken%5Cu0026quot%3B%3A%5Cu0026quot%3Bab+cd%5Cu0026quot%3B&c=2",
       "j=%5Cu0026quot%3Btoken%5Cu0026quot%3B%3A%5Cu0026quot%3B***%5Cu0026quot%3B&c=2"},
      // Of another coding than the quotes around it, if as long.
      {R"({"a":"{\u0022token\u0022:\u0022ab&quot;cd\u0022,\u0022b\u0022:1}"})",
       R"({"a":"{\u0022token\u0022:\u0022***\u0022,\u0022b\u0022:1}"})"},
      {"xml=%22token%22%3A%22a%26quot%3Bb%5Cu0022c%22%2C%22b%22%3A1",
       "xml=%22token%22%3A%22***%22%2C%22b%22%3A1"}};
  for (const auto& [body, clean] : vectors) {
    CAPTURE(body);
    CHECK(CleanPayload(body, kPlenty) == clean);
    CHECK(CleanPayload(clean, kPlenty) == clean);
  }
}

std::string Repeated(std::string_view part, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += part;
  return text;
}

TEST_CASE("a sign may be encoded eight times, and no more") {
  const std::array<std::string, 3> codings[] = {{"%", "25", "22"}, {"&", "amp;", "quot;"}};
  for (const auto& [begin, again, last] : codings) {
    const std::string eight = begin + Repeated(again, 7) + last;
    CHECK(CleanPayload(eight + "token" + eight + ":" + eight + "a,b" + eight, kPlenty) ==
          eight + "token" + eight + ":" + eight + "***" + eight);
    const std::string nine = begin + Repeated(again, 8) + last;
    const std::string too_often = nine + "token" + nine + ":1";
    CHECK(CleanPayload(too_often, kPlenty) == too_often);
  }
}

// Each takes hours when what is behind a place is read again for every place before it.
TEST_CASE("a long body made of what begins a coding, a value or a tag is read in one pass") {
  constexpr size_t kMegabyte = 1 << 20;
  const std::string_view parts[] = {"%25",         "&amp;",         "%26amp%3B", "%26%23",
                                    "&#0000000",   "\\u005c",       "%5Cu005C",  "\\",
                                    "token\\\\",   "token {",       "token:{",   "token= ",
                                    "%26token%3D", "token=&amp;",   "&quot;",    "<token>",
                                    "<token><",    "&lt;token&gt;", "<!",        "<token><!["};
  for (const std::string_view part : parts) {
    CAPTURE(part);
    const std::string body = Repeated(part, kMegabyte / part.size());
    for (const std::string_view before : {"", "token=", "<token>"}) {
      const std::string clean = CleanPayload(std::string(before) + body, 4 * kMegabyte);
      CHECK(clean.substr(0, before.size()) == before);
      CHECK(clean.size() < 2 * kMegabyte);
    }
  }
}

TEST_CASE("what is percent-encoded in the value of a plain field is part of the value") {
  CHECK(CleanPayload("Digits=%2249%22+50%2C51&b=1", kPlenty) == "Digits=***&b=1");
  CHECK(CleanPayload("dtmf=%7B%22digits%22%3A%2249%22%7D&b=1", kPlenty) == "dtmf=***&b=1");
  CHECK(CleanPayload(R"({"token":"a%22b%2Cc","d":1})", kPlenty) == R"({"token":"***","d":1})");
  CHECK(CleanPayload(R"({"token":"\\\\\"%22","d":1})", kPlenty) == R"({"token":"***","d":1})");
}

TEST_CASE("what a database or a terminal would not take is replaced") {
  CHECK(CleanPayload(std::string("a\0b\x1b[2Jc\x7f", 9), kPlenty) == "a b [2Jc ");
  CHECK(CleanPayload("\xff\xc0\xafok\xe2\x82", kPlenty) == "???ok??");
  CHECK(CleanPayload("\xed\xa0\x80\xf4\x90\x80\x80", kPlenty) == "???????");
  CHECK(CleanPayload("Grüße €𝄞", kPlenty) == "Grüße €𝄞");
}

TEST_CASE("a text is cut to its limit, never within a character") {
  CHECK(CleanPayload("abcdef", 3) == "abc");
  CHECK(CleanPayload("a€", 3) == "a");
  CHECK(CleanPayload("a€", 4) == "a€");
  CHECK(CleanPayload(std::string(100000, 'x'), 4096).size() == 4096);
  CHECK(CleanPayload("abc", 0).empty());
}

TEST_CASE("a short text has no line breaks") {
  CHECK(CleanText("CALL\nENDED\t\r1", 100) == "CALL ENDED  1");
  CHECK(CleanText("Grüße", 4) == "Grü");
}

}  // namespace
}  // namespace ctc::webhook
