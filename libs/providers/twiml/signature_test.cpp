// The vectors are those of Twilio's own SDK (twilio npm 6.2.0).
#include "libs/providers/twiml/signature.h"

#include <catch2/catch.hpp>

namespace ctc::providers::twiml {
namespace {

const base::Secret kT1("12345");
const base::Secret kT2("a1b2c3d4e5f60718293a4b5c6d7e8f90");
const std::string kHooks = "https://crm.example.com/hooks";
const std::string kStatus = "https://crm.example.com/hooks/twilio/status?session=7f3c";

const Form kMyApp = {{"CallSid", "CA1234567890ABCDE"},
                     {"Caller", "+14158675310"},
                     {"Digits", "1234"},
                     {"From", "+14158675310"},
                     {"To", "+18005551212"}};
const Form kCompleted = {{"To", "+15551230002"},
                         {"AccountSid", "AC0123456789abcdef0123456789abcdef"},
                         {"ApiVersion", "2010-04-01"},
                         {"CallDuration", "37"},
                         {"CallSid", "CA0123456789abcdef0123456789abcdef"},
                         {"CallStatus", "completed"},
                         {"CallbackSource", "call-progress-events"},
                         {"Direction", "outbound-api"},
                         {"Duration", "1"},
                         {"From", "+15551230001"},
                         {"SequenceNumber", "3"},
                         {"SipResponseCode", "200"},
                         {"Timestamp", "Thu, 01 Jan 2026 12:00:00 +0000"}};

TEST_CASE("signatures equal the SDK's", "[twilio][signature]") {
  CHECK(Signature(kT1, "https://example.com/myapp.php?foo=1&bar=2", kMyApp) ==
        "L/OH5YylLD5NRKLltdqwSvS0BnU=");
  CHECK(Signature(kT1, "https://mycompany.com/myapp.php?foo=1&bar=2", kMyApp) ==
        "GvWf1cFY/Q7PnoempGyD5oXAezc=");
  CHECK(Signature(kT1, "http://mycompany.com/myapp.php?foo=1&bar=2",
                  {{"CallSid", "CA1234567890ABCDE"},
                   {"Digits", "1234"},
                   {"From", "+14158675309"},
                   {"To", "+18005551212"}}) == "HpS7PBa1Agvt4OtO+wZp75IuQa0=");
  CHECK(Signature(kT2, kStatus, kCompleted) == "Wsqwx5AlsOrfPWCldH0DrwF5pfg=");
  CHECK(Signature(kT2, "https://crm.example.com:443/hooks/twilio/status?session=7f3c",
                  kCompleted) == "svrIcyqXJgVnzxlbMhuKxpBUHig=");
  CHECK(Signature(kT2, "https://crm.example.com:8443/hooks/twilio/status?session=7f3c",
                  kCompleted) == "yk2rHyCJ9IOUtvsP8dhvTuQQOX8=");
  CHECK(Signature(kT2, "http://crm.example.com/hooks", {{"A", "1"}}) ==
        "q24jynVE/jMQSb8BtUWy5IjCzS8=");
  CHECK(Signature(kT2, "http://crm.example.com:80/hooks", {{"A", "1"}}) ==
        "ws0wJxAN5eKVQPIcv0LyUZbdELI=");
  CHECK(Signature(kT1,
                  "https://mycompany.com/myapp.php?bodySHA256="
                  "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620",
                  {}) == "y77kIzt2vzLz71DgmJGsen2scGs=");
  CHECK(Signature(kT1,
                  "https://example.com/myapp?bodySHA256="
                  "5ccde7145dfb8f56479710896586cb9d5911809d83afbe34627818790db0aec9",
                  {}) == "hPXmLwIy3Fgqv1i9KPmH/HhQ6zo=");
  CHECK(Signature(kT2,
                  "https://crm.example.com/hooks/twilio/status?CallSid="
                  "CA0123456789abcdef0123456789abcdef&CallStatus=ringing&From=%2B15551230001",
                  {}) == "gypWGh7FrGH1+/ZFXUvjqf7ekW0=");
  CHECK(Signature(kT2, kHooks,
                  {{"MediaUrl", "b"}, {"MediaUrl", "a"}, {"MediaUrl", "b"}, {"CallSid", "CA1"}}) ==
        "q2PIqtYMeYx78u4KRuPn3Xzok68=");
  CHECK(Signature(kT2, kHooks,
                  {{"SpeechResult", "Prix café "}, {"Confidence", "0.91"}, {"Digits", ""}}) ==
        "vFgaiApbTTPCGJ6K5qkgym9PzWw=");
  CHECK(Signature(kT2, kHooks,
                  {{"SpeechResult", "Prix café"}, {"Confidence", "0.91"}, {"Digits", ""}}) ==
        "mDkUYN20dURbCzBb92S//NChwak=");
  CHECK(Signature(kT2, kHooks, {{"b", "1"}, {"B", "2"}, {"a", "3"}, {"A", "4"}, {"_", "5"}}) ==
        "M4RmXvqmA1XEgNKZtx5N+ltVrDo=");
  CHECK(Signature(kT2, kHooks + "?name=O'Brien%20x", {{"CallSid", "CA1"}}) ==
        "5VlBpQCwIBlRydvT2wS60ntY3YE=");
  CHECK(Signature(kT2, kHooks + "?name=O%27Brien%20x", {{"CallSid", "CA1"}}) ==
        "wW4wJoWJaGSErfXASqko0wYPiv8=");
  CHECK(Signature(kT2, kHooks, {{"CallSid", "CA1"}}) == "N7nZerx0KJypPLGt/2hzQsaydcc=");
}

bool Fits(const base::Secret& token, const std::string& url, const Form& parameters,
          const std::string& signature) {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_url(url);
  auto& type = *request.add_headers();
  type.set_name("content-type");
  type.set_value("application/x-www-form-urlencoded; charset=UTF-8");
  return SignatureFits(token, request, parameters, signature);
}

TEST_CASE("https is accepted with and without the port, another port is not",
          "[twilio][signature]") {
  const std::string ported = "https://crm.example.com:8443/hooks/twilio/status?session=7f3c";
  CHECK(Fits(kT2, kStatus, kCompleted, "Wsqwx5AlsOrfPWCldH0DrwF5pfg="));
  CHECK(Fits(kT2, kStatus, kCompleted, "svrIcyqXJgVnzxlbMhuKxpBUHig="));
  CHECK_FALSE(Fits(kT2, kStatus, kCompleted, "yk2rHyCJ9IOUtvsP8dhvTuQQOX8="));
  CHECK(Fits(kT2, ported, kCompleted, "Wsqwx5AlsOrfPWCldH0DrwF5pfg="));
  CHECK(Fits(kT2, ported, kCompleted, "yk2rHyCJ9IOUtvsP8dhvTuQQOX8="));
  CHECK_FALSE(Fits(kT2, ported, kCompleted, "svrIcyqXJgVnzxlbMhuKxpBUHig="));
  CHECK(Fits(kT2, "http://crm.example.com/hooks", {{"A", "1"}}, "ws0wJxAN5eKVQPIcv0LyUZbdELI="));
}

TEST_CASE("userinfo and fragment are not signed", "[twilio][signature]") {
  for (const char* url :
       {"https://user:pass@crm.example.com/hooks", "https://crm.example.com/hooks#rc=2&rp=all"}) {
    CHECK(Fits(kT2, url, {{"CallSid", "CA1"}}, "N7nZerx0KJypPLGt/2hzQsaydcc="));
  }
}

TEST_CASE("a changed parameter, token or URL does not fit", "[twilio][signature]") {
  const std::string good = "N7nZerx0KJypPLGt/2hzQsaydcc=";
  CHECK_FALSE(Fits(kT2, kHooks, {{"CallSid", "CA2"}}, good));
  CHECK_FALSE(Fits(kT2, kHooks, {{"CallSid", "CA1"}, {"X", ""}}, good));
  CHECK_FALSE(Fits(kT1, kHooks, {{"CallSid", "CA1"}}, good));
  CHECK_FALSE(Fits(kT2, kHooks + "/", {{"CallSid", "CA1"}}, good));
  CHECK_FALSE(Fits(base::Secret(), kHooks, {{"CallSid", "CA1"}}, good));
  CHECK_FALSE(Fits(kT2, kHooks, {{"CallSid", "CA1"}}, ""));
}

TEST_CASE("a JSON body is covered by its hash", "[twilio][signature]") {
  common::v1::HttpRequest request;
  request.set_method("POST");
  request.set_query("bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620");
  request.set_url("https://mycompany.com/myapp.php?" + request.query());
  auto& type = *request.add_headers();
  type.set_name("content-type");
  type.set_value("application/json");
  request.set_body(R"({"property": "value", "boolean": true})");
  CHECK(SignatureFits(kT1, request, {}, "y77kIzt2vzLz71DgmJGsen2scGs="));
  request.set_body(R"({"property": "value", "boolean": true} )");
  CHECK_FALSE(SignatureFits(kT1, request, {}, "y77kIzt2vzLz71DgmJGsen2scGs="));
}

TEST_CASE("a GET signs its URL only", "[twilio][signature]") {
  common::v1::HttpRequest request;
  request.set_method("GET");
  request.set_url(
      "https://crm.example.com/hooks/twilio/status?CallSid=CA0123456789abcdef0123456789abcdef"
      "&CallStatus=ringing&From=%2B15551230001");
  CHECK(SignatureFits(kT2, request, {{"CallSid", "x"}}, "gypWGh7FrGH1+/ZFXUvjqf7ekW0="));
}

}  // namespace
}  // namespace ctc::providers::twiml
