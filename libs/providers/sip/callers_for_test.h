// A switch that asks about its callers, and the account it asks for.
#pragma once

#include <google/protobuf/util/json_util.h>
#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "libs/crypto/crypto.h"
#include "libs/http/message.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/sip/adapter.h"
#include "libs/providers/twiml/signature.h"
#include "libs/testing/fake_clock.h"

namespace ctc::providers::sip {

struct CallerSwitch {
  static constexpr char kSession[] = "01930000-0000-7000-8000-000000000001";
  static constexpr char kSecret[] = "whsec";
  static constexpr char kFlow[] = "https://ctc.example/api/v1/webhooks/voip/sip/flow?tenant=t1";
  static constexpr char kEvents[] = "https://ctc.example/api/v1/webhooks/voip/sip?tenant=t1";

  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}}, {});
  Account account;

  explicit CallerSwitch(const std::string& settings) {
    account.tenant = base::TenantId("t1");
    account.public_url = "https://ctc.example";
    account.config.set_id("p1");
    account.config.set_provider_type(common::v1::ProviderType::SIP);
    account.config.set_api_url("https://switch.example");
    account.api_key = base::Secret("key");
    account.api_secret = base::Secret("password");
    account.webhook_secret = base::Secret(kSecret);
    REQUIRE(google::protobuf::util::JsonStringToMessage(settings, account.config.mutable_settings())
                .ok());
  }

  static common::v1::HttpRequest Request(const std::string& url, std::string body) {
    common::v1::HttpRequest request;
    request.set_method("POST");
    request.set_url(url);
    request.set_query(url.substr(url.find('?') + 1));
    request.set_body(std::move(body));
    return request;
  }
  static void Add(common::v1::HttpRequest& request, std::string name, std::string value) {
    auto& header = *request.add_headers();
    header.set_name(std::move(name));
    header.set_value(std::move(value));
  }
  // As SignalWire sends it.
  static common::v1::HttpRequest Form(const std::string& url, const twiml::Form& form,
                                      const std::string& secret = kSecret) {
    std::string body;
    for (const auto& [name, value] : form) {
      body += (body.empty() ? "" : "&") + http::Encode(name) + "=" + http::Encode(value);
    }
    common::v1::HttpRequest request = Request(url, body);
    Add(request, "content-type", "application/x-www-form-urlencoded");
    Add(request, "x-signalwire-signature", twiml::Signature(base::Secret(secret), url, form));
    return request;
  }
  // As jambonz sends it.
  common::v1::HttpRequest Hook(const std::string& url, const std::string& body,
                               const std::string& secret = kSecret) const {
    const std::string stamp = std::to_string(absl::ToUnixSeconds(clock.Now()));
    common::v1::HttpRequest request = Request(url, body);
    Add(request, "content-type", "application/json");
    Add(request, "jambonz-signature",
        "t=" + stamp + ",v1=" + crypto::ToHex(crypto::HmacSha256(secret, stamp + "." + body)));
    return request;
  }

  dispatch::v1::ReadFlowResponse Ask(const common::v1::HttpRequest& request) const {
    return adapter->ReadFlow(account, request, clock.Now());
  }
  dispatch::v1::ReadWebhookResponse Tell(const common::v1::HttpRequest& request) const {
    return adapter->ReadWebhook(account, request, clock.Now());
  }
  absl::StatusOr<common::v1::HttpResponse> Render(const routing::v1::FlowStep& step) const {
    dispatch::v1::RenderFlowRequest request;
    request.mutable_order()->set_id(kSession);
    request.mutable_order()->set_to_phone("+12025550142");
    request.mutable_order()->set_from_phone("+12025550111");
    request.mutable_order()->set_direction(session::v1::Session::INBOUND);
    *request.mutable_step() = step;
    return adapter->RenderFlow(account, request);
  }
  std::string Body(const routing::v1::FlowStep& step) const {
    const auto answer = Render(step);
    INFO(answer.status());
    REQUIRE(answer.ok());
    CHECK(answer->status() == 200);
    return answer->body();
  }
};

inline routing::v1::FlowStep StepAt(int number, std::vector<std::string> prompts = {}) {
  routing::v1::FlowStep step;
  step.set_number(number);
  for (std::string& text : prompts) {
    auto& prompt = *step.add_prompts();
    prompt.set_language("en-US");
    if (text.starts_with("https://")) {
      prompt.set_audio_url(std::move(text));
    } else {
      prompt.set_text(std::move(text));
    }
  }
  return step;
}

}  // namespace ctc::providers::sip
