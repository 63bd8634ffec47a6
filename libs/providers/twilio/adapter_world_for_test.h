// A Twilio account, an order and an adapter whose requests are answered from a table. For tests.
#pragma once

#include <memory>
#include <string>

#include "libs/http/message.h"
#include "libs/providers/fake_http_for_test.h"
#include "libs/providers/twilio/adapter.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/run_task.h"

namespace ctc::providers::twilio {

using dispatch::v1::ControlCallRequest;
using dispatch::v1::PlaceCallResponse;
using testing::RunTask;

// Made at 2024-11-06T05:43:40.288Z by its first 48 bits.
inline const std::string kUuid = "01930000-0000-7000-8000-000000000001";
inline constexpr char kSid[] = "CA0123456789abcdef0123456789abcdef";

inline constexpr char kRooms[] =
    R"({"conferences":[{"sid":"CF0","status":"completed"},{"sid":"CF1","status":"in-progress"}]})";

struct World {
  FakeHttp http;
  testing::FakeClock clock;
  std::unique_ptr<Adapter> adapter = MakeAdapter({http, clock, {}});
  Account account;
  dispatch::v1::CallOrder order;

  World() {
    account.tenant = base::TenantId("t 1");
    account.config.set_id("p1");
    account.config.set_api_url("https://api.twilio.com/");
    account.config.set_timeout_seconds(9);
    account.api_key = base::Secret("AC1");
    account.api_secret = base::Secret("token");
    account.public_url = "https://crm.example.com";
    order.set_id(kUuid);
    order.set_to_phone("+15551230003");
    order.set_from_phone("+15551230001");
    order.set_agent_phone("+15551230002");
  }
  std::string Body(const std::string& name) const {
    const auto form = http::ParseForm(http.requests.back().body).value();
    for (const auto& [key, value] : form) {
      if (key == name) return value;
    }
    return "";
  }
  PlaceCallResponse Place() { return RunTask(adapter->Place(account, order)); }
  absl::StatusOr<dispatch::v1::ControlCallResponse> Control(ControlCallRequest::Action action) {
    return RunTask(adapter->Control(account, Request(action)));
  }
  ControlCallRequest Request(ControlCallRequest::Action action) const {
    ControlCallRequest request;
    *request.mutable_order() = order;
    request.set_provider_call_id("CAagent");
    auto& leg = *request.add_legs();
    leg.set_party(session::v1::Leg::CUSTOMER);
    leg.set_provider_leg_id("CAcustomer");
    request.set_action(action);
    return request;
  }
};

}  // namespace ctc::providers::twilio
